"""tenancy offboard: grace, archive, purge in batches, and a receipt that is true."""

import json
import uuid

import click
import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import archive, cli, fuzz, offboard, paths
from tests.fix_archives import WHY, as_operator, stored
from tests.fix_tenants import refused

BEGIN = "SELECT tenancy.begin_offboarding(%s, %s, %s)"


def end(dsn, tenant, out, **options):
    given = {"reason": WHY, "grace": "1 day", "now": True, "out": out, "batch": 50, "wait": 5}
    return offboard.run(as_operator(dsn), tenant, **(given | options))


@pytest.fixture
def team(dba, database):
    """A backend team with tables of its own: a tree, a pair that points at each other, and no key."""
    dba.execute(
        "DO $$ BEGIN IF to_regrole('shop_team') IS NULL THEN CREATE ROLE shop_team LOGIN; "
        "GRANT tenancy_builder TO shop_team; END IF; END $$"
    )
    name = sql.Identifier(dba.info.dbname)
    dba.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO shop_team").format(name))
    dba.execute("CREATE SCHEMA shop AUTHORIZATION shop_team")
    dba.execute(
        "GRANT REFERENCES ON app.customers TO shop_team; GRANT USAGE ON SCHEMA app TO shop_team"
    )
    with psycopg.connect(make_conninfo(database, user="shop_team"), autocommit=True) as conn:
        conn.execute(
            """
            CREATE TABLE shop.category (
                tenant_id uuid, id uuid DEFAULT gen_random_uuid(), parent_id uuid, t text,
                PRIMARY KEY (tenant_id, id),
                FOREIGN KEY (tenant_id, parent_id) REFERENCES shop.category (tenant_id, id)
            );
            CREATE TABLE shop.head (
                tenant_id uuid, id uuid, body_id uuid, PRIMARY KEY (tenant_id, id)
            );
            CREATE TABLE shop.body (
                tenant_id uuid, id uuid, head_id uuid, customer_id uuid,
                PRIMARY KEY (tenant_id, id),
                FOREIGN KEY (tenant_id, head_id) REFERENCES shop.head (tenant_id, id),
                FOREIGN KEY (tenant_id, customer_id) REFERENCES app.customers (tenant_id, id)
            );
            ALTER TABLE shop.head ADD FOREIGN KEY (tenant_id, body_id)
                REFERENCES shop.body (tenant_id, id) DEFERRABLE;
            CREATE TABLE shop.note (
                t text, n int GENERATED ALWAYS AS IDENTITY, l int GENERATED ALWAYS AS (length(t)) STORED
            );
            """
        )
        for table in ("category", "head", "body", "note"):
            conn.execute("SELECT tenancy.protect_table(%s::regclass)", [f"shop.{table}"])
        yield conn


def fill_shop(tenant):
    """A tree whose parents come last, and a pair of rows that hold each other."""
    top, low, head, body = sorted((uuid.uuid4() for _ in range(4)), reverse=True)
    with tenant.enter("manager") as conn:
        conn.execute("SET CONSTRAINTS ALL DEFERRED")
        conn.execute(
            "INSERT INTO shop.category (id, parent_id, t) VALUES (%s, NULL, 'top'), (%s, %s, 'low')",
            [top, low, top],
        )
        conn.execute("INSERT INTO shop.head (id, body_id) VALUES (%s, %s)", [head, body])
        conn.execute(
            "INSERT INTO shop.body (id, head_id, customer_id) VALUES (%s, %s, %s)",
            [body, head, tenant.people["customer"]],
        )
        conn.execute("INSERT INTO shop.note (t) SELECT 'note ' || g FROM generate_series(1, 120) g")
        conn.commit()


def carriers(conn, tenant):
    """Every table of the database in which anything says the tenant's id or its canary."""
    found = set()
    names = conn.execute(
        "SELECT n.nspname, c.relname FROM pg_class AS c "
        "JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') "
        "AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
    ).fetchall()
    assert len(names) > 25
    for name in names:
        for mark in (str(tenant), fuzz.canary(tenant)):
            query = sql.SQL("SELECT 1 FROM {} AS r WHERE strpos(to_jsonb(r)::text, %s) > 0 LIMIT 1")
            if conn.execute(query.format(sql.Identifier(*name)), [mark]).fetchone():
                found.add(".".join(name))
    return found


