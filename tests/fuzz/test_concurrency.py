"""200 tenants on 16 pooled connections, interleaved: each reads only its own canary.

TENANCY_SOAK_SECONDS says for how long (10 by default, 60 in CI).
"""

import hashlib
import os
import random
import threading
import time

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from tenancy import fuzz

SECONDS = float(os.environ.get("TENANCY_SOAK_SECONDS", "10"))
TENANTS, CONNECTIONS, CLIENTS = 200, 16, 32
TABLES = ("customers", "orders", "pins", "pin_comments", "analytics", "storage_objects", "settings")
KEYS = """
INSERT INTO tenancy_private.api_key (id, tenant_id, digest, kind, role, expires_at)
VALUES (gen_random_uuid(), %s, %s, 'secret', 'staff', now() + interval '1 hour')
"""
QUERIES = [
    sql.SQL("SELECT DISTINCT metadata ->> 'canary' FROM {}").format(sql.Identifier("app", table))
    for table in TABLES
]


def issue(dsn):
    """Give a staff key to each of 200 tenants that may enter."""
    with psycopg.connect(dsn) as conn:
        ids = [
            row[0]
            for row in conn.execute(
                "SELECT t.id FROM tenancy_private.tenant AS t INNER JOIN tenancy_private.node AS n "
                "ON n.region = t.region WHERE t.status = 'active' ORDER BY t.id LIMIT %s",
                [TENANTS],
            )
        ]
        keys = [f"sk_test_soak_{tenant}" for tenant in ids]
        digests = [hashlib.sha256(key.encode()).digest() for key in keys]
        conn.cursor().executemany(KEYS, zip(ids, digests, strict=True))
    assert len(ids) == TENANTS
    return [*zip(ids, keys, strict=True)]


def test_interleaved_tenants_on_one_pool_read_only_their_own(database, record_property):
    fuzz.fill(database, tenants=TENANTS * 5 // 4, seed=3, customers=4000)
    tenants = issue(database)
    foreign, left_over, served, failures = [], [], [], []
    backends = set()
    stop = time.monotonic() + SECONDS

    def transaction(conn: psycopg.Connection, choose: random.Random) -> None:
        tenant, key = choose.choice(tenants)
        backends.add(conn.info.backend_pid)
        if conn.execute("SELECT tenancy.tenant_id()").fetchone() != (None,):
            left_over.append(tenant)
        conn.execute("SELECT tenancy.enter(%s)", [key])
        seen = {row[0] for row in conn.execute(choose.choice(QUERIES))}
        if seen != {fuzz.canary(tenant)}:
            foreign.append((tenant, seen))
        served.append(tenant)
        if choose.random() < 0.1:  # a failed transaction must leave no context either
            conn.execute("SELECT 1 / 0")

    def client(number: int, pool: ConnectionPool) -> None:
        choose = random.Random(number)
        while time.monotonic() < stop:
            try:
                with pool.connection() as conn:
                    transaction(conn, choose)
            except psycopg.errors.DivisionByZero:
                pass
            except Exception as error:
                failures.append(error)
                return

    dsn = make_conninfo(database, user="tenancy_gateway")
    with ConnectionPool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS, open=True) as pool:
        clients = [threading.Thread(target=client, args=(n, pool)) for n in range(CLIENTS)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
    record_property("transactions", len(served))
    record_property("seconds", SECONDS)
    print(f"{len(served)} transactions in {SECONDS:g} s")
    assert failures == []
    assert foreign == []
    assert left_over == []
    assert len(backends) == CONNECTIONS
    assert {*served} == {tenant for tenant, _ in tenants}
