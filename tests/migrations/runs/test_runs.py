"""Runs of migrations: by plain yoyo or by ours, alone, at once, killed, with any password."""

import shutil
import socket
import time

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tenancy import dev, migrate, paths, servers, stamp
from tests.migrations.runs.conftest import command, finish, set_password, write, yoyo

INVENTORY = """
SELECT c.relname::text FROM pg_class AS c, pg_namespace AS n
WHERE n.oid = c.relnamespace AND n.nspname !~ '^(pg_|information_schema$)'
UNION ALL SELECT proname FROM pg_proc WHERE oid >= 16384
UNION ALL SELECT typname FROM pg_type AS t, pg_namespace AS n
WHERE n.oid = t.typnamespace AND n.nspname !~ '^(pg_|information_schema$)'
UNION ALL SELECT nspname FROM pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_'
"""


@pytest.fixture(scope="module")
def cluster():
    """One server: no rule that differs between majors is tried here."""
    with servers.start("wheel") as server:
        yield server


def name_of(dsn):
    return conninfo_to_dict(dsn)["dbname"]


def query(server, dsn, statement):
    with server.connect(dbname=name_of(dsn)) as conn:
        return conn.execute(statement).fetchall()


def test_ours_continues_and_undoes_what_plain_yoyo_began(cluster, empty, tmp_path):
    chain = stamp.migrations(paths.ROOT)
    for file in chain[:2]:
        shutil.copy(file, tmp_path)
        shutil.copy(stamp.rollback_of(file), tmp_path)
    code, _, err = finish(yoyo(empty, tmp_path))
    assert code == 0, err
    assert migrate.apply(empty) == [file.stem for file in chain[2:]]
    assert all(migrate.status(empty).values())
    assert len(migrate.rollback(empty, to="")) == len(chain)
    assert query(cluster, empty, INVENTORY) == []


def test_plain_yoyo_continues_what_ours_began_and_finds_nothing_left(cluster, empty):
    first = stamp.migrations(paths.ROOT)[1].stem
    migrate.apply(empty, until=first)
    for _ in range(2):
        code, _, err = finish(yoyo(empty))
        assert code == 0, err
    assert migrate.apply(empty) == []


def test_rolling_everything_back_leaves_roles_and_the_command_says_so(cluster, empty):
    migrate.apply(empty)
    code, out, err = finish(command("tenancy", "migrate", "--rollback", "--all", "--dsn", empty))
    assert code == 0, err
    assert "roles" in out
    assert "tenancy_gateway" in out
    assert query(cluster, empty, INVENTORY) == []
    assert query(cluster, empty, "SELECT to_regrole('tenancy_gateway') IS NOT NULL") == [(True,)]


def test_a_dry_run_lists_what_is_pending_and_writes_nothing(cluster, empty, tree):
    assert migrate.apply(empty, tree, dry_run=True) == ["0001.create-a", "0002.create-b"]
    assert query(cluster, empty, INVENTORY) == []


def test_of_two_at_once_one_applies_and_the_other_finds_nothing_left(empty):
    both = [command("tenancy", "migrate", "--dsn", empty) for _ in range(2)]
    done = [finish(process) for process in both]
    assert [code for code, _, _ in done] == [0, 0], done
    counts = sorted(out.splitlines()[-1] for _, out, _ in done)
    assert counts == ["0 applied", f"{len(stamp.migrations(paths.ROOT))} applied"]


def test_ours_and_plain_yoyo_at_once_do_not_disturb_each_other(empty, tree):
    other = yoyo(empty, tree / "migrations")
    migrate.apply(empty, tree)
    code, _, err = finish(other)
    assert code == 0, err
    assert all(migrate.status(empty, tree).values())


def test_a_failing_statement_is_one_line_with_file_and_number(cluster, empty, tree):
    failing = "CREATE TABLE public.toy_c (id int);\n-- why\nSELECT 1/0;\nSELECT 2;"
    write(tree, "0003.create-c", failing)
    with pytest.raises(migrate.MigrationError) as caught:
        migrate.apply(empty, tree)
    assert caught.value.message.startswith("0003.create-c.sql, statement 2: division by zero")
    assert "\n" not in caught.value.message
    assert query(cluster, empty, "SELECT to_regclass('toy_c')") == [(None,)]
    assert query(cluster, empty, "SELECT count(*) FROM yoyo_lock") == [(0,)]
    write(tree, "0003.create-c", "CREATE TABLE public.toy_c (id int);")
    assert migrate.apply(empty, tree) == ["0003.create-c"]


