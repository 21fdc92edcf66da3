"""The whole story on one screen: start, migrate, fill, look from both sides, attack, prove."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import click
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tenancy import console, dev, fuzz, matrix, paths, report, servers

Connection = psycopg.Connection[Any]
SEED = 2026


@dataclass
class Attempt:
    """One attack: what was tried, what the database answered, and whether it held."""

    name: str
    statement: str
    answer: str
    held: bool


@contextmanager
def filled(dsn: str | None, tenants: int = 40) -> Iterator[str]:
    """Yield a DBA's DSN: the given one, the development server's, or one made for the occasion."""
    if dsn:
        yield _named(dsn)
    elif server := servers.standing():
        yield _named(server.dsn_for(dbname=dev.DATABASE))
    else:
        with filled_anew(tenants) as dba:
            yield dba


@contextmanager
def filled_anew(tenants: int = 40) -> Iterator[str]:
    """Yield a DBA's DSN of a database that was made, and filled, for the occasion."""
    with servers.start() as server:
        dev.build(server)
        dba = server.dsn_for(dbname=dev.DATABASE)
        if tenants:
            fuzz.fill(dba, tenants=tenants, seed=SEED)
        yield dba


def _named(dsn: str) -> str:
    """Say on stderr which database it is: a verb must not work on another one unnoticed."""
    part = conninfo_to_dict(dsn)
    click.echo(f"database {part.get('dbname', '')} on {part.get('host', 'localhost')}", err=True)
    return dsn


class Story:
    """Two tenants of one database, seen through the application's own login."""

    def __init__(self, dba: str) -> None:
        self.dba = dba
        self.gateway = make_conninfo(dba, user="tenancy_gateway")
        self.key = {n: fuzz.credential(SEED, n, "staff") for n in (1, 2)}

    def view(self, tenant: int) -> dict[str, int]:
        """Count what one tenant sees in each table, with the same statements for every tenant."""
        with psycopg.connect(self.gateway) as conn:
            conn.execute("SELECT tenancy.enter(%s)", [self.key[tenant]])
            counted = conn.execute(
                "SELECT (SELECT count(*) FROM app.customers), (SELECT count(*) FROM app.orders), "
                "(SELECT count(*) FROM app.bookings), (SELECT count(*) FROM app.patients), "
                "(SELECT count(*) FROM app.reservations)"
            ).fetchone()
            assert counted is not None  # noqa: S101
        names = ("customers", "orders", "bookings", "patients", "reservations")
        return dict(zip(names, counted, strict=True))

    def attempts(self) -> list[Attempt]:
        """Attack as the application's login; every positive control is checked first."""
        with psycopg.connect(self.gateway) as victim:
            victim.execute("SELECT tenancy.enter(%s)", [self.key[2]])
            row = victim.execute(
                "SELECT current_setting('tenancy.context'), tenancy.tenant_id(), "
                "(SELECT id FROM app.customers LIMIT 1), (SELECT count(*) FROM app.customers)"
            ).fetchone()
            assert row is not None  # noqa: S101
            token, tenant, customer, there = row
            if not there:
                raise click.ClickException("the second tenant has no customers: nothing to attack")
            return [
                self._try(
                    "forged setting",
                    "SET LOCAL tenancy.context = '<tenant B>'; SELECT … FROM app.customers",
                    lambda c: self._with_token(c, str(tenant)),
                ),
                self._try(
                    "stolen token, still valid for its owner",
                    "SET LOCAL tenancy.context = '<token of B>'; SELECT … FROM app.customers",
                    lambda c: self._with_token(c, token),
                ),
                self._try(
                    "insert for another tenant",
                    "INSERT INTO app.customers (tenant_id, full_name) VALUES ('<tenant B>', …)",
                    lambda c: self._entered(
                        c,
                        "INSERT INTO app.customers (tenant_id, full_name) VALUES (%s, 'x')",
                        [tenant],
                    ),
                ),
                self._try(
                    "foreign key into another tenant",
                    "INSERT INTO app.orders (customer_id, …) VALUES ('<customer of B>', …)",
                    lambda c: self._entered(
                        c,
                        "INSERT INTO app.orders (customer_id, order_number) VALUES (%s, 'demo')",
                        [customer],
                    ),
                ),
                self._try(
                    "read another tenant's row by its id",
                    "SELECT … FROM app.customers WHERE id = '<customer of B>'",
                    lambda c: self._entered(
                        c, "SELECT FROM app.customers WHERE id = %s", [customer]
                    ),
                ),
                self._owner(),
            ]

    def _try(self, name: str, statement: str, act: Callable[[Connection], int]) -> Attempt:
        with psycopg.connect(self.gateway) as conn:
            try:
                rows = act(conn)
                answer = f"{rows} rows"
            except psycopg.Error as error:
                rows = 0
                answer = f"{error.sqlstate} {(error.diag.message_primary or '')[:110]}"
            conn.rollback()
        return Attempt(name, statement, answer, held=rows == 0)

    def _with_token(self, conn: Connection, token: str) -> int:
        conn.execute("SET LOCAL ROLE tenancy_staff")
        conn.execute("SELECT set_config('tenancy.context', %s, true)", [token])
        return conn.execute("SELECT FROM app.customers").rowcount

    def _entered(self, conn: Connection, statement: str, values: list[Any]) -> int:
        conn.execute("SELECT tenancy.enter(%s)", [self.key[1]])
        return conn.execute(statement, values).rowcount

    def _owner(self) -> Attempt:
        borrow = (paths.ROOT / "sql/borrow.sql").read_text()
        with psycopg.connect(make_conninfo(self.dba, user=dev.OWNER)) as conn:
            conn.execute(borrow)
            conn.execute("SET LOCAL ROLE tenancy_owner")
            rows = conn.execute("SELECT FROM app.customers").rowcount
            conn.rollback()
        statement = "SET ROLE tenancy_owner; SELECT … FROM app.customers"
        return Attempt("owner of the tables, no context", statement, f"{rows} rows", held=rows == 0)


