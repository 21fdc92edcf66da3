"""PgBouncer with one server connection for everybody: what a client leaves there, and who gets it.

docs/poolers.md has the settings; each of its rows names a test of this file.
"""

import itertools
import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

from tenancy import cluster, paths
from tests.clients.conftest import program
from tests.fix_tenants import make_tenant, refused

#: What the product document sketches: a plain session setting, and a policy that trusts it.
NAIVE = """
CREATE SCHEMA naive;
CREATE TABLE naive.orders (tenant_id text, note text);
INSERT INTO naive.orders VALUES ('diner', 'diner''s order'), ('spa', 'spa''s order');
ALTER TABLE naive.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON naive.orders
USING (tenant_id = current_setting('app.current_tenant', true));
GRANT USAGE ON SCHEMA naive TO tenancy_gateway;
GRANT SELECT ON naive.orders TO tenancy_gateway;
"""
TRANSACTION, SESSION = {"pool_mode": "transaction"}, {"pool_mode": "session"}
RESET = {**TRANSACTION, "server_reset_query_always": "1"}


@pytest.fixture(scope="module")
def dsn(make_database):
    found = make_database()
    with psycopg.connect(found) as conn:
        conn.execute(NAIVE)
    return found


@pytest.fixture(scope="module")
def diner(dsn):
    return make_tenant(dsn, "diner")


@pytest.fixture(scope="module")
def spa(dsn):
    return make_tenant(dsn, "spa", "medspa")


@pytest.fixture
def bouncer(dsn):
    """Start PgBouncer with settings; returns a function that connects through it, in autocommit."""
    path = program("pgbouncer", "pgbouncer")
    with contextmanager(_started)(path, dsn) as start:
        yield start