def test_a_failing_rollback_leaves_its_migration_applied(cluster, empty, tree):
    write(tree, "0003.create-c", "CREATE TABLE public.toy_c ();", "DROP TABLE toy_c;\nSELECT 1/0;")
    migrate.apply(empty, tree)
    with pytest.raises(migrate.MigrationError, match=r"0003\.create-c\.rollback\.sql, statement 2"):
        migrate.rollback(empty, tree)
    assert migrate.status(empty, tree)["0003.create-c"]
    assert query(cluster, empty, "SELECT to_regclass('toy_c') IS NULL") == [(False,)]


def test_an_index_may_be_built_concurrently_by_either(cluster, empty, tree):
    text = "-- transactional: false\nCREATE INDEX CONCURRENTLY toy_c ON public.toy_a (id);"
    write(tree, "0003.create-c", text, "DROP INDEX public.toy_c;\n")
    migrate.apply(empty, tree)
    migrate.rollback(empty, tree)
    code, _, err = finish(yoyo(empty, tree / "migrations"))
    assert code == 0, err
    assert query(cluster, empty, "SELECT to_regclass('toy_c') IS NULL") == [(False,)]


def test_a_killed_plain_yoyo_is_reported_with_the_way_out(cluster, empty, tree):
    write(tree, "0003.create-c", "CREATE TABLE public.toy_c ();\nSELECT pg_sleep(60);")
    sleeping = (
        "SELECT pid FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep' "
        f"AND datname = '{name_of(empty)}'"
    )
    process = yoyo(empty, tree / "migrations")
    deadline = time.monotonic() + 20
    while not query(cluster, empty, sleeping) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    finish(process)
    # As tcp_keepalives or the sleep's end would do it, only sooner.
    assert query(cluster, empty, f"SELECT pg_terminate_backend(pid, 5000) FROM ({sleeping}) AS s")
    write(tree, "0003.create-c", "CREATE TABLE public.toy_c ();")
    with pytest.raises(migrate.MigrationError) as caught:
        migrate.apply(empty, tree)
    assert f"process {process.pid} was killed" in caught.value.message
    assert "tenancy migrate --break-lock" in caught.value.message
    assert (
        "lock removed" in finish(command("tenancy", "migrate", "--break-lock", "--dsn", empty))[1]
    )
    assert not migrate.break_lock(empty)
    assert migrate.apply(empty, tree) == ["0003.create-c"]


def test_the_lock_of_a_living_run_cannot_be_broken(empty, tree):
    migrate.apply(empty, tree)
    with psycopg.connect(empty, autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", [migrate._LOCK])
        with pytest.raises(migrate.MigrationError, match="another process is migrating"):
            migrate.break_lock(empty)


def test_what_plain_yoyo_applied_may_not_be_edited_afterwards_either(empty, tree):
    assert finish(yoyo(empty, tree / "migrations"))[0] == 0
    assert migrate.apply(empty, tree) == []  # now it is known
    write(tree, "0001.create-a", "SELECT 1;")
    with pytest.raises(migrate.MigrationError, match=r"0001\.create-a was edited after"):
        migrate.apply(empty, tree)


@pytest.mark.parametrize("password", ["p?w", "p%w", "p%3Fw@h:1/x", "ü &=#+'"])
def test_any_password_works_for_both(over_tcp, make_empty, tree, password):
    owner = dev.OWNER
    dsn = make_conninfo(make_empty(over_tcp, owner), host="127.0.0.1", password=password)
    set_password(over_tcp, owner, password)
    assert finish(yoyo(dsn, tree / "migrations"))[0] == 0
    assert migrate.apply(dsn, tree) == []
    assert len(migrate.rollback(dsn, tree, to="")) == 2
    assert len(migrate.apply(dsn, tree)) == 2


@pytest.fixture(scope="module")
def over_tcp():
    """A server that asks for a password, as on another machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with servers.start("wheel", settings={"listen_addresses": "127.0.0.1", "port": port}) as server:
        yield server