def _show(
    story: Story, attempts: list[Attempt], result: matrix.Result, steps: dict[str, float]
) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    out = Console()
    views = Table(
        "table", "tenant A sees", "tenant B sees", title="The same statements, two tenants"
    )
    left, right = story.view(1), story.view(2)
    for name in left:
        views.add_row(f"app.{name}", str(left[name]), str(right[name]))
    out.print(views)
    tried = Table("attack by the application's login", "what the database answered", "")
    for a in attempts:
        tried.add_row(f"{a.name}\n[dim]{a.statement}", a.answer, "held" if a.held else "[red]LEAK")
    out.print(tried)
    report.table(result)
    out.print(" · ".join(f"{name} {seconds:.1f} s" for name, seconds in steps.items()))
    out.print("look around: [bold]make psql[/] starts a development server and opens it as the app")


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--tenants", default=200, show_default=True, help="How many tenants to make.")
def command(as_json: bool, tenants: int) -> None:
    """Start a server, migrate, fill it with fuzzed tenants, attack them, and say what was proven."""
    steps: dict[str, float] = {}
    clock = time.monotonic()

    def lap(name: str) -> None:
        nonlocal clock
        steps[name], clock = time.monotonic() - clock, time.monotonic()

    with servers.start() as server:
        lap("start")
        dev.build(server)
        lap("migrate")
        dba = server.dsn_for(dbname=dev.DATABASE)
        loaded = fuzz.fill(dba, tenants=tenants, seed=SEED)
        lap("fill")
        story = Story(dba)
        attempts = story.attempts()
        lap("attack")
        result = matrix.run(dba)
        lap("matrix")
        if not as_json:
            click.echo(f"{server.source}, {tenants} tenants, {sum(loaded.rows.values())} rows")
            _show(story, attempts, result, steps)
        views = {"a": story.view(1), "b": story.view(2)}
    held = sum(a.held for a in attempts)
    figures = {
        **matrix.counts(result),
        "attacks": len(attempts),
        "held": held,
        "tenants": tenants,
        "rows": sum(loaded.rows.values()),
    }
    ok = held == len(attempts) and not result.unexpected and not result.not_run and loaded.ok
    console.emit(
        ok=ok,
        summary=(
            f"{'Proven' if ok else 'NOT proven'}: {held} of {len(attempts)} attacks and "
            f"{figures['cells'] - figures['unexpected'] - figures['not_run']} of {figures['cells']} "
            "cells answered as promised, by this server. Not proven: what a superuser, a stolen "
            "root key or a hole in PostgreSQL itself can do (docs/threat-model.md)."
        ),
        counts=figures,
        as_json=as_json,
        views=views,
        attempts=[asdict(a) for a in attempts],
        seconds={name: round(seconds, 2) for name, seconds in steps.items()},
    )
