"""Apply, undo and inspect migrations: yoyo, with what it lacks.

One transaction per migration *including its mark*, an advisory lock that dies with the process,
checksums of what was applied, and errors of one line. Plain `yoyo apply` gives the same database,
and each finds what the other did.
"""

import getpass
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click
import psycopg
import sqlparse
from psycopg.conninfo import conninfo_to_dict

from tenancy import console, paths, stamp

Connection = psycopg.Connection[Any]

_LOCK = 0x74656E616E6379 % 2**31  # any constant: "tenancy"
_PATIENCE = {"advisory": 60.0, "row": 10.0}  # seconds; yoyo itself waits 10 for its row
_MARKS = "public._yoyo_migration"
_SUMS = "public._tenancy_migration"
_OWNERS = ["tenancy_kernel", "tenancy_owner", "tenancy_auditor"]  # whom sql/borrow.sql borrows
_LOGINS = {  # whom sql/roles.sql makes a member of what
    "tenancy_customer": "tenancy_gateway",
    "tenancy_staff": "tenancy_gateway",
    "tenancy_manager": "tenancy_gateway",
    "tenancy_admin": "tenancy_console",
}
_ADVICE = "tenancy migrate --preflight says what to grant"


class MigrationError(click.ClickException):
    """A migration cannot be applied or undone; the message says which one and what to do."""


def yoyo_uri(dsn: str, **options: str) -> str:
    """Return the same database as yoyo wants it named, with every part percent-encoded.

    Host and port go into the query: there a socket directory and an IPv6 address need no care.
    """
    part = {k: str(v) for k, v in conninfo_to_dict(dsn).items() if v is not None}
    login = ":".join(quote(part.pop(k), safe="") for k in ("user", "password") if k in part)
    name = quote(part.pop("dbname", ""), safe="")
    query = urlencode({**part, **options}, quote_via=quote)
    return f"postgresql+psycopg://{login}{'@' if login else ''}/{name}" + (
        f"?{query}" if query else ""
    )


def apply(
    dsn: str,
    root: Path = paths.ROOT,
    *,
    dry_run: bool = False,
    until: str | None = None,
    done: Callable[[str, float], object] = lambda name, seconds: None,
) -> list[str]:
    """Apply what is pending, one transaction each, and return the names.

    `done` is told of each as soon as it is committed, with the seconds it took.
    """
    chain = [m for m in stamp.migrations(root) if until is None or m.stem <= until]
    if dry_run:
        with psycopg.connect(dsn) as conn:
            known = _refuse_a_moved_history(conn, root)
        return [m.stem for m in chain if m.stem not in known]
    with _session(dsn, root) as known:
        pending = [m for m in chain if m.stem not in known]
        _each(dsn, pending, "apply", done)
        return [m.stem for m in pending]


def rollback(
    dsn: str,
    root: Path = paths.ROOT,
    *,
    to: str | None = None,
    done: Callable[[str, float], object] = lambda name, seconds: None,
) -> list[str]:
    """Undo the newest migration, or all after `to`; '' undoes everything. Return the names."""
    with _session(dsn, root) as applied:
        undo = [m for m in reversed(stamp.migrations(root)) if m.stem in applied]
        if to is None:
            undo = undo[:1]
        elif to:
            names = [m.stem for m in undo]
            if to not in names:
                raise MigrationError(f"{to} is not applied: tenancy migrate --status lists what is")
            undo = undo[: names.index(to)]
        _each(dsn, undo, "rollback", done)
        if to == "":
            _forget(dsn)
        return [m.stem for m in undo]


def status(dsn: str, root: Path = paths.ROOT) -> dict[str, bool]:
    """Return every migration, and whether it is applied."""
    with psycopg.connect(dsn) as conn:
        applied = _applied(conn)
    return {m.stem: m.stem in applied for m in stamp.migrations(root)}


