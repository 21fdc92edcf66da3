"""`tenancy offboard`: the end of a tenant, from the order to the receipt.

Each step commits and is found again after an interruption: the order with its grace period, an
archive, the point of no return, batches, the last count. The same command goes on where it stopped.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tenancy import archive, console

BATCH = 5000
Advance = Callable[[int], object]


def settle(conn: archive.Connection, wait: float) -> None:
    """Wait for the transactions that may have entered a tenant before it was closed."""
    deadline, before = time.monotonic() + wait, None
    while True:
        archive.begin(conn)
        now = set(conn.execute("SELECT * FROM tenancy.transactions_in_context()").fetchall())
        conn.rollback()
        before = now if before is None else before & now
        if not before:
            return
        if time.monotonic() > deadline:
            pids = ", ".join(str(pid) for _, pid in sorted(before))
            raise click.ClickException(f"transactions that began earlier are open: pid {pids}")
        time.sleep(0.05)


def state(dsn: str, tenant: str) -> tuple[Any, str, str, Any]:
    """Return id, slug, status and end of grace of a tenant."""
    with archive.operator(dsn) as conn:
        archive.begin(conn)
        query = "SELECT tenant_id, slug, status, grace_ends_at FROM tenancy.tenant_state(%s)"
        found: tuple[Any, str, str, Any] = archive.one(conn, query, tenant)
        return found


def order(dsn: str, tenant: object, reason: str, grace: str) -> None:
    """Begin offboarding."""
    with archive.operator(dsn) as conn:
        archive.begin(conn)
        query = "SELECT tenancy.begin_offboarding(%s, %s, %s::interval)"
        conn.execute(query, [tenant, reason, grace])


def purge(
    dsn: str,
    tenant: object,
    *,
    sha256: str | None = None,
    hurry: str | None = None,
    batch: int = BATCH,
    wait: float = 30,
    advance: Advance = lambda rows: None,
) -> None:
    """Delete every row of an offboarding tenant, one transaction a batch; go on if begun."""
    with archive.operator(dsn) as conn:

        def job(query: str, *values: object) -> int:
            archive.begin(conn)
            conn.execute("SELECT tenancy.enter_system(%s, 'purge')", [tenant])
            (result,) = archive.one(conn, query, *values)
            conn.commit()
            return result or 0

        job("SELECT tenancy.begin_purge(%s, %s)", sha256, hurry)
        settle(conn, wait)
        while rows := job("SELECT tenancy.purge_tenant_batch(%s)", batch):
            advance(rows)
        job("SELECT tenancy.finish_purge()")


def receipt(dsn: str, tenant: object) -> list[dict[str, Any]]:
    """Return what was found, deleted and kept, by table."""
    with archive.operator(dsn) as conn:
        archive.begin(conn)
        found = conn.execute("SELECT * FROM tenancy.purge_receipt(%s)", [tenant])
        names = [column.name for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found]


def left(rows: list[dict[str, Any]]) -> int:
    """Count what should be gone and is not."""
    return sum(row["rows_after"] for row in rows if not row["is_kept"])


def run(
    dsn: str,
    tenant: str,
    *,
    reason: str | None,
    grace: str,
    now: bool,
    out: Path | None,
    batch: int,
    wait: float,
) -> tuple[str, list[dict[str, Any]]]:
    """Take the steps that are due and return one line with the receipt; empty while grace lasts."""
    found, slug, status, ends_at = state(dsn, tenant)
    if status not in {"offboarding", "purging", "purged"}:
        if not reason:
            raise click.ClickException(f"{slug} is {status}: give a --reason to begin offboarding")
        order(dsn, found, reason, grace)
        _, _, status, ends_at = state(dsn, str(found))
        if not now:
            return f"{slug} is offboarding; its purge may begin at {ends_at:%Y-%m-%d %H:%M} UTC", []
    if now and not reason:
        raise click.ClickException("--now needs a --reason, which is recorded")
    if status != "purged":
        sha256, title = None, ""
        if status == "offboarding":
            if not now and ends_at.timestamp() > time.time():
                raise click.ClickException(f"grace of {slug} ends at {ends_at:%Y-%m-%d %H:%M} UTC")
            with archive.bar("export") as advance:
                exported, target = archive.export(dsn, str(found), out, advance)
            sha256, title = exported.sha256, f"; archive {target}, sha256 {exported.sha256}"
        with archive.bar("purge") as advance:
            hurry = reason if now else None
            purge(
                dsn, found, sha256=sha256, hurry=hurry, batch=batch, wait=wait, advance=advance
            )  # fmt: skip
    else:
        title = " before"
    rows = receipt(dsn, found)
    deleted = sum(row["rows_deleted"] for row in rows)
    return f"{slug} is purged{title}: {deleted} rows deleted, {left(rows)} left", rows


@click.command("offboard")
@console.options
@click.option("--tenant", required=True, help="Slug or id.")
@click.option("--reason", help="Why: needed to begin, and for --now.")
@click.option("--grace", default="30 days", show_default=True, help="From the order to the purge.")
@click.option("--now", is_flag=True, help="Do not wait for the end of the grace period.")
@click.option("--out", type=click.Path(path_type=Path), help="Archive (default: SLUG.zip).")
@click.option("--batch", default=BATCH, show_default=True, help="Rows per transaction.")
@click.option("--wait", default=30.0, show_default=True, help="Seconds for open transactions.")
def command(
    *,
    dsn: str | None,
    as_json: bool,
    tenant: str,
    reason: str | None,
    grace: str,
    now: bool,
    out: Path | None,
    batch: int,
    wait: float,
) -> None:
    """Begin the end of a tenant; after its grace period export, purge and print the receipt."""
    summary, rows = run(
        archive.where(dsn),
        tenant,
        reason=reason,
        grace=grace,
        now=now,
        out=out,
        batch=batch,
        wait=wait,
    )
    if rows and not as_json:
        show(rows)
    console.emit(
        ok=not left(rows),
        summary=summary,
        counts={
            "rows_deleted": sum(row["rows_deleted"] for row in rows),
            "rows_left": left(rows),
        },
        as_json=as_json,
        receipt=rows,
    )


def show(rows: list[dict[str, Any]]) -> None:
    """Print a receipt as a table."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    made = Table("table", "before", "deleted", "after", "kept because")
    for row in rows:
        figures = (str(row[name]) for name in ("rows_before", "rows_deleted", "rows_after"))
        made.add_row(row["resource"], *figures, row["why"] or "")
    Console().print(made)
