"""sql/harden.sql: each block takes a lever away, and every tool still works."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import checks, dev
from tests.fix_tenants import refused

#: Block, and what an application does without it and must not.
LEVERS = [
    ("set_config", "SELECT set_config('tenancy.context', 'x', true)"),
    ("xml_functions", "SELECT query_to_xml('SELECT 1', true, true, '')"),
    ("xml_functions", "SELECT query_to_xmlschema('SELECT 1', true, true, '')"),
    ("xml_functions", "SELECT table_to_xml('pg_class', true, true, '')"),
    ("text_search_queries", "SELECT ts_stat('SELECT to_tsvector(''x'')')"),
    ("text_search_queries", "SELECT ts_rewrite('a', 'SELECT ''a''::tsquery, ''b''::tsquery')"),
    ("advisory_locks", "SELECT pg_advisory_lock(1)"),
    ("advisory_locks", "SELECT pg_try_advisory_xact_lock_shared(1, 1)"),
    ("table_statistics", "SELECT pg_stat_get_xact_tuples_fetched('app.orders'::regclass)"),
    ("table_statistics", "SELECT idx_tup_fetch FROM pg_stat_xact_user_tables"),
    ("table_statistics", "SELECT n_live_tup FROM pg_stat_user_tables"),
    ("large_objects", "SELECT lo_create(0)"),
    ("large_objects", "SELECT lo_from_bytea(0, 'x')"),
    ("signals", "SELECT pg_terminate_backend(1)"),
    ("signals", "SELECT pg_cancel_backend(1)"),
    ("notify", "SELECT pg_notify('x', 'y')"),
    ("sleep", "SELECT pg_sleep(0)"),
    ("sleep", "SELECT pg_sleep_for('0')"),
    ("sleep", "SELECT pg_sleep_until(now())"),
    ("sessions_of_others", "SELECT count(*) FROM pg_stat_activity"),
    ("sessions_of_others", "SELECT count(*) FROM pg_locks"),
    (
        "sessions_of_others",
        "SELECT pg_stat_get_backend_activity(b) FROM pg_stat_get_backend_idset() AS b",
    ),
    ("snapshots_and_messages", "SELECT pg_export_snapshot()"),
    ("snapshots_and_messages", "SELECT pg_logical_emit_message(false, 'x', 'y')"),
    ("plpgsql", "DO $$ BEGIN END $$"),
    ("temp_file_limit", "SET temp_file_limit = -1"),
    ("log_parameters", "SET log_parameter_max_length_on_error = -1"),
]
#: Blocks whose effect is not a refusal, and the test of it.
OTHERWISE = {
    "backup_role": "test_dump_and_data_only_restore_still_work_hardened",
    "vacuumdb": "test_vacuumdb_still_works_hardened",
    "temp_file_limit": "test_limits_are_in_force_for_the_application",
    "log_parameters": "test_limits_are_in_force_for_the_application",
}
SETTINGS = {"temp_file_limit", "log_parameters"}


def test_every_block_has_a_test_of_its_behaviour():
    levers = {block for block, _ in LEVERS} - SETTINGS
    assert levers | OTHERWISE.keys() == checks.harden_blocks().keys()
    assert set(OTHERWISE.values()) <= globals().keys()


@pytest.mark.parametrize(("block", "lever"), [x for x in LEVERS if x[0] not in SETTINGS])
def test_a_block_alone_takes_its_lever_away_42501(dba, diner, block, lever):
    with diner.enter("manager") as conn:
        conn.execute(lever)  # before, it works: the refusal is the block's
    before = checks.hardening(dba)
    dba.execute(checks.harden_blocks()[block])
    changed = {name for name, state in checks.hardening(dba).items() if state and not before[name]}
    assert changed == {block}
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute(lever)


def test_limits_are_in_force_for_the_application(hardened, diner):
    with diner.enter("manager") as conn:
        assert conn.execute("SHOW temp_file_limit").fetchone() == ("1GB",)
        with refused("42501"):
            conn.execute("SET temp_file_limit = -1")
    with diner.enter("manager") as conn:
        assert conn.execute("SHOW log_parameter_max_length_on_error").fetchone() == ("0",)


def test_the_application_still_works_hardened(hardened, diner, spa):
    with diner.enter("manager") as conn:
        assert conn.execute("SELECT id FROM app.orders").fetchall() == [(diner.order,)]
        conn.execute("SELECT tenancy.leave()")


def test_a_hardened_database_passes_every_check(hardened, dba):
    assert {f.check for f in checks.invariants(dba)} == {"transport_settings"}


def test_dump_and_data_only_restore_still_work_hardened(
    hardened, diner, make_database, tool, tmp_path
):
    file = tmp_path / "data.sql"
    backup = make_conninfo(hardened, user="tenancy_backup")
    done = tool("pg_dump", "--data-only", "--schema=app", "-f", str(file), backup)
    assert done.returncode == 0, done.stderr
    target = make_database()
    with psycopg.connect(target, autocommit=True) as conn:
        checks.apply_hardening(conn)
        # Tenants belong to the kernel and travel with a full dump; here only the rows do.
        conn.execute("GRANT SET ON PARAMETER session_replication_role TO tenancy_backup")
        conn.execute(
            sql.SQL(
                "ALTER ROLE tenancy_backup IN DATABASE {} SET session_replication_role = replica"
            ).format(sql.Identifier(conn.info.dbname))
        )
    done = tool(
        "psql", "-v", "ON_ERROR_STOP=1", "-q", "-f", str(file),
        make_conninfo(target, user="tenancy_backup"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with psycopg.connect(target) as conn:
        assert conn.execute("SELECT count(*) FROM app.orders").fetchone() == (1,)


def test_two_databases_are_hardened_at_once(hardened, make_database):
    """Roles are shared: neither meets a row that the other is changing."""
    with (
        psycopg.connect(hardened) as one,
        psycopg.connect(make_database(), autocommit=True) as two,
        ThreadPoolExecutor(1) as thread,
    ):
        one.execute("LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE")
        waiting = thread.submit(checks.apply_hardening, two)
        one.execute(checks.harden_blocks()["temp_file_limit"])
        assert not waiting.done()
        one.commit()
        assert all(waiting.result().values())


@pytest.mark.parametrize("user", ["postgres", dev.OWNER])
def test_vacuumdb_still_works_hardened(hardened, diner, dba, tool, user):
    """As the owner of the database too, which is what a managed server gives."""
    who = dba.info.user if user == "postgres" else user
    done = tool("vacuumdb", "--analyze", "-d", make_conninfo(hardened, user=who))
    assert done.returncode == 0, done.stderr
    analysed = dba.execute(
        "SELECT reltuples FROM pg_class WHERE oid = 'app.orders'::regclass"
    ).fetchone()
    assert analysed == (1,)
    assert "app" not in done.stderr and "tenancy" not in done.stderr  # no table of ours was skipped