def preflight(dsn: str) -> list[str]:
    """Return what the user of a DSN lacks, as statements for somebody who may grant it."""
    with psycopg.connect(dsn) as conn:
        row = conn.execute(
            "SELECT current_setting('server_version_num')::int, pg_encoding_to_char(d.encoding), "
            "rolsuper, rolcreaterole, rolinherit, pg_get_userbyid(d.datdba) = current_user, "
            "quote_ident(current_user), quote_ident(d.datname) "
            "FROM pg_roles, pg_database AS d "
            "WHERE rolname = current_user AND d.datname = current_database()"
        ).fetchone()
        assert row is not None  # noqa: S101
        version, encoding, superuser, createrole, inherits, owner, me, database = row
        missing = [] if version >= 150000 else ["-- PostgreSQL 15 or newer is needed"]
        if encoding != "UTF8":
            missing.append(f"-- {database} is {encoding}: create it anew with ENCODING 'UTF8'")
        if superuser:
            return missing
        missing += [] if owner else [f"ALTER DATABASE {database} OWNER TO {me};"]
        missing += [] if createrole else [f"ALTER ROLE {me} CREATEROLE;"]
        missing += [] if inherits else [f"ALTER ROLE {me} INHERIT;"]
        if version >= 160000:  # before, CREATEROLE may grant every role that is no superuser
            roles = conn.execute(
                "SELECT quote_ident(r.rolname) FROM pg_roles AS r "
                "LEFT JOIN unnest(%s::name[], %s::name[]) AS x (role, login) ON x.role = r.rolname "
                "LEFT JOIN pg_roles AS l ON l.rolname = x.login "
                "WHERE (r.rolname = ANY (%s) AND NOT pg_has_role(r.oid, 'USAGE') "
                "OR x.role IS NOT NULL AND pg_has_role(l.oid, r.oid, 'MEMBER') IS NOT TRUE) "
                "AND NOT pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION') ORDER BY 1",
                [list(_LOGINS), list(_LOGINS.values()), _OWNERS],
            )
            # ADMIN alone: usable memberships are borrowed, and given back, by each migration
            only = "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
            missing += [f"GRANT {name} TO {me} {only};" for (name,) in roles]
        return missing


def cluster_roles(dsn: str) -> list[str]:
    """Return the roles that sql/roles.sql makes: they belong to the cluster and outlive us."""
    with psycopg.connect(dsn) as conn:
        found = conn.execute(r"SELECT rolname FROM pg_roles WHERE rolname ~ '^tenancy_' ORDER BY 1")
        return [name for (name,) in found]


