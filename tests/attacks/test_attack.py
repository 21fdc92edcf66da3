"""Every attack is answered as its file says, works on a naive copy, and is noticed when it succeeds."""

import json
import re
from collections import Counter

import psycopg
import pytest
from click.testing import CliRunner

from tenancy import attack, attack_report, attack_sides, dev, fuzz, paths

IDS = [v.id for v in attack.catalogue()]


@pytest.fixture(scope="module")
def outcomes(make_database):
    """Both sides of every vector, on a hardened database filled with other tenants."""
    dsn = make_database()
    fuzz.fill(dsn, tenants=12, seed=7)
    attack.harden(dsn)
    return {o.vector.id: o for o in attack.run(dsn)}


@pytest.mark.parametrize("vector", IDS)
def test_the_attack_is_answered_as_its_file_says(outcomes, vector):
    outcome = outcomes[vector]
    assert not outcome.problem, outcome
    assert outcome.verdict == outcome.vector.expect


# The catalogue ------------------------------------------------------------------------------------


def test_the_catalogue_covers_every_group_and_attacker():
    vectors = attack.catalogue()
    assert len(vectors) >= attack.LEAST
    assert Counter(v.group for v in vectors).keys() == attack.GROUPS.keys()
    assert {v.attacker for v in vectors} == set(attack.ATTACKERS)
    assert min(Counter(v.group for v in vectors).values()) >= 8


def test_ids_are_unique_and_name_their_files():
    files = sorted(p.stem for p in attack.FOLDER.glob("*/*.sql"))
    assert files == sorted(set(IDS))


@pytest.mark.parametrize("vector", attack.catalogue(), ids=IDS)
def test_the_header_is_complete(vector):
    assert vector.expect in {"blocked", "detected", "residual"}
    assert vector.naive in {"leaks", "blocked"}
    assert vector.attacker in attack.ATTACKERS
    assert vector.title and vector.why and vector.steps
    assert bool(vector.answer) == (vector.expect == "blocked"), "what is blocked says how"
    assert bool(vector.remedy) == (vector.expect == "residual"), "what remains has a remedy"
    assert any(s.actor == "evidence" for s in vector.steps) == (vector.expect == "detected")


def test_few_controls_are_blocked_by_postgresql_itself():
    assert sum(v.naive == "blocked" for v in attack.catalogue()) <= 15


def test_every_residual_stands_in_the_threat_model_with_its_remedy_and_nothing_else_does():
    text = (paths.ROOT / "docs" / "threat-model.md").read_text()
    table = text.split("## Residual")[1].split("\n## ")[0]
    residual = {v.id for v in attack.catalogue() if v.expect == "residual"}
    assert set(re.findall(r"\b[A-Z]+-\d\d\b", table)) == residual
    hardened = text.split("## Without sql/harden.sql")[1].split("\n## ")[0]
    needing = {v.id for v in attack.catalogue() if v.hardened}
    assert set(re.findall(r"\b[A-Z]+-\d\d\b", hardened)) == needing


def test_only_selects_groups_and_beginnings_of_ids():
    assert {v.group for v in attack.catalogue("CTX")} == {"context"}
    assert {v.group for v in attack.catalogue("pools")} == {"pools"}
    assert [v.id for v in attack.catalogue({"CTX-01", "DOS-02"})] == ["CTX-01", "DOS-02"]
    assert attack.catalogue("CTX-1") == []


# A protection that is gone is noticed -------------------------------------------------------------

