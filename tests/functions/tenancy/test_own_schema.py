"""A schema of a tenant's own: as app is, for one tenant, found by the same unqualified names."""

import uuid

import psycopg
import pytest
from click.testing import CliRunner

from tenancy import cli, placement
from tests.fix_archives import as_operator
from tests.fix_tenants import refused

PROVISION = "SELECT tenancy.provision_tenant_schema(%s)"
SYNC = "SELECT tenancy.sync_tenant_schema(%s)"
DRIFT = "SELECT table_name, kind, name, wanted, found FROM tenancy.schema_drift(%s)"
TABLES = (
    "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text = %s"
)


def own(tenant):
    return f"t_{tenant.id.hex}"


@pytest.fixture
def operator(database):
    """The platform's jobs, outside any tenant; autocommit."""
    with psycopg.connect(as_operator(database), autocommit=True) as conn:
        conn.execute("SET ROLE tenancy_operator")
        yield conn


@pytest.fixture
def dedicated(database, diner):
    """The diner, moved to its own schema."""
    placement.move(as_operator(database), "diner", "dedicated", 5)
    return diner


def test_it_has_every_table_of_app_and_nothing_differs(operator, dba, diner):
    assert operator.execute(PROVISION, [str(diner.id)]).fetchone() == (own(diner),)
    tables = dba.execute(TABLES, ["app"]).fetchone()
    assert dba.execute(TABLES, [own(diner)]).fetchone() == tables > (0,)
    assert operator.execute(DRIFT, [diner.id]).fetchall() == []
    assert operator.execute(SYNC, [diner.id]).fetchone() == (0,)
    assert operator.execute(PROVISION, [str(diner.id)]).fetchone() == (own(diner),)


def test_columns_come_in_the_order_of_app_with_their_comments(operator, dba, diner):
    operator.execute(PROVISION, [str(diner.id)])
    query = (
        "SELECT relname, array_agg(attname ORDER BY attnum), "
        "array_agg(col_description(attrelid, attnum) ORDER BY attnum) "
        "FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 "
        "WHERE relkind = 'r' AND relnamespace = %s::regnamespace GROUP BY relname ORDER BY relname"
    )
    assert (
        dba.execute(query, [own(diner)]).fetchall() == dba.execute(query, ["app"]).fetchall() != []
    )


@pytest.mark.parametrize(
    ("tenant", "code"),
    [("", "TN004"), ("x", "TN004"), ("t_; DROP", "TN004"), (str(uuid.UUID(int=7)), "TN001"),
     (None, "TN004")],
)  # fmt: skip
def test_what_is_no_tenant_gets_none_TN001_TN004(operator, tenant, code):
    with refused(code):
        operator.execute(PROVISION, [tenant])


@pytest.mark.parametrize(
    "call",
    ["provision_tenant_schema(%s::text)", "sync_tenant_schema(%s)", "schema_drift(%s)",
     "list_schemas(%s IS NULL)", "move_tenant(%s, 'dedicated')", "drop_tenant_schema(%s)"],
)  # fmt: skip
def test_only_the_platform_outside_tenants_TN002(call, admin, diner, operator):
    admin.execute("RESET ROLE")
    ticket = admin.execute("SELECT tenancy.open_admin_session(%s, 'a test of it', 5)", [diner.id])
    key = ticket.fetchone()[0]
    name = call.partition("(")[0]
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute(f"SELECT tenancy.{call}", [diner.id])
    with admin.transaction(force_rollback=True):
        admin.execute("SELECT tenancy.enter(%s)", [key])
        with refused("42501" if name in {"move_tenant", "drop_tenant_schema"} else "TN002"):
            admin.execute(f"SELECT tenancy.{call}", [diner.id])
    with operator.transaction(force_rollback=True):
        operator.execute("SELECT tenancy.enter_system(%s, 'a job')", [diner.id])
        with refused("TN002"):
            operator.execute(f"SELECT tenancy.{call}", [diner.id])


# The same statement in either place ---------------------------------------------------------------


