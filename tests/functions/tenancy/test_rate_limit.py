"""The rate limit: a true sliding window per tenant and action, charged by itself."""

import json
import os
import random
import shutil
import subprocess
import threading
from collections import deque
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from docs.examples import rate_limit
from tenancy import paths
from tests.fix_tenants import refused

START = datetime(2030, 1, 1, tzinfo=UTC)
MINUTE = timedelta(seconds=60)
CHECK = "SELECT allowed, remaining, retry_after FROM tenancy.check_rate_limit(%s, %s)"


@pytest.fixture
def at(dba, diner):
    """Charge the diner at a time of one's own, as only a superuser or the owner can."""

    def charge(seconds, cost=1, action="api", actor=None):
        return dba.execute(
            "SELECT allowed, remaining, retry_after "
            "FROM tenancy_private.charge_rate(%s, %s, %s, %s, %s)",
            [diner.id, action, actor, cost, START + timedelta(seconds=seconds)],
        ).fetchone()

    return charge


@pytest.fixture
def rate(admin, diner):
    """Set the rate of the diner, as the platform."""
    return lambda value, name="rate_per_minute": admin.execute(
        "SELECT tenancy.set_limit(%s, %s, %s)", [diner.id, name, value]
    )


def check(tenant, action="api", cost=1, role="staff"):
    with tenant.enter(role) as conn:
        row = conn.execute(CHECK, [action, cost]).fetchone()
        conn.commit()
    return row


# The window ---------------------------------------------------------------------------------------


def test_a_hundred_pass_and_the_next_waits_for_the_oldest(at):
    assert [at(n / 10) for n in range(100)] == [(True, 99 - n, timedelta(0)) for n in range(100)]
    assert at(10) == (False, 0, timedelta(seconds=50))
    assert at(59.999999) == (False, 0, timedelta(microseconds=1))
    assert at(60) == (True, 0, timedelta(0))
    assert at(60.05) == (False, 0, timedelta(seconds=0.05))


def test_a_refused_call_is_not_charged(at):
    for _ in range(100):
        at(0)
    for n in range(500):
        assert at(n / 10) == (False, 0, timedelta(seconds=60 - n / 10))
    assert at(60) == (True, 99, timedelta(0))


@pytest.mark.parametrize("limit", [100, 128, 129, 1000])
def test_no_sixty_seconds_admit_more(at, rate, limit):
    """Random bursts and costs; the admitted ones are measured afterwards, from every moment."""
    rate(limit)
    choose = random.Random(limit)
    now, window, used, admitted = 0, deque(), 0, 0
    for _ in range(2500):
        now += choose.choice([0, 0, 10, 300, 2000 if limit <= 128 else 100])
        cost = choose.choice([1, 1, 1, 5, 20])
        allowed, remaining, retry_after = at(now / 1000, cost)
        while window and window[0][0] <= now - 60_000:
            used -= window.popleft()[1]
        if limit <= 128:  # exact; beyond, a charge may count for half a second longer
            assert allowed == (used + cost <= limit)
        if allowed:
            window.append((now, cost))
            used += cost
            admitted += cost
            assert used <= limit
        else:
            assert timedelta(0) < retry_after <= MINUTE + timedelta(seconds=0.5)
        assert remaining == limit - used or (limit > 128 and remaining < limit - used)
    assert admitted > 2 * limit


def test_who_comes_back_after_retry_after_passes(at, rate):
    for limit in (100, 1000):
        rate(limit)
        base = limit * 10
        for n in range(limit):
            assert at(base + n / 1000)[0]
        allowed, _, wait = at(base + 2, 7)
        assert not allowed
        assert not at(base + 2 + wait.total_seconds() - 0.000001, 7)[0]
        assert at(base + 2 + wait.total_seconds(), 7)[0]


def test_a_row_never_grows_beyond_its_page(at, rate, dba):
    """What is updated in place stays out of TOAST."""
    size = "SELECT max(pg_column_size(w.*)) FROM tenancy_private.rate_window AS w"
    for limit in (128, 1_000_000):
        rate(limit)
        for n in range(700):
            at(1000 * limit + n / 10)
        assert dba.execute(size).fetchone()[0] < 2000


def test_a_cost_above_the_rate_never_passes(at):
    assert at(0, 101) == (False, 100, None)
    assert at(0, 100) == (True, 0, timedelta(0))


def test_a_rate_that_was_lowered_counts_at_once(at, rate):
    for _ in range(100):
        at(0)
    rate(10)
    assert at(30) == (False, 0, timedelta(seconds=30))
    assert at(60) == (True, 9, timedelta(0))
    rate(0)
    assert at(200) == (False, 0, None)
    rate(None)
    assert at(300)[0]


