"""Charge a call before it is served, in a transaction of its own (psycopg 3)."""

from typing import Any

from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool


def charge(
    pool: ConnectionPool, credential: str, action: str, cost: int = 1
) -> dict[str, Any] | None:
    """Return allowed, remaining and retry_after (a timedelta) of one call."""
    with pool.connection() as conn, conn.cursor(row_factory=dict_row) as cur:
        cur.execute("SELECT tenancy.enter(%s)", [credential])
        cur.execute("SELECT * FROM tenancy.check_rate_limit(%s, %s)", [action, cost])
        return cur.fetchone()  # leaving the block commits the charge
