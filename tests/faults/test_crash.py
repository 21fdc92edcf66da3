"""The server dies in the middle, at twenty random moments: the same command completes afterwards.

SIGKILL of the process that works makes the postmaster end every other one and recover from the log,
as after any crash. So it is a server of this test's own.
"""

import os
import random
import signal
import time
from contextlib import suppress

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tenancy import fuzz, offboard, placement
from tests.faults.test_interrupted import OURS, POINTS, SEED, Worker, places
from tests.fix_archives import as_operator, stored
from tests.fix_server import copy_template, with_template


class Again:
    """Looks into a database by a connection of its own each time: a crash ends all of them."""

    def __init__(self, dsn):
        self.dsn = dsn

    def execute(self, query, bind=None):
        """Run a query, as soon as the server has recovered."""
        deadline = time.monotonic() + 30
        while True:
            try:
                with psycopg.connect(self.dsn, autocommit=True) as conn:
                    cursor = conn.execute(query, bind)
                    self.rows = cursor.fetchall() if cursor.description else []
                    return self
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def fetchone(self):
        """Return the first row."""
        return self.rows[0] if self.rows else None

    def fetchall(self):
        """Return every row."""
        return self.rows


class Crasher(Worker):
    """Kills the server's process that works for a child, and so the server."""

    def crash(self, within, work, *arguments):
        """Kill at a random moment; return whether there was anything to kill."""
        process, killed = self.start(work, *arguments), []
        time.sleep(self.moments.random() * within)
        while process.is_alive() and not killed:  # between two of its connections there is nothing
            killed = self.dba.execute(f"SELECT pid {OURS}").fetchall()
            for (pid,) in killed:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        process.join(60)
        self.dba.execute("SELECT 1")
        return bool(killed)


@pytest.fixture(scope="module")
def own_server(start_own):
    with start_own(synchronous_commit="on") as server:
        yield with_template(server)


@pytest.fixture
def dsn(own_server):
    found = copy_template(own_server)
    assert fuzz.fill(found, tenants=3, seed=SEED, customers=500).ok
    return found


@pytest.fixture
def crasher(dsn, request):
    return Crasher(Again(dsn), random.Random(f"{SEED}/{request.node.name}"))


def test_a_move_takes_all_rows_or_none(dsn, crasher):
    jobs, tenant = as_operator(dsn), "fuzz-1"
    whole, others = sum(places(dsn, tenant)), stored(dsn, tenant, others=True)
    lasts, crashes = crasher.finish("move", jobs, tenant, "dedicated"), 0
    for point in range(POINTS):
        to = ("shared", "dedicated")[point % 2]
        crashes += crasher.crash(lasts, "move", jobs, tenant, to)
        assert sorted(places(dsn, tenant)) == [0, whole]
        placement.move(jobs, tenant, to, 20)
        assert places(dsn, tenant) == ((whole, 0) if to == "shared" else (0, whole))
    assert crashes > POINTS // 3
    status = crasher.dba.execute(
        "SELECT status FROM tenancy_private.tenant WHERE slug = %s", [tenant]
    )
    assert status.fetchone() == ("active",)
    assert stored(dsn, tenant, others=True) == others


def test_a_sync_goes_on_where_it_stopped(dsn, crasher):
    jobs, crashes = as_operator(dsn), 0
    with psycopg.connect(jobs) as conn:
        conn.execute("SET ROLE tenancy_operator")
        for slug in ("fuzz-1", "fuzz-2", "fuzz-3"):
            conn.execute(
                "SELECT tenancy.provision_tenant_schema(tenant_id::text) FROM tenancy.tenant_state(%s)",
                [slug],
            )
    for point in range(POINTS):
        crasher.dba.execute(f"ALTER TABLE app.orders ADD COLUMN c{point} int NOT NULL DEFAULT 0")
        crashes += crasher.crash(0.3, "sync", jobs)
        assert not [s.error for s in placement.sync(jobs) if s.error]
    assert crashes > POINTS // 4
    with psycopg.connect(jobs) as conn:
        conn.execute("SET ROLE tenancy_operator")
        assert conn.execute("SELECT count(*) FROM tenancy.schema_drift()").fetchone() == (0,)
        assert conn.execute("SELECT count(*) FROM tenancy.list_schemas()").fetchone() == (3,)