@pytest.mark.parametrize("place", ["shared", "dedicated"])
def test_unqualified_statements_work_wherever_the_rows_are(place, database, diner):
    if place == "dedicated":
        placement.move(as_operator(database), "diner", "dedicated", 5)
    with diner.enter("manager") as conn:
        conn.execute("RESET search_path; SET LOCAL search_path = app")
        conn.execute("SELECT tenancy.enter(%s)", [diner.keys["manager"]])
        assert conn.execute("SELECT count(*) FROM orders").fetchone() == (1,)
        conn.execute("INSERT INTO orders (order_number) VALUES ('2')")
        conn.execute("UPDATE orders SET notes = 'mine'")
        pin = conn.execute("INSERT INTO pins (title) VALUES ('a') RETURNING id").fetchone()[0]
        conn.execute("INSERT INTO pin_comments (pin_id, body) VALUES (%s, 'b')", [pin])
        counted = conn.execute("SELECT comment_count FROM pins WHERE id = %s", [pin])
        assert counted.fetchone() == (1,)
        conn.execute("DELETE FROM pin_comments")
        assert conn.execute("SELECT sum(comment_count) FROM pins").fetchone() == (0,)
        used = "SELECT used FROM tenancy.usage() WHERE name = 'max_pins'"
        assert conn.execute(used).fetchone() == (2,)


def test_a_prepared_statement_follows_its_tenant(database, dedicated, spa):
    with dedicated.enter("staff") as conn:
        conn.commit()
        conn.execute("SET search_path = app")
        conn.execute("SELECT tenancy.enter(%s)", [dedicated.keys["staff"]])
        conn.execute("PREPARE mine AS SELECT customer_id FROM orders")
        for tenant in (dedicated, spa, dedicated, spa):
            conn.commit()
            conn.execute("SELECT tenancy.enter(%s)", [tenant.keys["staff"]])
            assert conn.execute("EXECUTE mine").fetchall() == [(tenant.people["customer"],)]


def test_the_path_ends_with_the_transaction(dedicated):
    with dedicated.enter("staff") as conn:
        inside = conn.execute("SHOW search_path").fetchone()[0]
        assert inside.startswith(own(dedicated))
        conn.commit()
        assert own(dedicated) not in conn.execute("SHOW search_path").fetchone()[0]


def test_set_tenant_context_finds_the_schema_too(dedicated):
    with dedicated.enter("staff") as conn:
        conn.execute("SET LOCAL search_path = app")
        conn.execute("SELECT tenancy.set_tenant_context('diner')")
        assert conn.execute("SELECT count(*) FROM orders").fetchone() == (1,)


def test_a_qualified_name_reads_and_writes_nothing_in_the_wrong_place_TN040(dedicated, dba):
    with dedicated.enter("manager") as conn:
        assert conn.execute("SELECT count(*) FROM app.orders").fetchone() == (0,)
        assert conn.execute("UPDATE app.orders SET notes = 'x'").rowcount == 0
        assert conn.execute("DELETE FROM app.orders").rowcount == 0
        with refused("TN040"):
            conn.execute("INSERT INTO app.orders (order_number) VALUES ('9')")
    with dedicated.enter("manager") as conn, refused("TN040"):
        conn.execute(
            "MERGE INTO app.orders AS o USING (SELECT 1) AS s ON false "
            "WHEN NOT MATCHED THEN INSERT (order_number) VALUES ('9')"
        )
    assert dba.execute("SELECT count(*) FROM app.orders").fetchone() == (0,)


def test_a_shared_tenant_writes_nothing_into_its_schema_before_it_moves_TN040(operator, diner):
    operator.execute(PROVISION, [str(diner.id)])
    with diner.enter("manager") as conn, refused("TN040"):
        conn.execute(f"INSERT INTO {own(diner)}.orders (order_number) VALUES ('9')")


# Nobody else ---------------------------------------------------------------------------------------


def test_another_tenant_reads_and_writes_nothing_there(dedicated, spa, dba):
    table = f"{own(dedicated)}.orders"
    assert dba.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)
    with spa.enter("manager") as conn:
        assert conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        assert conn.execute(f"UPDATE {table} SET notes = 'x'").rowcount == 0
        assert conn.execute(f"DELETE FROM {table}").rowcount == 0
        conn.execute(f"SET LOCAL search_path = {own(dedicated)}")
        assert conn.execute("SELECT count(*) FROM orders").fetchone() == (0,)
        with refused("TN040"):
            conn.execute("INSERT INTO orders (order_number) VALUES ('9')")
    with spa.enter("manager") as conn, refused("TN040"):
        conn.execute(
            f"INSERT INTO {table} (tenant_id, order_number) VALUES (%s, '9')", [dedicated.id]
        )


def test_the_schema_admits_its_tenant_only_whoever_writes_23514(dedicated, spa, dba):
    with refused("23514"):
        dba.execute(
            f"INSERT INTO {own(dedicated)}.orders (tenant_id, order_number) VALUES (%s, '9')",
            [spa.id],
        )


