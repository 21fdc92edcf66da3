"""The policy matrix agrees with the access matrix, and notices when a policy does not."""

import json
from xml.etree import ElementTree

import psycopg
import pytest

from tenancy import fuzz, matrix, placement, report
from tests.fix_archives import as_operator


@pytest.fixture
def filled(database):
    fuzz.fill(database, tenants=20, seed=5)
    return database


def test_every_cell_is_run_and_expected(filled):
    result = matrix.run(filled)
    figures = matrix.counts(result)
    assert (figures["unexpected"], figures["not_run"]) == (0, 0), result.unexpected
    assert figures["cells"] > 8000
    tried = {(c.table, c.role, c.action, c.context) for c in result.cells}
    assert len(tried) == figures["cells"]
    with psycopg.connect(filled) as conn:
        registered = {t.label for t in matrix.tables(conn)}
    for role in matrix.ROLES:
        assert registered == {t for t, r, _, c in tried if r == role and c == "own"}
    # Positive controls: a matrix in which nothing is ever allowed would agree with an empty table.
    allowed = {(c.role, c.action) for c in result.cells if c.verdict == "allowed"}
    assert ("customer", "select") in allowed
    assert ("staff", "insert") in allowed
    assert ("manager", "delete") in allowed
    assert ("admin", "merge") in allowed
    assert ("owner", "update") in allowed
    # By design: staff's own tables of no person, LOCK with DELETE, and what surface.py lists.
    crossing = [c for c in result.cells if c.verdict == "allowed" and c.context in OUTSIDE]
    assert {c.action for c in crossing} <= {"lock"}


@pytest.fixture
def dedicated(filled):
    """The database again, with one of its tenants in a schema of its own; returns that schema."""
    placement.move(as_operator(filled), "fuzz-3", "dedicated", 5)
    with psycopg.connect(filled) as conn:
        (schema,) = conn.execute(
            "SELECT 't_' || replace(id::text, '-', '') FROM tenancy_private.tenant "
            "WHERE placement = 'dedicated'"
        ).fetchone()
    return schema


def test_a_schema_of_a_tenants_own_passes_the_same_cells(filled, dedicated):
    result = matrix.run(filled)
    figures = matrix.counts(result)
    assert (figures["unexpected"], figures["not_run"]) == (0, 0), result.unexpected
    tried: dict[str, set[tuple[str, ...]]] = {}
    for c in result.cells:
        tried.setdefault(c.table, set()).add((c.role, c.action, c.context))
    shared = {t for t in tried if t.startswith("app.") and "(" not in t}
    assert len(shared) == 13
    for table in shared:
        assert tried[table.replace("app.", f"{dedicated}.")] == tried[table], table
    seen = [c for c in result.cells if c.table.startswith(dedicated) and c.context == "other"]
    assert {c.verdict for c in seen} == {"empty", "42501", "TN040", "0A000", "allowed"}
    assert {c.action for c in seen if c.verdict == "allowed"} == {"lock"}


@pytest.mark.parametrize(
    "weaken",
    ["DROP POLICY tenant_wall ON {}.orders", "ALTER TABLE {}.orders DISABLE ROW LEVEL SECURITY",
     "DROP TRIGGER _010_refuse_misplaced ON {}.orders", "GRANT TRUNCATE ON {}.pins TO tenancy_staff"],
)  # fmt: skip
def test_it_notices_what_is_weak_in_such_a_schema(filled, dedicated, weaken):
    with psycopg.connect(filled) as conn:
        conn.execute(weaken.format(dedicated))
    assert {c.table.partition(".")[0] for c in matrix.run(filled).unexpected} == {dedicated}


OUTSIDE = {"other", "none", "suspended", "forged"}


def test_every_table_of_the_catalog_is_tried_with_every_privilege(filled):
    result = matrix.run(filled)
    tried = {(c.table, c.action) for c in result.cells if c.context == "privilege"}
    with psycopg.connect(filled) as conn:
        tables = conn.execute(
            "SELECT n.nspname || '.' || c.relname FROM pg_class AS c "
            "JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'r' "
            "AND n.nspname IN ('tenancy', 'tenancy_private', 'app')"
        ).fetchall()
        functions = conn.execute(
            "SELECT p.oid::regprocedure::text FROM pg_proc AS p "
            "JOIN pg_namespace AS n ON n.oid = p.pronamespace "
            "WHERE n.nspname IN ('tenancy', 'tenancy_private', 'app')"
        ).fetchall()
    privileges = {"select", "insert", "update", "delete", "truncate", "references", "trigger"}
    assert {(t, p) for (t,) in tables for p in privileges} <= tried
    assert {(f, "execute") for (f,) in functions} <= tried
    assert not [c for c in result.cells if c.table.startswith("tenancy_private.")
                and c.verdict == "allowed" and c.role != "owner"]  # fmt: skip


def test_a_table_that_nobody_registered_is_noticed(filled):
    with psycopg.connect(filled) as conn:
        conn.execute("CREATE TABLE app.forgotten (id int); GRANT SELECT ON app.forgotten TO PUBLIC")
    found = {(c.table, c.role) for c in matrix.run(filled).unexpected}
    assert ("app.forgotten", "customer") in found
    assert {t for t, _ in found} == {"app.forgotten"}


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
        ("ALTER TABLE app.orders NO FORCE ROW LEVEL SECURITY", "none"),
        ("ALTER POLICY subject_select ON app.orders USING (true)", "stranger"),
        ("ALTER POLICY subject_delete ON app.orders USING (true)", "stranger"),
        ("GRANT SELECT ON tenancy_private.tenant TO tenancy_owner", "privilege"),
        ("GRANT EXECUTE ON FUNCTION tenancy.rotate_context_key() TO PUBLIC", "privilege"),
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
    result = matrix.run(filled)
    assert {c.table for c in result.not_run} == {"app.survey_responses"}
    tried = [
        c for c in result.cells if c.table == "app.survey_responses" and c not in result.not_run
    ]
    assert {c.context for c in tried} == {"privilege"}


def test_a_team_table_is_tried_too(filled):
    with psycopg.connect(filled) as conn:
        conn.execute("CREATE SCHEMA shop AUTHORIZATION tenancy_builder; SET ROLE tenancy_builder")
        conn.execute("CREATE TABLE shop.gift (id uuid PRIMARY KEY, t text)")
        conn.execute("SELECT tenancy.protect_table('shop.gift'); RESET ROLE")
        conn.execute(
            "INSERT INTO shop.gift (tenant_id, id, t) "
            "SELECT id, gen_random_uuid(), 'x' FROM tenancy_private.tenant"
        )
    result = matrix.run(filled)
    assert (len(result.unexpected), len(result.not_run)) == (0, 0)
    assert {c.role for c in result.cells if c.table == "shop.gift"} >= set(matrix.ROLES)


def test_reports_say_the_same():
    good = matrix.Cell("app.orders", "staff", "select", "own", "allowed", "allowed")
    bad = matrix.Cell("app.orders", "staff", "select", "other", "empty", "allowed")
    privilege = matrix.Cell("database", "staff", "create", "privilege", "42501", "allowed")
    cells = [good, bad]
    result = matrix.Result(cells)
    page = report.html(matrix.Result([*cells, privilege]))
    assert page.count('<span class="w">') == 1
    suite = ElementTree.fromstring(report.junit(result))  # noqa: S314
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert json.dumps(matrix.counts(result)) == '{"cells": 2, "unexpected": 1, "not_run": 0}'
