"""One session and one transaction per migration, one lock for ours and yoyo's, errors in a line."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from yoyo import exceptions, get_backend

from tenancy import cli, migrate, servers, stamp
from tests.migrations.toy import Tree, copied, planted


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, server: servers.Server) -> Tree:
    """Hold one source of each kind, stamped and applied."""
    return planted(tmp_path_factory.mktemp("toy"), server)


@pytest.fixture
def tree(original: Tree, tmp_path: Path) -> Iterator[Tree]:
    """Copy it, to be migrated further."""
    with copied(original, tmp_path / "a tree") as found:
        yield found


def add(tree: Tree, slug: str, text: str) -> str:
    """Write a migration as it is, without a frame."""
    target = stamp.empty(slug, tree.root)
    target.write_text(text + "\n")
    stamp.rollback_of(target).write_text("SELECT 1;\n")
    stamp.write_sums(tree.root)
    return target.stem


def test_what_one_file_sets_does_not_reach_the_next(tree):
    first = "SET search_path = toy; SET ROLE tenancy_dba; SET statement_timeout = '1h';"
    second = "CREATE TABLE public.seen AS SELECT current_setting('search_path') AS path, "
    second += "current_setting('statement_timeout') AS timeout;"
    names = [add(tree, "set-much", first), add(tree, "see-little", second)]
    assert tree.up() == names
    assert tree.rows("SELECT * FROM public.seen") == [('"$user", public', "0")]


def test_one_without_a_transaction_must_be_one_statement(tree):
    add(tree, "add-two", "-- transactional: false\nSELECT 1;\nSELECT 2;")
    with pytest.raises(migrate.MigrationError, match=r"0004\.add-two\.sql: without a transaction"):
        tree.up()


def test_an_error_at_commit_leaves_nothing_and_names_the_file(tree):
    late = "CREATE TABLE public.a (id int PRIMARY KEY);\nCREATE TABLE public.b (id int REFERENCES "
    late += "public.a DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO public.b VALUES (1);"
    name = add(tree, "fail-late", late)
    with pytest.raises(migrate.MigrationError, match=rf"^{name}\.sql: insert or update"):
        tree.up()
    assert tree.value("SELECT to_regclass('public.a') IS NULL")
    assert not migrate.status(tree.dsn, tree.root)[name]


def test_rolling_back_to_a_migration_keeps_it(tree):
    names = [add(tree, "add-one", "SELECT 1;"), add(tree, "add-two", "SELECT 2;")]
    tree.up()
    assert tree.down(to="0003.add-everything") == names[::-1]
    with pytest.raises(migrate.MigrationError, match=r"0005\.add-two is not applied"):
        tree.down(to=names[1])
    assert tree.down() == ["0003.add-everything"]


def test_plain_yoyo_is_kept_out_while_ours_runs_and_ours_while_yoyo_runs(tree, monkeypatch):
    monkeypatch.setitem(migrate._PATIENCE, "row", 0.3)
    uri = migrate.yoyo_uri(tree.dsn)
    with (
        migrate._session(tree.dsn, tree.root),
        get_backend(uri) as other,
        pytest.raises(exceptions.LockTimeout),
        other.lock(timeout=0.3),
    ):
        pass
    with (
        get_backend(uri) as other,
        other.lock(),
        pytest.raises(migrate.MigrationError, match=r"process \d+ is migrating; if it was killed"),
    ):
        tree.up()
    assert tree.up() == []


def test_a_killed_run_of_ours_leaves_no_half_and_says_the_way_out(tree):
    name = add(tree, "sleep-long", "CREATE TABLE public.half ();\nSELECT pg_sleep(60);")
    program = "import sys, pathlib; from tenancy import migrate; "
    program += "migrate.apply(sys.argv[1], pathlib.Path(sys.argv[2]))"
    run = subprocess.Popen([sys.executable, "-c", program, tree.dsn, str(tree.root)])
    asleep = "SELECT pid FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep' AND datname = %s"
    deadline = time.monotonic() + 20
    while not tree.rows(asleep, tree.database) and time.monotonic() < deadline:
        time.sleep(0.05)
    run.kill()
    run.wait()
    ending = f"SELECT pg_terminate_backend(pid, 5000) FROM ({asleep}) AS s"
    assert tree.rows(ending, tree.database) == [(True,)]  # as the end of its sleep would
    while tree.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
        tree.database,
    ):
        time.sleep(0.05)
    with pytest.raises(
        migrate.MigrationError, match=f"process {run.pid} was killed while"
    ) as caught:
        tree.up()
    assert "--break-lock" in caught.value.message
    assert tree.value("SELECT to_regclass('public.half') IS NULL")
    assert migrate.break_lock(tree.dsn)
    add(tree, "do-nothing", "SELECT 1;")
    (tree.root / f"migrations/{name}.sql").write_text("SELECT 1;\n")
    stamp.write_sums(tree.root)
    assert tree.up() == [name, "0005.do-nothing"]


def test_a_refusal_is_one_object_for_machines_and_one_line_for_people(tree):
    tree.rows("UPDATE public._yoyo_migration SET migration_id = 'x.y' RETURNING 1")
    arguments = ["migrate", "--dsn", tree.dsn]
    machine = CliRunner().invoke(cli.main, [*arguments, "--json"])
    assert machine.exit_code == 1
    assert json.loads(machine.stdout)["ok"] is False
    assert "x.y is applied but its file is missing" in json.loads(machine.stdout)["summary"]
    person = CliRunner().invoke(cli.main, arguments)
    assert (person.exit_code, person.stdout) == (1, "")
    assert person.stderr.startswith("Error: x.y is applied but its file is missing")


def test_a_server_that_does_not_answer_is_exit_code_2():
    dsn = "host=/nowhere dbname=x"
    assert CliRunner().invoke(cli.main, ["migrate", "--dsn", dsn]).exit_code == 2


@pytest.mark.parametrize(
    ("dsn", "uri"),
    [
        ("dbname=d", "postgresql+psycopg:///d"),
        ("host=/run/x port=5433 dbname=d", "postgresql+psycopg:///d?host=%2Frun%2Fx&port=5433"),
        (
            "postgresql://o%40:p%3Fw%25@[::1]:5/d",
            "postgresql+psycopg://o%40:p%3Fw%25@/d?host=%3A%3A1&port=5",
        ),
    ],
)
def test_any_conninfo_becomes_what_yoyo_reads(dsn, uri):
    assert migrate.yoyo_uri(dsn) == uri