def test_after_a_purge_only_the_listed_tables_name_the_tenant(full, tmp_path, dba):
    (tenant,) = dba.execute(
        "SELECT id FROM tenancy_private.tenant WHERE slug = 'fuzz-2'"
    ).fetchone()
    before, others = stored(full, "fuzz-2"), stored(full, "fuzz-2", others=True)
    assert len(carriers(dba, tenant)) > 13
    _, rows = end(full, "fuzz-2", tmp_path / "a.zip")
    kept = {row["resource"] for row in rows if row["is_kept"]}
    assert carriers(dba, tenant) <= kept
    assert stored(full, "fuzz-2", others=True) == others
    receipt = {row["resource"]: row for row in rows}
    for name, found in before.items():
        row = receipt[name]
        numbers = (row["rows_before"], row["rows_deleted"], row["rows_after"])
        assert numbers == (len(found), len(found), 0)
    assert receipt["tenancy_private.api_key"]["rows_deleted"] == 3
    assert all(row["why"] for row in rows if row["is_kept"])
    # the archive it wrote is whole
    assert dba.execute("SELECT archive_sha256 FROM tenancy_private.offboarding").fetchone()[0]
    with (tmp_path / "a.zip").open("rb") as file, psycopg.connect(as_operator(full)) as conn:
        archive.Archive(file).verify(archive.tables(conn), lambda rows: None)


def test_a_teams_own_tables_travel_and_go_whatever_points_at_what(
    team, diner, spa, tmp_path, dba, make_database
):
    for tenant in (diner, spa):
        fill_shop(tenant)
    before, others = stored(diner.dsn, "diner"), stored(diner.dsn, "spa")
    path = archive.export(as_operator(diner.dsn), "diner", tmp_path / "a.zip")[1]
    report = archive.load(as_operator(diner.dsn), path, clone="copy")
    assert report.rows["shop.note"] == 120
    linked = dba.execute(
        "SELECT count(*) FROM shop.category AS c JOIN shop.category AS p USING (tenant_id) "
        "WHERE c.parent_id = p.id AND c.tenant_id = %s",
        [report.tenant],
    )
    assert linked.fetchone() == (1,)
    assert stored(diner.dsn, "diner") == before
    _, rows = end(diner.dsn, "diner", tmp_path / "b.zip")
    assert {r["resource"]: r["rows_deleted"] for r in rows}["shop.body"] == 1
    assert not any(stored(diner.dsn, "diner").values())
    assert stored(diner.dsn, "spa") == others


def test_nothing_is_deleted_before_grace_ends_TN021_unless_somebody_says_why(
    diner, jobs, admin, tmp_path, dba
):
    admin.execute(BEGIN, [diner.id, WHY, "1 day"])
    with pytest.raises(click.ClickException, match="grace of diner ends at"):
        end(diner.dsn, "diner", tmp_path / "a.zip", now=False)
    with pytest.raises(click.ClickException, match="TN021"):
        offboard.purge(jobs, diner.id)
    with pytest.raises(click.ClickException, match="TN004"):
        offboard.purge(jobs, diner.id, hurry="quick")
    with pytest.raises(click.ClickException, match="--now needs a --reason"):
        end(diner.dsn, "diner", tmp_path / "a.zip", reason=None)
    assert dba.execute("SELECT count(*) FROM app.orders").fetchone() == (1,)
    end(diner.dsn, "diner", tmp_path / "a.zip", reason="the customer insists on it")
    row = dba.execute("SELECT hurried_because, purge_begun_by FROM tenancy_private.offboarding")
    assert row.fetchone() == ("the customer insists on it", "tenancy_operator")


def test_after_grace_no_hurry_is_recorded(diner, admin, tmp_path, dba):
    admin.execute(BEGIN, [diner.id, WHY, "0"])
    end(diner.dsn, "diner", tmp_path / "a.zip", now=False, reason=None)
    row = dba.execute(
        "SELECT hurried_because, purged_at > begun_at FROM tenancy_private.offboarding"
    )
    assert row.fetchone() == (None, True)
    summary, rows = end(diner.dsn, "diner", tmp_path / "a.zip", now=False, reason=None)
    assert "purged before" in summary
    assert rows


def test_an_active_tenant_is_not_purged_TN020_and_a_suspended_one_keeps_its_data(
    diner, jobs, admin, tmp_path
):
    admin.execute("SELECT tenancy.set_tenant_status(%s, 'suspended', %s)", [diner.id, WHY])
    with pytest.raises(click.ClickException, match="TN020"):
        offboard.purge(jobs, diner.id)
    with pytest.raises(click.ClickException, match="give a --reason"):
        end(diner.dsn, "diner", tmp_path / "a.zip", reason=None)
    with psycopg.connect(jobs) as conn, refused("TN021"):
        conn.execute("SELECT tenancy.enter_system(%s, 'purge')", [diner.id])
        conn.execute("SELECT tenancy.purge_tenant_batch(10)")
    assert any(stored(diner.dsn, "diner").values())


