"""`tenancy check`: invariants of any database, hardening in force, and known holes of the server.

A check is a file in sql/checks/ whose rows are the objects that break it. On a database without our
registry every table with a column tenant_id stands for a registered one.
"""

import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import click
import psycopg

from tenancy import console, paths, probes

Connection = psycopg.Connection[Any]

#: What stands for the registry where there is none.
_INFERRED = """(
    SELECT n.nspname AS schema_name, c.relname AS table_name
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid AND a.attname = 'tenant_id'
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT a.attisdropped
    AND n.nspname !~ '^(pg_|information_schema$)'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid)
)"""
REGISTRY = re.compile(r"(?<=FROM )tenancy\.registered_table\b")


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be: failure, warning, note or not proven."""

    level: str
    check: str
    object: str
    detail: str = ""
    remedy: str = ""
    waived: str = ""

    @property
    def is_red(self) -> bool:
        """Whether the database is not shown to keep its promise."""
        return self.level in {"failure", "not proven"} and not self.waived

    def __str__(self) -> str:
        """One line for people."""
        text = f"{self.level}: {self.check}: {self.object}: {self.detail}. {self.remedy}"
        return f"waived {text} Waived: {self.waived}" if self.waived else text


@dataclass(frozen=True)
class Check:
    """A file of sql/checks/."""

    name: str
    text: str

    def _header(self, key: str) -> str:
        found = re.search(rf"^-- {key}: (.*)$", self.text, re.M)
        return found[1] if found else ""

    @property
    def about(self) -> str:
        """What must hold, from the head of the file."""
        head = re.match(r"((?:-- (?!\w[\w ]*: ).*\n)+)", self.text)
        return " ".join(line[3:] for line in head[1].splitlines()) if head else self.name

    @property
    def level(self) -> str:
        """How bad a row is."""
        return self._header("Level") or "failure"

    @property
    def remedy(self) -> str:
        """What to do about a row."""
        return self._header("Remedy")

    def needs(self, state: str) -> bool:
        """Whether the check cannot run where the registry is absent, or closed to the role."""
        return bool(self._header("Needs") or (state == "closed" and REGISTRY.search(self.text)))

    def finding(self, thing: object, detail: object = "", level: str = "") -> Finding:
        """Return a finding of this check."""
        return Finding(level or self.level, self.name, str(thing), str(detail), self.remedy)

    def run(self, conn: Connection, *, registry: bool = True) -> list[Finding]:
        """Return a finding per row; what may not be asked is not proven."""
        try:
            with conn.transaction():
                text = self.text if registry else REGISTRY.sub(_INFERRED, self.text)
                cursor = conn.execute(text.encode())
                if [column.name for column in cursor.description or []][-1] == "query":
                    return [f for row in cursor.fetchall() for f in self._counted(conn, *row)]
                return [self.finding(*row) for row in cursor]
        except psycopg.errors.InsufficientPrivilege as error:
            level = "note" if self.level == "note" else "not proven"
            return [self.finding("this check", error.diag.message_primary, level)]

    def _counted(self, conn: Connection, thing: str, is_visible: bool, query: str) -> list[Finding]:
        """Run a query that a row holds: what it counts breaks the check."""
        if not is_visible:
            return [self.finding(thing, "row security hides rows from this role", "not proven")]
        (count,) = conn.execute(query.encode()).fetchone() or (0,)
        return [self.finding(thing, f"{count} rows")] if count else []


@cache
def catalogue() -> tuple[Check, ...]:
    """Return every check."""
    files = sorted((paths.ROOT / "sql/checks").glob("*.sql"))
    return tuple(Check(path.stem, path.read_text(encoding="utf-8")) for path in files)


def _registry(conn: Connection) -> str:
    """Return whether the registry of protected tables is there, absent or closed to this role."""
    try:
        with conn.transaction():
            conn.execute("SELECT FROM tenancy.registered_table LIMIT 0")
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return "absent"
    except psycopg.errors.InsufficientPrivilege:
        return "closed"
    return "there"


def invariants(conn: Connection) -> list[Finding]:
    """Run every file of sql/checks/; each row is a finding."""
    found = []
    with conn.transaction(force_rollback=True), console.progress() as bars:
        # Names that the search_path finds would be printed bare.
        conn.execute("SET LOCAL search_path = pg_catalog, pg_temp")
        state = _registry(conn)
        todo = [c for c in catalogue() if state == "there" or not c.needs(state)]
        if state != "there":
            found.append(_without_registry(conn, state, [c for c in catalogue() if c not in todo]))
        task = bars.add_task("checks", total=len(todo))
        for check in todo:
            bars.update(task, description=check.name)
            found += check.run(conn, registry=state == "there")
            bars.advance(task)
    return found


def _without_registry(conn: Connection, state: str, left_out: Sequence[Check]) -> Finding:
    names = ", ".join(check.name for check in left_out)
    if state == "closed":
        detail = f"this role may not read it; not checked: {names}"
        return Finding(
            "not proven",
            "registry",
            "tenancy.protected_table",
            detail,
            "Run it as its owner or a superuser.",
        )
    (tables,) = conn.execute(f"SELECT count(*) FROM {_INFERRED} AS p").fetchone() or (0,)
    detail = (
        f"not migrated: {tables} tables with a column tenant_id are checked in its place; "
        f"not checked: {names}"
    )
    return Finding("not proven", "registry", "tenancy.protected_table", detail, "tenancy migrate.")


def harden_blocks() -> dict[str, str]:
    """Return the blocks of sql/harden.sql by name: each is a script that stands alone."""
    text = (paths.ROOT / "sql/harden.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- harden: (\w+)\n", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def hardening(conn: Connection) -> dict[str, bool]:
    """Return which blocks of sql/harden.sql are in force."""
    query = (paths.ROOT / "sql/hardening.sql").read_bytes()
    state = dict(conn.execute(query).fetchall())
    return {name: state[name] for name in harden_blocks()}


def known_holes(conn: Connection, *, throwaway: bool) -> list[Finding]:
    """Try the known holes of row security: a warning on a throw-away server, else a failure."""
    level, found = "warning" if throwaway else "failure", []
    for name, (_, hole, relief) in probes.PROBES.items():
        try:
            if probes.is_open(conn, name):
                remedy = f"Update PostgreSQL. As migrated, {relief}; other tables may be open."
                found.append(Finding(level, name, "server", hole, remedy))
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction) as e:
            remedy = "Run it on the primary, as a superuser or an owner with CREATEROLE."
            found.append(Finding("not proven", name, "server", str(e.diag.message_primary), remedy))
    if behind := probes.floor(conn.info.server_version):
        version = conn.execute("SHOW server_version").fetchone() or ("",)
        server = f"PostgreSQL {version[0].split()[0]}"
        found.append(Finding("note", "minor_release", server, behind, "Stay on the newest minor."))
    return found


def apply_hardening(conn: Connection) -> dict[str, bool]:
    """Run sql/harden.sql as a superuser and return what is in force.

    Roles are cluster-wide: two databases hardened at once would change the same row of a catalog.
    """
    with conn.transaction():
        conn.execute(
            "LOCK TABLE pg_catalog.pg_authid, pg_catalog.pg_db_role_setting "
            "IN SHARE ROW EXCLUSIVE MODE"
        )
        conn.execute((paths.ROOT / "sql/harden.sql").read_bytes())
    return hardening(conn)


@dataclass
class Report:
    """What a run found."""

    findings: list[Finding]
    hardening: dict[str, bool]

    @property
    def counts(self) -> dict[str, int]:
        """Return the figures that others read."""
        levels = Counter("waived" if f.waived else f.level for f in self.findings)
        return {
            "checks": len(catalogue()) + len(probes.PROBES),
            "failures": levels["failure"],
            "not_proven": levels["not proven"],
            "warnings": levels["warning"],
            "notes": levels["note"],
            "waived": levels["waived"],
        }


def run(dsn: str, *, throwaway: bool) -> Report:
    """Return findings and the state of hardening of one database."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        found = invariants(conn) + known_holes(conn, throwaway=throwaway)
        return Report(found, hardening(conn))


