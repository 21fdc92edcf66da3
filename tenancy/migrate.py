"""Apply, undo and inspect migrations: yoyo, with what it lacks.

One transaction per migration *including its mark*, an advisory lock that dies with the process,
checksums of what was applied, and errors of one line. Plain `yoyo apply` gives the same database.
"""

import getpass
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import psycopg
import sqlparse
from psycopg.conninfo import conninfo_to_dict

from tenancy import console, paths, stamp

_LOCK = 0x74656E616E6379 % 2**31  # any constant: "tenancy"
_MARKS = "public._yoyo_migration"
_SUMS = "public._tenancy_migration"


class MigrationError(click.ClickException):
    """A migration cannot be applied or undone; the message says which one and what to do."""


def yoyo_uri(dsn: str) -> str:
    """Return the same database as yoyo wants it named, with every part percent-encoded."""
    part = {k: str(v) for k, v in conninfo_to_dict(dsn).items() if v is not None}
    user, password = part.pop("user", ""), part.pop("password", "")
    host, port, name = part.pop("host", ""), part.pop("port", ""), part.pop("dbname", "")
    login = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
    query = {**part, **({"host": host} if host.startswith("/") else {})}
    place = "" if host.startswith("/") else host + (f":{port}" if port else "")
    if host.startswith("/") and port:
        query["port"] = port
    tail = "&".join(f"{k}={quote(v, safe='')}" for k, v in query.items())
    return f"postgresql+psycopg://{login}{'@' if login else ''}{place}/{quote(name, safe='')}" + (
        f"?{tail}" if tail else ""
    )


def apply(
    dsn: str, root: Path = paths.ROOT, *, dry_run: bool = False, until: str | None = None
) -> list[str]:
    """Apply what is pending, one transaction each, and return the names."""
    with _session(dsn, root) as conn:
        known = _applied(conn)
        chain = [m for m in stamp.migrations(root) if not until or m.stem <= until]
        pending = [m for m in chain if m.stem not in known]
        if dry_run:
            return [m.stem for m in pending]
        with console.progress() as bars:
            task = bars.add_task("migrating", total=len(pending))
            for migration in pending:
                bars.update(task, description=migration.stem)
                with conn.transaction():
                    _run(conn, migration)
                    _mark(conn, migration, "apply")
                bars.advance(task)
        return [m.stem for m in pending]


def rollback(dsn: str, root: Path = paths.ROOT, *, to: str | None = None) -> list[str]:
    """Undo the newest migration, or all after `to`; '' undoes everything. Return the names."""
    with _session(dsn, root) as conn:
        applied = _applied(conn)
        newest_first = [m for m in reversed(stamp.migrations(root)) if m.stem in applied]
        if to is None:
            newest_first = newest_first[:1]
        elif to:
            names = [m.stem for m in newest_first]
            if to not in names:
                raise MigrationError(f"{to} is not applied: tenancy migrate --status lists what is")
            newest_first = newest_first[: names.index(to)]
        for migration in newest_first:
            with conn.transaction():
                _run(conn, stamp.rollback_of(migration))
                _mark(conn, migration, "rollback")
        if to == "":
            conn.execute(
                f"DROP TABLE {_MARKS}, {_SUMS}, public._yoyo_log, public._yoyo_version, "
                "public.yoyo_lock"
            )
        return [m.stem for m in newest_first]


def status(dsn: str, root: Path = paths.ROOT) -> dict[str, bool]:
    """Return every migration, and whether it is applied."""
    with psycopg.connect(dsn) as conn:
        applied = _applied(conn) if _exists(conn, _MARKS) else set()
    return {m.stem: m.stem in applied for m in stamp.migrations(root)}


