"""200 tenants on 16 pooled connections, interleaved: each reads only its own canary."""

import hashlib
import os
import random
import threading
import time

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from tenancy import fuzz

SECONDS = float(os.environ.get("TENANCY_SOAK_SECONDS", "5"))
TENANTS, CONNECTIONS = 200, 16


def test_interleaved_tenants_on_one_pool_read_only_their_own(database, record_property):
    fuzz.fill(database, tenants=TENANTS * 2, seed=3, customers=4000)
    with psycopg.connect(database) as conn:
        ids = [
            row[0]
            for row in conn.execute(
                "SELECT t.id FROM tenancy_private.tenant AS t JOIN tenancy_private.node AS n "
                "ON n.region = t.region WHERE status = 'active' ORDER BY slug LIMIT %s",
                [TENANTS],
            )
        ]
        assert len(ids) == TENANTS
        for tenant in ids:
            conn.execute(
                "INSERT INTO tenancy_private.api_key (id, tenant_id, digest, kind, role, "
                "expires_at) VALUES (gen_random_uuid(), %s, %s, 'secret', 'staff', now() + '1 h')",
                [tenant, hashlib.sha256(f"sk_{tenant}".encode()).digest()],
            )
    foreign, served = [], []
    stop = time.monotonic() + SECONDS

    def client(number: int, pool: ConnectionPool) -> None:
        choose = random.Random(number)
        while time.monotonic() < stop:
            tenant = choose.choice(ids)
            with pool.connection() as conn:
                conn.execute("SELECT tenancy.enter(%s)", [f"sk_{tenant}"])
                query = "SELECT DISTINCT metadata ->> 'canary' FROM app.customers"
                seen = {row[0] for row in conn.execute(query)}
            served.append(tenant)
            if seen != {fuzz.canary(tenant)}:
                foreign.append((tenant, seen))

    dsn = make_conninfo(database, user="tenancy_gateway")
    with ConnectionPool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        clients = [threading.Thread(target=client, args=(n, pool)) for n in range(32)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
    record_property("transactions", len(served))
    assert foreign == []
    assert len(set(served)) == TENANTS
