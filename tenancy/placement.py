"""`tenancy sync` and `tenancy move`: tenants with a schema of their own.

Both are found again after an interruption: sync asks the catalog which schemas differ from when they
were last compared, and a move is one transaction under a status that was committed before.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import click
import psycopg

from tenancy import archive, console

TRIES = 6
#: lock_not_available, deadlock_detected, serialization_failure: another moment may be better.
_BUSY = {"55P03", "40P01", "40001"}


@dataclass
class Synced:
    """What became of one tenant's schema."""

    tenant_id: str
    slug: str
    statements: int = 0
    seconds: float = 0
    tries: int = 0
    error: str = ""
    #: Parts that the schema has and app has not: columns and tables, which hold data.
    left: list[str] = field(default_factory=list)


def sync(
    dsn: str, *, jobs: int = 2, drop_columns: bool = False, lock_timeout: float = 2.0
) -> list[Synced]:
    """Bring every schema that is due up to date, one transaction each; one's error stops no other."""
    with archive.operator(dsn) as conn:
        archive.begin(conn)
        due = conn.execute(
            "SELECT tenant_id::text, slug FROM tenancy.list_schemas(%s)", [not drop_columns]
        ).fetchall()
    done: list[Synced] = []
    with console.progress(eta=True) as bars, ThreadPoolExecutor(jobs) as pool:
        task = bars.add_task("sync", total=len(due))
        waiting = [pool.submit(_sync, dsn, Synced(*row), drop_columns, lock_timeout) for row in due]
        for finished in as_completed(waiting):
            done.append(finished.result())
            bars.update(task, advance=1)
    return sorted(done, key=lambda s: s.tenant_id)


def _sync(dsn: str, result: Synced, drop: bool, lock_timeout: float) -> Synced:
    began = time.monotonic()
    while result.tries < TRIES:
        result.tries += 1
        result.error = ""
        try:
            with psycopg.connect(dsn, application_name="tenancy") as conn:
                archive.begin(conn)
                conn.execute(f"SET LOCAL lock_timeout = '{int(lock_timeout * 1000)}ms'".encode())
                query = "SELECT tenancy.sync_tenant_schema(%s, %s)"
                (result.statements,) = archive.one(conn, query, result.tenant_id, drop)
                left = "SELECT table_name, kind, name FROM tenancy.schema_drift(%s)"
                if result.statements or drop:
                    rows = conn.execute(left, [result.tenant_id])
                    result.left = [" ".join(row).strip() for row in rows]
        except psycopg.Error as error:
            result.error = f"{error.sqlstate} {error.diag.message_primary or error}"
            if error.sqlstate not in _BUSY:
                break
            time.sleep(0.1 * 2**result.tries)
        else:
            break
    result.seconds = round(time.monotonic() - began, 3)
    return result


@click.command("sync")
@console.options
@click.option("--jobs", type=click.IntRange(1, 32), default=2, show_default=True, help="At once.")
@click.option("--drop-columns", is_flag=True, help="Drop columns that app has no more, with data.")
@click.option("--lock-timeout", default=2.0, show_default=True, help="Seconds; then tried again.")
def sync_command(
    dsn: str | None, as_json: bool, jobs: int, drop_columns: bool, lock_timeout: float
) -> None:
    """Bring every tenant's own schema up to date; run it after each migration."""
    began = time.monotonic()
    found = sync(
        archive.where(dsn), jobs=jobs, drop_columns=drop_columns, lock_timeout=lock_timeout
    )
    failed = [s for s in found if s.error]
    changed = [s for s in found if s.statements and not s.error]
    left = [s for s in found if s.left]
    if not as_json:
        for one in failed:
            click.echo(f"failed: {one.slug} ({one.tenant_id}) after {one.tries} tries: {one.error}")
        for one in left:
            click.echo(f"kept: {one.slug} has {', '.join(one.left)}, which app has not")
    console.emit(
        ok=not failed,
        summary=f"{len(found)} schemas were due: {len(changed)} changed, {len(failed)} failed, "
        f"{len(left)} keep what app has not (--drop-columns), {time.monotonic() - began:.1f} s",
        counts={"due": len(found), "changed": len(changed), "failed": len(failed),
                "statements": sum(s.statements for s in found)},
        as_json=as_json,
        tenants=[asdict(s) for s in found],
    )  # fmt: skip


# Move ---------------------------------------------------------------------------------------------


@contextmanager
def _moving(dsn: str, tenant: str, to: str) -> Iterator[tuple[Any, str]]:
    """Close a tenant for writing, and open it again when it could not be moved."""
    with archive.operator(dsn) as conn:
        archive.begin(conn)
        query = "SELECT tenant_id, slug, status FROM tenancy.tenant_state(%s)"
        found, slug, status = archive.one(conn, query, tenant)
        change = "SELECT tenancy.set_tenant_status(%s, %s, %s)"
        conn.execute(change, [found, "moving", f"its rows are to be {to}"])
        conn.commit()
        try:
            yield found, slug
        except psycopg.Error:
            if status != "moving":
                archive.begin(conn)
                conn.execute(change, [found, status, f"its rows could not be made {to}"])
                conn.commit()
            raise


def move(dsn: str, tenant: str, to: str, wait: float = 30) -> tuple[str, dict[str, int]]:
    """Move all rows of a tenant; returns its slug and the rows of each table."""
    with (
        _moving(dsn, tenant, to) as (found, slug),
        psycopg.connect(dsn, application_name="tenancy") as conn,
    ):
        archive.begin(conn)
        query = "SELECT * FROM tenancy.move_tenant(%s, %s, make_interval(secs => %s))"
        rows: dict[str, int] = dict(conn.execute(query, [found, to, wait]).fetchall())
    return slug, rows


@click.command("move")
@console.options
@click.option("--tenant", required=True, help="Slug or id.")
@click.option("--to", type=click.Choice(["dedicated", "shared"]), required=True)
@click.option("--wait", default=30.0, show_default=True, help="Seconds for open transactions.")
def move_command(dsn: str | None, as_json: bool, tenant: str, to: str, wait: float) -> None:
    """Move a tenant's rows to a schema of its own, or back; reading goes on meanwhile."""
    slug, rows = move(archive.where(dsn), tenant, to, wait)
    console.emit(
        ok=True,
        summary=f"{slug} is {to}: {sum(rows.values())} rows of {len(rows)} tables moved",
        counts={"rows": sum(rows.values()), "tables": len(rows)},
        as_json=as_json,
        rows=rows,
    )
