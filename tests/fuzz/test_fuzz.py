"""tenancy fuzz: deterministic, hostile, and honest about what it turned off."""

import json

import psycopg
import pytest
from click import ClickException
from click.testing import CliRunner
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import cli, dev, fuzz, pools, servers
from tests.fix_tenants import make_tenant, refused

TENANTS, SEED = 30, 1
TABLES = [*pools.ROWS]


def load(dsn, **options):
    return fuzz.fill(dsn, **{"tenants": TENANTS, "seed": SEED, "customers": 600, **options})


def query(text, table):
    return sql.SQL(text).format(sql.Identifier("app", table))


def one(dsn, statement, values=None):
    with psycopg.connect(dsn) as conn:
        return conn.execute(statement, values).fetchone()


def digest(dsn):
    """Every value of every row, times included."""
    text = "SELECT md5(string_agg(to_jsonb(t)::text, '' ORDER BY to_jsonb(t)::text)) FROM {} AS t"
    names = [("app", table) for table in TABLES]
    names += [("tenancy_private", table) for table in ("tenant", "member")]
    return [one(dsn, sql.SQL(text).format(sql.Identifier(*name))) for name in names]


@pytest.fixture(scope="module")
def filled(make_database):
    dsn = make_database()
    assert load(dsn).ok
    return dsn


def test_a_seed_makes_the_same_rows_with_any_number_of_workers(filled, make_database):
    one_worker, other_seed = make_database(), make_database()
    load(one_worker, workers=1)
    load(other_seed, seed=SEED + 1)
    assert digest(one_worker) == digest(filled)
    assert all(a != b for a, b in zip(digest(other_seed), digest(filled), strict=True))


