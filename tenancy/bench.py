"""Ratios, each against a named baseline in the same run; never a bound that a test asserts.

request   one request (enter, point read, commit) against the naive design: a plain session setting
          and a policy that trusts it. The price of a context that nobody can forge.
refusals  the time of each kind of refusal against that of an unknown key: what timing tells.
rate      charges of the rate limit per second, each a transaction, over 1,000 tenants; `enter`, which
          a caller pays besides, is not in it. Two threads of pgbench, four connections.
"""

import functools
import re
import statistics
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import click
import psycopg
from psycopg.conninfo import make_conninfo

from tenancy import console, demo, dev, fuzz, servers

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


@click.command("bench")
@click.argument("what", type=click.Choice(["request", "refusals", "rate"]), default="request")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(what: str, as_json: bool) -> None:
    """Measure against a named baseline, on a server made for it (default: request)."""
    if what == "rate":
        figures = rate()
    else:
        with demo.filled_anew(tenants=100) as dba:
            figures = (request if what == "request" else refusals)(dba)
    counts = {name: round(value, 3) for name, value in figures.items()}
    summary = ", ".join(f"{name} {value}" for name, value in counts.items())
    console.emit(ok=True, summary=summary, counts=counts, as_json=as_json)