def preflight(dsn: str) -> list[str]:
    """Return what the user of a DSN lacks, as statements for somebody who may grant it."""
    with psycopg.connect(dsn) as conn:
        row = conn.execute(
            "SELECT current_setting('server_version_num')::int, rolsuper, rolcreaterole, "
            "rolinherit, pg_get_userbyid(d.datdba) = current_user, "
            "quote_ident(current_user), quote_ident(d.datname) "
            "FROM pg_roles, pg_database AS d "
            "WHERE rolname = current_user AND d.datname = current_database()"
        ).fetchone()
        assert row is not None  # noqa: S101
        version, superuser, createrole, inherits, owner, me, database = row
        missing = [] if version >= 150000 else ["-- PostgreSQL 15 or newer is needed"]
        if superuser:
            return missing
        missing += [] if owner else [f"ALTER DATABASE {database} OWNER TO {me};"]
        missing += [] if createrole else [f"ALTER ROLE {me} CREATEROLE;"]
        missing += [] if inherits else [f"ALTER ROLE {me} INHERIT;"]
        if version >= 160000:
            roles = conn.execute(
                "SELECT quote_ident(r.rolname) FROM pg_roles AS r WHERE r.rolname ~ '^tenancy_' "
                "AND NOT r.rolsuper AND r.rolname <> current_user AND NOT EXISTS ("
                "SELECT FROM pg_auth_members AS m WHERE m.roleid = r.oid AND m.admin_option "
                "AND m.member = current_user::regrole) AND r.rolname = ANY (%s) ORDER BY 1",
                [["tenancy_kernel", "tenancy_owner", "tenancy_auditor"]],
            )
            missing += [f"GRANT {name} TO {me} WITH ADMIN OPTION;" for (name,) in roles]
        return missing


def break_lock(dsn: str) -> bool:
    """Remove the lock row that a killed `yoyo apply` left; return whether there was one."""
    with psycopg.connect(dsn) as conn:
        return _exists(conn, "public.yoyo_lock") and (
            conn.execute("DELETE FROM public.yoyo_lock").rowcount > 0
        )


# Steps --------------------------------------------------------------------------------------------


@contextmanager
def _session(dsn: str, root: Path) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as conn:
        _take_lock(conn)
        try:
            _prepare(conn, dsn)
            _refuse_a_moved_history(conn, root)
            conn.execute(
                "INSERT INTO public.yoyo_lock (locked, ctime, pid) VALUES (1, now(), %s)",
                [os.getpid()],
            )
            try:
                yield conn
            finally:
                with suppress(psycopg.Error):
                    conn.execute("DELETE FROM public.yoyo_lock WHERE pid = %s", [os.getpid()])
        except psycopg.errors.UniqueViolation as error:
            if "yoyo_lock" not in str(error):
                raise
            raise MigrationError(
                "another migration runs, or one was killed: if none runs, tenancy migrate "
                "--break-lock and start again (nothing is half-done)"
            ) from error


def _take_lock(conn: psycopg.Connection[Any], timeout: float = 60) -> None:
    """Poll: a session that *waits* for an advisory lock deadlocks with CREATE INDEX CONCURRENTLY."""
    deadline = time.monotonic() + timeout
    while conn.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
        if time.monotonic() > deadline:
            raise MigrationError("another process is migrating this database: try again later")
        time.sleep(0.1)


def _exists(conn: psycopg.Connection[Any], table: str) -> bool:
    return conn.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone() == (True,)


def _prepare(conn: psycopg.Connection[Any], dsn: str) -> None:
    """Let yoyo make its own tables, so that plain yoyo finds what it expects."""
    if not _exists(conn, _MARKS):
        from yoyo import get_backend  # noqa: PLC0415

        backend = get_backend(yoyo_uri(dsn))
        with suppress(AttributeError):
            backend.ensure_internal_schema_updated()
        backend.connection.close()
    conn.execute(
        f"CREATE TABLE IF NOT EXISTS {_SUMS} (migration_id text PRIMARY KEY, sha256 text NOT NULL)"
    )
    conn.execute(f"COMMENT ON TABLE {_SUMS} IS 'SHA-256 of each migration as it was applied.'")


def _applied(conn: psycopg.Connection[Any]) -> set[str]:
    return {name for (name,) in conn.execute(f"SELECT migration_id FROM {_MARKS}")}


