"""plpgsql_check finds nothing in any function: it looks into bodies, which no linter does."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

from tenancy import dev, servers

PACKAGE = "postgresql-15-plpgsql-check"
CONTROL = Path("/usr/share/postgresql/15/extension/plpgsql_check.control")

FINDINGS = """
    SELECT p.oid::regprocedure::text, c.level, c.lineno, c.message
    FROM pg_proc AS p
    INNER JOIN pg_language AS l ON p.prolang = l.oid
    LEFT JOIN pg_trigger AS t ON p.oid = t.tgfoid AND NOT t.tgisinternal
    CROSS JOIN LATERAL plpgsql_check_function_tb(
        p.oid, coalesce(t.tgrelid, 0), oldtable => t.tgoldtable, newtable => t.tgnewtable,
        extra_warnings => true, performance_warnings => true, security_warnings => true
    ) AS c
    WHERE l.lanname = 'plpgsql' AND p.prokind IN ('f', 'p')
      AND p.pronamespace IN (
          'app'::regnamespace, 'tenancy'::regnamespace, 'tenancy_private'::regnamespace
      )
      -- text into a variable of type name: the cast is meant
      AND c.message <> 'target type is different type than source type'
"""

# Findings that hold for no caller: most are texts that our own functions generate.
ACCEPTED = {
    # it sets a setting, which plpgsql_check does not see in EXECUTE
    (
        "tenancy.set_config(text,text,boolean)",
        "routine is marked as VOLATILE, should be STABLE",
    ),
    # DELETE and INSERT of columns of the catalogue, quoted, and of a regclass
    ("app.delete_rows(regclass[],integer)", "text type variable is not sanitized"),
    ("app.delete_rows(regclass[],integer)", "routine is marked as VOLATILE, should be STABLE"),
    ("app.digest_rows(regclass)", "text type variable is not sanitized"),
    ("app.import_rows(regclass,json,uuid)", "text type variable is not sanitized"),
    ("app.import_rows(regclass,json,uuid)", "routine is marked as VOLATILE, should be STABLE"),
    ("app.move_rows(regclass,regclass)", "text type variable is not sanitized"),
    ("app.move_rows(regclass,regclass)", "routine is marked as VOLATILE, should be STABLE"),
    # the statements of tenancy_private.drift_ddl(), made of the catalogue and of format()
    ("app.sync_schema(uuid,boolean)", "text type variable is not sanitized"),
    ("app.sync_schema(uuid,boolean)", "routine is marked as VOLATILE, should be STABLE"),
    # ALTER TABLE from format() with %s of a regclass and quote_ident()ed columns
    ("tenancy.lead_key_with_tenant(regclass)", "text type variable is not sanitized"),
    # REVOKE from a regclass and a quoted role
    ("tenancy.revoke_all_grants(regclass)", "text type variable is not sanitized"),
    # the statements of tenancy.protection_ddl(), which quotes
    ("tenancy.protect_table(regclass,name)", "text type variable is not sanitized"),
}


def missing(what: str) -> NoReturn:
    """Skip where something is not installed; CI must have it."""
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="module")
def checked():
    """A migrated database on the server that has plpgsql_check."""
    if not CONTROL.exists():
        missing(f"plpgsql_check is not installed: apt install {PACKAGE}")
    with servers.start("system:15") as server:
        dev.build(server)
        with server.connect(dbname=dev.DATABASE) as conn:
            conn.execute("CREATE EXTENSION plpgsql_check")
            yield conn


def test_no_function_has_a_finding(checked):
    found = checked.execute(FINDINGS).fetchall()
    assert [row for row in found if (row[0], row[3]) not in ACCEPTED] == []
    assert {(row[0], row[3]) for row in found} == ACCEPTED, "an accepted finding is gone: remove it"


def test_a_broken_function_is_found(checked):
    """Positive control: a missing column, and text that reaches EXECUTE."""
    with checked.transaction(force_rollback=True):
        checked.execute(
            """
            CREATE FUNCTION app.broken(p_name text) RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
                EXECUTE 'DROP TABLE ' || p_name;
                PERFORM c.nope FROM app.customers AS c;
            END $$
            """
        )
        found = [row for row in checked.execute(FINDINGS) if row[0] == "app.broken(text)"]
    assert {row[1] for row in found} == {"error", "security"}
