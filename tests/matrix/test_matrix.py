"""The policy matrix agrees with the access matrix, and notices when a policy does not."""

import json
from xml.etree import ElementTree

import psycopg
import pytest

from tenancy import fuzz, matrix, report


@pytest.fixture
def filled(database):
    fuzz.fill(database, tenants=20, seed=5)
    return database


def test_every_cell_is_run_and_expected(filled):
    result = matrix.run(filled)
    assert matrix.counts(result) == {"cells": 13 * 5 * 13 * 5, "unexpected": 0, "not_run": 0}
    # Positive controls: a matrix in which nothing is ever allowed would agree with an empty table.
    allowed = {(c.role, c.action) for c in result.cells if c.verdict == "allowed"}
    assert ("customer", "select") in allowed
    assert ("staff", "insert") in allowed
    assert ("manager", "delete") in allowed
    assert ("admin", "merge") in allowed
    assert not any(
        c.context != "own" and c.action != "lock" and c.verdict == "allowed" for c in result.cells
    )


def test_it_takes_back_what_it_issued(filled):
    query = (
        "SELECT (SELECT count(*) FROM tenancy_private.api_key), "
        "(SELECT count(*) FROM tenancy_private.tenant), "
        "(SELECT count(*) FROM tenancy_private.access_ticket WHERE closed_at IS NULL)"
    )
    with psycopg.connect(filled, autocommit=True) as conn:
        before = conn.execute(query).fetchone()
        matrix.run(filled)
        assert conn.execute(query).fetchone() == before


@pytest.mark.parametrize(
    ("mutation", "sees"),
    [
        ("ALTER POLICY tenant_wall ON app.orders USING (true)", "other"),
        ("ALTER POLICY tenant_wall ON app.orders USING (true) WITH CHECK (true)", "other"),
        ("ALTER TABLE app.orders DISABLE ROW LEVEL SECURITY", "none"),
        ("DROP POLICY tenant_select ON app.orders", "own"),
        ("GRANT TRUNCATE ON app.orders TO tenancy_staff", "own"),
        ("GRANT UPDATE (tenant_id) ON app.orders TO tenancy_manager", "own"),
        ("GRANT DELETE ON app.orders TO tenancy_staff", "own"),
        (
            "GRANT USAGE ON SCHEMA app TO tenancy_gateway; "
            "GRANT SELECT (tenant_id, id) ON app.orders TO tenancy_gateway",
            "own",
        ),
        ("UPDATE tenancy.tenant_status SET may_enter = true", "suspended"),
    ],
    ids=lambda m: str(m)[:50],
)
def test_a_mutated_policy_is_noticed(filled, mutation, sees):
    with psycopg.connect(filled) as conn:
        conn.execute(mutation)
    result = matrix.run(filled)
    assert sees in {c.context for c in result.unexpected + result.not_run}


def test_an_empty_table_counts_as_not_run(filled):
    with psycopg.connect(filled) as conn:
        conn.execute("DELETE FROM app.survey_responses")
    assert len(matrix.run(filled).not_run) == 5 * 13 * 5


def test_a_team_table_is_tried_too(filled):
    with psycopg.connect(filled) as conn:
        conn.execute("CREATE SCHEMA shop; CREATE TABLE shop.gift (id uuid PRIMARY KEY, t text)")
        conn.execute("SELECT tenancy.protect_table('shop.gift')")
        conn.execute(
            "INSERT INTO shop.gift (tenant_id, id, t) "
            "SELECT id, gen_random_uuid(), 'x' FROM tenancy_private.tenant"
        )
    result = matrix.run(filled)
    assert (len(result.unexpected), len(result.not_run)) == (0, 0)
    assert len([c for c in result.cells if c.table == "shop.gift"]) == 5 * 13 * 5


def test_reports_say_the_same():
    good = matrix.Cell("app.orders", "staff", "select", "own", "allowed", "allowed")
    bad = matrix.Cell("app.orders", "staff", "select", "other", "empty", "allowed")
    cells = [good, bad]
    result = matrix.Result(cells)
    suite = ElementTree.fromstring(report.junit(result))  # noqa: S314
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert json.dumps(matrix.counts(result)) == '{"cells": 2, "unexpected": 1, "not_run": 0}'
