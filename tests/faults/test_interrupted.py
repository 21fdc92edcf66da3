"""Killed in the middle, at twenty random moments each: the same command completes afterwards.

TENANCY_FAULT_POINTS gives another number. The client dies by SIGKILL, or its server process by
pg_terminate_backend(). The moment is a fraction of the time that the whole work takes here, drawn
with a seed.
"""

import multiprocessing
import os
import random
import time
import zipfile

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tenancy import archive, fuzz, offboard, placement
from tests.faults import work as tasks
from tests.fix_archives import as_operator, stored

POINTS, SEED = int(os.environ.get("TENANCY_FAULT_POINTS", "20")), 2026


OURS = "FROM pg_stat_activity WHERE application_name = 'tenancy' AND datname = current_database()"


class Worker:
    """Runs work of tests/faults/work.py in processes of their own, 20 ms each, and kills them."""

    def __init__(self, dba, moments):
        self.dba, self.moments = dba, moments
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["tests.faults.work"])

    def start(self, work, *arguments):
        """Start a child; it is at work when its connection is there."""
        process = self.context.Process(target=getattr(tasks, work), args=arguments)
        process.start()
        while process.is_alive() and not self.dba.execute(f"SELECT 1 {OURS}").fetchone():
            time.sleep(0.002)
        return process

    def finish(self, work, *arguments):
        """Run to the end; return how long it was at work."""
        process, began = self.start(work, *arguments), time.monotonic()
        process.join(60)
        assert process.exitcode == 0
        return time.monotonic() - began

    def kill(self, how, within, work, *arguments):
        """Kill a child at a random moment; return whether it had not finished."""
        process = self.start(work, *arguments)
        time.sleep(self.moments.random() * within)
        if how == "client":
            process.kill()
        else:
            while process.is_alive():  # between two of its connections there is nothing to end
                self.dba.execute(f"SELECT pg_terminate_backend(pid) {OURS}")
                time.sleep(0.002)
        process.join(60)
        # what still runs on the server ends before the state is looked at
        while self.dba.execute(f"SELECT 1 {OURS}").fetchone():
            time.sleep(0.005)
        return process.exitcode != 0


@pytest.fixture
def worker(dba, request):
    return Worker(dba, random.Random(f"{SEED}/{request.node.name}"))


@pytest.fixture
def tenant(database):
    """One tenant of about 3,000 rows, and another that must not change."""
    assert fuzz.fill(database, tenants=2, seed=SEED, customers=800).ok
    return "fuzz-1"


@pytest.mark.parametrize("how", ["client", "server"])
def test_an_export_is_whole_or_absent(worker, database, tenant, tmp_path, how):
    jobs, path = as_operator(database), str(tmp_path / "a.zip")
    lasts = worker.finish("export", jobs, tenant, path)
    (tmp_path / "a.zip").unlink()
    interrupted = 0
    for _ in range(POINTS):
        interrupted += worker.kill(how, lasts, "export", jobs, tenant, path)
        if (tmp_path / "a.zip").exists():
            with zipfile.ZipFile(path) as whole:
                assert whole.testzip() is None
            (tmp_path / "a.zip").unlink()
    assert interrupted > POINTS // 3
    worker.finish("export", jobs, tenant, path)
    with open(path, "rb") as file, psycopg.connect(jobs) as conn:  # noqa: PTH123
        archive.Archive(file).verify(archive.tables(conn), lambda rows: None)
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("how", ["client", "server"])
def test_an_import_is_whole_or_absent(worker, database, tenant, tmp_path, make_database, how):
    source = make_database()
    assert fuzz.fill(source, tenants=1, seed=SEED + 1, customers=400).ok
    with psycopg.connect(source) as conn:
        conn.execute("UPDATE tenancy_private.tenant SET slug = 'guest'")
    path = tmp_path / "guest.zip"
    archive.export(as_operator(source), "guest", path)
    wanted = stored(source, "guest")
    jobs = as_operator(database)
    lasts = worker.finish("clone", jobs, str(path), "rehearsal")
    size = {name: len(rows) for name, rows in wanted.items()}
    interrupted = 0
    for point in range(POINTS):
        slug = f"clone-{point}"
        gone = worker.kill(how, lasts, "clone", jobs, str(path), slug)
        there = {name: len(rows) for name, rows in stored(database, slug).items()}
        assert there == size or (gone and not any(there.values()))
        interrupted += gone
    assert interrupted > POINTS // 3
    others = stored(database, "guest", others=True)
    worker.finish("load", jobs, str(path))
    assert stored(database, "guest") == wanted
    assert stored(database, "guest", others=True) == others


@pytest.mark.parametrize("how", ["client", "server"])
def test_a_purge_goes_on_where_it_stopped(worker, database, tenant, tmp_path, how):
    others, before = stored(database, tenant, others=True), stored(database, tenant)
    jobs, path = as_operator(database), str(tmp_path / "a.zip")
    interrupted, left = 0, [sum(map(len, before.values()))]
    for _ in range(POINTS):
        interrupted += worker.kill(how, 0.15, "end", jobs, tenant, path)
        left.append(sum(map(len, stored(database, tenant).values())))
    assert interrupted > POINTS // 3
    assert left == sorted(left, reverse=True)
    worker.finish("end", jobs, tenant, path)
    with psycopg.connect(jobs) as conn:
        found = conn.execute("SELECT tenant_id, status FROM tenancy.tenant_state(%s)", [tenant])
        tenant_id, status = found.fetchone()
    assert status == "purged"
    receipt = {row["resource"]: row for row in offboard.receipt(jobs, tenant_id)}
    for name, rows in before.items():
        line = receipt[name]
        assert (line["rows_deleted"], line["rows_after"]) == (len(rows), 0), name
    assert stored(database, tenant, others=True) == others
    with open(path, "rb") as file:  # noqa: PTH123
        assert archive.Archive(file).members["tables/app.orders.jsonl"].rows == len(
            before["app.orders"]
        )