def _refuse_a_moved_history(conn: psycopg.Connection[Any], root: Path) -> None:
    sums_file = root / "migrations" / "SHA256SUMS"
    listed = stamp.read_sums(sums_file.read_text()) if sums_file.exists() else {}
    on_disk = stamp.checksums(root)
    for name in sorted(listed.keys() | on_disk.keys()):
        if name not in on_disk:
            raise MigrationError(f"{name} is missing: restore it from version control")
        if listed.get(name) != on_disk[name]:
            raise MigrationError(f"{name} was edited after it was stamped: restore it")
    for migration in stamp.migrations(root):
        if not stamp.rollback_of(migration).exists():
            raise MigrationError(f"{migration.stem} has no rollback: write one")
    for name in sorted(_applied(conn)):
        if f"{name}.sql" not in on_disk:
            raise MigrationError(f"{name} is applied but its file is missing: restore it")
    for name, digest in conn.execute(f"SELECT migration_id, sha256 FROM {_SUMS}"):
        if on_disk.get(f"{name}.sql") != digest:
            raise MigrationError(f"{name} was edited after it was applied: restore it")


def _run(conn: psycopg.Connection[Any], file: Path) -> None:
    number = 0
    for number, statement in enumerate(sqlparse.split(file.read_text(encoding="utf-8")), 1):
        if not sqlparse.format(statement, strip_comments=True).strip():
            continue
        try:
            conn.execute(statement)
        except psycopg.Error as error:
            first = (str(error).splitlines() or [""])[0]
            raise MigrationError(
                f"{file.name}, statement {number}: {first} (nothing of it was applied)"
            ) from error


def _mark(conn: psycopg.Connection[Any], migration: Path, operation: str) -> None:
    from yoyo.migrations import get_migration_hash  # noqa: PLC0415

    name, digest = migration.stem, get_migration_hash(migration.stem)
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    conn.execute(
        "INSERT INTO public._yoyo_log (id, migration_hash, migration_id, operation, username, "
        "hostname, comment, created_at_utc) "
        "VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, NULL, now() AT TIME ZONE 'UTC')",
        [digest, name, operation, user, os.uname().nodename],
    )
    if operation == "apply":
        conn.execute(
            f"INSERT INTO {_MARKS} (migration_hash, migration_id, applied_at_utc) "
            "VALUES (%s, %s, now() AT TIME ZONE 'UTC')",
            [digest, name],
        )
        sha = stamp.checksums(migration.parent.parent)[migration.name]
        conn.execute(
            f"INSERT INTO {_SUMS} VALUES (%s, %s) "
            "ON CONFLICT (migration_id) DO UPDATE SET sha256 = excluded.sha256",
            [name, sha],
        )
    else:
        conn.execute(f"DELETE FROM {_MARKS} WHERE migration_id = %s", [name])
        conn.execute(f"DELETE FROM {_SUMS} WHERE migration_id = %s", [name])


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

    dsn = dsn or dev._dsn("owner")

    def emit(ok: bool, summary: str, names: list[str]) -> None:
        lines = [] if as_json else names
        click.echo("\n".join(lines) + ("\n" if lines else ""), nl=False)
        counts = {"migrations": len(names)}
        console.emit(ok=ok, summary=summary, counts=counts, as_json=as_json, names=names)

    if check:
        missing = preflight(dsn)
        emit(not missing, "ready" if not missing else "run the statements above first", missing)
    elif unlock:
        emit(True, "lock removed" if break_lock(dsn) else "there was no lock", [])
    elif show:
        state = status(dsn)
        names = [f"{'applied' if done else 'pending'}  {name}" for name, done in state.items()]
        emit(True, f"{sum(state.values())} of {len(state)} applied", names)
    elif undo:
        names = rollback(dsn, to="" if everything else to)
        kept = "; the roles tenancy_* stay, they belong to the cluster" if everything else ""
        emit(True, f"{len(names)} undone{kept}", names)
    else:
        names = apply(dsn, dry_run=dry_run)
        emit(True, f"{len(names)} {'pending' if dry_run else 'applied'}", names)