def test_an_action_and_a_plan_have_rates_of_their_own(at, rate, admin, diner):
    rate(2, "rate_per_minute:login")
    assert [at(0, action="login")[0] for _ in range(3)] == [True, True, False]
    assert at(0) == (True, 99, timedelta(0))
    admin.execute("SELECT tenancy.set_plan(%s, 'enterprise')", [diner.id])
    assert at(0) == (True, 998, timedelta(0))
    assert at(0, action="login")[0] is False


def test_an_actor_with_a_rate_has_a_window_of_its_own(at, admin, diner, dba):
    """The id of a secret key is the actor of a key that names nobody."""
    key = dba.execute(
        "SELECT id FROM tenancy_private.api_key WHERE tenant_id = %s AND role = 'staff'", [diner.id]
    ).fetchone()[0]
    admin.execute("SELECT tenancy.set_actor_rate(%s, %s, 3)", [diner.id, key])
    assert [check(diner)[:2] for _ in range(4)] == [(True, 2), (True, 1), (True, 0), (False, 0)]
    assert check(diner, role="manager")[:2] == (True, 99)
    admin.execute("SELECT tenancy.set_actor_rate(%s, %s, NULL)", [diner.id, key])
    assert check(diner)[:2] == (True, 98)


def test_clocks_that_step_back_admit_nothing_more(at):
    for _ in range(100):
        at(1000)
    assert at(0) == (False, 0, timedelta(seconds=1060))
    assert at(1060)[0]


# As the application -------------------------------------------------------------------------------


def test_tenants_and_actions_do_not_share(diner, spa):
    assert check(diner, cost=100) == (True, 0, timedelta(0))
    assert check(diner)[0] is False
    assert check(diner, "export")[0] is True
    assert check(spa)[:2] == (True, 99)


def test_every_role_is_charged_to_the_tenant(diner):
    left = [check(diner, role=role)[1] for role in ("public", "customer", "staff", "manager")]
    assert left == [99, 98, 97, 96]


@pytest.mark.parametrize("clock", ["fixed", "real"])
def test_of_a_thousand_concurrent_calls_exactly_a_hundred_pass(diner, dba, clock):
    """Sixteen sessions, each call a transaction; the first to come make the row together."""
    answers, failures = [], []
    calls = iter(range(1000))
    user = "postgres" if clock == "fixed" else "tenancy_gateway"

    def work():
        try:
            with psycopg.connect(diner.dsn, user=user) as conn:
                for _ in calls:
                    if clock == "fixed":
                        query = "SELECT tenancy_private.charge_rate(%s, 'api', NULL, 1, %s)"
                        query = query.replace("SELECT ", "SELECT allowed FROM ")
                        row = conn.execute(query, [diner.id, START]).fetchone()
                    else:
                        conn.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])
                        row = conn.execute(CHECK, ["api", 1]).fetchone()
                    conn.commit()
                    answers.append(row[0])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (len(answers), sum(answers)) == (1000, 100)
    assert (
        dba.execute(
            "SELECT sum(c) FROM tenancy_private.rate_window, unnest(costs) AS c"
        ).fetchone()[0]
        == 100
    )


def test_a_call_that_is_rolled_back_was_not_charged(diner):
    """Why the charge has a transaction of its own."""
    with diner.enter() as conn:
        assert conn.execute(CHECK, ["api", 50]).fetchone()[1] == 50
        conn.rollback()
    assert check(diner)[1] == 99


def test_a_read_only_transaction_is_told_and_not_charged(diner):
    check(diner, cost=100)
    check(diner, "export", cost=40)
    with diner.enter() as conn:
        conn.execute("SET TRANSACTION READ ONLY")
        assert conn.execute(CHECK, ["api", 1]).fetchone()[:2] == (False, 0)
        for _ in range(2):
            assert conn.execute(CHECK, ["export", 1]).fetchone()[:2] == (True, 59)
        assert conn.execute(CHECK, ["unheard_of", 1]).fetchone()[:2] == (True, 99)


def test_is_over_rate_reads_what_the_next_call_would_be_told(diner, dba, rate):
    over = "SELECT tenancy_private.is_over_rate(%s, 'api')"
    with psycopg.connect(diner.dsn) as reader:
        reader.read_only = True
        assert reader.execute(over, [diner.id]).fetchone() == (False,)
        check(diner, cost=99)
        assert reader.execute(over, [diner.id]).fetchone() == (False,)
        check(diner)
        reader.rollback()
        assert reader.execute(over, [diner.id]).fetchone() == (True,)
        rate(None)
        reader.rollback()
        assert reader.execute(over, [diner.id]).fetchone() == (False,)


