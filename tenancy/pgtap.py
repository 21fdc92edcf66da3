"""pgTAP files as pytest tests: every `pgtap/*.sql` is a test, every TAP line in it a subtest.

A file runs as one script on a connection of its own, through libpq and not psql: plain SQL without
backslash commands, which pg_prove then runs as well. The fixture `pgtap_database` gives the DSN of
a database with pgTAP in its search_path. Needs pytest 9.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg.pq import DiagnosticField, TransactionStatus

_PLAN = re.compile(r"1\.\.(\d+)\s*(?:#\s*SKIP\S*\s*(.*))?$", re.I)
_LINE = re.compile(
    r"(?P<no>not )?ok\b\s*(?P<number>\d*)\s*(?:- )?(?P<name>.*?)\s*"
    r"(?:(?<!\\)#\s*(?P<directive>SKIP|TODO)\b\s*(?P<why>.*))?$",
    re.I,
)


@dataclass
class Line:
    """One test of a file: a TAP line and the diagnostics below it."""

    ok: bool
    name: str
    directive: str = ""
    why: str = ""
    diagnostics: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether it counts against the file: TODO and SKIP never do."""
        return not self.ok and not self.directive


@dataclass
class Run:
    """What a file said, and why it is broken as a whole, if it is."""

    lines: list[Line]
    broken: str | None
    skipped: str | None = None
    notices: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether a TAP harness accepts the file."""
        return not self.broken and not any(line.failed for line in self.lines)


def run(dsn: str, script: str) -> Run:
    """Run a script; what came before an error is kept."""
    output: list[str] = []
    notices: list[str] = []
    broken = None
    statement = 0
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.add_notice_handler(lambda d: notices.append(f"{d.severity}: {d.message_primary}"))
        conn.pgconn.send_query(script.encode())
        while result := conn.pgconn.get_result():
            statement += 1
            if result.error_message:
                position = result.error_field(DiagnosticField.STATEMENT_POSITION)
                where = f"statement {statement}"
                if position:
                    where = f"line {script.count(chr(10), 0, int(position)) + 1}"
                broken = f"{result.error_message.decode(errors='replace').strip()} ({where})"
            for row in range(result.ntuples):
                output += (result.get_value(row, 0) or b"").decode().splitlines()
        if not broken and conn.pgconn.transaction_status != TransactionStatus.IDLE:
            broken = "the transaction is left open: end the file with ROLLBACK;"
    parsed = _parse(output)
    parsed.broken = broken or parsed.broken
    parsed.notices = notices
    return parsed


def _parse(output: list[str]) -> Run:
    lines: list[Line] = []
    plans: list[re.Match[str]] = []
    bailed = None
    for text in output:
        if plan := _PLAN.match(text):
            plans.append(plan)
        elif text.lower().startswith("bail out!"):
            bailed = bailed or text
        elif found := _LINE.match(text):
            number = found["number"] or str(len(lines) + 1)
            kind = (found["directive"] or "").upper()
            name = f"{number} {found['name']}".strip()
            lines.append(Line(not found["no"], name, kind, found["why"] or kind))
        elif text.startswith("#") and lines:
            lines[-1].diagnostics.append(text)
    if bailed or len(plans) != 1:
        return Run(lines, bailed or f"one plan expected, {len(plans)} found: SELECT plan(…)")
    planned, skipped = int(plans[0][1]), plans[0][2]
    if planned != len(lines):
        return Run(lines, f"planned {planned} tests, ran {len(lines)}")
    if planned == 0 and skipped is None:
        return Run(lines, "planned no test")
    return Run(lines, None, skipped)


def _report(path: Path, dsn: str, subtests: pytest.Subtests) -> None:
    found = run(dsn, path.read_text())
    for line in found.lines:
        with subtests.test(msg=line.name):
            if line.failed:
                pytest.fail("\n".join([line.name, *line.diagnostics]), pytrace=False)
            if line.directive == "SKIP":
                pytest.skip(line.why)
            if line.directive == "TODO" and not line.ok:
                pytest.xfail(line.why)
    for notice in found.notices:
        print(notice)
    if found.broken:
        pytest.fail(f"{path.name}: {found.broken}\n(after {len(found.lines)} tests)", pytrace=False)
    if found.skipped is not None:
        pytest.skip(found.skipped or "SKIP")


class PgTapFile(pytest.File):
    """A file of pgTAP tests."""

    def collect(self) -> Iterator[pytest.Item]:
        """Return one item, which reports its lines as subtests."""

        def pgtap(pgtap_database: str, subtests: pytest.Subtests) -> None:
            _report(self.path, pgtap_database, subtests)

        yield PgTapItem.from_parent(self, name="pgtap", callobj=pgtap)


class PgTapItem(pytest.Function):
    """A function, so that fixtures and marks work; only its place of origin is the SQL file."""

    def reportinfo(self) -> tuple[Path, int, str]:
        """Point at the SQL file."""
        return self.path, 0, self.name


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> PgTapFile | None:
    """Collect `pgtap/*.sql`."""
    return PgTapFile.from_parent(parent, path=file_path) if file_path.match("pgtap/*.sql") else None
