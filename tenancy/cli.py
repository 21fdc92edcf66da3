"""The command `tenancy VERB`. Verbs are imported only when they are used."""

import importlib
import os

import click

#: Where each verb is, and its line in `--help`, which must not cost an import.
VERBS = {
    "attack": ("tenancy.attack:command", "Run the attack catalogue, and its naive control."),
    "backfill": ("tenancy.backfill:command", "Call a function in every tenant, in batches."),
    "bench": ("tenancy.bench:command", "Measure against a named baseline."),
    "check": ("tenancy.checks:command", "Say which isolation promise a database does not keep."),
    "demo": ("tenancy.demo:command", "Start, migrate, fill, attack and prove: the whole story."),
    "down": ("tenancy.dev:down", "Stop and remove the development server."),
    "dsn": ("tenancy.dev:dsn", "Print a connection string of the development server."),
    "export": ("tenancy.archive:export_command", "Write one tenant to one portable archive."),
    "fuzz": ("tenancy.fuzz:command", "Fill a database with hostile, deterministic tenants."),
    "harden": ("tenancy.checks:harden", "Apply what needs a superuser (sql/harden.sql)."),
    "import": ("tenancy.archive:import_command", "Restore a tenant, or a clone, from an archive."),
    "matrix": ("tenancy.matrix:command", "Try every table, role, command and context."),
    "migrate": ("tenancy.migrate:command", "Apply, undo or inspect migrations."),
    "migration": ("tenancy.stamp:command", "Stamp changed sources into the next migration."),
    "move": ("tenancy.placement:move_command", "Move a tenant to its own schema, or back."),
    "mutate": ("tenancy.mutate:command", "Weaken a copy in every way; see that it is noticed."),
    "offboard": ("tenancy.offboard:command", "End a tenant: grace, export, purge, receipt."),
    "policies": ("tenancy.policies:command", "Write policies/app/*.sql from the access matrix."),
    "proof": ("tenancy.proof:command", "Run every mutant, cell and attack; write docs/proof.json."),
    "psql": ("tenancy.dev:psql", "Open psql on the development server."),
    "schema": ("tenancy.verify:schema", "Write sql/schema.sql."),
    "sync": ("tenancy.placement:sync_command", "Make tenants' own schemas like app, in parallel."),
    "up": ("tenancy.dev:up", "Start a development server and migrate it."),
    "verify": ("tenancy.verify:command", "Prove sources, migrations, rollbacks and schema agree."),
}


_ADVICE = {
    "42P01": " (is it migrated? tenancy migrate)",
    "3F000": " (is it migrated? tenancy migrate)",
    "42883": " (is it migrated? tenancy migrate)",
    "42501": " (this role may not: a superuser or the database's owner)",
}


class _NoServer(click.ClickException):
    """There is no server to work on: not the same as a promise that is broken."""

    exit_code = 2


class LazyGroup(click.Group):
    """A group that imports a verb when it runs, and says in one line that a server is missing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the alphabet."""
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one verb."""
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing one."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, VERBS[name][1]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> object:
        """Run a verb."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            if _is_about_the_server(error):
                raise _NoServer(lines[0]) from error
            state = getattr(error, "sqlstate", None)
            if not state or os.environ.get("TENANCY_TRACEBACK"):
                raise
            raise click.ClickException(f"{state} {lines[0]}{_ADVICE.get(state, '')}") from error


def _is_about_the_server(error: Exception) -> bool:
    import psycopg  # noqa: PLC0415

    from tenancy.binaries import ServerUnavailable  # noqa: PLC0415

    # Of a ProgrammingError only the class itself: a DSN that libpq cannot read. Below it are the
    # errors of SQL, which are ours and need their traceback.
    return isinstance(error, ServerUnavailable | psycopg.OperationalError) or (
        type(error) is psycopg.ProgrammingError
    )


@click.group(cls=LazyGroup)
def main() -> None:
    """Multi-tenancy and data protection in PostgreSQL."""
