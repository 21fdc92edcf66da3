"""The development server: `tenancy up`, `down`, `dsn` and `psql`."""

import os
import shutil
from pathlib import Path

import click
from psycopg import sql

from tenancy import migrate, servers

DATABASE = "tenancy"
OWNER = "tenancy_dba"
_ROLES = {
    "gateway": "tenancy_gateway",
    "console": "tenancy_console",
    "operator": "tenancy_operator",
    "owner": OWNER,
    "dba": "postgres",
}


def create_database(server: servers.Server, name: str = DATABASE, owner: str = OWNER) -> None:
    """Create an empty database owned by a role that is no superuser and may create roles."""
    with server.connect() as conn:
        if not conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [owner]).fetchone():
            conn.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE").format(sql.Identifier(owner)))
        if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            statement = sql.SQL("CREATE DATABASE {} OWNER {}")
            conn.execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))


def build(server: servers.Server, name: str = DATABASE) -> None:
    """Create a database and bring it up to date, as its owner."""
    create_database(server, name)
    migrate.apply(server.dsn_for(dbname=name, user=OWNER))


def _running() -> servers.Server:
    if server := servers.running():
        return server
    raise servers.ServerUnavailable("no development server runs: make up")


@click.command()
def up() -> None:
    """Start a development server and migrate it; a second call changes nothing."""
    server, started = servers.up()
    build(server)
    verb = "started" if started else "already running"
    click.echo(f"{verb}: {server.source}\nconnect: make psql, or {server.dsn_for(dbname=DATABASE)}")


@click.command()
def down() -> None:
    """Stop and remove the development server."""
    click.echo("stopped and removed" if servers.down() else "no development server was running")


def _dsn(role: str) -> str:
    return _running().dsn_for(dbname=DATABASE, user=_ROLES[role])


@click.command()
@click.option("--as", "role", type=click.Choice(list(_ROLES)), default="dba", show_default=True)
def dsn(role: str) -> None:
    """Print a connection string of the development server."""
    click.echo(_dsn(role))


def _looked_around() -> None:
    """Start and migrate a development server unless there is one, and fill one that is empty."""
    from tenancy import demo, fuzz  # noqa: PLC0415

    server = servers.running()
    if not server:
        click.echo("starting a development server (make down removes it)")
        server, _ = servers.up()
        build(server)
    with server.connect(dbname=DATABASE) as conn:
        row = conn.execute("SELECT count(*) FROM tenancy_private.tenant").fetchone()
    if row == (0,):
        click.echo("filling it with 40 fuzzed tenants")
        fuzz.fill(server.dsn_for(dbname=DATABASE), tenants=40, seed=demo.SEED)
    key = fuzz.credential(demo.SEED, 1, "staff")
    click.echo(
        f"try: BEGIN; SELECT tenancy.enter('{key}'); SELECT id, total FROM app.orders LIMIT 5;"
    )


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--as", "role", type=click.Choice(list(_ROLES)), default="gateway", show_default=True)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(role: str, arguments: tuple[str, ...]) -> None:
    """Open psql on the development server, as the application's login unless told otherwise."""
    _looked_around()
    bindir = _running().bindir
    own = bindir / "psql" if bindir else Path("psql")
    program = str(own) if own.exists() else shutil.which("psql")
    if not program:
        raise servers.ServerUnavailable(
            "these binaries have no psql: apt install postgresql-client"
        )
    os.execv(program, [program, _dsn(role), *arguments])  # noqa: S606