def test_a_foreign_key_does_not_leave_the_schema_23503(dedicated, spa):
    with dedicated.enter("manager") as conn:
        conn.execute("SET LOCAL search_path = app")
        conn.execute("SELECT tenancy.enter(%s)", [dedicated.keys["manager"]])
        with refused("23503"):
            conn.execute(
                "INSERT INTO orders (order_number, customer_id) VALUES ('9', %s)",
                [spa.people["customer"]],
            )


# Drift and sync -----------------------------------------------------------------------------------

CHANGES = {
    "column": "ALTER TABLE app.orders ADD COLUMN tip numeric(8,2) NOT NULL DEFAULT 1",
    "nullable column": "ALTER TABLE app.orders ADD COLUMN tip text",
    "generated column": "ALTER TABLE app.orders ADD COLUMN n text "
    "GENERATED ALWAYS AS (notes || 'x') STORED",
    "type": "DROP VIEW api.reservations; ALTER TABLE app.reservations ALTER COLUMN adults TYPE bigint",
    "default": "ALTER TABLE app.orders ALTER COLUMN currency SET DEFAULT 'EUR'",
    "no default": "ALTER TABLE app.orders ALTER COLUMN currency DROP DEFAULT",
    "not null": "ALTER TABLE app.orders ALTER COLUMN customer_id SET NOT NULL",
    "nullable": "ALTER TABLE app.orders ALTER COLUMN subtotal DROP NOT NULL",
    "check": "ALTER TABLE app.orders ADD CONSTRAINT few CHECK (total < 1000000)",
    "no check": "ALTER TABLE app.orders DROP CONSTRAINT orders_total_check",
    "unique": "ALTER TABLE app.orders ADD CONSTRAINT u UNIQUE (tenant_id, payment_intent_id)",
    "foreign key": "ALTER TABLE app.pins ADD COLUMN order_id uuid, ADD CONSTRAINT f "
    "FOREIGN KEY (tenant_id, order_id) REFERENCES app.orders (tenant_id, id)",
    "index": "CREATE INDEX notes_idx ON app.orders (tenant_id, notes) WHERE notes IS NOT NULL",
    "no index": "DROP INDEX app.pins_customer_id_idx",
    "trigger": "CREATE TRIGGER _900_x BEFORE UPDATE ON app.orders FOR EACH ROW "
    "EXECUTE FUNCTION app.tg_touch()",
    "trigger state": "ALTER TABLE app.orders DISABLE TRIGGER _200_touch",
    "no trigger": "DROP TRIGGER _200_touch ON app.orders",
    "policy": "CREATE POLICY more ON app.orders AS RESTRICTIVE FOR DELETE TO tenancy_staff, "
    "tenancy_manager USING (status <> 'paid')",
    "other policy": "ALTER POLICY tenant_update ON app.orders USING (status = 'open')",
    "no policy": "DROP POLICY tenant_delete ON app.orders",
    "grant": "GRANT UPDATE (placed_at, created_at) ON app.orders TO tenancy_staff",
    "no grant": "REVOKE INSERT (notes) ON app.orders FROM tenancy_customer; "
    "REVOKE DELETE ON app.orders FROM tenancy_manager",
    "comment": "COMMENT ON COLUMN app.orders.notes IS 'it''s 100%s'",
    "no comment": "COMMENT ON TABLE app.orders IS NULL",
    "table": "CREATE TABLE app.tables (tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(), "
    "id uuid PRIMARY KEY, seats int); ALTER TABLE app.tables OWNER TO tenancy_owner; "
    "INSERT INTO tenancy.protected_table (schema_name, table_name) VALUES ('app', 'tables')",
}


@pytest.mark.parametrize("change", CHANGES)
def test_sync_follows_every_kind_of_change_and_keeps_the_rows(change, operator, dba, dedicated):
    assert operator.execute(SYNC, [dedicated.id]).fetchone() == (0,)
    dba.execute(CHANGES[change].encode())
    stale = "SELECT count(*) FROM tenancy.list_schemas(true)"
    assert operator.execute(stale).fetchone() == (1,)
    assert len(operator.execute(DRIFT, [dedicated.id]).fetchall()) >= 1
    assert operator.execute(SYNC, [dedicated.id]).fetchone() >= (1,)
    assert operator.execute(DRIFT, [dedicated.id]).fetchall() == []
    assert operator.execute(stale).fetchone() == (0,)
    assert dba.execute(f"SELECT count(*) FROM {own(dedicated)}.orders").fetchone() == (1,)


