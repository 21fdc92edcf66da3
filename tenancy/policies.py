"""Write policies/app/*.sql: the text that tenancy.protection_ddl() makes of the access matrix.

With them sql/views/api/*.sql: a view per table for PostgREST, with the grants of its table.
"""

from pathlib import Path
from typing import Any

import click
import psycopg

from tenancy import dev, paths, servers


def texts(conn: psycopg.Connection[Any]) -> dict[str, str]:
    """Return the files of every table in schema app, by path, as the database makes them."""
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
        files[f"sql/views/api/{table}.sql"] = _view(conn, table, statements)
    return files


def _view(conn: psycopg.Connection[Any], table: str, statements: list[str]) -> str:
    """Return the view of a table: every column, and the grants of the table."""
    columns = conn.execute(
        "SELECT quote_ident(attname), quote_literal(col_description(attrelid, attnum)) "
        "FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
        "ORDER BY attnum",
        [f"app.{table}"],
    ).fetchall()
    names = ",\n".join(f"    {name}" for name, _ in columns)
    grants = [s for s in statements if s.startswith(("GRANT", "REVOKE"))]
    return (
        "\n\n".join(
            [
                f"-- sql/views/api/{table}.sql: app.{table} for PostgREST.\n"
                "-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.",
                f"CREATE OR REPLACE VIEW api.{table}\n"
                "WITH (security_invoker = true, security_barrier = true) AS\n"
                f"SELECT\n{names}\nFROM app.{table};",
                f"COMMENT ON VIEW api.{table} IS\n'app.{table} as PostgREST serves it.';",
                "\n".join(
                    f"COMMENT ON COLUMN api.{table}.{name} IS {text};" for name, text in columns
                ),
                f"ALTER VIEW api.{table} OWNER TO tenancy_owner;",
                *(s.replace(f" ON app.{table}", f" ON api.{table}") for s in grants),
            ]
        )
        + "\n"
    )


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
    """Write every policy and view file from today's migrations and reference data."""
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
    """Write policies/app/*.sql and sql/views/api/*.sql from the access matrix."""
    click.echo(f"wrote {len(write())} files")
