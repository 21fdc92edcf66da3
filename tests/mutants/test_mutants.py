"""Every protection has something that notices when it is gone; and the tester itself can fail."""

import json
import random
import re
from collections import Counter

import psycopg
import pytest
from click.testing import CliRunner

from tenancy import mutants, mutate, proof
from tenancy.cli import main
from tenancy.mutants import Mutant

SAMPLE = 60


@pytest.fixture(scope="module")
def stage():
    with mutate.staged() as made:
        yield made


@pytest.fixture(scope="module")
def derived(stage):
    with psycopg.connect(stage.probe.dba) as conn:
        return mutants.derive(conn)


def test_a_sample_of_all_mutants_is_killed(stage):
    seed = random.randrange(1_000_000)
    print(f"seed {seed}: tenancy mutate --sample {SAMPLE} --seed {seed}")
    result = mutate.run(stage, sample=SAMPLE, seed=seed)
    assert (result.survivors, result.wrong_equivalents, result.by_check_alone) == ([], [], []), seed
    assert result.stale == []
    assert result.ok, seed
    assert result.counts()["mutants"] == SAMPLE
    assert set(result.kinds()) >= set(mutants.BY_BEHAVIOUR)


def test_a_mutant_that_weakens_is_killed_and_says_by_what(stage):
    wall = Mutant("policy", "x", "ALTER POLICY tenant_wall ON app.pins USING (true)", ("app.pins",))
    outcome = mutate.trial(stage, wall)
    assert (outcome.by, outcome.killed) == ("matrix", True)
    assert re.match(r"app\.pins \w+ \w+ other: expected empty, got allowed", outcome.detail)


def test_a_mutant_that_changes_nothing_survives(stage):
    comment = Mutant("policy", "x", "COMMENT ON TABLE app.pins IS 'x'", ("app.pins",), ("staff",))
    outcome = mutate.trial(stage, comment)
    assert (outcome.by, outcome.killed) == ("", False)


def test_what_only_the_catalog_shows_is_no_kill(stage):
    index = "CREATE TABLE app.forgotten (id int)"
    outcome = mutate.trial(stage, Mutant("policy", "x", index))
    assert (outcome.by, outcome.killed) == ("check", False)
    result = mutate.Result([outcome], {}, 1, 0)
    assert not result.ok


def test_the_copies_are_gone_and_nothing_is_left_in_the_cluster(stage):
    undo = "ALTER ROLE tenancy_staff NOBYPASSRLS"
    bypass = Mutant(
        "role", "x", "ALTER ROLE tenancy_staff BYPASSRLS", ("app.pins",), ("staff",), undo
    )
    assert mutate.trial(stage, bypass).killed
    with psycopg.connect(stage.server) as conn:
        assert conn.execute(
            "SELECT rolbypassrls FROM pg_roles WHERE rolname = 'tenancy_staff'"
        ).fetchone() == (False,)
        names = conn.execute(
            "SELECT datname FROM pg_database WHERE datname ~ '^mutant_'"
        ).fetchall()
    assert names == []


@pytest.mark.parametrize(
    ("by", "listed", "ok"),
    [("matrix", False, True), ("", False, False), ("", True, True), ("attack", True, False)],
    ids=["killed", "survived", "equivalent", "equivalent-yet-killed"],
)
def test_a_run_is_ok_only_when_each_is_killed_or_rightly_called_equivalent(by, listed, ok):
    outcome = mutate.Outcome("policy: x", "policy", by, "", 0)
    known = {"policy: x": "a proof"} if listed else {}
    assert mutate.Result([outcome], known, 1, 0).ok is ok


def test_a_survivor_makes_exit_code_1(stage, monkeypatch):
    survivor = Mutant(
        "policy", "nothing", "COMMENT ON TABLE app.pins IS 'x'", ("app.pins",), ("staff",)
    )
    monkeypatch.setattr(mutate, "derive", lambda _: [survivor])
    monkeypatch.setattr(mutate, "_baseline", lambda _: None)
    monkeypatch.setattr(mutate, "equivalents", lambda _: {})

    class Staged:
        __enter__ = staticmethod(lambda: stage)
        __exit__ = staticmethod(lambda *_: None)

    monkeypatch.setattr(mutate, "staged", Staged)
    done = CliRunner().invoke(main, ["mutate", "--json", "--seed", "1"])
    answer = json.loads(done.stdout)
    assert (done.exit_code, answer["ok"]) == (1, False)
    assert answer["counts"] | {"mutants": 1, "killed": 0, "survived": 1} == answer["counts"]
    assert [o["mutant"] for o in answer["survivors"]] == ["policy: nothing"]


def test_a_sample_is_seeded_and_has_something_of_each_kind(derived):
    one, same, other = (mutate.choose(derived, 30, seed, None) for seed in (1, 1, 2))
    assert one == same != other
    assert {m.kind for m in one} == {m.kind for m in derived}


def test_a_kind_that_does_not_exist_is_refused_with_the_kinds(derived):
    with pytest.raises(mutate.click.ClickException, match="kinds are constraint, context"):
        mutate.choose(derived, None, 1, "nonsense")


# Derivation: every object of the catalog has its mutants, counted from the catalog ----------------

