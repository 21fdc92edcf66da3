"""A hot standby serves tenants as the primary does: a context writes nothing."""

import os
import shutil
import signal
import subprocess
import time

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tenancy import archive, cluster, dev, servers
from tests.fix_tenants import make_tenant, refused


@pytest.fixture
def pair():
    """A primary, and the DSN of a standby that replays it."""
    settings = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}
    with servers.start("wheel", settings=settings) as primary:
        dev.build(primary)
        who = cluster.unprivileged()
        base = cluster.scratch(cluster.place_for_data())
        data = base / "data"
        program = primary.bindir / "pg_basebackup"
        subprocess.run(
            [program, "-D", data, "-R", "-X", "stream", "-c", "fast", "-d", primary.dsn], check=True
        )
        for path in (base, data, *data.rglob("*")):
            if who:
                os.chown(path, who["user"], who["group"], follow_symlinks=False)
        process = subprocess.Popen(
            [primary.bindir / "postgres", "-D", data, "-c", f"unix_socket_directories={base}"],
            stderr=subprocess.DEVNULL,
            cwd="/",
            **who,
        )
        yield primary, make_conninfo(primary.dsn, host=str(base))
        process.send_signal(signal.SIGQUIT)
        process.wait(10)
        shutil.rmtree(base)


def test_a_tenant_enters_on_a_standby_and_is_exported_there(pair, tmp_path):
    primary, standby = pair
    database = primary.dsn_for(dbname=dev.DATABASE)
    diner, spa = make_tenant(database, "diner"), make_tenant(database, "spa")
    with primary.connect() as conn:
        target = conn.execute("SELECT pg_current_wal_insert_lsn()").fetchone()[0]
    gateway = make_conninfo(standby, dbname=dev.DATABASE, user="tenancy_gateway")
    replayed = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
    for _ in range(200):
        try:
            with psycopg.connect(standby, dbname="postgres") as conn:
                if conn.execute(replayed, [target]).fetchone() == (True,):
                    break
        except psycopg.OperationalError:
            pass
        time.sleep(0.05)
    with psycopg.connect(gateway) as conn:
        for tenant in (diner, spa):
            assert conn.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
            conn.execute("SELECT tenancy.enter(%s)", [tenant.keys["staff"]])
            assert conn.execute("SELECT id FROM app.orders").fetchall() == [(tenant.order,)]
            # What is not logged is not there: no tenant is over, and nothing is charged.
            assert conn.execute(
                "SELECT allowed, remaining FROM tenancy.check_rate_limit('api')"
            ).fetchone() == (True, 99)
            assert conn.execute(
                "SELECT used FROM tenancy.usage() WHERE name = 'max_pins'"
            ).fetchone() == (1,)
            conn.execute("SELECT tenancy.leave()")
            conn.rollback()
        over = "SELECT tenancy_private.is_over_rate(%s, 'api')"
        with psycopg.connect(standby, dbname=dev.DATABASE) as superuser:
            assert superuser.execute(over, [diner.id]).fetchone() == (False,)
        with refused("TN001"):
            conn.execute("SELECT tenancy.enter('sk_live_unknown')")
    report, _ = archive.export(
        make_conninfo(gateway, user="tenancy_operator"), "spa", tmp_path / "a"
    )
    assert report.rows["app.orders"] == 1
