"""A server for the whole run, and databases copied from one migrated template.

Databases are cheap (20 ms): a test that commits takes one of its own.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import dev, paths, servers

TEMPLATE = "tenancy_template"
_count = itertools.count()


def with_template(server: servers.Server) -> servers.Server:
    """Build the template on a server; returns the server."""
    dev.build(server, TEMPLATE)
    with server.connect() as conn:
        conn.execute(f"ALTER DATABASE {TEMPLATE} IS_TEMPLATE true ALLOW_CONNECTIONS false")
    return server


def another(server: servers.Server, **settings: str) -> servers.Server:
    """Start one more server from the binaries of this one; skips where there are none."""
    if server.bindir is None:
        pytest.skip("a given server or a container: no binaries to start another one from")
    return servers.start(f"{server.bindir}", settings=settings)


def _shared(config: pytest.Config) -> servers.Server:
    """Return the one server of a run: the controller owns it, xdist's workers get its DSN."""
    if not hasattr(config, "tenancy_server"):
        config.tenancy_server = with_template(servers.start())  # type: ignore[attr-defined]
    found: servers.Server = config.tenancy_server  # type: ignore[attr-defined]
    return found


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    server = _shared(node.config)
    node.workerinput["tenancy"] = (server.dsn, server.source, str(server.bindir or ""))


def pytest_unconfigure(config: pytest.Config) -> None:
    if server := getattr(config, "tenancy_server", None):
        server.stop()


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> servers.Server:
    """The server of this run, as its superuser."""
    if given := getattr(request.config, "workerinput", {}).get("tenancy"):
        dsn, source, bindir = given
        return servers.Server(dsn, source, paths.Path(bindir) if bindir else None)
    return _shared(request.config)


@pytest.fixture(scope="session")
def start_own(server: servers.Server) -> Callable[..., servers.Server]:
    """Start a server of this test's own, from the binaries of the run."""
    return partial(another, server)


def copy_template(server: servers.Server) -> str:
    """Copy the migrated template; returns the superuser's DSN of the copy."""
    name = f"t_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{next(_count)}"
    with server.connect() as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
                *map(sql.Identifier, (name, dev.OWNER, TEMPLATE))
            )
        )
    with server.connect(dbname=name) as conn:
        conn.execute((paths.ROOT / "sql/database.sql").read_text())
    return server.dsn_for(dbname=name)


@pytest.fixture(scope="session")
def make_database(server: servers.Server) -> Callable[[], str]:
    """Copy the migrated template; call it for the superuser's DSN of a copy."""
    return partial(copy_template, server)


@pytest.fixture(scope="session")
def shared_database(make_database: Callable[[], str]) -> str:
    """One database for tests that roll back."""
    return make_database()


@pytest.fixture
def database(make_database: Callable[[], str], server: servers.Server) -> Iterator[str]:
    """A database of this test's own."""
    dsn = make_database()
    yield dsn
    name = dsn.split("dbname=")[1].split()[0]
    with server.connect() as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def as_login(database: str) -> Callable[[str], str]:
    """DSN of this test's database for another login."""
    return lambda user: make_conninfo(database, user=user)
