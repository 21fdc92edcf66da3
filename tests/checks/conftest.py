"""A hardened database, and servers that a check or a replica needs for itself."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tenancy import checks, servers


@pytest.fixture
def hardened(database, dba):
    """A hardened database. Roles are cluster-wide, the revoked built-ins are not."""
    for _ in range(2):  # idempotent
        assert all(checks.apply_hardening(dba).values())
    return database


@pytest.fixture(scope="module")
def networked(start_own) -> Iterator[tuple[servers.Server, str]]:
    """A server that listens on TCP without TLS, and lets a network in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with start_own(listen_addresses="127.0.0.1", port=port) as server:
        with server.connect() as conn:
            file = conn.execute("SHOW hba_file").fetchone()[0]
            rules = (
                "local all all trust",
                "host all all 127.0.0.1/32 trust",
                "host all all 203.0.113.0/24 scram-sha-256",
            )
            lines = ", ".join(f"('{rule}')" for rule in rules)
            conn.execute(f"COPY (VALUES {lines}) TO '{file}'")
            conn.execute("SELECT pg_reload_conf()")
        yield server, port


@pytest.fixture
def tool(server):
    """Run one of PostgreSQL's programs."""

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = server.bindir / name if server.bindir else Path(name)
        if not program.exists():
            if os.environ.get("TENANCY_SERVER", "").startswith("npm"):
                pytest.skip(f"these binaries have no {name}")
            raise AssertionError(f"no {name} beside this server")
        return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def plain(server, request) -> Iterator[str]:
    """A database that has never seen a migration of ours."""
    name = f"plain_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with server.connect() as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        conn.execute(f"CREATE DATABASE {name}")
    yield server.dsn_for(dbname=name)
    with server.connect() as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def team(database, dba) -> Iterator[psycopg.Connection]:
    """A backend team that owns schema shop, and is no superuser."""
    dba.execute(
        "DO $$ BEGIN IF to_regrole('check_team') IS NULL THEN CREATE ROLE check_team LOGIN; "
        "GRANT tenancy_builder TO check_team; END IF; END $$"
    )
    dba.execute(f'GRANT CONNECT ON DATABASE "{dba.info.dbname}" TO check_team')
    dba.execute("CREATE SCHEMA shop AUTHORIZATION check_team")
    with psycopg.connect(database, user="check_team", autocommit=True) as conn:
        yield conn
