"""`tenancy export` and `tenancy import`: one tenant as one portable file.

An archive is a zip: tenant.json, members.jsonl, one tables/SCHEMA.TABLE.jsonl per registered table, and
manifest.json, which says how many rows and bytes each has, and their SHA-256. Both verbs run as
tenancy_operator inside the tenant, so the wall holds them like everybody; both stream.
"""

import fcntl
import hashlib
import json
import os
import re
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from io import BufferedRandom
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import click
import psycopg
from psycopg import sql

from tenancy import console, paths, stamp

Connection = psycopg.Connection[Any]
Advance = Callable[[int], object]

FORMAT = "engageos-tenancy-archive/1"
FETCH, SEND_BYTES = 500, 1 << 19
#: What a reader takes before it calls a file a bomb. Rows of JSON compress about ten times.
SMALL, MAX_RATIO, MAX_LINE = 64 << 20, 100, 256 << 20
_MEMBER = re.compile(r"tenant\.json|members\.jsonl|tables/[\w%~-]+\.[\w%~-]+\.jsonl", re.A)
# The same text for the same value, whatever the server's settings are.
_SETTINGS = (
    "SET LOCAL timezone = 'UTC'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL datestyle = 'ISO'; "
    "SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL xmloption = 'content'"
)


class ArchiveError(click.ClickException):
    """An archive cannot be made or read; nothing was changed."""


@dataclass(frozen=True)
class Table:
    """A registered table, as the database says."""

    oid: int
    schema: str
    name: str
    columns: list[str]
    sha256: str
    is_recursive: bool

    @property
    def member(self) -> str:
        """Return the name of its file in an archive."""
        return (
            "tables/"
            + ".".join(quote(n, safe="").replace(".", "%2E") for n in self.path)
            + ".jsonl"
        )

    @property
    def path(self) -> tuple[str, str]:
        """Return schema and name."""
        return self.schema, self.name


@dataclass
class Member:
    """A file of an archive: what the manifest says of it."""

    name: str
    rows: int = 0
    bytes: int = 0
    sha256: str = ""
    #: Of the columns of its table; empty for what is no table.
    columns: str = ""


@dataclass
class Report:
    """What went through."""

    tenant: uuid.UUID
    slug: str
    rows: dict[str, int] = field(default_factory=dict)
    sha256: str = ""
    replaced: int = 0


# The database -------------------------------------------------------------------------------------


@contextmanager
def operator(dsn: str) -> Iterator[Connection]:
    """Connect as tenancy_operator, or as who may be it; an error of ours becomes one line."""
    try:
        with psycopg.connect(dsn, application_name="tenancy") as conn:
            yield conn
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        hint = f" {error.diag.message_hint}" if error.diag.message_hint else ""
        raise click.ClickException(
            f"{error.sqlstate} {error.diag.message_primary or error}.{hint}"
        ) from error


def begin(conn: Connection) -> None:
    """Begin a transaction as the operator, outside any tenant."""
    conn.execute("SET LOCAL ROLE tenancy_operator")
    conn.execute(_SETTINGS)


def one(conn: Connection, query: str, *values: object) -> tuple[Any, ...]:
    """Return the first row of a query that has one."""
    row: tuple[Any, ...] | None = conn.execute(query, values).fetchone()
    assert row is not None  # noqa: S101
    return row


def tables(conn: Connection) -> list[Table]:
    """Return the registered tables, parents first, where the tenant in context has its rows."""
    return [
        Table(*row)
        for row in conn.execute(
            "SELECT relation::oid, schema_name::text, table_name::text, columns::text[], sha256, "
            "is_recursive FROM tenancy.archive_tables()"
        )
    ]


def _version(found: Iterable[Table]) -> str:
    text = "".join(f"{t.member} {t.sha256}\n" for t in sorted(found, key=lambda t: t.member))
    return hashlib.sha256(text.encode()).hexdigest()


# Export -------------------------------------------------------------------------------------------


def export(
    dsn: str, tenant: str, out: Path | None, advance: Advance = lambda rows: None
) -> tuple[Report, Path]:
    """Write the archive of a tenant, as of one moment; the file appears when it is complete."""
    with operator(dsn) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        begin(conn)
        found, slug = one(conn, "SELECT tenant_id, slug FROM tenancy.tenant_state(%s)", tenant)
        conn.execute("SELECT tenancy.enter_system(%s, 'export')", [found])
        chosen = tables(conn)
        report, target = Report(found, slug), out or Path(f"{slug}.zip")
        with _complete(target) as file:
            with zipfile.ZipFile(
                file, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False
            ) as archive:
                _write(conn, archive, report, chosen, advance)
            file.flush()
            file.seek(0)
            report.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return report, target


