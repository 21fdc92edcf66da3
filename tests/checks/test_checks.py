"""tenancy check: each invariant fails when it is broken, and hardening breaks no tool."""

import os
import subprocess

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import checks, paths
from tests.fix_tenants import refused

BREAKS = {
    "table_without_wall": "DROP POLICY tenant_wall ON app.orders",
    "unregistered_table": "CREATE TABLE app.forgotten (id int)",
    "key_without_tenant": "CREATE UNIQUE INDEX ON app.customers (email)",
    "role_above_row_security": "CREATE ROLE tenancy_test_bypass BYPASSRLS",
    "definer_out_of_line": "GRANT EXECUTE ON FUNCTION tenancy.tenant_id() TO PUBLIC",
    "database_open_to_public": None,
}


def test_a_migrated_database_has_no_findings(dba):
    assert checks.invariants(dba) == []


def test_every_check_has_a_test():
    assert {p.stem for p in (paths.ROOT / "sql/checks").glob("*.sql")} == BREAKS.keys()


@pytest.mark.parametrize("check", [c for c, ddl in BREAKS.items() if ddl])
def test_a_broken_invariant_is_found(dba, check):
    with dba.transaction(force_rollback=True):
        dba.execute(BREAKS[check])
        found = checks.invariants(dba)
    assert [f.check for f in found] == [check]
    assert found[0].remedy


def test_a_copy_that_forgot_its_rights_is_found(dba):
    name = sql.Identifier(dba.info.dbname)
    dba.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO PUBLIC").format(name))
    assert [f.check for f in checks.invariants(dba)] == ["database_open_to_public"]


@pytest.mark.parametrize("weaken", ["FORCE", "widen", "permissive"])
def test_a_wall_that_is_widened_is_found(dba, weaken):
    with dba.transaction(force_rollback=True):
        if weaken == "FORCE":
            dba.execute("ALTER TABLE app.orders NO FORCE ROW LEVEL SECURITY")
        elif weaken == "widen":
            dba.execute("ALTER POLICY tenant_wall ON app.orders USING (true)")
        else:
            dba.execute("DROP POLICY tenant_wall ON app.orders")
            dba.execute(
                "CREATE POLICY tenant_wall ON app.orders "
                "USING (tenant_id = (SELECT tenancy.tenant_id()))"
            )
        assert [f.object for f in checks.invariants(dba)] == ["app.orders"]


def test_known_holes_are_failures_on_a_given_dsn_and_warnings_elsewhere(dba):
    given = checks.probes(dba, throwaway=False)
    assert {f.level for f in given} <= {"failure"}
    assert {f.level for f in checks.probes(dba, throwaway=True)} <= {"warning"}


def test_our_tables_hold_even_where_the_server_leaks(diner, spa):
    """ON CONFLICT with a leaky condition never meets another tenant's row: keys are per tenant."""
    with spa.enter("manager") as other:
        row = other.execute("SELECT id FROM app.customers").fetchone()[0]
    with diner.enter("manager") as conn:
        conn.execute(
            "INSERT INTO app.customers AS t (id, full_name) VALUES (%s, 'x') "
            "ON CONFLICT (tenant_id, id) DO UPDATE SET full_name = 'y' WHERE t.full_name::int = 1",
            [row],
        )


@pytest.fixture
def hardened(database, dba, diner):
    """A hardened database with rows. Roles are cluster-wide, the revoked built-ins are not."""
    dba.execute((paths.ROOT / "sql/harden.sql").read_text())
    dba.execute((paths.ROOT / "sql/harden.sql").read_text())  # idempotent
    assert all(checks.hardening(dba).values())
    return database


def test_hardening_takes_the_levers_away_42501(hardened, diner):
    for lever in (
        "SELECT set_config('tenancy.context', 'x', true)",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "SELECT pg_terminate_backend(1)",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_notify('x', 'y')",
        "DO $$ BEGIN END $$",
        "CREATE TEMPORARY TABLE x (id int)",
    ):
        with diner.enter("manager") as conn, refused("42501"):
            conn.execute(lever)


def test_the_application_still_works_hardened(hardened, diner, spa):
    with diner.enter("manager") as conn:
        assert conn.execute("SELECT id FROM app.orders").fetchall() == [(diner.order,)]
        conn.execute("SELECT tenancy.leave()")


def tool(server, name, *arguments):
    program = server.bindir / name if server.bindir else paths.Path(name)
    if not program.exists():
        if os.environ.get("TENANCY_SERVER", "").startswith("npm"):
            pytest.skip(f"these binaries have no {name}")
        raise AssertionError(f"no {name} beside this server")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def test_dump_and_data_only_restore_still_work_hardened(hardened, server, make_database, tmp_path):
    file = tmp_path / "data.sql"
    backup = make_conninfo(hardened, user="tenancy_backup")
    done = tool(server, "pg_dump", "--data-only", "--schema=app", "-f", str(file), backup)
    assert done.returncode == 0, done.stderr
    target = make_database()
    with psycopg.connect(target, autocommit=True) as conn:
        conn.execute((paths.ROOT / "sql/harden.sql").read_text())
        # Tenants belong to the kernel and travel with a full dump; here only the rows do.
        conn.execute("SET session_replication_role = replica")
        conn.execute("GRANT SET ON PARAMETER session_replication_role TO tenancy_backup")
        conn.execute(
            "ALTER ROLE tenancy_backup IN DATABASE "
            f'"{conn.info.dbname}" SET session_replication_role = replica'
        )
    done = tool(
        server, "psql", "-v", "ON_ERROR_STOP=1", "-q", "-f", str(file),
        make_conninfo(target, user="tenancy_backup"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with psycopg.connect(target) as conn:
        assert conn.execute("SELECT count(*) FROM app.orders").fetchone() == (1,)


def test_vacuumdb_still_works_hardened(hardened, server):
    done = tool(server, "vacuumdb", "-d", hardened)
    assert done.returncode == 0, done.stderr