def _started(path, dsn):
    folder = cluster.scratch(cluster.place_for_data())
    run = folder / "run"
    user = cluster.unprivileged()  # PgBouncer refuses to run as root, too
    server = conninfo_to_dict(dsn)
    processes, clients = [], []

    def start(settings):
        names = ("host", "port", "dbname", "password")
        target = " ".join(f"{name}={server[name]}" for name in names if name in server)
        conf = {
            "listen_addr": "",
            "unix_socket_dir": run,
            "listen_port": 6432,
            "auth_type": "trust",
            "auth_file": run / "users",
            "logfile": run / "log",
            "default_pool_size": 1,
            **settings,
        }
        lines = "".join(f"{name} = {value}\n" for name, value in conf.items())
        run.mkdir(0o700)
        (run / "ini").write_text(f"[databases]\ntenancy = {target}\n[pgbouncer]\n{lines}")
        (run / "users").write_text('"tenancy_gateway" ""\n')
        if user:
            for file in (run, *run.iterdir()):
                os.chown(file, user["user"], user["group"])
        # Should this process be killed, timeout ends the pooler.
        command = ["timeout", "120", path, "-q", run / "ini"]
        processes.append(subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, **user))
        deadline = time.monotonic() + 20
        while not (run / ".s.PGSQL.6432").exists():
            assert processes[0].poll() is None, (run / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return connect

    def connect(**parameters):
        given = {"autocommit": True, "prepare_threshold": None, **parameters}
        conn = psycopg.connect(conninfo(), **given)
        clients.append(conn)
        return conn

    def conninfo():
        return make_conninfo(host=str(run), port=6432, dbname="tenancy", user="tenancy_gateway")

    connect.conninfo = conninfo
    try:
        yield start
    finally:
        for conn in clients:
            conn.close()
        for process in processes:
            process.terminate()
            process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def one(conn, query, values=None):
    row = conn.execute(query, values).fetchone()
    return row[0] if len(row) == 1 else row


def backend(conn):
    return one(conn, "SELECT pg_backend_pid()")


def enter(conn, tenant, role="staff"):
    conn.execute("SELECT tenancy.enter(%s)", [tenant.keys[role]])


def orders(conn):
    return [row[0] for row in conn.execute("SELECT id FROM app.orders")]


def naive(conn):
    return [row[0] for row in conn.execute("SELECT tenant_id FROM naive.orders")]


def holds_nothing(conn):
    """Whether a client that did not enter is nobody: no context, no role, no row."""
    with conn.transaction():
        context = one(conn, "SELECT tenancy.tenant_id(), tenancy.actor_role(), current_user")
    with refused("42501"), conn.transaction():
        orders(conn)
    with conn.transaction():  # with a role, but without the context, there is no row either
        conn.execute("SET LOCAL ROLE tenancy_staff")
        assert orders(conn) == []
    return context == (None, None, "tenancy_gateway")


# Two tenants on one server connection -------------------------------------------------------------


def test_transaction_mode_the_naive_setting_leaks_and_ours_does_not(bouncer, diner, spa):
    connect = bouncer(TRANSACTION)
    a, b = connect(), connect()
    for conn, tenant in ((a, diner), (b, spa)):
        conn.execute("SELECT set_config('app.current_tenant', %s, false)", [tenant.slug])
    assert backend(a) == backend(b)
    assert naive(a) == ["spa"]  # the leak: a's own setting was overwritten by b
    for _ in range(50):
        for conn, tenant in ((a, diner), (b, spa)):
            with conn.transaction():
                assert one(conn, "SELECT tenancy.tenant_id()") is None
                enter(conn, tenant)
                assert orders(conn) == [tenant.order]
    assert backend(a) == backend(b)


def test_transaction_mode_a_stranger_inherits_the_naive_setting_and_nothing_of_ours(bouncer, diner):
    connect = bouncer(TRANSACTION)
    a = connect()
    a.execute("SELECT set_config('app.current_tenant', 'diner', false)")
    with a.transaction():
        enter(a, diner)
    stranger = connect()
    assert naive(stranger) == ["diner"]
    assert holds_nothing(stranger)


@pytest.mark.parametrize("reset", ["DISCARD ALL", ""], ids=["default", "no reset query"])
def test_session_mode_without_a_reset_query_the_naive_setting_leaks_and_ours_never(
    bouncer, diner, spa, reset
):
    connect = bouncer({**SESSION, "server_reset_query": reset})
    backends = set()
    for tenant, before in ((diner, []), (spa, ["diner"]), (diner, ["spa"])):
        with connect() as conn:
            backends.add(backend(conn))
            assert naive(conn) == ([] if reset else before)
            assert holds_nothing(conn)
            conn.execute("SELECT set_config('app.current_tenant', %s, false)", [tenant.slug])
            with conn.transaction():
                enter(conn, tenant)
                assert orders(conn) == [tenant.order]
    assert len(backends) == 1


def test_session_mode_behind_a_pool_the_naive_setting_leaks_and_ours_does_not(bouncer, diner, spa):
    """An application's own pool keeps its client connection: the reset query never runs."""
    connect = bouncer(SESSION)
    with ConnectionPool(connect.conninfo(), min_size=1, max_size=1, open=True) as pool:
        with pool.connection() as conn:
            conn.execute("SELECT set_config('app.current_tenant', 'diner', false)")
        with pool.connection() as conn:
            assert naive(conn) == ["diner"]
        for tenant in (diner, spa, diner, spa):
            with pool.connection() as conn:
                assert one(conn, "SELECT tenancy.tenant_id()") is None
                enter(conn, tenant)
                assert orders(conn) == [tenant.order]


def test_statement_mode_refuses_transactions_and_so_has_no_tenant(bouncer, diner):
    """Nothing leaks, and nothing works: a context lives as long as its transaction."""
    conn = bouncer({"pool_mode": "statement"})()
    enter(conn, diner)
    assert holds_no_context(conn)
    with pytest.raises(psycopg.OperationalError, match="transaction blocks not allowed"):
        conn.execute("BEGIN")


def holds_no_context(conn):
    return one(conn, "SELECT tenancy.tenant_id()") is None


# How a context ends -------------------------------------------------------------------------------


def _error(conn):
    with suppress(psycopg.errors.DivisionByZero):
        conn.execute("SELECT 1 / 0")
    conn.execute("COMMIT")  # which is a ROLLBACK now


@pytest.mark.parametrize(
    "mode", [TRANSACTION, SESSION, RESET], ids=["transaction", "session", "reset"]
)
@pytest.mark.parametrize(
    "end",
    [
        lambda conn: conn.execute("COMMIT"),
        lambda conn: conn.execute("ROLLBACK"),
        lambda conn: conn.execute("COMMIT AND CHAIN").connection.execute("COMMIT"),
        _error,
    ],
    ids=["commit", "rollback", "chain", "error"],
)  # fmt: skip
def test_no_end_of_a_transaction_leaves_a_context(bouncer, diner, mode, end):
    connect = bouncer(mode)
    a = connect()
    a.execute("BEGIN")
    enter(a, diner)
    pid = backend(a)
    end(a)
    if mode is SESSION:
        assert holds_nothing(a)
        a.close()
    b = connect()
    assert backend(b) == pid
    assert holds_nothing(b)


def test_a_chained_transaction_begins_without_the_context(bouncer, diner):
    a = bouncer(TRANSACTION)()
    a.execute("BEGIN")
    enter(a, diner)
    a.execute("COMMIT AND CHAIN")
    assert one(a, "SELECT tenancy.tenant_id(), current_user") == (None, "tenancy_gateway")
    a.execute("ROLLBACK")


@pytest.mark.parametrize("failed", [False, True], ids=["in a transaction", "in a failed one"])
@pytest.mark.parametrize("mode", [TRANSACTION, SESSION], ids=["transaction", "session"])
def test_a_client_that_dies_in_its_transaction_takes_the_backend_along(
    bouncer, diner, spa, mode, failed
):
    connect = bouncer(mode)
    a = connect()
    a.execute("BEGIN")
    enter(a, diner)
    a.execute("INSERT INTO app.pins (title) VALUES ('by the dead')")
    pid = backend(a)
    if failed:
        with refused("22012"):
            a.execute("SELECT 1 / 0")
    with socket.socket(fileno=os.dup(a.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)  # no farewell, as when a process is killed
    b = connect()
    assert backend(b) != pid
    assert holds_nothing(b)
    with b.transaction():
        enter(b, diner)
        assert one(b, "SELECT count(*) FROM app.pins WHERE title = 'by the dead'") == 0


def test_set_local_ends_and_set_stays_but_a_kept_token_proves_nothing(bouncer, diner):
    connect = bouncer(TRANSACTION)
    a = connect()
    with a.transaction():
        a.execute("SELECT set_config('app.current_tenant', 'diner', true)")
        assert naive(a) == ["diner"]
    assert naive(connect()) == []  # SET LOCAL: even the naive design forgets
    with a.transaction():
        enter(a, diner)
        token = one(a, "SELECT current_setting('tenancy.context')")
        a.execute("RESET ROLE")
        a.execute("SELECT set_config('tenancy.context', %s, false)", [token])
        a.execute("SET SESSION ROLE tenancy_staff")
    b = connect()
    kept = one(b, "SELECT current_setting('tenancy.context'), current_user")
    assert kept == (token, "tenancy_staff")  # SET: it is all still there
    assert one(b, "SELECT tenancy.tenant_id()") is None
    assert orders(b) == []


# What stays on a pooled connection ----------------------------------------------------------------


def _prepare(conn, _):
    conn.execute("PREPARE get_orders AS SELECT id FROM app.orders")


def _with_hold(conn, _):
    conn.execute("DECLARE kept CURSOR WITH HOLD FOR SELECT id FROM app.orders")


def _set(conn, _):
    conn.execute("SET statement_timeout = '99s'")


def _path(conn, _):
    conn.execute("SET search_path = app")


def _listen(conn, _):
    conn.execute("LISTEN gossip")


def _lock(conn, _):
    conn.execute("SELECT pg_advisory_lock(42)")


def _settings(name):
    return lambda conn, _: one(conn, f"SHOW {name}")


def _execute(conn, tenant):
    """Run whatever the name stands for: another's statement, though in the own tenant."""
    with conn.transaction():
        enter(conn, tenant)
        return [row[0] for row in conn.execute("EXECUTE get_orders")]


def _fetch(conn, _):
    return [row[0] for row in conn.execute("FETCH ALL FROM kept")]


def _channels(conn, _):
    return [row[0] for row in conn.execute("SELECT pg_listening_channels()")]


def _locks(conn, _):
    return one(
        conn, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND granted"
    )


#: What one tenant leaves, how the next client sees it; what it sees without and with the reset:
#: an SQLSTATE, or what the query returns.
RESIDUE = {
    "prepared statement": (_prepare, _execute, lambda d, s: [s.order], "26000"),
    "cursor WITH HOLD": (_with_hold, _fetch, lambda d, s: [d.order], "34000"),
    "session setting": (_set, _settings("statement_timeout"), lambda d, s: "99s", "0"),
    "search_path": (_path, _settings("search_path"), lambda d, s: "app", '"$user", public'),
    "LISTEN": (_listen, _channels, lambda d, s: ["gossip"], []),
    "advisory lock": (_lock, _locks, lambda d, s: 1, 0),
}


@pytest.mark.parametrize("name", RESIDUE)
def test_residue_stays_without_server_reset_query_always_and_goes_with_it(
    bouncer, diner, spa, name
):
    leave, look, without, _ = RESIDUE[name]
    connect = bouncer(TRANSACTION)
    a, b = connect(), connect()
    with a.transaction():
        enter(a, diner)
        leave(a, diner)
    assert backend(a) == backend(b)
    assert look(b, spa) == without(diner, spa)


@pytest.mark.parametrize("name", RESIDUE)
@pytest.mark.parametrize("mode", [RESET, SESSION], ids=["server_reset_query_always", "session"])
def test_residue_is_gone_with_server_reset_query_always_or_in_session_mode(
    bouncer, diner, spa, mode, name
):
    leave, look, _, expected = RESIDUE[name]
    connect = bouncer(mode)
    a = connect()
    with a.transaction():
        enter(a, diner)
        leave(a, diner)
    pid = backend(a)
    if mode is SESSION:
        a.close()
    b = connect()
    assert backend(b) == pid
    if name in {"prepared statement", "cursor WITH HOLD"}:
        with refused(expected):
            look(b, spa)
    else:
        assert look(b, spa) == expected


def test_server_reset_query_of_two_statements_resets_nothing_and_says_nothing(bouncer, diner):
    """Together they are a transaction block, in which DISCARD ALL is refused; the refusal is dropped."""
    connect = bouncer(
        {**RESET, "server_reset_query": "DISCARD ALL; SET statement_timeout = '1min'"}
    )
    a = connect()
    with a.transaction():
        enter(a, diner)
        _with_hold(a, diner)
    assert _fetch(connect(), None) == [diner.order]


@pytest.mark.parametrize("mode", [TRANSACTION, RESET], ids=["default", "reset"])
def test_a_temporary_table_cannot_be_left_42501(bouncer, diner, mode):
    """A temporary table would be found before the real one by the next client's statement."""
    a = bouncer(mode)()
    for statement in ("CREATE TEMP TABLE orders (id uuid)", "CREATE TEMP VIEW orders AS SELECT 1"):
        with refused("42501"), a.transaction():
            a.execute(statement)
        with refused("42501"), a.transaction():
            enter(a, diner)
            a.execute(statement)


# psycopg's prepared statements --------------------------------------------------------------------


def _reads(conn, tenant):
    with conn.transaction():
        conn.execute("SELECT tenancy.enter(%s)", [tenant.keys["staff"]], prepare=False)
        return orders(conn)


def test_prepare_threshold_collides_between_clients_42P05(bouncer, diner, spa):
    connect = bouncer(TRANSACTION)
    a, b = connect(prepare_threshold=0), connect(prepare_threshold=0)
    assert _reads(a, diner) == [diner.order]
    with refused("42P05"):
        _reads(b, spa)


def test_prepare_threshold_with_the_reset_loses_its_statements_26000(bouncer, diner):
    a = bouncer(RESET)(prepare_threshold=0)
    assert _reads(a, diner) == [diner.order]
    with refused("26000"):
        _reads(a, diner)


def documented():
    """Return the settings that docs/poolers.md recommends."""
    text = (paths.ROOT / "docs/poolers.md").read_text()
    block = text.split("```ini\n[pgbouncer]\n")[1].split("```")[0]
    return dict(line.split(" = ") for line in block.strip().splitlines())


@pytest.mark.parametrize(
    "mode", [TRANSACTION, RESET, documented()], ids=["default", "reset", "as documented"]
)
def test_prepare_threshold_none_works(bouncer, diner, spa, mode):
    connect = bouncer(mode)
    a, b = connect(), connect()
    for conn, tenant in [(a, diner), (b, spa)] * 8:
        assert _reads(conn, tenant) == [tenant.order]


# Limits and parameters ----------------------------------------------------------------------------


def test_ignore_startup_parameters_drops_what_a_client_asked_for(bouncer):
    connect = bouncer({**TRANSACTION, "ignore_startup_parameters": "options"})
    assert one(connect(options="-c statement_timeout=5s"), "SHOW statement_timeout") == "0"


def test_without_ignore_startup_parameters_options_are_refused(bouncer):
    connect = bouncer(TRANSACTION)
    with pytest.raises(psycopg.OperationalError, match="unsupported startup parameter: options"):
        connect(options="-c statement_timeout=5s")


def _locked(connect, diner):
    """A manager holds up a table of everybody: DELETE brings the right to LOCK."""
    a = connect()
    a.execute("BEGIN")
    enter(a, diner, "manager")
    a.execute("LOCK TABLE app.orders IN ACCESS EXCLUSIVE MODE")
    return a


def _waits(connect, spa, patience):
    b = connect()
    with b.transaction():
        enter(b, spa)
        b.execute(f"SET LOCAL lock_timeout = '{patience}'")
        return orders(b)


def test_idle_transaction_timeout_ends_a_transaction_that_holds_others_up(bouncer, diner, spa):
    connect = bouncer({**TRANSACTION, "default_pool_size": 2, "idle_transaction_timeout": 1})
    a = _locked(connect, diner)
    assert _waits(connect, spa, "60s") == [spa.order]
    with pytest.raises(psycopg.OperationalError):
        a.execute("SELECT 1")


def test_without_idle_transaction_timeout_it_holds_others_up_55P03(bouncer, diner, spa):
    connect = bouncer({**TRANSACTION, "default_pool_size": 2})
    _locked(connect, diner)
    with refused("55P03"):
        _waits(connect, spa, "200ms")


@pytest.fixture
def dba(dsn):
    with psycopg.connect(dsn, autocommit=True) as conn:
        yield conn


def test_query_timeout_alone_leaves_the_statement_running_55P03(bouncer, diner, spa, dba):
    connect = bouncer({**TRANSACTION, "default_pool_size": 2, "query_timeout": 1})
    a = _locked(connect, diner)
    pid = backend(a)
    with pytest.raises(psycopg.OperationalError, match="query timeout"):
        a.execute("SELECT pg_sleep(60)")
    with refused("55P03"):
        _waits(connect, spa, "200ms")
    assert one(dba, "SELECT pg_terminate_backend(%s, 9000)", [pid])


def test_query_timeout_with_client_connection_check_interval_ends_it(bouncer, diner, spa, dba):
    name = sql.Identifier(dba.info.dbname)
    setting = sql.SQL("ALTER DATABASE {} {} client_connection_check_interval")
    dba.execute(setting.format(name, sql.SQL("SET")) + sql.SQL(" = '100ms'"))
    try:
        connect = bouncer({**TRANSACTION, "default_pool_size": 2, "query_timeout": 1})
        a = _locked(connect, diner)
        with pytest.raises(psycopg.OperationalError, match="query timeout"):
            a.execute("SELECT pg_sleep(60)")
        assert _waits(connect, spa, "50s") == [spa.order]
    finally:
        dba.execute(setting.format(name, sql.SQL("RESET")))


@pytest.mark.parametrize("cap", ["max_db_connections", "max_user_connections"])
def test_connection_caps_hold_and_query_wait_timeout_answers_who_waits(bouncer, diner, dba, cap):
    settings = {"default_pool_size": 9, cap: 2, "query_wait_timeout": 1}
    connect = bouncer({**TRANSACTION, **settings})
    backends = set()
    for _ in range(2):
        a = connect()
        a.execute("BEGIN")
        enter(a, diner)
        backends.add(backend(a))
    with pytest.raises(psycopg.OperationalError, match="query_wait_timeout"):
        connect().execute("SELECT 1")
    assert len(backends) == 2


# The document -------------------------------------------------------------------------------------


def test_every_row_of_the_document_names_a_test_or_says_that_it_has_none():
    text = (paths.ROOT / "docs/poolers.md").read_text()
    tests = {name for name in globals() if name.startswith("test_")}
    rows = [r for r in text.splitlines() if r.startswith("| `")]
    assert len(rows) > 12
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named or "documentation, not tested" in row, row
        assert set(named) <= tests, row
    unnamed = tests - {*itertools.chain(*(re.findall(r"`(test_\w+)`", row) for row in rows))}
    assert unnamed == {"test_every_row_of_the_document_names_a_test_or_says_that_it_has_none"}