@pytest.mark.parametrize(
    ("action", "cost"),
    [
        *[("api", cost) for cost in (0, -100, None, 1_000_001)],
        *[(action, 1) for action in ("", "A b", None, "x" * 64, "api:x", "api\n")],
    ],
)
def test_an_action_is_a_name_and_a_cost_is_positive_TN004(diner, action, cost):
    with diner.enter() as conn, refused("TN004"):
        conn.execute("SELECT tenancy.check_rate_limit(%s::text, %s::int)", [action, cost])


def test_outside_a_tenant_there_is_no_rate_TN001_42501(admin, gateway):
    with refused("TN001"):
        admin.execute(CHECK, ["api", 1])
    with refused("42501"):
        gateway.execute(CHECK, ["api", 1])


def test_idle_windows_go_and_a_thousand_actions_are_too_many_TN011(diner, dba):
    fill = (
        "INSERT INTO tenancy_private.rate_window (tenant_id, action, actor_id, last_at) "
        "SELECT %s, 'a' || n, gen_random_uuid(), now() - %s::interval FROM generate_series(1, 1000) AS n"
    )
    dba.execute(fill, [diner.id, "2 minutes"])
    assert check(diner)[0]
    assert dba.execute("SELECT count(*) FROM tenancy_private.rate_window").fetchone() == (1,)
    dba.execute(fill, [diner.id, "0"])
    assert check(diner)[0]
    with diner.enter() as conn, refused("TN011"):
        conn.execute(CHECK, ["one.more", 1])


def test_windows_are_updated_in_place(dba, diner):
    for _ in range(300):
        dba.execute("SELECT tenancy_private.charge_rate(%s, 'api', NULL, 1)", [diner.id])
        dba.execute("SELECT tenancy_private.charge_rate(%s, 'b', NULL, 1)", [diner.id])
    pages = "SELECT pg_relation_size('tenancy_private.rate_window') / 8192"
    assert dba.execute(pages).fetchone()[0] <= 20  # 600 versions would fill 100
    assert dba.execute(
        "SELECT relpersistence FROM pg_class WHERE oid = 'tenancy_private.rate_window'::regclass"
    ).fetchone() == ("u",)


# The helpers of docs/examples ---------------------------------------------------------------------


def test_the_python_helper_charges_even_when_the_request_fails(diner):
    dsn = f"{diner.dsn} user=tenancy_gateway"
    with ConnectionPool(dsn, min_size=1, max_size=1, open=True) as pool:
        for left in (99, 98):
            verdict = rate_limit.charge(pool, diner.keys["staff"], "api")
            assert verdict == {"allowed": True, "remaining": left, "retry_after": timedelta(0)}
            with pytest.raises(psycopg.errors.DivisionByZero), pool.connection() as conn:
                conn.execute("SELECT 1 / 0")
        assert rate_limit.charge(pool, diner.keys["public"], "api", 99)["allowed"] is False
    with ConnectionPool(dsn, min_size=1, open=True) as pool, refused("TN001"):
        rate_limit.charge(pool, "sk_live_unknown", "api")


NODE = """
import pg from "pg";
import { charge } from "./rate_limit.mjs";
const pool = new pg.Pool({ host: process.env.PGHOST, max: 1 });
const answers = [];
for (const cost of [98, 2, 1]) answers.push(await charge(pool, process.env.KEY, "api", cost));
const refusal = await charge(pool, "sk_live_unknown", "api").catch((error) => error.code);
await pool.end();
console.log(JSON.stringify({ answers, refusal }));
"""


def test_the_node_helper_charges(diner, tmp_path):
    npm = shutil.which("npm")
    if not npm:
        if os.environ.get("CI") == "true":
            pytest.fail("npm is not installed: make system-packages", pytrace=False)
        pytest.skip("npm is not installed: make system-packages")
    subprocess.run(
        [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", tmp_path, "pg@8"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    shutil.copy(paths.ROOT / "docs/examples/rate_limit.mjs", tmp_path)
    (tmp_path / "main.mjs").write_text(NODE)
    where = psycopg.conninfo.conninfo_to_dict(diner.dsn)
    done = subprocess.run(
        [shutil.which("node"), "main.mjs"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PGHOST": str(where["host"]),
            "PGPORT": str(where.get("port", 5432)),
            "PGDATABASE": str(where["dbname"]),
            "PGUSER": "tenancy_gateway",
            "KEY": diner.keys["staff"],
        },
        capture_output=True,
        text=True,
        check=True,
    )
    answers = json.loads(done.stdout)
    assert answers["refusal"] == "TN001"
    assert [(a["allowed"], a["remaining"]) for a in answers["answers"]] == [
        (True, 2),
        (True, 0),
        (False, 0),
    ]
    assert 0 < answers["answers"][-1]["retry_after"] <= 60
