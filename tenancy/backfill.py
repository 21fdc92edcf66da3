"""`tenancy backfill`: one SQL function, called in every tenant until nothing is left to change.

Each call is one transaction: claim a tenant (a row lock), enter it, call, note the rows, COMMIT. Rows
and their record are one, so a run that was killed goes on exactly where it stopped; the lock ends with
the connection, so two runners share the work.
"""

import threading
import uuid
from collections import Counter
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import click
import psycopg
from psycopg import sql

from tenancy import archive, console

LIMIT, JOBS, LOCK_TIMEOUT = 1000, 2, "2s"
#: Seconds until a worker without a tenant looks again, while others are at work or to be retried.
POLL = 0.2
#: Errors of the connection, the disk, the server: no tenant's fault, so they end the run.
_OF_THE_SERVER = ("08", "53", "57P", "58")
_SHOWN = 50

Row = dict[str, Any]


@dataclass
class Runner:
    """What the workers of one command share."""

    dsn: str
    name: str
    call: sql.Composed
    #: Only these tenants; [None] for all.
    tenants: list[uuid.UUID | None]
    lock_timeout: str = LOCK_TIMEOUT
    #: Calls that were committed.
    calls: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _connections: list[archive.Connection] = field(default_factory=list)

    def run(self, jobs: int) -> None:
        """Work until nothing is left, with a bar on a terminal; raise the first error of ours."""
        with console.progress(eta=True) as bars, ThreadPoolExecutor(jobs) as pool:
            task = bars.add_task(self.name, total=None)
            futures = [pool.submit(self._work) for _ in range(jobs)]
            try:
                while not _ended(futures):
                    if bars.console.is_terminal:
                        rows = self.results()
                        states = Counter(row["state"] for row in rows)
                        title = f"{self.name}: {states['failed']} failed"
                        done = len(rows) - states["pending"]
                        bars.update(task, total=len(rows), completed=done, description=title)
            except KeyboardInterrupt:
                self.stop.set()
                for conn in self._connections:
                    with suppress(psycopg.Error):
                        conn.cancel_safe(timeout=5)
                raise
            finally:
                self.stop.set()
        for future in futures:
            future.result()

    def results(self, state: str | None = None) -> list[Row]:
        """Return what became of each tenant."""
        with archive.operator(self.dsn) as conn:
            return self._results(conn, state)

    def _results(self, conn: archive.Connection, state: str | None) -> list[Row]:
        archive.begin(conn)
        found = conn.execute("SELECT * FROM tenancy.list_backfill(%s, %s)", [self.name, state])
        names = [column.name for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found]
        conn.rollback()
        return [r for r in rows if self.tenants == [None] or r["tenant_id"] in self.tenants]

    def _work(self) -> None:
        with archive.operator(self.dsn) as conn:
            conn.prepare_threshold = None  # DISCARD ALL would take prepared statements away
            self._connections.append(conn)
            tenant = None
            while not self.stop.is_set():
                tenant = self._claim(conn, tenant)
                if tenant:
                    tenant = self._one_call(conn, tenant)
                elif self._results(conn, "pending"):
                    self.stop.wait(POLL)
                else:
                    return

    def _claim(self, conn: archive.Connection, current: uuid.UUID | None) -> uuid.UUID | None:
        """Claim the tenant at hand again, else another: on a connection that knows nothing."""
        if current:
            archive.begin(conn)
            if found := self._try(conn, current):
                return found
        conn.commit()
        conn.autocommit = True
        conn.execute("DISCARD ALL")  # no temporary table, cursor or setting outlives its tenant
        conn.autocommit = False
        archive.begin(conn)
        for wanted in self.tenants:
            if found := self._try(conn, wanted):
                return found
        conn.commit()  # what was skipped
        return None

    def _try(self, conn: archive.Connection, tenant: uuid.UUID | None) -> uuid.UUID | None:
        query = "SELECT tenancy.claim_backfill(%s, %s)"
        found: uuid.UUID | None = archive.one(conn, query, self.name, tenant)[0]
        return found

    def _one_call(self, conn: archive.Connection, tenant: uuid.UUID) -> uuid.UUID | None:
        """Call the function in a claimed tenant; return the tenant while it has more to do."""
        try:
            timeout = sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(self.lock_timeout))
            conn.execute(timeout)
            conn.execute("SELECT tenancy.enter_system(%s, 'backfill')", [tenant])
            (rows,) = conn.execute(self.call).fetchone() or (None,)  # no parameters: no % to escape
            note = "SELECT tenancy.note_backfill(%s, %s::bigint)"
            (is_done,) = archive.one(conn, note, self.name, rows)
            conn.commit()
        except psycopg.Error as error:
            state = error.sqlstate
            if conn.closed or not state or state.startswith(_OF_THE_SERVER):
                raise
            conn.rollback()
            if not self.stop.is_set():  # else it was us who cancelled it
                archive.begin(conn)
                fail = "SELECT tenancy.fail_backfill(%s, %s, %s, %s)"
                message = error.diag.message_primary or ""
                conn.execute(fail, [self.name, tenant, state, message])
                conn.commit()
            return None
        with self._lock:
            self.calls += 1
        return None if is_done else tenant