MUTATIONS = {
    "wall permissive": (
        "DROP POLICY tenant_wall ON app.customers; CREATE POLICY tenant_wall ON app.customers "
        "USING (tenant_id = (SELECT tenancy.tenant_id()))",
        {"OBJ-02", "OBJ-04", "OBJ-05"},
    ),
    "wall dropped": ("DROP POLICY tenant_wall ON app.reservations", {"OBJ-02", "OBJ-03", "OWN-02"}),
    "wall without check": (
        "ALTER POLICY tenant_wall ON app.guests USING (true) WITH CHECK (true)",
        {"OBJ-02", "OBJ-03", "OBJ-04", "OBJ-05"},
    ),
    "FORCE dropped": ("ALTER TABLE app.pins NO FORCE ROW LEVEL SECURITY", {"OWN-02"}),
    "row security off": ("ALTER TABLE app.patients DISABLE ROW LEVEL SECURITY", {"OBJ-01"}),
    "TRUNCATE granted": ("GRANT TRUNCATE ON app.bookings TO tenancy_manager", {"OBJ-06"}),
    "TRIGGER granted": ("GRANT TRIGGER ON app.orders TO tenancy_manager", {"OBJ-18"}),
    "REFERENCES granted": ("GRANT REFERENCES ON app.customers TO tenancy_staff", {"OBJ-19"}),
    "UPDATE on a whole table": ("GRANT UPDATE ON app.guests TO tenancy_staff", {"DOS-01"}),
    "TEMPORARY granted": (
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', "
        "current_database()); END $$",
        {"OBJ-20", "POOL-01", "POOL-02"},
    ),
    "private function open": (
        "GRANT EXECUTE ON FUNCTION tenancy_private.sign_context(uuid, uuid, text, jsonb, boolean) "
        "TO PUBLIC",
        {"DEF-02"},
    ),
    "signature not checked": (
        "CREATE OR REPLACE FUNCTION tenancy_private.verified_context() RETURNS text "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS "
        "$$ SELECT left(nullif(current_setting('tenancy.context', true), ''), 135) $$",
        {"CTX-04", "CTX-05", "CTX-06", "ESC-02"},
    ),
    "role not checked": (
        "CREATE OR REPLACE FUNCTION tenancy_private.context_in_force() RETURNS text "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS "
        "$$ SELECT tenancy_private.verified_context() $$",
        {"ESC-01"},
    ),
    "not bound to the transaction": (
        "CREATE OR REPLACE FUNCTION tenancy_private.transaction_tag() RETURNS bytea "
        "LANGUAGE sql STABLE AS $$ SELECT int4send(pg_backend_pid()) $$",
        {"CTX-06", "POOL-09"},
    ),
    "not bound to the backend": (
        "CREATE OR REPLACE FUNCTION tenancy_private.transaction_tag() RETURNS bytea "
        "LANGUAGE sql STABLE AS $$ SELECT ''::bytea $$",
        {"CTX-04"},
    ),
    "context IMMUTABLE": ("ALTER FUNCTION tenancy.tenant_id() IMMUTABLE", {"PLAN-01"}),
    "context PARALLEL SAFE": (
        "ALTER FUNCTION tenancy.tenant_id() PARALLEL SAFE",
        {"CTX-33"},
    ),
    "search_path unset": ("ALTER FUNCTION tenancy.actor_role() RESET search_path", {"DEF-06"}),
    "search_path without pg_temp": (
        "ALTER FUNCTION tenancy.tenant_id() SET search_path = pg_catalog",
        {"DEF-05"},
    ),
    "a trigger dropped": (
        "DROP TRIGGER _100_keep_identity ON app.orders",
        {"CON-15"},
    ),
    "a key without the tenant": (
        "CREATE UNIQUE INDEX ON app.customers (email)",
        {"CON-01", "CON-05"},
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_protection_that_is_gone_is_noticed(database, name):
    mutation, vectors = MUTATIONS[name]
    with psycopg.connect(database) as conn:
        conn.execute(mutation)
    found = attack.run(database, vectors, naive=False)
    assert {o.vector.id: o.verdict for o in found if o.ok} == {}
    assert {o.vector.id for o in found} == vectors


def test_a_database_nobody_can_enter_is_not_safe(database):
    with psycopg.connect(database) as conn:
        conn.execute("REVOKE EXECUTE ON FUNCTION tenancy.enter(text, jsonb) FROM tenancy_gateway")
    found = attack.run(database, "CTX", naive=False)
    assert found
    assert {o.verdict for o in found} == {"broken"}
    assert not any(o.ok for o in found)


def test_a_missing_line_of_harden_is_noticed_and_no_line_is_residual(database):
    ids = {v.id for v in attack.catalogue() if v.hardened and "RESET ROLE" not in v.text}
    ids -= {"DOS-11", "SEC-09"}  # settings of a login: cluster-wide, other tests may have made them
    plain = attack.run(database, ids, naive=False)
    assert {(o.verdict, o.ok) for o in plain} == {("residual", True)}
    attack.harden(database)
    with psycopg.connect(database) as conn:
        conn.execute(
            "GRANT EXECUTE ON FUNCTION query_to_xml(text, boolean, boolean, text) TO PUBLIC"
        )
    found = attack.run(database, ids, naive=False)
    assert {o.vector.id for o in found if not o.ok} == {"DEF-09"}


# On somebody's own database -----------------------------------------------------------------------

_LEFT = """
SELECT (SELECT count(*) FROM tenancy_private.tenant), (SELECT count(*) FROM tenancy_private.member),
    (SELECT count(*) FROM tenancy_private.api_key), (SELECT count(*) FROM app.customers),
    (SELECT count(*) FROM tenancy_private.access_ticket), (SELECT count(*) FROM app.orders),
    (SELECT count(*) FROM tenancy_private.jwt_issuer), (SELECT count(*) FROM pg_class),
    (SELECT count(*) FROM pg_policy), (SELECT count(*) FROM pg_largeobject_metadata),
    (SELECT string_agg(setconfig::text, ' ') FROM pg_db_role_setting WHERE setrole =
        'tenancy_gateway'::regrole)
"""


@pytest.mark.parametrize("login", ["postgres", dev.OWNER])
def test_it_leaves_nothing_behind_and_disturbs_nobody(database, diner, as_login, login):
    with psycopg.connect(database, autocommit=True) as conn:
        before = conn.execute(_LEFT).fetchone()
        found = attack.run(as_login(login), naive=False, live=True)
        assert conn.execute(_LEFT).fetchone() == before
    assert [o for o in found if not o.ok] == []
    not_run = {o.vector.id for o in found if o.verdict == "not run"}
    assert {v.id for v in attack.catalogue() if v.throwaway} <= not_run
    assert len(found) - len(not_run) >= attack.LEAST


def test_the_naive_copy_is_removed_with_its_roles(database):
    side = attack_sides.Naive(database)
    query = (
        "SELECT (SELECT count(*) FROM pg_roles WHERE rolname ~ %(name)s), "
        "(SELECT count(*) FROM pg_database WHERE datname ~ %(name)s)"
    )
    with psycopg.connect(database, autocommit=True) as conn:
        side.make()
        assert conn.execute(query, {"name": side.prefix}).fetchone() == (3, 1)
        side.withdraw()
        assert conn.execute(query, {"name": side.prefix}).fetchone() == (0, 0)


def test_the_verb_counts_and_writes_one_page_that_fetches_nothing(database, tmp_path):
    attack.harden(database)
    page = tmp_path / "attacks.html"
    arguments = ["--dsn", database, "--only", "CTX", "--naive", "--json", "--html", str(page)]
    result = CliRunner().invoke(attack.command, arguments)
    report = json.loads(result.stdout)
    assert (result.exit_code, report["ok"]) == (0, True), result.output
    assert report["counts"]["vectors"] == len(attack.catalogue("CTX"))
    assert report["counts"]["unexpected"] == 0
    assert report["counts"]["residual"] == 1
    text = page.read_text()
    assert not re.search(r"(src|href)=|url\(|@import|https?://(?!attack\.invalid)", text)
    for vector in attack.catalogue("CTX"):
        assert f'id="{vector.id}"' in text
        assert vector.title.split("'")[0] in text


def test_an_unknown_vector_is_one_clear_line():
    result = CliRunner().invoke(attack.command, ["--only", "XYZ"])
    assert result.exit_code == 1
    assert "no vector or group is called XYZ" in result.output


def test_the_page_escapes_what_a_database_answers():
    vector = attack.catalogue("CTX-01")[0]
    outcome = attack.Outcome(vector, "leaks", "<script>alert(1)</script>", problem="it succeeded")
    page = attack_report.html([outcome], server="PostgreSQL")
    assert "<script>alert" not in page
    assert "1 unexpected" in page