def _show(report: Report) -> None:
    """Print findings: a table on a terminal, lines elsewhere."""
    if not sys.stdout.isatty():
        for finding in report.findings:
            click.echo(str(finding))
        for name, in_force in report.hardening.items():
            click.echo(f"{'in force' if in_force else 'not in force'}: harden: {name}")
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    colours = {"failure": "red", "not proven": "magenta", "warning": "yellow", "note": "dim"}
    grid = Table("", "check", "object", "what was found, and the remedy", title="Checks")
    for f in sorted(report.findings, key=lambda f: (bool(f.waived), [*colours].index(f.level))):
        level = "[green]waived" if f.waived else f"[{colours[f.level]}]{f.level}"
        text = f"{escape(f.detail)}\n[dim]{escape(f.waived or f.remedy)}"
        grid.add_row(level, f.check, escape(f.object), text)
    Console().print(grid)
    missing = [name for name, in_force in report.hardening.items() if not in_force]
    click.echo(f"hardening not in force: {', '.join(missing) or 'none'}")


@click.command("check")
@console.options
@click.option("--sarif", type=click.Path(path_type=Path), help="Write SARIF 2.1.0.")
@click.option(
    "--waivers",
    "waiver_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Accepted findings (default: tenancy-waivers.toml here, if there is one).",
)
def command(dsn: str | None, as_json: bool, sarif: Path | None, waiver_file: Path | None) -> None:
    """Say what of the isolation promise a database does not keep; exit 1 when it is not proven."""
    from tenancy import demo, waivers  # noqa: PLC0415

    accepted = waivers.find(waiver_file)
    with demo.filled(dsn, tenants=0) as target:
        report = run(target, throwaway=not dsn)
    report.findings = waivers.apply(report.findings, accepted)
    if sarif:
        from tenancy.sarif import render  # noqa: PLC0415

        sarif.write_text(render(report.findings), encoding="utf-8")
    if not as_json:
        _show(report)
    figures = report.counts
    console.emit(
        ok=not any(f.is_red for f in report.findings),
        summary=", ".join(f"{n} {name.replace('_', ' ')}" for name, n in figures.items()),
        counts=figures,
        as_json=as_json,
        findings=[asdict(f) for f in report.findings],
        hardening=report.hardening,
    )


@click.command("harden")
@console.options
def harden(dsn: str | None, as_json: bool) -> None:
    """Apply sql/harden.sql as a superuser (default: to the development server)."""
    from tenancy import dev  # noqa: PLC0415

    target = dsn or dev._dsn("dba")
    with psycopg.connect(target, autocommit=True) as conn:
        state = apply_hardening(conn)
    ok = all(state.values())
    summary = f"{sum(state.values())} of {len(state)} blocks in force"
    counts = {"in_force": sum(state.values())}
    console.emit(ok=ok, summary=summary, counts=counts, as_json=as_json, hardening=state)
