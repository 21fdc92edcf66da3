"""Killed in the middle, at twenty random moments each: the same command completes afterwards.

The client dies by SIGKILL, or its server process by pg_terminate_backend(). The moment is a fraction of
the time that the whole work takes here, drawn with a seed.
"""

import multiprocessing
import random
import time
import zipfile

import psycopg
import pytest

from tenancy import archive, fuzz, offboard
from tests.faults import work as tasks
from tests.fix_archives import as_operator, stored

POINTS, SEED = 20, 2026


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
