"""Ratios, each against a named baseline in the same run; never a bound that a test asserts.

request   one request (enter, point read, commit) against the naive design: a plain session setting
          and a policy that trusts it. The price of a context that nobody can forge.
refusals  the time of each kind of refusal against that of an unknown key: what timing tells.
scale     a tenant's point query and list of 50 among 10,000 tenants and 10 million orders against the
          same among 10 tenants. Needs about 5 GB.
sign-up   create_tenant, one after the other on one connection.
schemas   1,000 tenants in schemas of their own: made, changed by a migration, found up to date, dropped,
          by two workers; and one request there against one in the shared tables.
rate      charges of the rate limit per second, each a transaction, over 1,000 tenants; `enter`, which
          a caller pays besides, is not in it. Two threads of pgbench, four connections.
"""

import functools
import re
import statistics
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import click
import psycopg
from psycopg.conninfo import make_conninfo

from tenancy import console, demo, dev, fuzz, placement, servers

Connection = psycopg.Connection[Any]

_NAIVE = """
CREATE SCHEMA naive;
CREATE TABLE naive.orders AS SELECT tenant_id::text, id::text, total FROM app.orders;
CREATE INDEX ON naive.orders (tenant_id);
CREATE INDEX ON naive.orders (id);
ALTER TABLE naive.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON naive.orders USING (tenant_id = current_setting('app.current_tenant', true));
GRANT USAGE ON SCHEMA naive TO tenancy_gateway;
GRANT SELECT ON naive.orders TO tenancy_gateway;
ANALYZE naive.orders
"""