@contextmanager
def _complete(target: Path) -> Iterator[BufferedRandom]:
    """Yield a file beside the target that takes its place only when all went well.

    A killed run leaves it behind; the next run writes over it.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ArchiveError(f"{partial}: {error.strerror}") from error
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ArchiveError(f"another process is writing {partial}") from error
        file.truncate()
        try:
            yield file
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        os.fsync(file.fileno())
        partial.replace(target)


def _write(
    conn: Connection,
    archive: zipfile.ZipFile,
    report: Report,
    chosen: list[Table],
    advance: Advance,
) -> None:
    made: list[Member] = []

    def put(name: str, pages: Iterable[list[str]], columns: str = "") -> int:
        member, digest = Member(name, columns=columns), hashlib.sha256()
        with archive.open(_info(name), "w", force_zip64=True) as file:
            for page in pages:
                data = "".join(f"{line}\n" for line in page).encode()
                digest.update(data)
                file.write(data)
                member.rows += len(page)
                member.bytes += len(data)
                advance(len(page))
        member.sha256 = digest.hexdigest()
        made.append(member)
        return member.rows

    record = one(conn, "SELECT tenancy.export_tenant()::text")
    put("tenant.json", [[record[0]]])
    report.rows["members"] = put("members.jsonl", _members(conn))
    for table in chosen:
        rows = put(table.member, _rows(conn, table), table.sha256)
        report.rows[".".join(table.path)] = rows
    manifest = {
        "format": FORMAT,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tenant_id": str(report.tenant),
        "schema": {"sha256": _version(chosen), "migration": stamp.migrations(paths.ROOT)[-1].stem},
        "members": [asdict(member) for member in made],
    }
    archive.writestr(_info("manifest.json"), json.dumps(manifest, indent=1))


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, datetime.now(UTC).timetuple()[:6])
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
    return info


def _rows(conn: Connection, table: Table) -> Iterator[list[str]]:
    cursor = sql.Identifier(one(conn, "SELECT app.open_rows(%s::oid)", table.oid)[0])
    fetch = sql.SQL("FETCH {} FROM {}").format(sql.Literal(FETCH), cursor)
    while page := conn.execute(fetch).fetchall():
        yield [line for (line,) in page]
    conn.execute(sql.SQL("CLOSE {}").format(cursor))


def _members(conn: Connection) -> Iterator[list[str]]:
    after: str | None = None
    query = "SELECT m ->> 'user_id', m::text FROM tenancy.export_members(%s, %s) AS m"
    while page := conn.execute(query, [after, FETCH]).fetchall():
        after = page[-1][0]
        yield [line for _, line in page]


# Reading ------------------------------------------------------------------------------------------


class Archive:
    """An archive that is read, never unpacked: a member's name is no path to anything."""

    def __init__(self, file: IO[bytes], max_ratio: int = MAX_RATIO) -> None:
        """Read the manifest and hold it against the zip's own directory."""
        self.file = file
        with _damage():
            self.zip = zipfile.ZipFile(file)
            self._refuse_tricks(max_ratio)
            self.manifest = json.loads(self.zip.read("manifest.json"))
            if self.manifest["format"] != FORMAT:
                raise ArchiveError(f"not {FORMAT}, but {str(self.manifest['format'])[:60]}")
            self.tenant = uuid.UUID(self.manifest["tenant_id"])
            self.members = {m["name"]: Member(**m) for m in self.manifest["members"]}
            self._compare()
            self.record = json.loads(self.zip.read("tenant.json"))
            if uuid.UUID(self.record["id"]) != self.tenant:
                raise ArchiveError("damaged: tenant.json is of another tenant")

    def _refuse_tricks(self, max_ratio: int) -> None:
        infos = self.zip.infolist()
        names = [info.filename for info in infos]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ArchiveError(f"damaged: {min(twice)} is in it twice")
        for info in infos:
            name = info.orig_filename
            if name != "manifest.json" and not _MEMBER.fullmatch(name):
                raise ArchiveError(f"not an archive of ours: it has a file {name[:100]!r}")
            if info.flag_bits & 1 or info.compress_type not in (
                zipfile.ZIP_STORED,
                zipfile.ZIP_DEFLATED,
            ):
                raise ArchiveError(f"damaged: {name} is encrypted, or compressed in another way")
            if "/" not in name and name.endswith(".json") and info.file_size > SMALL:
                raise ArchiveError(f"damaged: {name} is too big")
        size, packed = sum(i.file_size for i in infos), os.fstat(self.file.fileno()).st_size
        if size > SMALL and size > max_ratio * packed:
            raise ArchiveError(
                f"it unpacks to {size // packed} times its size: --max-ratio, if that is right"
            )

    def _compare(self) -> None:
        infos = {i.filename: i for i in self.zip.infolist() if i.filename != "manifest.json"}
        for name in sorted(infos.keys() ^ self.members.keys()):
            raise ArchiveError(
                f"damaged: {name} is {'not in it' if name in self.members else 'not listed'}"
            )
        for name, member in self.members.items():
            if member.bytes != infos[name].file_size:
                raise ArchiveError(
                    f"damaged: {name} is {infos[name].file_size} bytes, not {member.bytes}"
                )

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a member; the last one only after number and hash were right."""
        member, digest, rows, held = self.members[name], hashlib.sha256(), 0, None
        with _damage(), self.zip.open(name) as file:
            while line := file.readline(MAX_LINE):
                if not line.endswith(b"\n"):
                    raise ArchiveError(f"damaged: {name} has a line without an end")
                digest.update(line)
                rows += 1
                if held is not None:
                    yield held
                held = line
        if rows != member.rows or digest.hexdigest() != member.sha256:
            raise ArchiveError(f"damaged: {name} is not what the manifest says")
        if held is not None:
            yield held

    def verify(self, chosen: list[Table], advance: Advance) -> None:
        """Read everything once: hashes, numbers, and that each row is one of this tenant."""
        schema, here = self.manifest["schema"], stamp.migrations(paths.ROOT)[-1].stem
        theirs = {m.name: m.columns for m in self.members.values() if m.columns}
        ours = {t.member: t.sha256 for t in chosen}
        if schema["sha256"] != _version(chosen) or theirs != ours:
            differ = sorted(n for n in theirs.keys() | ours.keys() if theirs.get(n) != ours.get(n))
            raise ArchiveError(
                f"another schema version: made at {schema['migration']}, here is {here}; "
                f"{', '.join(differ[:5])} differ{'s' if len(differ) == 1 else ''}"
            )
        shape = {t.member: set(t.columns) for t in chosen}
        shape["members.jsonl"] = {"tenant_id", "user_id", "role", "created_at", "email"}
        for name, member in self.members.items():
            for number, line in enumerate(self.lines(name), 1):
                with _damage(f"{name}, line {number}"):
                    row = json.loads(line)
                    if name in shape and row.keys() != shape[name]:
                        raise ArchiveError(f"damaged: {name}, line {number} has other columns")
                    if name in shape and uuid.UUID(row["tenant_id"]) != self.tenant:
                        raise ArchiveError(f"{name}, line {number} is a row of another tenant")
            advance(member.rows)


@contextmanager
def _damage(where: str = "") -> Iterator[None]:
    """Say in one line that an archive is damaged, however that shows."""
    try:
        yield
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, ValueError, KeyError, TypeError,
        AttributeError, RuntimeError, NotImplementedError, zlib.error,
    ) as error:  # fmt: skip
        why = (str(error).splitlines() or ["it ends too early"])[0]
        raise ArchiveError(f"damaged: {where or why[:200]}") from error


# Import -------------------------------------------------------------------------------------------


def load(
    dsn: str,
    path: Path,
    *,
    clone: str | None = None,
    replace: bool = False,
    wait: float = 30,
    max_ratio: int = MAX_RATIO,
    advance: Advance = lambda rows: None,
) -> Report:
    """Restore an archive in one transaction: as it was, as a clone with this slug, or in place."""
    from tenancy import offboard  # noqa: PLC0415

    with operator(dsn) as conn, path.open("rb") as file:
        archive = Archive(file, max_ratio)
        begin(conn)
        archive.verify(tables(conn), advance)
        conn.rollback()
        if replace:
            offboard.settle(conn, wait)
        begin(conn)
        report = Report(archive.tenant, clone or archive.record["slug"])
        if not replace:
            record = json.dumps(archive.record)
            report.tenant = one(conn, "SELECT tenancy.import_tenant(%s, %s)", record, clone)[0]
        conn.execute("SELECT tenancy.enter_system(%s, 'import')", [report.tenant])
        chosen = tables(conn)  # now those of its own schema, if it has one
        conn.execute("SET CONSTRAINTS ALL DEFERRED")
        if replace:
            report.replaced = one(conn, "SELECT tenancy.begin_restore()")[0]
        else:
            report.rows["members"] = _load_members(conn, archive, clone)
        sums = [(t, _load_table(conn, archive, t, report, advance)) for t in chosen]
        for table, expected in sums:
            if expected != one(conn, "SELECT * FROM app.digest_rows(%s::oid)", table.oid):
                raise ArchiveError(
                    f"a trigger of {'.'.join(table.path)} changes imported rows: nothing was imported. "
                    "Let it return at once when tenancy.is_lifecycle_job()"
                )
        conn.commit()
    return report


def _pages(lines: Iterator[bytes], in_one: bool) -> Iterator[str]:
    page: list[bytes] = []
    size = 0
    for line in lines:
        page.append(line)
        size += len(line)
        if not in_one and size > SEND_BYTES:
            yield f"[{b','.join(page).decode()}]"
            page, size = [], 0
    if page:
        yield f"[{b','.join(page).decode()}]"


def _load_table(
    conn: Connection, archive: Archive, table: Table, report: Report, advance: Advance
) -> tuple[int, Decimal]:
    rows, digest = 0, Decimal()
    for page in _pages(archive.lines(table.member), table.is_recursive):
        query = "SELECT * FROM app.import_rows(%s::oid, %s::json, %s)"
        more, part = one(conn, query, table.oid, page, archive.tenant)
        rows, digest = rows + more, digest + part
        advance(more)
    if rows != archive.members[table.member].rows:
        raise ArchiveError(f"damaged: {table.member} has not {rows} rows")
    report.rows[".".join(table.path)] = rows
    return rows, digest


def _load_members(conn: Connection, archive: Archive, clone: str | None) -> int:
    """Insert members. Customers of a clone are left out: their ids are renamed with their rows."""
    lines: Iterator[bytes] = archive.lines("members.jsonl")
    if clone:
        lines = (line for line in lines if json.loads(line)["role"] != "customer")
    query = "SELECT tenancy.import_members(%s::json)"
    return sum(one(conn, query, page)[0] for page in _pages(lines, in_one=False))


# Commands -----------------------------------------------------------------------------------------


@contextmanager
def bar(title: str) -> Iterator[Advance]:
    """Count rows on a terminal."""
    with console.progress() as bars:
        task = bars.add_task(title, total=None)
        done = 0

        def advance(rows: int) -> None:
            nonlocal done
            done += rows
            bars.update(task, advance=rows, description=f"{title}: {done} rows")

        yield advance


def where(dsn: str | None) -> str:
    """Return the given DSN, or the development server's as its operator."""
    from tenancy import dev  # noqa: PLC0415

    return dsn or dev._dsn("operator")