def test_rows_do_not_depend_on_the_time_zone_of_the_server(filled, database):
    name = sql.Identifier(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    with psycopg.connect(database) as conn:
        conn.execute(sql.SQL("ALTER DATABASE {} SET timezone = 'Pacific/Chatham'").format(name))
    load(database)
    with psycopg.connect(database) as conn:
        conn.execute(sql.SQL("ALTER DATABASE {} RESET timezone").format(name))
    assert digest(database) == digest(filled)


def test_the_owner_loads_by_maintenance_and_keeps_nothing(filled, database):
    report = load(make_conninfo(database, user=dev.OWNER))
    assert report.ok
    assert report.switched_off == "user triggers and FORCE, in one transaction"
    assert digest(database) == digest(filled)
    assert one(
        database,
        "SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole "
        "AND pg_has_role(member, roleid, 'USAGE')",
        [dev.OWNER],
    ) == (0,)
    assert one(
        database,
        "SELECT bool_and(relforcerowsecurity), "
        "(SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'O'), "
        "(SELECT count(*) FROM tenancy_private.maintenance), to_regnamespace('fuzz') "
        "FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'r'",
    ) == (True, 0, 0, None)


@pytest.mark.parametrize("user", ["postgres", dev.OWNER])
def test_a_load_that_fails_leaves_nothing_behind(database, monkeypatch, user):
    columns, values, _ = pools.ROWS["guests"]
    monkeypatch.setitem(pools.ROWS, "guests", (columns, values, "k / (k - 1) > 0"))
    dsn = make_conninfo(database, user=None if user == "postgres" else user)
    with refused("22012"):
        load(dsn)
    assert one(
        database,
        "SELECT (SELECT count(*) FROM tenancy_private.tenant), "
        "(SELECT count(*) FROM app.customers), to_regnamespace('fuzz')",
    ) == (0, 0, None)


def test_the_first_tenants_have_rows_in_every_table(filled):
    first = [fuzz.slug(n) for n in range(1, fuzz.COMPLETE + 1)]
    text = (
        "SELECT count(DISTINCT x.tenant_id), count(*) FROM {} AS x "
        "INNER JOIN tenancy_private.tenant AS t ON t.id = x.tenant_id WHERE t.slug = ANY (%s)"
    )
    for table in TABLES:
        tenants, rows = one(filled, query(text, table), [first])
        assert tenants == len(first), table
        assert rows == len(first) if table == "settings" else rows >= len(first), table


@pytest.mark.parametrize(
    ("table", "at_least"),
    [
        ("customers", 3),
        ("orders", 2),
        ("pins", 2),
        ("pin_comments", 2),
        ("analytics", 2),
        ("survey_responses", 2),
        ("storage_objects", 2),
        ("storage_buckets", 1),
        ("settings", 1),
    ],
)
def test_even_the_smallest_tenant_has_the_common_tables(filled, table, at_least):
    text = "SELECT count(*), min(n) FROM (SELECT count(*) AS n FROM {} GROUP BY tenant_id) AS x"
    tenants, smallest = one(filled, query(text, table))
    assert tenants == TENANTS
    assert smallest >= at_least


def test_industries_keep_their_own_tables(filled):
    text = "SELECT DISTINCT t.industry FROM {} AS x INNER JOIN tenancy_private.tenant AS t "
    text += "ON t.id = x.tenant_id WHERE t.slug <> ALL (%s) ORDER BY 1"
    first = [fuzz.slug(n) for n in range(1, fuzz.COMPLETE + 1)]
    expected = {"patients": ["medspa"], "guests": ["hotel"], "reservations": ["hotel"]}
    with psycopg.connect(filled) as conn:
        for table, industries in {**expected, "bookings": ["medspa", "restaurant"]}.items():
            assert [row[0] for row in conn.execute(query(text, table), [first])] == industries


def test_one_tenant_has_two_per_cent_and_many_have_a_handful(database):
    assert load(database, tenants=300, customers=30_000).ok
    everything = " UNION ALL ".join(f"SELECT tenant_id FROM app.{table}" for table in TABLES)
    with psycopg.connect(database) as conn:
        sizes = dict(conn.execute("SELECT tenant_id, count(*) FROM app.customers GROUP BY 1"))
        rows = dict(conn.execute(f"SELECT tenant_id, count(*) FROM ({everything}) AS x GROUP BY 1"))
        (first,) = conn.execute(
            "SELECT id FROM tenancy_private.tenant WHERE slug = %s", [fuzz.slug(1)]
        ).fetchone()
    assert sizes[first] == 600
    assert 0.018 < rows[first] / sum(rows.values()) < 0.022
    assert sum(size <= 10 for size in sizes.values()) > 60
    assert 2 < sum(rows.values()) / sum(sizes.values()) < 3.2


def test_the_only_tenant_has_all_customers(database):
    assert load(database, tenants=1, customers=50).rows["customers"] == 50


def test_a_few_tenants_are_away_but_none_of_the_first(database):
    load(database, tenants=100, customers=300)
    text = "SELECT count(*) FILTER (WHERE {0}), count(*) FILTER (WHERE {0} AND slug = ANY (%s)) "
    for away in ("status = 'suspended'", "status = 'read_only'", "region = 'eu'"):
        statement = text.format(away) + "FROM tenancy_private.tenant"
        some, of_the_first = one(database, statement, [[fuzz.slug(n) for n in range(1, 21)]])
        assert 2 <= some <= 10
        assert of_the_first == 0


@pytest.mark.parametrize("value", pools.HOSTILE, ids=lambda v: ascii(v)[:20])
@pytest.mark.parametrize(
    "column", ["pin_comments.body", "customers.notes", "survey_responses.comment"]
)
def test_hostile_values_are_stored_as_they_are(filled, column, value):
    table, name = column.split(".")
    statement = sql.SQL("SELECT count(*) > 0 FROM {} WHERE {} = %s").format(
        sql.Identifier("app", table), sql.Identifier(name)
    )
    assert one(filled, statement, [value]) == (True,)


@pytest.mark.parametrize(
    ("table", "condition"),
    [
        ("orders", "total = 9999999999.99"),
        ("customers", "loyalty_points = 2147483647"),
        ("storage_objects", "size_bytes = 9223372036854775807"),
        ("pins", "latitude = -90 AND longitude = 180"),
        ("patients", "birth_date = '2000-02-29'"),
        ("reservations", "arrival = '2028-02-29'"),
        ("analytics", "occurred_at = '2024-02-29 23:59:59.999999-11'"),
        ("bookings", "time_zone = 'Pacific/Chatham'"),
        ("customers", "full_name ~ '[ء-ي]'"),
        ("customers", "full_name ~ '[一-龯]'"),
    ],
)
def test_limits_leap_days_zones_and_scripts_are_there(filled, table, condition):
    assert one(filled, query(f"SELECT count(*) > 0 FROM {{}} WHERE {condition}", table)) == (True,)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_carries_the_canary_of_its_tenant(filled, table):
    with psycopg.connect(filled) as conn:
        pairs = [*conn.execute(query("SELECT tenant_id, metadata ->> 'canary' FROM {}", table))]
    assert pairs
    assert [mark for tenant, mark in pairs if mark != fuzz.canary(tenant)] == []


@pytest.mark.parametrize("tenant", [1, 2, 3, 20])
@pytest.mark.parametrize("role", fuzz.ROLES)
def test_no_role_ever_reads_a_foreign_canary(filled, role, tenant):
    key = fuzz.credential(SEED, tenant, role)
    with psycopg.connect(make_conninfo(filled, user="tenancy_gateway")) as conn:
        own = fuzz.canary(conn.execute("SELECT tenancy.enter(%s)", [key]).fetchone()[0])
        for table in TABLES:
            statement = query("SELECT metadata ->> 'canary' FROM {}", table)
            if role == "customer" and table in {"settings", "storage_buckets"}:
                with refused("42501"), conn.transaction():
                    conn.execute(statement)
                continue
            seen = {row[0] for row in conn.execute(statement)}
            assert seen == {own} or (seen == set() and tenant > fuzz.COMPLETE), table
        # What customers see of the settings is a mark too.
        shown = conn.execute("SELECT branding ->> 'canary' FROM app.settings").fetchall()
        assert shown == [(own,)]


def test_a_key_acts_for_its_member(filled):
    for role in fuzz.ROLES:
        with psycopg.connect(make_conninfo(filled, user="tenancy_gateway")) as conn:
            conn.execute("SELECT tenancy.enter(%s)", [fuzz.credential(SEED, 20, role)])
            actor = conn.execute("SELECT tenancy.actor_id(), tenancy.actor_role()").fetchone()
        member = "SELECT user_id, role FROM tenancy_private.member WHERE user_id = %s"
        assert actor == one(filled, member, [actor[0]])
        assert actor[1] == role


def test_copy_from_is_refused_to_staff_and_to_the_owner(filled):
    with psycopg.connect(make_conninfo(filled, user="tenancy_gateway")) as conn:
        conn.execute("SELECT tenancy.enter(%s)", [fuzz.credential(SEED, 1, "staff")])
        with refused("0A000"), conn.cursor().copy("COPY app.pins (title) FROM STDIN") as copy:
            copy.write_row(["x"])
    with psycopg.connect(make_conninfo(filled, user=dev.OWNER)) as conn:
        fuzz._script(conn, "borrow")
        with refused("0A000"), conn.cursor().copy("COPY app.pins (title) FROM STDIN") as copy:
            copy.write_row(["x"])


@pytest.mark.parametrize(
    ("damage", "orphans", "counters", "fault"),
    [
        (
            "INSERT INTO app.orders (tenant_id, customer_id, order_number) "
            "SELECT tenant_id, gen_random_uuid(), 'orphan' FROM app.orders LIMIT 1",
            1,
            0,
            "orders_customer_fkey: 1 orphans",
        ),
        (
            "INSERT INTO app.orders (tenant_id, customer_id, order_number) "
            "SELECT t.id, c.id, 'other tenant' FROM app.customers AS c INNER JOIN "
            "tenancy_private.tenant AS t ON t.id <> c.tenant_id LIMIT 1",
            1,
            0,
            "orders_customer_fkey: 1 orphans",
        ),
        (
            "UPDATE app.settings SET tenant_id = gen_random_uuid() "
            "WHERE id = (SELECT id FROM app.settings LIMIT 1)",
            1,
            0,
            "settings_tenant_fkey: 1 orphans",
        ),
        (
            "UPDATE app.pins SET comment_count = 99 WHERE id = (SELECT id FROM app.pins LIMIT 1)",
            0,
            1,
            "pins.comment_count: 1 wrong",
        ),
    ],
    ids=["nobody", "of another tenant", "no tenant", "counter"],
)
def test_what_the_load_did_not_check_is_checked_afterwards(
    filled, damage, orphans, counters, fault
):
    with psycopg.connect(filled) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute(damage)
        report = fuzz.Report(TENANTS, "")
        fuzz.check(conn, report)
        conn.rollback()
    assert (report.orphans, report.counters_wrong) == (orphans, counters)
    assert report.faults == [fault]
    assert not report.ok


def test_every_foreign_key_of_the_catalog_is_checked(filled):
    report = fuzz.Report(TENANTS, "")
    with psycopg.connect(filled) as conn:
        fuzz.check(conn, report)
    assert one(
        filled,
        "SELECT count(*) FROM pg_constraint AS f "
        "WHERE f.contype = 'f' AND f.connamespace = 'app'::regnamespace",
    ) == (report.foreign_keys_checked,)
    assert report.ok


@pytest.mark.parametrize("user", [None, dev.OWNER])
def test_a_database_with_tenants_of_its_own_is_left_alone(database, user):
    make_tenant(database, "somebody")
    with pytest.raises(ClickException, match="not ours"):
        load(make_conninfo(database, user=user))
    assert one(database, "SELECT count(*) FROM tenancy_private.tenant") == (1,)


def test_a_filled_database_is_not_filled_again(filled):
    with pytest.raises(ClickException, match="filled already"):
        load(filled)


def test_the_command_says_what_was_off_and_what_was_checked(database):
    arguments = ["fuzz", "--dsn", database, "--tenants", "3", "--seed", "4", "--json"]
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["ok"]
    assert report["counts"]["tenants"] == 3
    assert report["foreign_keys_checked"] > 20
    assert "off during the load: triggers and foreign keys" in report["summary"]
    assert set(report["rows"]) == set(TABLES)


def test_without_a_server_there_is_nothing_to_fill(monkeypatch):
    monkeypatch.setattr(servers, "running", lambda: None)
    result = CliRunner().invoke(cli.main, ["fuzz"])
    assert result.exit_code == 2
    assert result.stderr == "Error: nothing to fill: make up first, or pass --dsn\n"