def test_a_change_in_the_schema_itself_is_drift_and_is_undone(operator, dba, dedicated):
    table = f"{own(dedicated)}.orders"
    dba.execute(f"DROP POLICY tenant_wall ON {table}")
    dba.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    dba.execute(f"GRANT TRUNCATE ON {table} TO tenancy_staff; GRANT SELECT ON {table} TO public")
    dba.execute(f"ALTER TABLE {table} DROP CONSTRAINT tenant_check")
    found = {(kind, name) for _, kind, name, *_ in operator.execute(DRIFT, [dedicated.id])}
    assert found == {
        ("policy", "tenant_wall"), ("comment", "POLICY tenant_wall ON %s"), ("check", "tenant_check"),
        ("row security", "FORCE"), ("grant", "TRUNCATE tenancy_staff"), ("grant", "SELECT public"),
    }  # fmt: skip
    operator.execute(SYNC, [dedicated.id])
    assert operator.execute(DRIFT, [dedicated.id]).fetchall() == []


def test_a_column_that_app_has_no_more_goes_on_demand_only(operator, dba, dedicated, database):
    table = f"{own(dedicated)}.orders"
    dba.execute(f"ALTER TABLE {table} ADD COLUMN kept text DEFAULT 'data'")
    assert operator.execute(SYNC, [dedicated.id]).fetchone() == (1,)  # its default
    left = ("orders", "column", "kept", None, "text")
    assert left in operator.execute(DRIFT, [dedicated.id]).fetchall()
    assert dba.execute(f"SELECT kept FROM {table}").fetchone() == ("data",)
    done = CliRunner().invoke(cli.main, ["sync", "--dsn", as_operator(database), "--drop-columns"])
    assert done.exit_code == 0, done.output
    assert operator.execute(DRIFT, [dedicated.id]).fetchall() == []


def test_what_the_rows_do_not_allow_changes_nothing_23502(operator, dba, dedicated):
    dba.execute("ALTER TABLE app.orders ADD COLUMN a text, ADD COLUMN b text NOT NULL")
    with refused("23502"):
        operator.execute(SYNC, [dedicated.id])
    names = {name for _, kind, name, *_ in operator.execute(DRIFT, [dedicated.id])}
    assert names >= {"a", "b"}


def test_sync_in_parallel_says_what_became_of_each(database, dba, diner, spa, operator):
    for tenant in (diner, spa):
        operator.execute(PROVISION, [str(tenant.id)])
    dba.execute(f"ALTER TABLE {own(spa)}.orders ADD COLUMN tip text")
    dba.execute("ALTER TABLE app.orders ADD COLUMN tip int")
    done = CliRunner().invoke(cli.main, ["sync", "--dsn", as_operator(database)])
    assert done.exit_code == 1
    assert "2 schemas were due: 1 changed, 1 failed" in done.output
    assert f"failed: spa ({spa.id}) after 1 tries: 42804" in done.output
    dba.execute(f"ALTER TABLE {own(spa)}.orders DROP COLUMN tip")
    again = placement.sync(as_operator(database))
    assert [(s.slug, s.error) for s in again] == [("spa", "")]
    assert placement.sync(as_operator(database)) == []


def test_sync_waits_a_little_for_locks_and_tries_again(database, dba, diner, operator):
    operator.execute(PROVISION, [str(diner.id)])
    dba.execute("ALTER TABLE app.orders ADD COLUMN tip int")
    with psycopg.connect(database) as other:
        other.execute(f"LOCK TABLE {own(diner)}.orders IN ACCESS SHARE MODE")
        (busy,) = placement.sync(as_operator(database), lock_timeout=0.05)
        assert (busy.error[:5], busy.tries) == ("55P03", placement.TRIES)
    (done,) = placement.sync(as_operator(database), lock_timeout=0.05)
    assert (done.error, done.tries) == ("", 1)


# The end ------------------------------------------------------------------------------------------


def test_a_schema_in_use_is_not_dropped_TN045(operator, dedicated, diner):
    with refused("TN045"):
        operator.execute("SELECT tenancy.drop_tenant_schema(%s)", [dedicated.id])


def test_a_schema_with_rows_is_not_dropped_TN045(operator, dba, diner):
    operator.execute(PROVISION, [str(diner.id)])
    dba.execute(
        f"INSERT INTO {own(diner)}.orders (tenant_id, order_number) VALUES (%s, '9')", [diner.id]
    )
    with refused("TN045"):
        operator.execute("SELECT tenancy.drop_tenant_schema(%s)", [diner.id])
    dba.execute(f"DELETE FROM {own(diner)}.orders")
    operator.execute("SELECT tenancy.drop_tenant_schema(%s)", [diner.id])
    assert dba.execute("SELECT to_regnamespace(%s)", [own(diner)]).fetchone() == (None,)
    with refused("TN001"):
        operator.execute("SELECT tenancy.drop_tenant_schema(%s)", [diner.id])
