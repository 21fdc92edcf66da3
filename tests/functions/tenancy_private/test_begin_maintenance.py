"""Maintenance: what FORCE row security silently does not do, and the way round it."""

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tenancy import dev, paths
from tests.fix_tenants import refused


@pytest.fixture
def owner(database, diner, spa):
    """The database's owner holding the owner roles, as a migration does, with rows of two tenants."""
    with psycopg.connect(make_conninfo(database, user=dev.OWNER)) as conn:
        conn.execute((paths.ROOT / "sql/borrow.sql").read_text())
        yield conn
        conn.rollback()


def test_without_it_a_backfill_touches_nothing(owner):
    assert owner.execute("UPDATE app.orders SET notes = 'x'").rowcount == 0


def test_with_it_a_backfill_reaches_both_tenants(owner, dba):
    owner.execute("SELECT tenancy_private.begin_maintenance('app.orders')")
    assert owner.execute("UPDATE app.orders SET notes = 'x'").rowcount == 2
    owner.execute("SELECT tenancy_private.end_maintenance('app.orders')")
    owner.execute((paths.ROOT / "sql/return.sql").read_text())  # memberships are the cluster's
    owner.commit()
    assert dba.execute(
        "SELECT relforcerowsecurity FROM pg_class WHERE oid = 'app.orders'::regclass"
    ).fetchone() == (True,)


def orphan(dba):
    dba.execute("SET session_replication_role = replica")
    dba.execute("UPDATE app.orders SET customer_id = gen_random_uuid()")
    dba.execute("ALTER TABLE app.orders DROP CONSTRAINT orders_customer_fkey")


ADD = (
    "ALTER TABLE app.orders ADD CONSTRAINT orders_customer_fkey "
    "FOREIGN KEY (tenant_id, customer_id) REFERENCES app.customers (tenant_id, id)"
)


def test_without_it_a_foreign_key_over_violating_rows_says_valid(owner, dba):
    orphan(dba)
    owner.execute(ADD)
    assert owner.execute(
        "SELECT convalidated FROM pg_constraint WHERE conname = 'orders_customer_fkey'"
    ).fetchone() == (True,)


def test_with_it_the_same_foreign_key_is_refused_23503(owner, dba):
    orphan(dba)
    for table in ("app.orders", "app.customers"):
        owner.execute("SELECT tenancy_private.begin_maintenance(%s)", [table])
    with refused("23503"):
        owner.execute(ADD)


def test_it_cannot_be_forgotten_TN008(owner, dba):
    owner.execute("SELECT tenancy_private.begin_maintenance('app.orders')")
    with refused("TN008"):
        owner.commit()
    assert dba.execute(
        "SELECT relforcerowsecurity FROM pg_class WHERE oid = 'app.orders'::regclass"
    ).fetchone() == (True,)


def test_a_tenant_cannot_begin_it_42501(diner):
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute("SELECT tenancy_private.begin_maintenance('app.orders')")