@click.command("export")
@console.options
@click.option("--tenant", required=True, help="Slug or id.")
@click.option("--out", type=click.Path(path_type=Path), help="Default: SLUG.zip.")
def export_command(dsn: str | None, as_json: bool, tenant: str, out: Path | None) -> None:
    """Write all rows of one tenant, as of one moment, to one portable file."""
    with bar("export") as advance:
        report, target = export(where(dsn), tenant, out, advance)
    rows = sum(report.rows.values())
    console.emit(
        ok=True,
        summary=f"{target}: {rows} rows of {report.slug}, sha256 {report.sha256}",
        counts={"rows": rows, "tables": len(report.rows) - 1, "bytes": target.stat().st_size},
        as_json=as_json,
        file=target,
        **asdict(report),
    )


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@console.options
@click.option("--as-clone", is_flag=True, help="As a new tenant, with new ids.")
@click.option("--slug", help="Of the clone (default: the archive's with -copy).")
@click.option("--replace", is_flag=True, help="Put the rows of this tenant back as they were.")
@click.option("--wait", default=30.0, show_default=True, help="Seconds for open transactions.")
@click.option(
    "--max-ratio", default=MAX_RATIO, show_default=True, help="Unpacked size over packed."
)
def import_command(
    *,
    file: Path,
    dsn: str | None,
    as_json: bool,
    as_clone: bool,
    slug: str | None,
    replace: bool,
    wait: float,
    max_ratio: int,
) -> None:
    """Restore an archive: all of it, or nothing when anything is wrong with it."""
    if (as_clone and replace) or (slug and not as_clone):
        raise click.UsageError("--as-clone and --replace exclude each other; --slug names a clone")
    if as_clone and not slug:
        with file.open("rb") as opened:
            slug = f"{Archive(opened, max_ratio).record['slug']}-copy"
    with bar("import") as advance:
        options = {"clone": slug, "replace": replace, "wait": wait, "max_ratio": max_ratio}
        report = load(where(dsn), file, **options, advance=advance)  # type: ignore[arg-type]
    rows = sum(report.rows.values())
    what = f"{report.replaced} rows replaced by {rows}" if replace else f"{rows} rows"
    console.emit(
        ok=True,
        summary=f"{report.slug} ({report.tenant}): {what}",
        counts={"rows": rows, "replaced": report.replaced},
        as_json=as_json,
        **asdict(report),
    )
