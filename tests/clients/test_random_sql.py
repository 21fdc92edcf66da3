"""Random statements inside a tenant never show another tenant's rows.

SQLsmith generates from the catalog as a tenant's role sees it; a grammar of ours adds joins and writes.
TENANCY_SMITH_STATEMENTS says how many of SQLsmith's are run (2,000 by default, 20,000 in CI), a fifth as
many of the grammar's; TENANCY_SMITH_SEED is printed with what was seen.
"""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tenancy import fuzz
from tests.clients.conftest import SEED as FILLED_WITH
from tests.clients.conftest import program
from tests.clients.grammar import Grammar
from tests.clients.random_sql import Session, in_parallel, marks, no_crash

IN_CI = os.environ.get("CI") == "true"
COUNT = int(os.environ.get("TENANCY_SMITH_STATEMENTS") or (20_000 if IN_CI else 2_000))
SEED = int(os.environ.get("TENANCY_SMITH_SEED") or 2026)
#: Number of a tenant and the role in it: a connection each, all at the same time. The last one's
#: statements are over the catalog and the registry too.
WHO = ((1, "staff"), (2, "manager"), (3, "customer"), (4, "staff"))
SHARE = -(-COUNT // len(WHO))


@pytest.fixture(scope="module")
def known(filled):
    """The tenant of every mark in the filled database."""
    found = marks(filled)
    assert len(found) > 500
    return found


@pytest.fixture(scope="module")
def smiths(make_database):
    """Call it with a number: so many statements of SQLsmith for each of WHO; fewer are a prefix."""
    sqlsmith = program("sqlsmith", "sqlsmith")
    source = make_database()
    with psycopg.connect(source) as conn:
        conn.execute((Path(__file__).parent / "sqlsmith.sql").read_text())
    target = make_conninfo(source, user="tenancy_gateway")

    def make(number, role, count):
        command = [sqlsmith, "--dry-run", f"--seed={SEED + number}", f"--target={target}"]
        command.append(f"--max-queries={count}")
        done = subprocess.run(
            command if (number, role) == WHO[-1] else [*command, "--exclude-catalog"],
            env=os.environ
            | {"PGOPTIONS": f"-c role=tenancy_{role} -c search_path=smith,pg_catalog"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-500:]
        found = [(text, []) for text in done.stdout.split(";\n") if text.strip()]
        assert len(found) == count
        return found

    def make_all(count):
        with ThreadPoolExecutor(2) as threads:
            return [*threads.map(lambda who: make(*who, count), WHO)]

    return make_all


@pytest.fixture(scope="module")
def grammars(filled, known):
    """A fifth as many statements of our own grammar."""
    named = [mark.decode() for mark in known if not mark.startswith(b"canary")]
    return [Grammar(filled, role, SEED + n, named).statements(SHARE // 5) for n, role in WHO]


def run(dsn, known, statements):
    """Run each of WHO's statements in a session of its own."""
    sessions = []
    for number, role in WHO:
        key = fuzz.credential(FILLED_WITH, number, role)
        with psycopg.connect(make_conninfo(dsn, user="tenancy_gateway")) as conn:
            tenant = conn.execute("SELECT tenancy.enter(%s)", [key]).fetchone()[0]
        sessions.append(Session(dsn, key, str(tenant), known))
    return in_parallel(sessions, statements)


@pytest.fixture
def breached(filled, server):
    """A copy of the filled database without its walls."""
    source = conninfo_to_dict(filled)["dbname"]
    name = f"{source}_breached"
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    with server.connect() as conn:
        conn.execute(copy.format(*map(sql.Identifier, (name, source))))
    with server.connect(dbname=name) as conn:
        for (table,) in conn.execute(
            "SELECT polrelid::regclass::text FROM pg_policy WHERE polname = 'tenant_wall'"
        ).fetchall():
            conn.execute(f"DROP POLICY tenant_wall ON {table}")
    yield server.dsn_for(dbname=name)
    with server.connect() as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_sqlsmith_sees_no_other_tenant_and_crashes_nothing(filled, known, smiths):
    statements = smiths(SHARE)
    with no_crash(filled):
        found = run(filled, known, statements)
    print(f"sqlsmith, seed {SEED}: {found}", found.errors.most_common(9))
    assert found.foreign == []
    # Positive controls: most run, and the own rows are seen.
    assert found.executed >= COUNT
    assert found.share > 0.4, found.errors.most_common(9)
    assert found.own["result"] > COUNT / 50
    assert found.own["canary"] > COUNT / 500


def test_our_grammar_sees_no_other_tenant_and_crashes_nothing(filled, known, grammars):
    with no_crash(filled):
        found = run(filled, known, grammars)
    print(f"grammar, seed {SEED}: {found}", found.errors.most_common(9))
    assert found.foreign == []
    assert found.share > 0.4, found.errors.most_common(9)
    assert found.own["canary"] > COUNT / 20
    assert found.own["error"] > COUNT / 100


def test_without_the_wall_the_same_statements_find_other_tenants(breached, known, smiths, grammars):
    found = run(breached, known, smiths(500))
    canaries = sum(mark.startswith("canary") for _, mark, _ in found.foreign)
    print(f"sqlsmith, seed {SEED}, no wall: {found}, {canaries} of them canaries")
    assert canaries > 0
    assert len(found.foreign) > 100
    found = run(breached, known, [made[:100] for made in grammars])
    print(f"grammar, seed {SEED}, no wall: {found}")
    assert {channel for channel, *_ in found.foreign} == {"result", "error"}


@pytest.mark.parametrize(
    ("channel", "statement"),
    [
        ("result", "SELECT metadata FROM app.customers LIMIT 1"),
        ("result", "SELECT upper(metadata::text) FROM app.customers LIMIT 1"),
        ("result", "SELECT convert_to(metadata::text, 'UTF8') FROM app.customers LIMIT 1"),
        ("error", "SELECT (metadata ->> 'canary')::int FROM app.customers"),
        ("error", "DO $$ BEGIN RAISE 'x' USING DETAIL = (SELECT max(metadata::text) "
         "FROM app.customers); END $$"),
        ("notice", "DO $$ BEGIN RAISE NOTICE '%', (SELECT max(metadata::text) "
         "FROM app.customers); END $$"),
    ],
)  # fmt: skip
def test_a_mark_is_found_wherever_it_is_shown(filled, known, channel, statement):
    """Positive control of the search: whose mark it is decides where it is counted."""
    seen = run(filled, known, [[(statement, [])], [], [], []])
    assert seen.own == {channel: 1, "canary": 1}
    nobodys = dict.fromkeys(known, "somebody else")
    foreign = run(filled, nobodys, [[(statement, [])], [], [], []]).foreign
    assert [(where, mark[:7]) for where, mark, _ in foreign] == [(channel, "canary-")]
