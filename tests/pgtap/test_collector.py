"""What the collector makes of files that are wrong as a whole."""

import pytest

from tenancy import pgtap

pytest_plugins = ["pytester"]

OK = "SELECT ok(true, 'holds');"
BROKEN = {
    "error": f"BEGIN; SELECT plan(2); {OK}\nSELECT nope; ROLLBACK;",
    "short": f"BEGIN; SELECT plan(2); {OK} ROLLBACK;",
    "long": f"BEGIN; SELECT plan(1); {OK} {OK} ROLLBACK;",
    "no plan": f"BEGIN; SELECT no_plan(); {OK} ROLLBACK;",
    "two plans": f"SELECT '1..1'; SELECT 'ok 1 - {OK[7:9]}'; SELECT '1..1';",
    "empty": "SELECT '1..0';",
    "open": f"BEGIN; SELECT plan(1); {OK}",
    "bail out": f"BEGIN; SELECT plan(1); {OK} SELECT 'Bail out! no server'; ROLLBACK;",
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_fails(pgtap_database, script):
    found = pgtap.run(pgtap_database, script)
    assert found.broken
    assert not found.passed


def test_an_error_has_its_line_and_keeps_what_came_before(pgtap_database):
    found = pgtap.run(pgtap_database, BROKEN["error"])
    assert "line 2" in found.broken
    assert [line.name for line in found.lines] == ["1 holds"]


def test_subtests_todo_and_skip(pytester, pgtap_database):
    pytester.makeconftest(
        "import pytest\n"
        "pytest_plugins = ['tenancy.pgtap']\n"
        "@pytest.fixture\n"
        f"def pgtap_database(): return {pgtap_database!r}\n"
    )
    (pytester.mkdir("pgtap") / "mixed.sql").write_text(
        f"BEGIN; SELECT plan(4); {OK} SELECT todo('later', 1); SELECT ok(false, 'not yet');"
        "SELECT skip('elsewhere', 1); SELECT is(1, 2, 'differs'); SELECT finish(); ROLLBACK;"
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-v", "-rA")
    result.stdout.fnmatch_lines_random(
        [
            "*SUBPASSED?1 holds?*",
            "*SUBXFAIL?2 not yet?*",
            "*SUBSKIPPED?3?*",
            "*SUBFAILED?4 differs?*",
        ]
    )
    result.stdout.fnmatch_lines_random(["# Failed test 4*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
