"""The command `tenancy VERB`. Verbs are imported only when they are used."""

import importlib
import sys

import click

_VERBS = {
    "bench": "tenancy.bench:command",
    "check": "tenancy.checks:command",
    "demo": "tenancy.demo:command",
    "down": "tenancy.dev:down",
    "dsn": "tenancy.dev:dsn",
    "fuzz": "tenancy.fuzz:command",
    "harden": "tenancy.checks:harden",
    "matrix": "tenancy.matrix:command",
    "migrate": "tenancy.migrate:command",
    "migration": "tenancy.stamp:command",
    "policies": "tenancy.policies:command",
    "psql": "tenancy.dev:psql",
    "schema": "tenancy.verify:schema",
    "up": "tenancy.dev:up",
    "verify": "tenancy.verify:command",
}
_HELP = {
    "bench": "Measure against a named baseline.",
    "check": "Say what of an isolation promise a database does not keep.",
    "demo": "Start, migrate, fill, attack and prove: the whole story.",
    "down": "Stop and remove the development server.",
    "dsn": "Print a connection string of the development server.",
    "fuzz": "Fill a database with hostile, deterministic tenants.",
    "harden": "Apply what needs a superuser (sql/harden.sql).",
    "matrix": "Try every table, role, command and context.",
    "migrate": "Apply, undo or inspect migrations.",
    "migration": "Stamp changed sources into the next migration.",
    "policies": "Write policies/app/*.sql from the access matrix.",
    "psql": "Open psql on the development server.",
    "schema": "Write sql/schema.sql.",
    "up": "Start a development server and migrate it.",
    "verify": "Prove that sources, migrations, rollbacks and schema agree.",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module, _, name = _VERBS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, _HELP[name]) for name in self.list_commands(ctx)])


@click.group(cls=_Lazy)
def group() -> None:
    """Multi-tenancy and data protection in PostgreSQL."""


def main() -> None:
    """Run the command line; a server that cannot be reached is one line and exit code 2."""
    try:
        group.main(standalone_mode=True)
    except Exception as error:
        if type(error).__name__ in {"ServerUnavailable", "OperationalError", "ProgrammingError"}:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            click.echo(f"tenancy: {first}", err=True)
            sys.exit(2)
        raise
