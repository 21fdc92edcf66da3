"""Waivers, SARIF and the verb: what a team accepts is said, dated and shown."""

import datetime
import json
import re

import pytest
from click.testing import CliRunner

from tenancy import checks, cli, sarif, waivers
from tenancy.checks import Finding
from tenancy.waivers import Waiver

TODAY = datetime.date(2026, 11, 1)
TOMORROW, YESTERDAY = datetime.date(2026, 11, 2), datetime.date(2026, 10, 31)
FOUND = [
    Finding("failure", "force_missing", "shop.gift", "its owner sees all", "FORCE it."),
    Finding("failure", "index_without_tenant", "shop.gift_t_idx", "", "Rebuild it."),
    Finding("not proven", "foreign_key_violated", "k on shop.gift", "rows hidden", "Superuser."),
    Finding("note", "transport_settings", "ssl", "off", "Platform duty."),
]


def applied(*entries):
    after = waivers.apply(FOUND, entries, TODAY)
    return [f for f in after if f.waived], [f for f in after if f not in FOUND and not f.waived]


@pytest.mark.parametrize("thing", ["shop.gift_t_idx", "shop.*", "*"])
def test_a_waiver_waives_what_it_names_exactly_or_by_glob(thing):
    waived, about = applied(Waiver("index_without_tenant", thing, "GIN", TOMORROW))
    assert [f.object for f in waived] == ["shop.gift_t_idx"] and about == []
    assert waived[0].waived == "GIN (until 2026-11-02)" and not waived[0].is_red


def test_a_waiver_holds_on_its_last_day():
    waived, _ = applied(Waiver("force_missing", "shop.gift", "x", TODAY))
    assert len(waived) == 1


@pytest.mark.parametrize(
    ("entry", "check", "level"),
    [
        (Waiver("force_missing", "shop.gift", "x", YESTERDAY), "waiver_expired", "failure"),
        (Waiver("force_missing", "shop.gift", " ", TOMORROW), "waiver_without_reason", "failure"),
        (Waiver("force_missing", "shop.gift", "x"), "waiver_without_expiry", "failure"),
        (Waiver("force_missing", "app.*", "x", TOMORROW), "waiver_unused", "warning"),
        (Waiver("no_such_check", "*", "x", TOMORROW), "waiver_unused", "warning"),
    ],
)
def test_a_waiver_that_is_not_in_order_is_a_finding_and_waives_nothing(entry, check, level):
    waived, about = applied(entry)
    assert waived == [] and [(f.check, f.level) for f in about] == [(check, level)]


def test_what_is_not_proven_can_be_waived_too():
    waived, _ = applied(Waiver("foreign_key_violated", "*", "checked by tenancy_backup", TOMORROW))
    assert [f.level for f in waived] == ["not proven"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = ", "Invalid value"),
        ("reason = 'x'", r"only \[\[waiver\]\]"),
        ("waiver = 1", r"only \[\[waiver\]\]"),
        ("[[waiver]]\ncheck = 'x'", "waiver 1: check, object, reason and expires"),
        ("[[waiver]]\ncheck = 'x'\nobject = 'y'\nuntil = 1", "no more and no fewer"),
        ("[[waiver]]\ncheck = 'x'\nobject = 'y'\nexpires = 'soon'", "expires is not a date"),
        ("[[waiver]]\ncheck = 'x'\nobject = 'y'\nexpires = 2027-01-01T00:00:00", "is not a date"),
        ("[[waiver]]\ncheck = 1\nobject = 'y'", "check is not a text"),
    ],
)
def test_a_file_that_is_not_one_of_waivers_gives_one_line(tmp_path, text, complaint):
    file = tmp_path / "w.toml"
    file.write_text(text)
    done = CliRunner().invoke(cli.main, ["check", "--waivers", str(file), "--dsn", "host=nowhere"])
    assert done.exit_code == 1 and len(done.output.strip().splitlines()) == 1
    assert re.search(complaint, done.output)


