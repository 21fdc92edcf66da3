"""pytest --tenancy-dsn: a team's CI gets the checks and the matrix by two lines."""

import subprocess
import sys
from collections import Counter

import psycopg
import pytest

from tenancy import checks, fuzz, matrix, probes

pytest_plugins = ["pytester"]


@pytest.fixture
def waived_holes(dba, tmp_path):
    """A file that accepts the holes of this run's server, and nothing else."""
    file = tmp_path / "holes.toml"
    file.write_text(
        "".join(
            f"[[waiver]]\ncheck = '{f.check}'\nobject = '{f.object}'\n"
            "reason = 'these binaries'\nexpires = 2999-12-31\n"
            for f in checks.known_holes(dba, throwaway=False)
            if f.level == "failure"
        )
    )
    return file


@pytest.fixture(scope="module")
def filled(make_database):
    """Two tenants and more, with a row in every table: what the matrix needs."""
    dsn = make_database()
    fuzz.fill(dsn, tenants=6, seed=1)
    return dsn


@pytest.fixture
def plugin(pytester, database, waived_holes):
    """Run pytest with the plugin, as a team does."""

    def run(*arguments, dsn=database, waivers=waived_holes):
        given = [f"--tenancy-dsn={dsn}"] if dsn else []
        given += [f"--tenancy-waivers={waivers}"] if waivers else []
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-rA", *given, *arguments)

    return run


def test_without_the_option_it_adds_nothing_and_imports_nothing(pytester):
    pytester.makepyfile(
        "import sys\n"
        "def test_mine():\n"
        "    ours = {name for name in sys.modules if name.startswith('tenancy.')}\n"
        "    assert ours == {'tenancy.pytest_plugin'}"
    )
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-v")
    done.assert_outcomes(passed=1)
    assert "tenancy::" not in done.stdout.str()


def test_a_filled_database_is_green_beside_the_teams_own_tests(plugin, pytester, filled, dba):
    tables = matrix.tables(dba)
    pytester.makepyfile("def test_mine(): pass")
    done = plugin(dsn=filled)
    waived = sum(f.level == "failure" for f in checks.known_holes(dba, throwaway=False))
    items = 1 + len(checks.catalogue()) + len(probes.PROBES) + bool(waived)
    assert done.parseoutcomes() == {
        key: count
        for key, count in {
            "passed": 1 + items - waived + len(tables) * len(matrix.ROLES),
            "xfailed": waived,
        }.items()
        if count
    }
    assert done.ret == 0


def test_a_hole_is_red_in_its_check_and_in_its_cells(plugin, filled):
    with psycopg.connect(filled, autocommit=True) as dba:
        dba.execute("GRANT TRUNCATE ON app.orders TO tenancy_staff")
        done = plugin(dsn=filled)
        dba.execute("REVOKE TRUNCATE ON app.orders FROM tenancy_staff")
    failed = {line.split()[1] for line in done.outlines if line.startswith("FAILED ")}
    assert failed == {"tenancy::grant_beyond_rows", "tenancy::matrix[app.orders-staff]"}
    done.stdout.fnmatch_lines(["*app.orders: TRUNCATE to tenancy_staff*"])
    done.stdout.fnmatch_lines(["*truncate [[]own[]]: expected 42501, got *"])
    assert "Traceback" not in done.stdout.str()


def test_an_empty_database_says_what_the_matrix_needs(plugin):
    done = plugin("-k", "matrix and analytics")
    done.assert_outcomes(failed=len(matrix.ROLES), deselected=done.parseoutcomes()["deselected"])
    done.stdout.fnmatch_lines(["*the matrix needs two active tenants*"])


def test_a_plain_database_is_red_and_has_no_matrix(plugin, plain):
    done = plugin("-k", "tenancy", dsn=plain)
    seen = Counter(line.split()[0] for line in done.outlines if " tenancy::" in line)
    assert seen["FAILED"] >= 2 and "matrix[" not in done.stdout.str()
    done.stdout.fnmatch_lines(["FAILED tenancy::registry*", "FAILED tenancy::database_open_to*"])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"dsn": "host=/nowhere dbname=x"}, "*--tenancy-dsn: *"),
        ({"waivers": "/nowhere.toml"}, "*/nowhere.toml: *No such file*"),
    ],
)
def test_bad_input_gives_one_line(plugin, arguments, line):
    done = plugin(**arguments)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([line])
    assert "Traceback" not in done.stderr.str()


def test_importing_the_plugin_costs_nothing():
    code = "import sys, tenancy.pytest_plugin; print({'psycopg', 'click'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
