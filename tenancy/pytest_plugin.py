"""`pytest --tenancy-dsn=…`: each check, known hole and table x role of the matrix is a test.

Loaded into every pytest run of the environment: nothing of ours is imported without the option.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tenancy.checks import Finding
    from tenancy.surface import Cell


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --tenancy-dsn and --tenancy-waivers."""
    group = parser.getgroup("tenancy", "checks and policy matrix of a database")
    group.addoption("--tenancy-dsn", metavar="DSN", help="Database to check, as a DBA.")
    group.addoption(
        "--tenancy-waivers",
        metavar="FILE",
        help="Accepted findings (default: tenancy-waivers.toml here, if there is one).",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add our items before -k and -m choose."""
    if config.getoption("tenancy_dsn"):
        items.extend(_Database.from_parent(session, name="tenancy", nodeid="tenancy").collect())


class _Broken(Exception):
    """The database does not keep a promise; the text is all there is to show."""


class _Database(pytest.Collector):
    """One database: its findings and its matrix, each computed once, when first needed."""

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401  (pytest's own)
        super().__init__(**arguments)
        self.dsn = str(self.config.getoption("tenancy_dsn"))
        self._findings: list[Finding] | None = None
        self._cells: list[Cell] | str | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item per check and known hole, and one per table and role of the registry."""
        import psycopg  # noqa: PLC0415

        from tenancy import checks, matrix, probes  # noqa: PLC0415

        self.accepted = self._waivers()
        names = ["registry", *(check.name for check in checks.catalogue()), *probes.PROBES]
        for name in [*names, *(["waivers"] if self.accepted else [])]:
            yield _CheckItem.from_parent(self, name=name)
        try:
            with psycopg.connect(self.dsn) as conn:
                tables = [table.label for table in matrix.tables(conn)]
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return  # not migrated: the item `registry` says so
        except psycopg.errors.InsufficientPrivilege:
            tables = ["*"]
        except psycopg.Error as error:
            raise pytest.UsageError(f"--tenancy-dsn: {error}".splitlines()[0]) from error
        for table in tables:
            for role in matrix.ROLES:
                item = _MatrixItem.from_parent(self, name=f"matrix[{table}-{role}]")
                item.table, item.role = table, role
                yield item

    def _waivers(self) -> list[Any]:
        import click  # noqa: PLC0415

        from tenancy import waivers  # noqa: PLC0415

        given = self.config.getoption("tenancy_waivers")
        try:
            return waivers.find(Path(given) if given else None)
        except click.ClickException as error:
            raise pytest.UsageError(error.message) from error

    def findings(self) -> list[Finding]:
        """Run all checks: a waiver is unused only when none of them needed it."""
        from tenancy import checks, waivers  # noqa: PLC0415

        if self._findings is None:
            found = checks.run(self.dsn, throwaway=False).findings
            self._findings = waivers.apply(found, self.accepted)
        return self._findings

    def cells(self) -> list[Cell]:
        """Run the policy matrix."""
        import click  # noqa: PLC0415

        from tenancy import matrix  # noqa: PLC0415

        if self._cells is None:
            try:
                with _one_at_a_time():
                    self._cells = matrix.run(self.dsn).cells
            except click.ClickException as error:
                self._cells = error.message
        if isinstance(self._cells, str):
            raise _Broken(self._cells)
        return self._cells


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let the workers of pytest-xdist run their matrices in turn: each closes all its tickets."""
    with (Path(tempfile.gettempdir()) / f"tenancy-matrix-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _Item(pytest.Item):
    """A test of ours: what fails shows its text, and no traceback."""

    parent: _Database

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401
        """Return the text of a broken promise."""
        if isinstance(excinfo.value, _Broken):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return what is printed for the item."""
        return self.path, None, self.name


class _CheckItem(_Item):
    """One check, or one known hole of the server."""

    def runtest(self) -> None:
        """Fail on a finding; what is waived is an expected failure, and shown as such."""
        mine = [
            f
            for f in self.parent.findings()
            if f.check == self.name or (self.name == "waivers" and f.check.startswith("waiver_"))
        ]
        text = "\n".join(map(str, mine))
        if any(f.is_red for f in mine):
            raise _Broken(text)
        if any(f.waived for f in mine):
            pytest.xfail(text)
        if mine:
            self.add_report_section("call", "tenancy", text)


class _MatrixItem(_Item):
    """Every action and context of one role on one table."""

    table = role = ""

    def runtest(self) -> None:
        """Fail unless every cell was run and answered as the access matrix says."""
        cells = [c for c in self.parent.cells() if (c.table, c.role) == (self.table, self.role)]
        wrong = [
            f"{c.action} [{c.context}]: expected {c.expected}, got {c.verdict}"
            for c in cells
            if not c.ok
        ]
        if wrong or not cells:
            raise _Broken("\n".join(wrong) or "no cell was run")
