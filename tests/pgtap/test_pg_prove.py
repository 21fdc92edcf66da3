"""The same files under the real pg_prove, with the same verdict for every line."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from tenancy import pgtap, servers
from tests.pgtap.conftest import missing

FILES = sorted(Path(__file__).parent.glob("*.sql"))
FAILING = """
BEGIN;
SELECT plan(2);
SELECT ok(true, 'holds');
SELECT ok(false, 'does not hold');
SELECT finish();
ROLLBACK;
"""


@pytest.fixture(scope="session")
def prove(server: servers.Server, pgtap_database: str):
    program = shutil.which("pg_prove")
    psql = shutil.which("psql") or shutil.which("psql", path=server.bindir)
    if not program or not psql:
        missing(
            "pg_prove is not installed: "
            "apt install libtap-parser-sourcehandler-pgtap-perl postgresql-client"
        )

    # pg_prove passes no conninfo on; psql reads these.
    names = {"user": "PGUSER", "dbname": "PGDATABASE", "host": "PGHOST", "port": "PGPORT"}
    given = conninfo_to_dict(pgtap_database)
    environment = os.environ | {
        names.get(key, f"PG{key.upper()}"): str(value) for key, value in given.items()
    }

    def run(path: Path):
        command = [program, "--verbose", "--psql-bin", psql, path]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def verdicts(output: str):
    return re.findall(r"^(ok|not ok) (\d+)", output, re.MULTILINE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_both_runners_agree(prove, pgtap_database, path):
    ours = pgtap.run(pgtap_database, path.read_text())
    theirs = prove(path)
    assert theirs.returncode == 0, theirs.stdout + theirs.stderr
    assert ours.passed, ours
    assert verdicts(theirs.stdout) == [
        ("ok" if line.ok else "not ok", line.name.split()[0]) for line in ours.lines
    ]


def test_both_runners_fail_a_file_that_fails(prove, pgtap_database, tmp_path):
    path = tmp_path / "failing.sql"
    path.write_text(FAILING)
    assert prove(path).returncode != 0
    ours = pgtap.run(pgtap_database, FAILING)
    assert not ours.passed
    assert [line.ok for line in ours.lines] == [True, False]
