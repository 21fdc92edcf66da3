"""A plain SELECT of a tenant reads its rows by index, in every table, at size."""

import re

import psycopg
import pytest
from psycopg import sql

from tests.fix_tenants import make_tenant

TENANTS = 1_000
ROWS = 100_000
CUSTOMERS = 1_000_000

# A value for a column without a default, by its type: {place} keeps dates in order.
VALUES = {
    "text": "'row-' || n",
    "uuid": "md5(n::text)::uuid",
    "date": "date '2024-01-01' + {place}",
}


def minimal_insert(conn, table, rows):
    """INSERT … SELECT of the columns that need a value, spread evenly over the tenants."""
    needed = conn.execute(
        """
        SELECT a.attname, format_type(a.atttypid, NULL)
        FROM pg_attribute AS a
        WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attnotnull AND (NOT a.atthasdef OR a.attname = 'id') AND a.attname <> 'tenant_id'
        ORDER BY a.attnum
        """,
        [f"app.{table}"],
    ).fetchall()
    # One row of settings is all a tenant has.
    tenants = rows if table == "settings" else TENANTS
    values = [f"md5('tenant' || n * {tenants} / {rows})::uuid"]
    values += [VALUES[kind].format(place=place) for place, (_, kind) in enumerate(needed)]
    return sql.SQL(
        "INSERT INTO app.{} ({}) SELECT {} FROM generate_series(1, {}::bigint) AS n"
    ).format(
        sql.Identifier(table),
        sql.SQL(", ").join(sql.Identifier(name) for name in ["tenant_id", *dict(needed)]),
        sql.SQL(", ".join(values)),
        rows,
    )


@pytest.fixture
def filled(database):
    with psycopg.connect(database) as conn:
        # No triggers, so no foreign keys either: the rows only have to be many.
        conn.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        tables = [
            name
            for (name,) in conn.execute(
                "SELECT table_name FROM tenancy.protected_table WHERE schema_name = 'app'"
            )
        ]
        for table in tables:
            conn.execute(minimal_insert(conn, table, CUSTOMERS if table == "customers" else ROWS))
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("ANALYZE")
    return database, tables


def test_every_table_is_read_by_its_tenant(filled):
    database, tables = filled
    tenant = make_tenant(database, "diner")
    plans = {}
    with tenant.enter("staff") as conn:
        for table in tables:
            plan = conn.execute(
                sql.SQL("EXPLAIN SELECT * FROM app.{}").format(sql.Identifier(table))
            ).fetchall()
            plans[table] = "\n".join(line for (line,) in plan)
    assert len(plans) >= 13
    unindexed = {t: p for t, p in plans.items() if not re.search(r"Index Cond: \(tenant_id =", p)}
    assert not unindexed

    # Positive control: without the wall the same query scans the table.
    with psycopg.connect(database) as conn:
        assert "Index Cond" not in str(conn.execute("EXPLAIN SELECT * FROM app.orders").fetchall())