def _medians(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each work, run in turn so that load hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            times[name].append(1000 * (time.perf_counter() - began))
    return {name: statistics.median(values) for name, values in times.items()}


def request(dba: str, rounds: int = 1000) -> dict[str, float]:
    """Measure a whole request; request_ratio is ours over the naive design's."""
    key = fuzz.credential(demo.SEED, 1, "staff")
    with psycopg.connect(dba, autocommit=True) as conn:
        conn.execute(_NAIVE)
    with psycopg.connect(make_conninfo(dba, user="tenancy_gateway")) as conn:
        conn.prepare_threshold = 1
        conn.execute("SELECT tenancy.enter(%s)", [key])
        row = conn.execute("SELECT tenant_id, id FROM app.orders LIMIT 1").fetchone()
        conn.rollback()
        assert row is not None  # noqa: S101
        tenant, order = row

        def signed() -> None:
            conn.execute("SELECT tenancy.enter(%s)", [key])
            conn.execute("SELECT total FROM app.orders WHERE tenant_id = %s AND id = %s", row)
            conn.commit()

        def naive() -> None:
            conn.execute("SELECT set_config('app.current_tenant', %s, false)", [str(tenant)])
            conn.execute("SELECT total FROM naive.orders WHERE id = %s", [str(order)])
            conn.commit()

        median = _medians({"signed_ms": signed, "naive_ms": naive}, rounds)
    return {**median, "request_ratio": median["signed_ms"] / median["naive_ms"]}


def refusals(dba: str, rounds: int = 300) -> dict[str, float]:
    """Measure each kind of refusal; every figure is a ratio to an unknown key of the same shape."""
    names = ("suspended", "revoked", "expired", "other_region")
    keys = {name: fuzz.credential(demo.SEED, 900 + i, "staff") for i, name in enumerate(names)}
    with psycopg.connect(dba) as conn:
        for name, key in keys.items():
            tenant = uuid.uuid4()
            conn.execute(
                "INSERT INTO tenancy_private.tenant (id, slug, name, industry, status, region) "
                "VALUES (%s, %s, 'x', 'hotel', %s, %s)",
                [
                    tenant,
                    f"bench-{name.replace('_', '-')}",
                    "suspended" if name == "suspended" else "active",
                    "eu" if name == "other_region" else "us",
                ],
            )
            conn.execute(
                "INSERT INTO tenancy_private.api_key (id, tenant_id, digest, kind, role, "
                "expires_at, revoked_at) VALUES (gen_random_uuid(), %s, sha256(%s), 'secret', "
                "'staff', now() + %s * interval '1 hour', %s)",
                [
                    tenant,
                    key.encode(),
                    -1 if name == "expired" else 1,
                    "2026-01-01" if name == "revoked" else None,
                ],
            )
    keys["unknown"] = fuzz.credential(demo.SEED, 999, "staff")
    with psycopg.connect(make_conninfo(dba, user="tenancy_gateway")) as conn:

        def refuse(key: str) -> None:
            try:
                conn.execute("SELECT tenancy.enter(%s)", [key])
            except psycopg.Error as error:
                if error.sqlstate != "TN001":
                    raise
            else:
                raise AssertionError("a worthless key was accepted")
            conn.rollback()

        works = {name: functools.partial(refuse, key) for name, key in keys.items()}
        median = _medians(works, rounds)
    return {f"{name}_ratio": median[name] / median["unknown"] for name in names}


# Many tenants -------------------------------------------------------------------------------------

_TENANTS = """
INSERT INTO tenancy_private.tenant (id, slug, name, industry, region)
SELECT lpad(to_hex(n), 32, '0')::uuid, 'bench-' || n, 'x', 'hotel', 'us'
FROM generate_series(1, {tenants}) AS n
"""
#: 1,000 orders each, in the order of their time, so that a tenant's rows are all over the table.
_ORDERS = """
SET session_replication_role = replica;
INSERT INTO app.orders (tenant_id, id, order_number, total)
SELECT lpad(to_hex(t), 32, '0')::uuid, md5(t || ' ' || n)::uuid, n::text, n
FROM generate_series(1, 1000) AS n CROSS JOIN generate_series(1, {tenants}) AS t;
RESET session_replication_role
"""


@contextmanager
def _crowd(tenants: int) -> Iterator[str]:
    """Yield a DBA's DSN of a database with so many tenants, 1,000 orders each, and a key of one."""
    with servers.start() as server:
        dev.build(server)
        dba = server.dsn_for(dbname=dev.DATABASE)
        with psycopg.connect(dba, autocommit=True) as conn:
            conn.execute(_TENANTS.format(tenants=tenants).encode())
            conn.execute(_ORDERS.format(tenants=tenants).encode())
            conn.execute("VACUUM ANALYZE app.orders")
            conn.execute(
                "INSERT INTO tenancy_private.api_key (id, tenant_id, digest, kind, role, expires_at) "
                "SELECT gen_random_uuid(), id, sha256('sk_bench'), 'secret', 'staff', "
                "now() + interval '1 day' FROM tenancy_private.tenant WHERE slug = 'bench-7'"
            )
        yield dba


def scale(tenants: int = 10_000, rounds: int = 1000) -> dict[str, float]:
    """Measure both queries among many tenants; the ratios are to the same among ten."""
    tenant = uuid.UUID(int=7)

    def works(name: str, conn: Connection) -> dict[str, Callable[[], object]]:
        conn.execute("SELECT tenancy.enter('sk_bench')")
        query = "SELECT id FROM app.orders WHERE tenant_id = %s"
        ids = [row[0] for row in conn.execute(query, [tenant])]
        turn = iter(ids * (rounds // len(ids) + 2))

        def point() -> None:
            query = "SELECT total FROM app.orders WHERE tenant_id = %s AND id = %s"
            conn.execute(query, [tenant, next(turn)]).fetchone()

        def listed() -> None:
            query = "SELECT id, total FROM app.orders WHERE tenant_id = %s ORDER BY id LIMIT 50"
            conn.execute(query, [tenant]).fetchall()

        return {f"point_{name}": point, f"list_{name}": listed}

    with (
        _crowd(10) as small, _crowd(tenants) as large,
        psycopg.connect(make_conninfo(small, user="tenancy_gateway")) as few,
        psycopg.connect(make_conninfo(large, user="tenancy_gateway")) as many,
    ):  # fmt: skip
        median = _medians({**works("few_ms", few), **works("many_ms", many)}, rounds)
    return {
        **median,
        "point_ratio": median["point_many_ms"] / median["point_few_ms"],
        "list_ratio": median["list_many_ms"] / median["list_few_ms"],
    }


def sign_up(count: int = 10_000) -> dict[str, float]:
    """Measure create_tenant as the platform calls it."""
    with demo.filled_anew(tenants=0) as dba:
        login = make_conninfo(dba, user="tenancy_console")
        with psycopg.connect(login, autocommit=True) as conn:
            conn.execute("SET ROLE tenancy_admin")
            numbers = iter(range(count))

            def create() -> None:
                letters = "".join("abcdefghkm"[int(d)] for d in f"{next(numbers):05}")
                query = "SELECT tenancy.create_tenant('Bench', 'hotel', %s)"
                conn.execute(query, [f"bench-{letters}"])

            began = time.perf_counter()
            median = _medians({"create_tenant_ms": create}, count)
            return {**median, "tenants": count, "create_all_s": time.perf_counter() - began}


def schemas(count: int = 1000) -> dict[str, float]:
    """Measure own schemas, two workers each; the request's ratio is own schema over shared."""
    figures: dict[str, float] = {"schemas": count}
    with demo.filled_anew(tenants=4) as dba:
        jobs = make_conninfo(dba, user="tenancy_operator")
        with psycopg.connect(dba, autocommit=True) as conn:
            conn.execute(_TENANTS.format(tenants=count).encode())
        single: list[float] = []

        def each(query: str) -> float:
            def share(first: int) -> None:
                with psycopg.connect(jobs, autocommit=True) as conn:
                    conn.execute("SET ROLE tenancy_operator")
                    for n in range(first, count + 1, 2):
                        began = time.perf_counter()
                        conn.execute(query.encode(), [uuid.UUID(int=n)])
                        single.append(1000 * (time.perf_counter() - began))

            began = time.perf_counter()
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(share, (1, 2)))
            return time.perf_counter() - began

        figures["provision_s"] = each("SELECT tenancy.provision_tenant_schema(%s::uuid::text)")
        figures["provision_median_ms"] = statistics.median(single)
        with psycopg.connect(dba, autocommit=True) as conn:
            conn.execute(
                "ALTER TABLE app.orders ADD COLUMN tip numeric NOT NULL DEFAULT 0; "
                "CREATE INDEX orders_tip_idx ON app.orders (tenant_id, tip); "
                "ALTER POLICY tenant_delete ON app.orders USING (status <> 'completed')"
            )
        for name, changed in (("sync_s", count), ("sync_nothing_s", 0)):
            began = time.perf_counter()
            done = placement.sync(jobs)
            figures[name] = time.perf_counter() - began
            assert len(done) == changed, (name, len(done))  # noqa: S101
            assert not [s.error for s in done if s.error]  # noqa: S101
        figures["request_ratio"] = _placed(dba, jobs)
        figures["drop_s"] = each("SELECT tenancy.drop_tenant_schema(%s)")
    return figures


def _placed(dba: str, jobs: str, rounds: int = 500) -> float:
    """Return the time of a request of a dedicated tenant over that of a shared one."""
    placement.move(jobs, "fuzz-2", "dedicated")
    path = "-c search_path=app"
    with (
        psycopg.connect(make_conninfo(dba, user="tenancy_gateway", options=path)) as one,
        psycopg.connect(make_conninfo(dba, user="tenancy_gateway", options=path)) as two,
    ):

        def ask(conn: Connection, tenant: int) -> None:
            conn.execute("SELECT tenancy.enter(%s)", [fuzz.credential(demo.SEED, tenant, "staff")])
            conn.execute("SELECT total FROM orders ORDER BY id LIMIT 1").fetchone()
            conn.commit()

        works = {"shared": functools.partial(ask, one, 1), "own": functools.partial(ask, two, 2)}
        median = _medians(works, rounds)
    return median["own"] / median["shared"]


# The rate limit -----------------------------------------------------------------------------------

_RATE_TENANTS = """
INSERT INTO tenancy_private.tenant (id, slug, name, industry, region)
SELECT lpad(n::text, 32, '0')::uuid, 'bench-' || n, 'x', 'hotel', 'us'
FROM generate_series(1, 1000) AS n
"""
_RATE_CALL = """
\\set n random(1, 1000)
SELECT allowed FROM tenancy_private.charge_rate(lpad(:n::text, 32, '0')::uuid, 'api', NULL, 1);
"""


def rate(calls: int = 80_000) -> dict[str, float]:
    """Measure charges; 80 per tenant, so that hardly any is refused, which would be cheaper."""
    with servers.start() as server:
        program = server.bindir and server.bindir / "pgbench"
        if not program or not program.exists():
            raise click.ClickException(
                "no pgbench beside this server: TENANCY_SERVER=wheel or system"
            )
        dev.build(server)
        dba = server.dsn_for(dbname=dev.DATABASE)
        with psycopg.connect(dba) as conn:
            conn.execute(_RATE_TENANTS)
        options = ["-n", "-M", "prepared", "-c", "4", "-j", "2", "-t", str(calls // 4)]
        done = subprocess.run(
            [program, *options, "-f", "-", dba],
            input=_RATE_CALL,
            capture_output=True,
            text=True,
            check=False,
        )
        tps = re.search(r"^tps = ([0-9.]+)", done.stdout, re.M)
        if done.returncode or not tps:
            raise click.ClickException(f"pgbench: {done.stderr.strip()}")
        with psycopg.connect(dba) as conn:
            row = conn.execute("SELECT sum(version) FROM tenancy_private.rate_window").fetchone()
    charged = float(row[0]) if row else 0.0
    return {"rate_checks_per_s": float(tps[1]), "charged_share": charged / calls}


_ALONE: dict[str, Callable[[], dict[str, float]]] = {
    "rate": rate,
    "scale": scale,
    "sign-up": sign_up,
    "schemas": schemas,
}


@click.command("bench")
@click.argument("what", type=click.Choice([*_ALONE, "request", "refusals"]), default="request")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(what: str, as_json: bool) -> None:
    """Measure against a named baseline, on a server made for it (default: request)."""
    if what in _ALONE:
        figures = _ALONE[what]()
    else:
        with demo.filled_anew(tenants=100) as dba:
            figures = (request if what == "request" else refusals)(dba)
    counts = {name: round(value, 3) for name, value in figures.items()}
    summary = ", ".join(f"{name} {value}" for name, value in counts.items())
    console.emit(ok=True, summary=summary, counts=counts, as_json=as_json)
