"""A context that may only read: what the tenant's status, or the key, does not permit."""

import pytest

from tenancy import checks
from tests.fix_tenants import refused

WRITES = [
    "UPDATE app.orders SET notes = 'x'",
    "DELETE FROM app.orders",
    "INSERT INTO app.orders (order_number) VALUES ('forged')",
]


@pytest.fixture(params=["read_only", "moving", "offboarding"])
def closed(request, diner, dba):
    """The diner in a status that only reads."""
    dba.execute("UPDATE tenancy_private.tenant SET status = %s", [request.param])
    return diner


def orders(dba):
    return dba.execute("SELECT id, notes, order_number FROM app.orders").fetchall()


def test_it_reads_and_may_not_write_25006(closed):
    with closed.enter("manager") as conn:
        assert conn.execute("SELECT id FROM app.orders").fetchall() == [(closed.order,)]
        assert conn.execute("SELECT tenancy.may_write()").fetchone() == (False,)
        with refused("25006"):
            conn.execute(WRITES[0])


@pytest.mark.parametrize("write", WRITES)
def test_minting_without_entering_writes_nothing_42501(closed, gateway, dba, write):
    before = orders(dba)
    gateway.execute("SELECT tenancy.mint_context(%s, '{}')", [closed.keys["manager"]])
    gateway.execute("SET LOCAL ROLE tenancy_manager")
    assert gateway.execute("SELECT id FROM app.orders").fetchall() == []
    if write.startswith("INSERT"):
        with refused("42501"):
            gateway.execute(write)
    else:
        assert gateway.execute(write).rowcount == 0
    gateway.rollback()
    assert orders(dba) == before


@pytest.mark.parametrize("write", WRITES)
def test_a_context_kept_over_a_savepoint_writes_nothing_42501(closed, gateway, dba, write):
    before = orders(dba)
    gateway.execute("SAVEPOINT before")
    gateway.execute("SELECT tenancy.enter(%s)", [closed.keys["manager"]])
    token = gateway.execute("SELECT current_setting('tenancy.context')").fetchone()[0]
    gateway.execute("ROLLBACK TO before")
    gateway.execute("SELECT set_config('tenancy.context', %s, true)", [token])
    gateway.execute("SET LOCAL ROLE tenancy_manager")
    if write.startswith("INSERT"):
        with refused("42501"):
            gateway.execute(write)
    else:
        assert gateway.execute(write).rowcount == 0
    gateway.rollback()
    assert orders(dba) == before


def test_hardened_no_setting_changes_in_the_middle_of_a_statement_42501(closed, gateway, dba):
    """The executor asks transaction_read_only at its start, the context when it is first needed."""
    checks.apply_hardening(dba)
    gateway.execute("SELECT tenancy.mint_context(%s, '{}')", [closed.keys["manager"]])
    gateway.execute("SET LOCAL ROLE tenancy_manager")
    trick = "(SELECT set_config('transaction_read_only', 'on', true)) = 'on'"
    with refused("42501"):
        gateway.execute(f"UPDATE app.orders SET notes = 'x' WHERE {trick}")


def test_an_active_tenant_writes(diner, gateway):
    """Positive control of all of the above."""
    with diner.enter("manager") as conn:
        assert conn.execute("SELECT tenancy.may_write()").fetchone() == (True,)
        for write in (WRITES[0], WRITES[2], WRITES[1]):
            assert conn.execute(write).rowcount >= 1
    assert gateway.execute("SELECT tenancy.may_write()").fetchone() == (False,)


def test_its_manager_makes_no_keys_either_TN002(closed, gateway):
    gateway.execute("SELECT tenancy.mint_context(%s, '{}')", [closed.keys["manager"]])
    gateway.execute("SET LOCAL ROLE tenancy_manager")
    with refused("TN002"):
        gateway.execute("SELECT tenancy.issue_api_key(%s, 'secret', 'manager')", [closed.id])