def _ended(futures: list[Future[None]]) -> bool:
    done, running = wait(futures, timeout=1, return_when=FIRST_EXCEPTION)
    return not running or any(future.exception() for future in done)


def start(
    dsn: str,
    function: str,
    *,
    name: str | None = None,
    tenants: tuple[str, ...] = (),
    retry_failed: bool = False,
    batch: int | None = None,
) -> Runner:
    """Begin a backfill, or find it again."""
    with archive.operator(dsn) as conn:
        archive.begin(conn)
        query = "SELECT * FROM tenancy.begin_backfill(%s, %s)"
        name, schema, function, takes_limit = archive.one(conn, query, function, name)
        if batch and not takes_limit:
            raise click.ClickException(f"{schema}.{function}() takes no limit: leave out --batch")
        chosen: list[uuid.UUID | None] = [
            archive.one(conn, "SELECT tenant_id FROM tenancy.tenant_state(%s)", tenant)[0]
            for tenant in tenants
        ]
        if retry_failed:
            for tenant in chosen or [None]:
                conn.execute("SELECT tenancy.retry_backfill(%s, %s)", [name, tenant])
        conn.commit()
    argument = sql.Literal(batch or LIMIT) if takes_limit else sql.SQL("")
    call = sql.SQL("SELECT {}({})").format(sql.Identifier(schema, function), argument)
    return Runner(dsn, str(name), call, chosen or [None])


def show(rows: list[Row]) -> None:
    """Print a line for each tenant that is not done."""
    open_ = [row for row in rows if row["state"] != "done"]
    for row in open_[:_SHOWN]:
        line = f"{row['slug']}: {row['state']} {row['error_code'] or ''} {row['reason'] or ''}"
        click.echo("".join(c if c.isprintable() else " " for c in line).strip())
    if len(open_) > _SHOWN:
        click.echo(f"… and {len(open_) - _SHOWN} more: --json has them all")


@click.command("backfill")
@console.options
@click.argument("function")
@click.option("--name", help="Of the run (default: the function's). A new one does all again.")
@click.option("--jobs", type=click.IntRange(1, 64), default=JOBS, show_default=True)
@click.option(
    "--tenant", "tenants", multiple=True, help="Slug or id; again for more. Default: all."
)
@click.option("--retry-failed", is_flag=True, help="Try tenants again that failed.")
@click.option(
    "--batch",
    type=click.IntRange(1),
    help=f"What a function with one integer is given (default: {LIMIT}).",
)
@click.option("--lock-timeout", default=LOCK_TIMEOUT, show_default=True, help="Of each call.")
def command(
    *,
    dsn: str | None,
    as_json: bool,
    function: str,
    name: str | None,
    jobs: int,
    tenants: tuple[str, ...],
    retry_failed: bool,
    batch: int | None,
    lock_timeout: str,
) -> None:
    """Call FUNCTION in every tenant until it returns 0; go on where an earlier run stopped."""
    dsn = archive.where(dsn)
    runner = start(
        dsn, function, name=name, tenants=tenants, retry_failed=retry_failed, batch=batch
    )
    runner.lock_timeout = lock_timeout
    if left := len(runner.results("pending")):
        runner.run(min(jobs, left))
    rows = runner.results()
    if missing := set(runner.tenants) - {None} - {row["tenant_id"] for row in rows}:
        listed = ", ".join(sorted(map(str, missing)))
        raise click.ClickException(f"purged, or of another region: {listed}")
    states = Counter(row["state"] for row in rows)
    counts = {
        "tenants": len(rows),
        **{state: states[state] for state in ("done", "failed", "skipped", "pending")},
        "rows": sum(row["rows_changed"] for row in rows),
        "calls": sum(row["calls"] for row in rows),
        "calls_now": runner.calls,
    }
    if not as_json:
        show(rows)
    console.emit(
        ok=not states["failed"] and not states["pending"],
        summary="{name}: {done} of {tenants} tenants done, {failed} failed, {skipped} skipped, "
        "{pending} pending; {rows} rows in {calls} calls, {calls_now} of them now".format(
            name=runner.name, **counts
        ),
        counts=counts,
        as_json=as_json,
        name=runner.name,
        tenants=rows,
    )