def break_lock(dsn: str) -> bool:
    """Remove the lock row that a killed run left; return whether there was one."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        _take_lock(conn, patience=0)  # whoever is alive and ours holds it
        return _exists(conn, "public.yoyo_lock") and (
            conn.execute("DELETE FROM public.yoyo_lock").rowcount > 0
        )


# Text ---------------------------------------------------------------------------------------------


def statements(text: str) -> list[str]:
    """Split a migration as yoyo does."""
    return [s for s in sqlparse.split(text) if s.strip()]


def is_transactional(text: str) -> bool:
    """Return what yoyo makes of `-- transactional:`; behind a /* */ header it sees nothing."""
    from yoyo.migrations import parse_metadata_from_sql_comments  # noqa: PLC0415

    directives, _, _ = parse_metadata_from_sql_comments("".join(statements(text)[:1]))
    return bool(directives.get("transactional", "true").strip().lower() != "false")


def run(conn: Connection, name: str, text: str) -> None:
    """Execute a migration; an error names the file and the statement."""
    for number, statement in enumerate(statements(text), 1):
        try:
            conn.execute(statement)
        except psycopg.Error as error:
            raise MigrationError(f"{name}, statement {number}: {_first_line(error)}") from error


def _first_line(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error).partition("\n")[0]


# Steps --------------------------------------------------------------------------------------------


def _each(
    dsn: str, migrations: list[Path], operation: str, done: Callable[[str, float], object]
) -> None:
    with console.progress() as bars:
        task = bars.add_task("migrating", total=len(migrations))
        for migration in migrations:
            bars.update(task, description=migration.stem)
            began = time.monotonic()
            _one(dsn, migration, operation)
            done(migration.stem, time.monotonic() - began)
            bars.advance(task)


def _one(dsn: str, migration: Path, operation: str) -> None:
    """Apply or undo one migration and mark it: both or neither.

    In a session of its own, as yoyo does: a SET in one file must not reach the next.
    """
    file = migration if operation == "apply" else stamp.rollback_of(migration)
    text = file.read_text(encoding="utf-8")
    alone = not is_transactional(migration.read_text(encoding="utf-8"))
    if alone and len(statements(text)) > 1:
        raise MigrationError(f"{file.name}: without a transaction it must be one statement")
    try:
        with psycopg.connect(dsn, autocommit=True) as conn:
            if alone:
                run(conn, file.name, text)
            with conn.transaction():
                if not alone:
                    run(conn, file.name, text)
                conn.execute("RESET ROLE")
                _mark(conn, migration, operation)
    except MigrationError as error:
        left = "nothing of it was applied"
        if isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            left += f"; {_ADVICE}"
        if alone:
            left = "it ran without a transaction: drop what it left, such as an INVALID index"
        raise MigrationError(f"{error.message} ({left})") from error
    except psycopg.Error as error:  # the server went away, or a deferred constraint at COMMIT
        raise MigrationError(f"{file.name}: {_first_line(error)}") from error


def _mark(conn: Connection, migration: Path, operation: str) -> None:
    """Write what yoyo writes, and the checksum."""
    from yoyo.migrations import get_migration_hash  # noqa: PLC0415

    name, digest = migration.stem, get_migration_hash(migration.stem)
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        user = str(os.getuid())
    conn.execute(
        "INSERT INTO public._yoyo_log (id, migration_hash, migration_id, operation, username, "
        "hostname, created_at_utc) "
        "VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC')",
        [digest, name, operation, user, os.uname().nodename],
    )
    if operation == "apply":
        conn.execute(
            f"INSERT INTO {_MARKS} (migration_hash, migration_id, applied_at_utc) "
            "VALUES (%s, %s, now() AT TIME ZONE 'UTC')",
            [digest, name],
        )
        _remember(conn, name, stamp.checksum(migration))
    else:
        conn.execute(f"DELETE FROM {_MARKS} WHERE migration_id = %s", [name])
        conn.execute(f"DELETE FROM {_SUMS} WHERE migration_id = %s", [name])


def _remember(conn: Connection, name: str, digest: str) -> None:
    conn.execute(
        f"INSERT INTO {_SUMS} VALUES (%s, %s) "
        "ON CONFLICT (migration_id) DO UPDATE SET sha256 = excluded.sha256",
        [name, digest],
    )


# One at a time, on a history that has not moved ---------------------------------------------------


@contextmanager
def _session(dsn: str, root: Path) -> Iterator[set[str]]:
    """Hold both locks, ours and yoyo's, over a history that was checked; yield what is applied."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        _take_lock(conn, _PATIENCE["advisory"])
        try:
            _prepare(conn, dsn)
        except psycopg.errors.InsufficientPrivilege as error:
            raise MigrationError(f"{_first_line(error)}: {_ADVICE}") from error
        _take_row(conn)
        try:
            applied = _refuse_a_moved_history(conn, root)
            _catch_up(conn, applied, root)
            yield applied
        finally:
            with suppress(psycopg.Error):  # gone with the last migration, or with the server
                conn.execute("DELETE FROM public.yoyo_lock WHERE pid = %s", [os.getpid()])