def test_the_point_of_no_return_shuts_everybody_out_TN001_and_has_no_way_back_TN020(
    diner, jobs, admin, gateway, as_login
):
    with psycopg.connect(as_login("tenancy_console")) as console:
        opened = "SELECT tenancy.open_admin_session(%s, 'a look at the end', 30)"
        ticket = console.execute(opened, [diner.id]).fetchone()[0]
        console.commit()
        admin.execute(BEGIN, [diner.id, WHY, "0"])
        with psycopg.connect(jobs) as conn:
            conn.execute("SELECT tenancy.enter_system(%s, 'purge')", [diner.id])
            conn.execute("SELECT tenancy.begin_purge()")
        for key in diner.keys.values():
            with refused("TN001"):
                gateway.execute("SELECT tenancy.enter(%s)", [key])
            gateway.rollback()
        with refused("TN001"):
            console.execute("SELECT tenancy.enter(%s)", [ticket])
    for status in ("active", "suspended", "purged"):
        with refused("TN020"):
            admin.execute("SELECT tenancy.set_tenant_status(%s, %s, %s)", [diner.id, status, WHY])
    with refused("TN020"):
        admin.execute(BEGIN, [diner.id, WHY, "0"])
    with psycopg.connect(jobs) as conn, refused("TN021"):  # rows are left
        conn.execute("SELECT tenancy.enter_system(%s, 'purge')", [diner.id])
        conn.execute("SELECT tenancy.finish_purge()")


def test_a_purged_slug_is_nobodys_TN005_and_jobs_stay_out_TN001(diner, jobs, admin, tmp_path):
    end(diner.dsn, "diner", tmp_path / "a.zip")
    with refused("TN005"):
        admin.execute("SELECT tenancy.create_tenant('Another', 'hotel', 'diner')")
    with psycopg.connect(jobs) as conn, refused("TN001"):
        conn.execute("SELECT tenancy.enter_system(%s, 'purge')", [diner.id])
    with pytest.raises(click.ClickException, match="TN023"):
        archive.load(jobs, tmp_path / "a.zip")
    archive.load(jobs, tmp_path / "a.zip", clone="diner-again")


def test_a_purge_waits_for_who_entered_before_also_hardened(diner, jobs, admin, dba, tmp_path):
    """Hardening takes pg_lock_status() from PUBLIC; the kernel keeps it."""
    dba.execute((paths.ROOT / "sql/harden.sql").read_text())
    with diner.enter("manager") as conn:
        conn.execute("INSERT INTO app.pins (title) VALUES ('late')")
        admin.execute(BEGIN, [diner.id, WHY, "0"])
        with pytest.raises(click.ClickException, match=f"open: pid {conn.info.backend_pid}"):
            end(diner.dsn, "diner", tmp_path / "a.zip", now=False, wait=0.2)
        conn.commit()
    _, rows = end(diner.dsn, "diner", tmp_path / "a.zip", now=False)
    pins = next(row for row in rows if row["resource"] == "app.pins")
    assert (pins["rows_before"], pins["rows_deleted"], pins["rows_after"]) == (1, 2, 0)


def test_a_table_out_of_reach_stops_a_purge_before_it_begins_TN025(diner, jobs, admin, dba):
    dba.execute("CREATE SCHEMA shop; CREATE TABLE shop.gift (tenant_id uuid, id uuid)")
    admin.execute(BEGIN, [diner.id, WHY, "0"])
    with pytest.raises(click.ClickException, match=r"TN025.*shop\.gift"):
        offboard.purge(jobs, diner.id)
    assert dba.execute("SELECT status FROM tenancy_private.tenant").fetchone() == ("offboarding",)


@pytest.mark.parametrize(
    "call",
    [
        "SELECT tenancy.begin_purge()",
        "SELECT tenancy.purge_tenant_batch(1)",
        "SELECT tenancy.finish_purge()",
        "SELECT tenancy.begin_restore()",
        "SELECT * FROM app.digest_rows('app.pins')",
    ],
)
def test_only_a_job_of_this_purpose_TN002_and_nobody_else_42501(diner, jobs, call):
    with psycopg.connect(jobs) as conn, refused("TN002"):
        conn.execute("SELECT tenancy.enter_system(%s, 'retention')", [diner.id])
        conn.execute(call)
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute(call)


@pytest.mark.parametrize("call", ["app.delete_rows('{app.pins}', 1)", "app.count_rows('app.pins')"])
def test_the_operator_deletes_through_the_purge_alone_42501(diner, jobs, call):
    with psycopg.connect(jobs) as conn, refused("42501"):
        conn.execute("SELECT tenancy.enter_system(%s, 'purge')", [diner.id])
        conn.execute(f"SELECT {call}")


def test_the_verb_prints_the_receipt_as_one_object(diner, jobs, tmp_path):
    run = CliRunner().invoke
    call = ["offboard", "--tenant", "diner", "--dsn", jobs, "--json"]
    done = run(cli.main, [*call, "--reason", WHY])
    assert json.loads(done.stdout)["receipt"] == []
    out = str(tmp_path / "a.zip")
    done = run(cli.main, [*call, "--reason", WHY, "--now", "--out", out])
    found = json.loads(done.stdout)
    assert (found["ok"], found["counts"]["rows_left"]) == (True, 0)
    assert {row["resource"] for row in found["receipt"]} >= {"app.orders", "tenancy_private.tenant"}
    done = run(cli.main, [*call[:-1], "--out", out])
    assert "tombstone" in done.stdout