def test_a_sign_up_is_whole_or_absent(dsn, crasher):
    console = make_conninfo(dsn, user="tenancy_console")
    alphabet, crashes = "abcdefghkm", 0
    slugs = ["guest-" + "".join(alphabet[int(d)] for d in f"{n:04}") for n in range(40 * POINTS)]
    for point in range(POINTS):
        crashes += crasher.crash(0.15, "create", console, slugs[40 * point : 40 * (point + 1)])
        torn = crasher.dba.execute(
            "SELECT count(*) FROM tenancy_private.tenant AS t WHERE t.slug ~ '^guest-' AND ("
            "t.status <> 'active' "
            "OR NOT EXISTS (SELECT FROM app.settings AS s WHERE s.tenant_id = t.id) "
            "OR 2 <> (SELECT count(*) FROM tenancy_private.api_key AS k WHERE k.tenant_id = t.id))"
        )
        assert torn.fetchone() == (0,)
    assert crashes > POINTS // 3
    crasher.finish("create", console, slugs)
    made = crasher.dba.execute("SELECT count(*) FROM tenancy_private.tenant WHERE slug ~ '^guest-'")
    assert made.fetchone() == (len(slugs),)


def test_a_purge_goes_on_where_it_stopped(dsn, crasher, tmp_path):
    jobs, tenant, path = as_operator(dsn), "fuzz-1", str(tmp_path / "a.zip")
    before, others = stored(dsn, tenant), stored(dsn, tenant, others=True)
    crashes, left = 0, [sum(map(len, before.values()))]
    for _ in range(POINTS):
        crashes += crasher.crash(0.15, "end", jobs, tenant, path)
        left.append(sum(map(len, stored(dsn, tenant).values())))
    assert crashes > POINTS // 3
    assert left == sorted(left, reverse=True)
    crasher.finish("end", jobs, tenant, path)
    found = crasher.dba.execute(
        "SELECT id, status FROM tenancy_private.tenant WHERE slug = %s", [tenant]
    )
    tenant_id, status = found.fetchone()
    assert status == "purged"
    receipt = {row["resource"]: row for row in offboard.receipt(jobs, tenant_id)}
    for name, rows in before.items():
        assert (receipt[name]["rows_deleted"], receipt[name]["rows_after"]) == (len(rows), 0), name
    assert stored(dsn, tenant, others=True) == others


@pytest.mark.parametrize("work", ["export", "load"])
def test_an_archive_is_whole_or_absent(dsn, crasher, tmp_path, own_server, work):
    jobs, path = as_operator(dsn), tmp_path / "a.zip"
    lasts, crashes = crasher.finish("export", jobs, "fuzz-1", str(path)), 0
    target, wanted = jobs, stored(dsn, "fuzz-1")
    if work == "load":
        elsewhere = copy_template(own_server)
        target = as_operator(elsewhere)
        crasher.dba = Again(elsewhere)
    else:
        path.unlink()
    for _ in range(POINTS):
        arguments = (target, "fuzz-1", str(path)) if work == "export" else (target, str(path))
        crashes += crasher.crash(lasts, work, *arguments)
        if work == "export":
            assert not path.exists() or path.stat().st_size > 0
            path.unlink(missing_ok=True)
        else:
            found = crasher.dba.execute("SELECT count(*) FROM app.orders").fetchone()[0]
            assert found in {0, len(wanted["app.orders"])}
            if found:
                break  # it was faster
    assert crashes > (POINTS // 3 if work == "export" else 0)
    if work == "load":
        if not crasher.dba.execute("SELECT count(*) FROM app.orders").fetchone()[0]:
            crasher.finish("load", *arguments)
        assert stored(elsewhere, "fuzz-1") == wanted
