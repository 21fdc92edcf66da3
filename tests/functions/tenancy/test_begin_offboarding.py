"""tenancy.begin_offboarding() and tenant_state(): the order to delete, and the way back."""

import psycopg
import pytest

from tests.fix_tenants import refused

BEGIN = "SELECT tenancy.begin_offboarding(%s, %s, %s)"
WHY = "the contract has ended"
STATE = "SELECT slug, status, may_write, grace_ends_at > now() FROM tenancy.tenant_state(%s)"


def test_managers_read_until_the_end_and_the_way_back_is_open(diner, admin, gateway):
    admin.execute(BEGIN, [diner.id, WHY, "30 days"])
    assert admin.execute(STATE, ["diner"]).fetchone() == ("diner", "offboarding", False, True)
    with diner.enter("manager") as conn:
        assert conn.execute("SELECT id FROM app.orders").fetchall() == [(diner.order,)]
        with refused("25006"):
            conn.execute("DELETE FROM app.orders")
    with refused("TN001"):
        gateway.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])
    admin.execute(
        "SELECT tenancy.set_tenant_status(%s, 'active', 'changed their mind')", [diner.id]
    )
    with diner.enter("staff") as conn:
        conn.execute("INSERT INTO app.pins (title) VALUES ('back')")


def test_a_new_order_replaces_the_grace_period(diner, admin, dba):
    for grace in ("30 days", "7 days"):
        admin.execute(BEGIN, [diner.id, WHY, grace])
    row = dba.execute(
        "SELECT reason, begun_by, grace_ends_at - begun_at < interval '8 days' "
        "FROM tenancy_private.offboarding"
    )
    assert row.fetchall() == [(WHY, "tenancy_console", True)]


@pytest.mark.parametrize("grace", ["-1 day", "366 days", None])
def test_a_grace_period_has_bounds_TN004(diner, admin, grace):
    with refused("TN004"):
        admin.execute(BEGIN, [diner.id, WHY, grace])


def test_an_order_needs_a_reason_TN004_a_tenant_TN001_and_the_platform_TN002(
    diner, admin, as_login, gateway
):
    with refused("TN004"):
        admin.execute(BEGIN, [diner.id, "because", "1 day"])
    with refused("TN001"):
        admin.execute(BEGIN, ["00000000-0000-7000-8000-000000000000", WHY, "1 day"])
    with refused("TN001"):
        admin.execute(STATE, ["nobody"])
    with psycopg.connect(as_login("tenancy_operator")) as conn:
        conn.execute("SELECT tenancy.enter_system(%s, 'retention')", [diner.id])
        with refused("TN002"):
            conn.execute(BEGIN, [diner.id, WHY, "1 day"])
    with refused("42501"):
        gateway.execute(BEGIN, [diner.id, WHY, "1 day"])
