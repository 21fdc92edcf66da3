"""Write policies/app/*.sql: the text that tenancy.protection_ddl() makes of the access matrix."""

from pathlib import Path
from typing import Any

import click
import psycopg

from tenancy import dev, paths, servers


def texts(conn: psycopg.Connection[Any]) -> dict[str, str]:
    """Return the policy file of every table in schema app, by path, as the database makes it."""
    tables = conn.execute(
        "SELECT table_name FROM tenancy.protected_table WHERE schema_name = 'app' ORDER BY 1"
    ).fetchall()
    files = {}
    for (table,) in tables:
        statements = [
            row[0]
            for row in conn.execute(
                "SELECT d FROM tenancy.protection_ddl(%s::regclass) AS d", [f"app.{table}"]
            )
        ]
        files[f"policies/app/{table}.sql"] = _layout(table, statements)
    return files


def _layout(table: str, statements: list[str]) -> str:
    lines = [
        f"-- policies/app/{table}.sql: who reaches a row, as tenancy.access_matrix says.",
        "-- Written by `make policies`; the wall stands alone, the doors are one per rule.",
    ]
    before = ""
    for statement in statements:
        kind = statement.split()[0]
        if kind != before or kind in {"CREATE", "GRANT"}:
            lines.append("")
        lines.append(statement)
        before = kind
    return "\n".join(lines) + "\n"


def write(root: Path = paths.ROOT) -> list[str]:
    """Write every policy file from today's migrations and reference data."""
    with servers.start() as server:
        dev.build(server)
        with server.connect(dbname=dev.DATABASE) as conn:
            for seed in sorted((root / "seeds/reference").glob("*.sql")):
                conn.execute(seed.read_text())
            files = texts(conn)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return sorted(files)


@click.command("policies")
def command() -> None:
    """Write policies/app/*.sql from the access matrix."""
    click.echo(f"wrote {len(write())} policy files")
