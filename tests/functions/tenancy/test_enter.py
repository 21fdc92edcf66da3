"""tenancy.enter(): binding a transaction to one tenant."""

import uuid

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.fix_tenants import refused


def orders(conn):
    return [row[0] for row in conn.execute("SELECT id FROM app.orders")]


def test_a_key_opens_its_tenant_and_no_other(diner, spa):
    with diner.enter("staff") as conn:
        assert orders(conn) == [diner.order]
    with spa.enter("staff") as conn:
        assert orders(conn) == [spa.order]


def test_enter_returns_the_tenant_and_switches_the_role(diner, gateway):
    row = gateway.execute("SELECT tenancy.enter(%s)", [diner.keys["manager"]]).fetchone()
    assert row == (diner.id,)
    now = gateway.execute("SELECT current_user, tenancy.tenant_id(), tenancy.actor_role()")
    assert now.fetchone() == ("tenancy_manager", diner.id, "manager")


def test_context_ends_with_the_transaction(diner, gateway):
    gateway.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])
    gateway.commit()
    assert gateway.execute("SELECT tenancy.tenant_id(), current_user").fetchone() == (
        None,
        "tenancy_gateway",
    )
    with refused("42501"):
        gateway.execute("SELECT id FROM app.orders")


@pytest.mark.parametrize(
    "credential",
    [
        None,
        "",
        " ",
        "\t\n",
        "sk_live_unknown",
        "SK_LIVE_UNKNOWN",
        "рk_live_cyrillic_letter",
        "at_nothing",
        "a.b.c",
        "x" * 5_000_000,
        "sk_" + "x" * 5_000_000,
        "' OR true --",
    ],
    ids=lambda c: repr(c)[:20],
)
def test_worthless_credentials_all_give_TN001(diner, gateway, credential):
    with refused("TN001"):
        gateway.execute("SELECT tenancy.enter(%s)", [credential])
    gateway.rollback()
    assert gateway.execute("SELECT tenancy.tenant_id()").fetchone() == (None,)


def test_upper_case_or_padded_key_is_another_key_TN001(diner, gateway):
    for wrong in (diner.keys["staff"].upper(), diner.keys["staff"] + " "):
        with refused("TN001"):
            gateway.execute("SELECT tenancy.enter(%s)", [wrong])
        gateway.rollback()


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE tenancy_private.tenant SET status = 'suspended'",
        "UPDATE tenancy_private.tenant SET status = 'provisioning'",
        "UPDATE tenancy_private.tenant SET region = 'eu'",
        "UPDATE tenancy_private.api_key SET revoked_at = now()",
        "UPDATE tenancy_private.api_key SET expires_at = now() - interval '1 s'",
        "DELETE FROM tenancy_private.api_key",
    ],
    ids=["suspended", "provisioning", "wrong region", "revoked", "expired", "unknown"],
)
def test_every_refusal_reads_the_same_TN001(diner, gateway, dba, spoil):
    dba.execute(spoil)
    with pytest.raises(psycopg.Error) as caught:
        gateway.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])
    diag = caught.value.diag
    assert (diag.sqlstate, diag.message_primary) == ("TN001", "resource not found")
    assert diag.message_detail is None
    assert diag.message_hint is None


def test_a_second_tenant_in_one_transaction_is_refused_TN003(diner, spa):
    with diner.enter("staff") as conn, refused("TN003"):
        conn.execute("SELECT tenancy.enter(%s)", [spa.keys["staff"]])


def test_another_role_in_one_transaction_is_refused_TN003(diner):
    with diner.enter("staff") as conn, refused("TN003"):
        conn.execute("SELECT tenancy.enter(%s)", [diner.keys["manager"]])


def test_the_same_again_is_a_no_op(diner):
    with diner.enter("staff") as conn:
        assert conn.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]]).fetchone() == (
            diner.id,
        )
        assert orders(conn) == [diner.order]


@pytest.mark.parametrize("request_", ["[]", '"x"', '{"x": "' + "y" * 5000 + '"}'])
def test_request_must_be_a_small_object_TN004(diner, gateway, request_):
    with refused("TN004"):
        gateway.execute("SELECT tenancy.enter(%s, %s::jsonb)", [diner.keys["staff"], request_])


@pytest.mark.parametrize(
    ("hint", "agrees"),
    [
        ({"tenant": "diner"}, True),
        ({"location": "diner"}, True),
        ({"host": "diner.chi-pins.com"}, True),
        ({"host": "localhost:3000"}, True),
        ({"tenant": "spa"}, False),
        ({"location": "spa"}, False),
        ({"tenant": "Diner"}, False),
        ({"host": "SPA.chi-pins.com:443"}, False),
    ],
    ids=str,
)
def test_hints_never_choose_against_the_credential_TN001(diner, spa, gateway, hint, agrees):
    call = "SELECT tenancy.enter(%s, %s)"
    arguments = [diner.keys["staff"], psycopg.types.json.Jsonb(hint)]
    if agrees:
        assert gateway.execute(call, arguments).fetchone() == (diner.id,)
    else:
        with refused("TN001"):
            gateway.execute(call, arguments)


def test_a_public_key_is_a_customer_without_an_actor(diner, gateway):
    gateway.execute("SELECT tenancy.enter(%s)", [diner.keys["public"]])
    now = gateway.execute("SELECT tenancy.actor_role(), tenancy.actor_id(), current_user")
    assert now.fetchone() == ("customer", None, "tenancy_customer")
    assert orders(gateway) == []
    assert gateway.execute("SELECT title FROM app.pins").fetchall() == [("Here",)]


def test_works_in_a_read_only_transaction(diner, database):
    with psycopg.connect(make_conninfo(database, user="tenancy_gateway")) as conn:
        conn.read_only = True
        conn.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])
        assert orders(conn) == [diner.order]


def test_a_read_only_tenant_cannot_write_and_cannot_undo_it_25006(diner, dba):
    dba.execute("UPDATE tenancy_private.tenant SET status = 'read_only'")
    with diner.enter("staff") as conn:
        assert orders(conn) == [diner.order]
        with refused("25001"), conn.transaction():
            conn.execute("SET LOCAL transaction_read_only = off")
    with diner.enter("staff") as conn, refused("25006"):
        conn.execute("UPDATE app.orders SET notes = 'x'")


def test_rollback_to_a_savepoint_before_entering_fails_closed(diner, gateway):
    gateway.execute("SAVEPOINT before")
    gateway.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])
    gateway.execute("ROLLBACK TO before")
    assert gateway.execute("SELECT tenancy.tenant_id()").fetchone() == (None,)


def test_minting_without_entering_shows_nothing(diner, gateway):
    gateway.execute("SELECT tenancy.mint_context(%s, '{}')", [diner.keys["staff"]])
    assert gateway.execute("SELECT tenancy.tenant_id()").fetchone() == (None,)


def test_a_dropped_role_is_not_a_way_up(diner):
    with diner.enter("staff") as conn:
        conn.execute("SET LOCAL ROLE tenancy_manager")
        assert conn.execute("SELECT tenancy.tenant_id()").fetchone() == (None,)
        assert orders(conn) == []


def test_a_member_of_nothing_cannot_be_invented(diner, gateway):
    with refused("42501"):
        gateway.execute("SELECT * FROM tenancy_private.api_key")
    gateway.rollback()
    with refused("42501"):
        gateway.execute(
            "SELECT tenancy_private.sign_context(%s, NULL, 'manager', '{}', true)", [uuid.uuid4()]
        )
