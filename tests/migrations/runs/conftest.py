"""Servers whose roles may be changed, and databases of an owner who is no superuser."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import sql

from tenancy import dev, migrate, paths, servers, stamp

#: Who may grant which role differs: 16 ended the rule that CREATEROLE may grant them all.
BOTH_RULES = ["wheel", "system:15"]
_count = itertools.count()


def _start(spec: str, **settings: str) -> servers.Server:
    try:
        return servers.start(spec, settings=settings)
    except servers.ServerUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=BOTH_RULES)
def cluster(request: pytest.FixtureRequest) -> Iterator[servers.Server]:
    """A server of its own: roles are cluster-wide and these tests change them."""
    with _start(request.param) as server:
        yield server


@pytest.fixture(params=BOTH_RULES)
def roleless(request: pytest.FixtureRequest) -> Iterator[servers.Server]:
    """A server on which nobody has made a role yet."""
    with _start(request.param) as server:
        yield server


@pytest.fixture
def make_empty() -> Callable[..., str]:
    """Return a function that makes an empty database and returns its owner's DSN."""

    def make(server: servers.Server, owner: str = dev.OWNER) -> str:
        name = f"m_{next(_count)}"
        dev.create_database(server, name, owner)
        return server.dsn_for(dbname=name, user=owner)

    return make


@pytest.fixture
def empty(cluster: servers.Server, make_empty: Callable[..., str]) -> str:
    """An empty database owned by a role that is no superuser."""
    return make_empty(cluster)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small project of its own, to be damaged."""
    (tmp_path / "migrations").mkdir()
    for number, table in ((1, "a"), (2, "b")):
        write(tmp_path, f"000{number}.create-{table}", f"CREATE TABLE public.toy_{table} (id int);")
    return tmp_path


def write(root: Path, name: str, text: str, undo: str = "") -> Path:
    """Write a migration of a table, or of any text, with its rollback and the sums."""
    file = root / "migrations" / f"{name}.sql"
    file.write_text(text + "\n")
    stamp.rollback_of(file).write_text(
        undo or f"DROP TABLE public.toy_{name.partition('create-')[2]};\n"
    )
    stamp.write_sums(root)
    return file


def command(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a program of this environment."""
    return subprocess.Popen(
        [Path(sys.executable).with_name(program), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return exit code, output and errors of a program."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def yoyo(dsn: str, folder: Path = paths.MIGRATIONS) -> subprocess.Popen[str]:
    """Start plain yoyo, as the README says."""
    options = ("--batch", "--no-config-file", "--database", migrate.yoyo_uri(dsn))
    return command("yoyo", "apply", *options, folder)


def set_password(server: servers.Server, role: str, password: str) -> None:
    """Let a role log in by password."""
    with server.connect() as conn:
        conn.execute(
            sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(role), sql.Literal(password)
            )
        )