def places(dsn, tenant):
    """How many rows of a tenant are in the shared tables, and how many in its own schema."""
    with psycopg.connect(dsn) as conn:
        (found,) = conn.execute(
            "SELECT id FROM tenancy_private.tenant WHERE slug = %s", [tenant]
        ).fetchone()
        counts = []
        for schema in ("app", f"t_{found.hex}"):
            tables = conn.execute(
                "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relkind = 'r' "
                "AND c.relnamespace = to_regnamespace(%s)",
                [schema],
            ).fetchall()
            query = "SELECT count(*) FROM {} WHERE tenant_id = %s"
            counts.append(
                sum(conn.execute(query.format(t), [found]).fetchone()[0] for (t,) in tables)
            )
        return tuple(counts)


@pytest.mark.parametrize("how", ["client", "server"])
def test_a_move_takes_all_rows_or_none(worker, database, tenant, dba, how):
    jobs, others = as_operator(database), stored(database, tenant, others=True)
    whole = sum(places(database, tenant))
    lasts = worker.finish("move", jobs, tenant, "dedicated")
    assert places(database, tenant) == (0, whole)
    interrupted = 0
    for point in range(POINTS):
        to = ("shared", "dedicated")[point % 2]
        interrupted += worker.kill(how, lasts, "move", jobs, tenant, to)
        assert sorted(places(database, tenant)) == [0, whole]
        worker.finish("move", jobs, tenant, to)
        assert places(database, tenant) == ((whole, 0) if to == "shared" else (0, whole))
    assert interrupted > POINTS // 3
    status = dba.execute("SELECT status FROM tenancy_private.tenant WHERE slug = %s", [tenant])
    assert status.fetchone() == ("active",)
    assert stored(database, tenant, others=True) == others


@pytest.mark.parametrize("how", ["client", "server"])
def test_a_sync_goes_on_where_it_stopped(worker, database, tenant, dba, how):
    jobs = as_operator(database)
    with psycopg.connect(jobs, autocommit=True) as conn:
        conn.execute("SET ROLE tenancy_operator")
        for (found,) in dba.execute("SELECT id::text FROM tenancy_private.tenant").fetchall():
            conn.execute("SELECT tenancy.provision_tenant_schema(%s)", [found])
        dba.execute("ALTER TABLE app.orders ADD COLUMN c0 int NOT NULL DEFAULT 0")
        lasts, interrupted = worker.finish("sync", jobs), 0
        for point in range(1, POINTS + 1):
            dba.execute(f"ALTER TABLE app.orders ADD COLUMN c{point} int NOT NULL DEFAULT 0")
            interrupted += worker.kill(how, lasts, "sync", jobs)
            # of each schema everything or nothing: a column is not there without its NOT NULL
            torn = dba.execute(
                "SELECT count(*) FROM pg_attribute WHERE attname ~ '^c[0-9]+$' AND NOT attnotnull "
                "AND attrelid IN (SELECT oid FROM pg_class WHERE relname = 'orders')"
            )
            assert torn.fetchone() == (0,)
            assert not [s.error for s in placement.sync(jobs) if s.error]
        assert interrupted > POINTS // 4
        assert conn.execute("SELECT count(*) FROM tenancy.schema_drift()").fetchone() == (0,)


@pytest.mark.parametrize("how", ["client", "server"])
def test_a_sign_up_is_whole_or_absent(worker, database, dba, how):
    console = make_conninfo(database, user="tenancy_console")

    def names(point):  # that do not resemble each other
        return [
            "guest-" + "".join("abcdefghkm"[int(d)] for d in f"{n:04}")
            for n in range(40 * point, 40 * (point + 1))
        ]

    lasts = worker.finish("create", console, names(POINTS))
    interrupted = 0
    for point in range(POINTS):
        interrupted += worker.kill(how, lasts, "create", console, names(point))
        torn = dba.execute(
            "SELECT count(*) FROM tenancy_private.tenant AS t WHERE t.status <> 'active' "
            "OR NOT EXISTS (SELECT FROM app.settings AS s WHERE s.tenant_id = t.id) "
            "OR NOT EXISTS (SELECT FROM app.storage_buckets AS s WHERE s.tenant_id = t.id) "
            "OR 2 <> (SELECT count(*) FROM tenancy_private.api_key AS k WHERE k.tenant_id = t.id)"
        )
        assert torn.fetchone() == (0,)
    assert interrupted > POINTS // 3
    worker.finish("create", console, [n for point in range(POINTS + 1) for n in names(point)])
    made = dba.execute("SELECT count(*) FROM tenancy_private.tenant WHERE slug ~ '^guest-'")
    assert made.fetchone() == (40 * (POINTS + 1),)