def test_the_verb_takes_the_file_of_the_working_directory(database, dba, tmp_path, monkeypatch):
    dba.execute("ALTER TABLE app.orders NO FORCE ROW LEVEL SECURITY")
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    entry = "[[waiver]]\ncheck = '{}'\nobject = '{}'\nreason = 'a test'\nexpires = 2999-12-31\n"
    holes = "".join(
        entry.format(f.check, f.object)
        for f in checks.known_holes(dba, throwaway=False)
        if f.level == "failure"
    )

    def check():
        done = runner.invoke(cli.main, ["check", "--dsn", database, "--json", "--sarif", "o.sarif"])
        return done.exit_code, json.loads(done.stdout)

    (tmp_path / "tenancy-waivers.toml").write_text(holes)
    code, result = check()
    assert (code, result["counts"]["failures"]) == (1, 1)
    (tmp_path / "tenancy-waivers.toml").write_text(
        holes + entry.format("force_missing", "app.orders")
    )
    code, result = check()
    assert (code, result["ok"], result["counts"]["failures"]) == (0, True, 0)
    assert [f["waived"] for f in result["findings"] if f["check"] == "force_missing"] == [
        "a test (until 2999-12-31)"
    ]
    assert result["counts"]["checks"] > 40
    log = json.loads((tmp_path / "o.sarif").read_text())
    assert [r["ruleId"] for r in log["runs"][0]["results"] if "suppressions" in r].count(
        "force_missing"
    ) == 1


# SARIF 2.1.0 --------------------------------------------------------------------------------------

#: The parts of the schema that we use: object -> its properties, required ones first.
SHAPE = {
    "log": ("version runs", "$schema"),
    "run": ("tool", "results"),
    "tool": ("driver", ""),
    "driver": ("name", "version rules"),
    "rule": ("id", "shortDescription help"),
    "result": (
        "message",
        "ruleId level kind locations partialFingerprints suppressions",
    ),
    "text": ("text", ""),
    "location": ("", "physicalLocation logicalLocations"),
    "physical": ("", "artifactLocation region"),
    "suppression": ("kind", "justification"),
}


def shaped(kind, thing):
    required, optional = (set(names.split()) for names in SHAPE[kind])
    assert required <= thing.keys() <= required | optional, (kind, thing)
    return thing


def test_sarif_has_the_shape_of_2_1_0():
    done = waivers.apply(FOUND, [Waiver("force_missing", "*", "x", TOMORROW)], TODAY)
    done += [Finding("failure", "CVE-2026-120154", "server")]
    log = shaped("log", json.loads(sarif.render(done)))
    assert log["version"] == "2.1.0" and "sarif-2.1.0" in log["$schema"]
    (run,) = log["runs"]
    shaped("run", run)
    driver = shaped("driver", shaped("tool", run["tool"])["driver"])
    rules = [shaped("rule", rule)["id"] for rule in driver["rules"]]
    assert len(rules) == len(set(rules)) and {c.name for c in checks.catalogue()} <= set(rules)
    for rule in driver["rules"]:
        assert shaped("text", rule["shortDescription"])["text"] and rule["help"]["text"]
    assert len(run["results"]) == len(done)
    for result in run["results"]:
        shaped("result", result)
        assert shaped("text", result["message"])["text"]
        assert result["ruleId"] in rules
        assert result["level"] in {"none", "note", "warning", "error"}
        # 3.27.10: a level other than none is of a failed result
        assert (result["kind"] == "fail") != (result["level"] == "none")
        for location in result["locations"]:
            shaped("physical", shaped("location", location)["physicalLocation"])
        for suppression in result.get("suppressions", []):
            assert shaped("suppression", suppression)["kind"] in {"inSource", "external"}
    assert [r["ruleId"] for r in run["results"] if "suppressions" in r] == ["force_missing"]
    assert {r["level"] for r in run["results"] if r["kind"] == "open"} == {"none"}