OURS = """(SELECT nspname FROM pg_namespace
    WHERE nspname IN ('tenancy', 'tenancy_private', 'app') OR nspname ~ '^t_[0-9a-f]{32}$')"""
COUNTS = {
    "policy": f"""
        SELECT count(*) + count(*) FILTER (WHERE NOT polpermissive)
            + count(*) FILTER (WHERE pg_get_expr(polqual, polrelid) <> 'true')
            + count(*) FILTER (WHERE pg_get_expr(polwithcheck, polrelid) <> 'true')
        FROM pg_policy WHERE polrelid IN (SELECT oid FROM pg_class
            WHERE relnamespace::regnamespace::text::name IN {OURS})""",
    "rls": "SELECT count(*) FROM pg_class WHERE relrowsecurity",
    "force": "SELECT count(*) FROM pg_class WHERE relforcerowsecurity",
    "trigger": """SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND (
        tgname ~ '_(keep_identity|refuse_misplaced)$' OR tgrelid::regclass::text !~ '^t_')""",
    "definer": f"""
        SELECT count(*) FROM pg_proc WHERE pronamespace::regnamespace::text::name IN {OURS}""",
    "execute": f"""
        SELECT count(*) FROM pg_proc WHERE pronamespace::regnamespace::text::name IN {OURS}""",
    "search_path": f"""
        SELECT count(*) FROM pg_proc WHERE pronamespace::regnamespace::text::name IN {OURS}
        AND array_to_string(proconfig, ' ') ~ 'search_path='""",
}


@pytest.mark.parametrize("kind", COUNTS)
def test_every_object_of_the_catalog_has_its_mutants(stage, derived, kind):
    with psycopg.connect(stage.probe.dba) as conn:
        expected = conn.execute(COUNTS[kind]).fetchone()[0]
    assert Counter(m.kind for m in derived)[kind] == expected > 0


def test_every_constraint_that_carries_tenant_id_has_a_mutant(stage, derived):
    with psycopg.connect(stage.probe.dba) as conn:
        names = conn.execute(
            "SELECT conrelid::regclass || ' ' || conname FROM pg_constraint WHERE contype IN "
            "('p', 'u', 'f') AND 'tenant_id' IN (SELECT attname FROM pg_attribute "
            "WHERE attrelid = conrelid AND attnum = ANY (conkey)) AND conrelid::regclass::text !~ '^t_'"
        ).fetchall()
    assert names
    assert {f"constraint: {n}: drop" for (n,) in names} <= {m.id for m in derived}


def test_every_privilege_nobody_has_is_granted_by_a_mutant(stage, derived):
    with psycopg.connect(stage.probe.dba) as conn:
        missing = conn.execute(
            f"""SELECT p || ' on ' || c.oid::regclass || ' to ' || r.rolname
            FROM pg_class AS c CROSS JOIN pg_roles AS r CROSS JOIN unnest(
                ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']
            ) AS p
            WHERE c.relnamespace::regnamespace::text::name IN {OURS} AND c.relkind = 'r'
            AND r.rolname ~ '^tenancy_(customer|staff|manager|admin|gateway|console|operator|builder)$'
            AND NOT has_table_privilege(r.oid, c.oid, p)"""
        ).fetchall()
    assert missing
    assert {f"grant: {m}" for (m,) in missing} <= {m.id for m in derived}


def test_a_replacement_that_no_longer_fits_is_an_error(stage, monkeypatch):
    monkeypatch.setattr(mutants, "WEAKENINGS", (("tenancy.leave", "x", "not in it", ""),))
    with (
        psycopg.connect(stage.probe.dba) as conn,
        pytest.raises(mutants.StaleError, match="leave: x"),
    ):
        mutants.derive(conn)


def test_every_equivalent_has_a_proof_of_one_line_and_is_derived(derived, stage):
    with psycopg.connect(stage.probe.dba) as conn:
        known = mutate.equivalents(conn)
    assert known.keys() <= {m.id for m in derived}
    assert all(20 < len(text) <= 200 and "\n" not in text for text in known.values())
    kinds = Counter(name.split(":")[0] for name in known)
    # one in app, and the same in the schema of a tenant's own
    assert kinds["policy"] + kinds["rls"] + kinds["force"] + kinds["grant"] <= 2


# The proof ----------------------------------------------------------------------------------------


def test_the_proof_kept_is_of_these_sources_and_complete():
    assert proof.stale() == [], "run make proof"
    result = json.loads(proof.RESULT.read_text())
    assert (result["mutants"]["survived"], result["matrix"]["unexpected"]) == (0, 0)
    assert result["mutants"]["mutants"] == result["mutants"]["derived"]
    assert proof.PAGE.read_text() == proof.page(result)


def test_the_proof_goes_stale_with_a_source(tmp_path, monkeypatch):
    result = tmp_path / "proof.json"
    monkeypatch.setattr(proof, "RESULT", result)
    assert proof.stale() == []
    covers = proof.digests()
    result.write_text(json.dumps({"covers": covers}))
    assert proof.stale() == []
    result.write_text(json.dumps({"covers": covers | {"functions/tenancy": "x"}}))
    assert proof.stale() == ["functions/tenancy"]
