"""Logical replication between two hardened databases: what the subscription's owner needs."""

import time

import pytest
from psycopg import sql

from tenancy import checks, dev
from tests.fix_tenants import make_tenant, refused

NO_PASSWORD = {"password_required": "false"}


def until(conn, query, expected):
    """Wait for a background worker: 30 s at most."""
    for _ in range(300):
        row = conn.execute(query).fetchone()
        if row == expected:
            break
        time.sleep(0.1)
    return row


@pytest.fixture(scope="module")
def cluster(start_own):
    """Publisher and subscriber, both hardened, in one cluster; two tenants at the publisher."""
    with start_own(wal_level="logical", wal_retrieve_retry_interval="100") as server:
        for name in ("publisher", "subscriber"):
            dev.build(server, name)
            with server.connect(dbname=name) as conn:
                checks.apply_hardening(conn)
        with server.connect(dbname="publisher") as conn:
            conn.execute("CREATE PUBLICATION orders FOR TABLE app.orders")
            conn.execute("ALTER ROLE tenancy_backup REPLICATION")
        yield server


@pytest.fixture(scope="module")
def tenants(cluster):
    dsn = cluster.dsn_for(dbname="publisher")
    return make_tenant(dsn, "diner"), make_tenant(dsn, "spa", "medspa")


@pytest.fixture
def subscribe(cluster):
    """Make a subscription owned by a role, connecting to the publisher as tenancy_backup."""
    with (
        cluster.connect(dbname="publisher") as source,
        cluster.connect(dbname="subscriber") as target,
    ):

        def make(owner, **options):
            # Two databases of one cluster: CREATE SUBSCRIPTION would wait for itself.
            source.execute("SELECT pg_create_logical_replication_slot('copy', 'pgoutput')")
            settings = {"create_slot": "false", "enabled": "false", "slot_name": "copy", **options}
            target.execute(
                sql.SQL(
                    "CREATE SUBSCRIPTION copy CONNECTION {} PUBLICATION orders WITH ({})"
                ).format(
                    sql.Literal(cluster.dsn_for(dbname="publisher", user="tenancy_backup")),
                    sql.SQL(", ".join(f"{k} = {v}" for k, v in settings.items())),
                )
            )
            if owner:
                # Needed to become the owner, and not to be it.
                rights = ["CREATE ON DATABASE subscriber"]
                if cluster.version_num >= 160000:
                    rights.append("pg_create_subscription")
                for right in rights:
                    target.execute(f"GRANT {right} TO {owner}")
                target.execute(f"ALTER SUBSCRIPTION copy OWNER TO {owner}")
                for right in rights:
                    target.execute(f"REVOKE {right} FROM {owner}")
            target.execute("ALTER SUBSCRIPTION copy ENABLE")
            return target

        yield make
        target.execute(
            "ALTER SUBSCRIPTION copy DISABLE; ALTER SUBSCRIPTION copy SET (slot_name=NONE)"
        )
        target.execute("DROP SUBSCRIPTION copy; TRUNCATE app.orders")
        used = "SELECT active FROM pg_replication_slots WHERE slot_name = 'copy'"
        assert until(source, used, (False,)) == (False,)
        source.execute("SELECT pg_drop_replication_slot('copy')")


def test_rows_of_every_tenant_arrive_and_changes_follow(cluster, tenants, subscribe):
    diner, _ = tenants
    if cluster.version_num >= 160000:
        target = subscribe("tenancy_backup", run_as_owner="true", **NO_PASSWORD)
    else:  # only a superuser may own a subscription
        target = subscribe(None)
    count = "SELECT count(*), count(DISTINCT tenant_id) FROM app.orders"
    assert until(target, count, (2, 2)) == (2, 2), cluster.log_tail()
    with diner.enter("manager") as conn:
        conn.execute("UPDATE app.orders SET status = 'ready' WHERE id = %s", [diner.order])
        conn.commit()
    changed = "SELECT tenant_id FROM app.orders WHERE status = 'ready'"
    assert until(target, changed, (diner.id,)) == (diner.id,), cluster.log_tail()


@pytest.mark.parametrize(
    ("owner", "why"),
    [
        ("tenancy_backup", 'role "tenancy_backup" cannot SET ROLE to "tenancy_owner"'),
        (None, 'user "tenancy_owner" cannot replicate into relation with row-level security'),
    ],
)
def test_a_subscription_that_acts_as_the_tables_owner_writes_nothing(
    cluster, tenants, subscribe, owner, why
):
    """The default of 16 and later, whom FORCE binds. 15 acts as a superuser."""
    if cluster.version_num < 160000:
        if owner:
            with refused("42501"):
                subscribe(owner)
        else:
            arrived = "SELECT count(*) FROM app.orders"
            assert until(subscribe(owner), arrived, (2,)) == (2,), cluster.log_tail()
        return
    target = subscribe(owner, **NO_PASSWORD)
    failed = "SELECT sync_error_count > 0 FROM pg_stat_subscription_stats WHERE subname = 'copy'"
    assert until(target, failed, (True,)) == (True,)
    assert target.execute("SELECT count(*) FROM app.orders").fetchone() == (0,)
    assert why in cluster.log_tail(20000)


def test_the_checks_say_that_a_table_is_published(cluster):
    with cluster.connect(dbname="publisher") as conn:
        seen = [
            (f.level, f.object) for f in checks.invariants(conn) if f.check == "published_table"
        ]
    assert seen == [("warning", "app.orders")]
