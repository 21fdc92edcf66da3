"""The database of the pgTAP files: migrated, with pgTAP beside it from an installed package."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from psycopg import sql

PACKAGE = "postgresql-15-pgtap"
_SCRIPT = re.compile(r"pgtap--(\d+(?:\.\d+)+)\.sql")


def missing(what: str) -> NoReturn:
    """Skip where something is not installed; CI must have it."""
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


def _installed_script() -> Path | None:
    """The newest pgTAP of any installed major: it is plain SQL and runs on all of them."""
    found = [
        (tuple(map(int, match[1].split("."))), path)
        for path in Path("/usr/share").glob("postgresql/*/extension/pgtap--*.sql")
        if (match := _SCRIPT.fullmatch(path.name))
    ]
    return max(found)[1] if found else None


@pytest.fixture(scope="session")
def pgtap_database(make_database: Callable[[], str]) -> str:
    """DSN of a migrated database with pgTAP in schema tap."""
    dsn = make_database()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA tap; GRANT USAGE ON SCHEMA tap TO public")
        if conn.execute("SELECT FROM pg_available_extensions WHERE name = 'pgtap'").fetchone():
            conn.execute("CREATE EXTENSION pgtap SCHEMA tap")
        elif script := _installed_script():
            conn.execute("SET search_path = tap")
            conn.execute(script.read_text())
        else:
            missing(f"pgTAP is not installed: apt install {PACKAGE}")
        conn.execute(
            sql.SQL("ALTER DATABASE {} SET search_path = public, tap").format(
                sql.Identifier(conn.info.dbname)
            )
        )
    return dsn