def _take_lock(conn: Connection, patience: float) -> None:
    """Poll: a session that *waits* for an advisory lock deadlocks with CREATE INDEX CONCURRENTLY."""
    deadline = time.monotonic() + patience
    while conn.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
        if time.monotonic() > deadline:
            raise MigrationError("another process is migrating this database: try again later")
        time.sleep(0.1)


def _take_row(conn: Connection) -> None:
    """Take yoyo's lock, a row. It outlives a killed run, and says only which process made it."""
    deadline = time.monotonic() + _PATIENCE["row"]
    while not conn.execute(
        "INSERT INTO public.yoyo_lock (locked, ctime, pid) "
        "VALUES (1, now() AT TIME ZONE 'UTC', %s) ON CONFLICT DO NOTHING",
        [os.getpid()],
    ).rowcount:
        held = conn.execute("SELECT pid, ctime FROM public.yoyo_lock").fetchone()
        others = conn.execute(
            "SELECT FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
        way_out = "tenancy migrate --break-lock, then again"
        if held and others is None:  # who migrates is connected
            since = f"{held[1]:%Y-%m-%d %H:%M:%S} UTC"
            raise MigrationError(
                f"process {held[0]} was killed while migrating ({since}): {way_out}"
            )
        if held and time.monotonic() > deadline:
            raise MigrationError(f"process {held[0]} is migrating; if it was killed: {way_out}")
        time.sleep(0.1)


def _exists(conn: Connection, table: str) -> bool:
    return conn.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone() == (True,)


def _prepare(conn: Connection, dsn: str) -> None:
    """Let yoyo make its own tables, so that plain yoyo finds what it expects."""
    if not _exists(conn, _MARKS) or not _exists(conn, "public._yoyo_log"):
        from yoyo import get_backend  # noqa: PLC0415

        may = conn.execute("SELECT has_schema_privilege('public', 'CREATE')").fetchone()
        if may != (True,):  # yoyo would wait for a lock in a table that it could not make
            raise MigrationError(f"permission denied for schema public: {_ADVICE}")
        with get_backend(yoyo_uri(dsn, schema="public")) as backend:
            backend.ensure_internal_schema_updated()
    if not _exists(conn, _SUMS):
        conn.execute(f"CREATE TABLE {_SUMS} (migration_id text PRIMARY KEY, sha256 text NOT NULL)")
        conn.execute(f"COMMENT ON TABLE {_SUMS} IS 'SHA-256 of each migration as it was applied.'")


def _applied(conn: Connection) -> set[str]:
    if not _exists(conn, _MARKS):
        return set()
    return {name for (name,) in conn.execute(f"SELECT migration_id FROM {_MARKS}")}


def _remembered(conn: Connection) -> dict[str, str]:
    if not _exists(conn, _SUMS):
        return {}
    return dict(conn.execute(f"SELECT migration_id, sha256 FROM {_SUMS}").fetchall())


def _refuse_a_moved_history(conn: Connection, root: Path) -> set[str]:
    """Compare the files with SHA256SUMS and with what was applied; return what is applied."""
    sums_file = root / "migrations" / "SHA256SUMS"
    listed = stamp.read_sums(sums_file.read_text()) if sums_file.exists() else {}
    on_disk = stamp.checksums(root)
    for name in sorted(listed.keys() | on_disk.keys()):
        if name not in on_disk:
            raise MigrationError(f"{name} is missing: restore it from version control")
        if name not in listed:
            raise MigrationError(f"{name} is not in SHA256SUMS: tenancy migration --sums")
        if listed[name] != on_disk[name]:
            raise MigrationError(f"{name} was edited after it was stamped: restore it")
    for migration in stamp.migrations(root):
        if not stamp.rollback_of(migration).exists():
            raise MigrationError(f"{migration.stem} has no rollback: write one")
    applied, remembered = _applied(conn), _remembered(conn)
    for name in sorted(applied):
        if f"{name}.sql" not in on_disk:
            raise MigrationError(f"{name} is applied but its file is missing: restore it")
        if remembered.get(name, on_disk[f"{name}.sql"]) != on_disk[f"{name}.sql"]:
            raise MigrationError(f"{name} was edited after it was applied: restore it")
    return applied


def _catch_up(conn: Connection, applied: set[str], root: Path) -> None:
    """Learn what plain yoyo did: it keeps no checksums, so the first text we meet counts."""
    remembered = _remembered(conn)
    for migration in stamp.migrations(root):
        if migration.stem in applied - remembered.keys():
            _remember(conn, migration.stem, stamp.checksum(migration))
    undone = sorted(remembered.keys() - applied)
    conn.execute(f"DELETE FROM {_SUMS} WHERE migration_id = ANY (%s)", [undone])


def _forget(dsn: str) -> None:
    """Remove the bookkeeping: nothing is applied, and nothing of ours stays."""
    tables = [_MARKS, _SUMS, "public._yoyo_log", "public._yoyo_version", "public.yoyo_lock"]
    with psycopg.connect(dsn) as conn:
        conn.execute(f"DROP TABLE {', '.join(tables)}")


# Command ------------------------------------------------------------------------------------------


@click.command("migrate")
@console.options
@click.option("--dry-run", is_flag=True, help="List what would be applied.")
@click.option(
    "--status", "show", is_flag=True, help="List migrations and whether they are applied."
)
@click.option("--preflight", "check", is_flag=True, help="Print the GRANTs the user lacks.")
@click.option("--rollback", "undo", is_flag=True, help="Undo the newest migration.")
@click.option("--to", help="With --rollback: undo everything after this one.")
@click.option("--all", "everything", is_flag=True, help="With --rollback: undo everything.")
@click.option("--break-lock", "unlock", is_flag=True, help="Remove the lock of a killed run.")
def command(
    *,
    dsn: str | None,
    as_json: bool,
    dry_run: bool,
    show: bool,
    check: bool,
    undo: bool,
    to: str | None,
    everything: bool,
    unlock: bool,
) -> None:
    """Apply, undo or inspect migrations on the database of --dsn (default: development server)."""
    from tenancy import dev  # noqa: PLC0415

    if (to or everything) and not undo:
        raise click.UsageError("--to and --all belong to --rollback")
    dsn = dsn or dev._dsn("owner")
    timed: dict[str, float] = {}

    def done(name: str, seconds: float) -> None:
        timed[name] = round(seconds, 2)
        if not as_json:
            click.echo(f"{name}  {seconds:.2f} s")

    def emit(ok: bool, summary: str, names: list[str]) -> None:
        if not as_json:
            click.echo("".join(f"{name}\n" for name in names if name not in timed), nl=False)
        counts = {"migrations": len(names)}
        console.emit(ok, summary, counts, as_json=as_json, names=names, seconds=timed)

    try:
        if check:
            missing = preflight(dsn)
            emit(not missing, "ready" if not missing else "run the statements first", missing)
        elif unlock:
            emit(True, "lock removed" if break_lock(dsn) else "there was no lock", [])
        elif show:
            state = status(dsn)
            names = [f"{'applied' if now else 'pending'}  {name}" for name, now in state.items()]
            emit(True, f"{sum(state.values())} of {len(state)} applied", names)
        elif undo:
            names = rollback(dsn, to="" if everything else to, done=done)
            kept = ", ".join(cluster_roles(dsn)) if everything else ""
            kept = f"; roles belong to the cluster and stay: {kept}" if kept else ""
            emit(True, f"{len(names)} undone{kept}", names)
        else:
            names = apply(dsn, dry_run=dry_run, done=done)
            emit(True, f"{len(names)} {'pending' if dry_run else 'applied'}", names)
    except MigrationError as error:
        if not as_json:
            raise
        emit(False, error.message, list(timed))
