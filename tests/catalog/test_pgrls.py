"""pgrls finds no error in the migrated database; pgrls.toml says why each waiver holds."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg

from tenancy import paths

PGRLS = Path(sys.executable).parent / "pgrls"


def findings(dsn):
    command = [PGRLS, "lint", "--config", paths.ROOT / "pgrls.toml", "--format", "json"]
    done = subprocess.run(
        [*command, "--database-url", dsn], capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    return [
        (found["rule_id"], found["location"])
        for found in json.loads(done.stdout)["violations"]
        if found["severity"] == "error"
    ], done.returncode


def test_no_error(shared_database):
    assert findings(shared_database) == ([], 0)


def test_an_open_table_is_found(database):
    """Positive control: the waivers leave pgrls its eyes."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("CREATE TABLE app.open (tenant_id uuid)")
    assert findings(database) == ([("SEC001", "app.open")], 1)
