"""Members, roles and API keys: nobody promotes themself, and nothing leaves the tenant."""

import uuid

import pytest

from tests.fix_tenants import refused


def test_a_manager_adds_lists_and_removes_members(diner):
    user = uuid.uuid4()
    with diner.enter("manager") as conn:
        conn.execute("SELECT tenancy.set_member(%s, %s, 'staff')", [diner.id, user])
        assert (user, "staff") in conn.execute(
            "SELECT user_id, role FROM tenancy.list_members(%s)", [diner.id]
        ).fetchall()
        conn.execute("SELECT tenancy.remove_member(%s, %s)", [diner.id, user])
        with refused("TN001"):
            conn.execute("SELECT tenancy.remove_member(%s, %s)", [diner.id, user])


@pytest.mark.parametrize(
    "call",
    [
        "SELECT tenancy.set_member(%(t)s, gen_random_uuid(), 'staff')",
        "SELECT tenancy.remove_member(%(t)s, gen_random_uuid())",
        "SELECT tenancy.list_members(%(t)s)",
        "SELECT tenancy.issue_api_key(%(t)s, 'secret', 'staff')",
        "SELECT tenancy.revoke_api_key(%(t)s, gen_random_uuid())",
        "SELECT tenancy.list_api_keys(%(t)s)",
    ],
)
def test_not_in_another_tenant_TN002_and_not_by_staff_42501(diner, spa, call):
    with diner.enter("manager") as conn, refused("TN002"):
        conn.execute(call, {"t": spa.id})
    with diner.enter("staff") as conn, refused("42501"):
        conn.execute(call, {"t": diner.id})


def test_nobody_changes_their_own_role_TN002(diner, issuer, gateway):
    me = diner.people["manager"]
    gateway.execute("SELECT tenancy.enter(%s)", [issuer(sub=str(me))])
    with refused("TN002"):
        gateway.execute("SELECT tenancy.set_member(%s, %s, 'staff')", [diner.id, me])


@pytest.mark.parametrize("role", ["admin", "operator", "owner", ""])
def test_no_role_above_manager_can_be_given_23514(diner, role):
    with diner.enter("manager") as conn, refused("23514"):
        conn.execute("SELECT tenancy.set_member(%s, %s, %s)", [diner.id, uuid.uuid4(), role])


def test_a_key_is_shown_once_stored_as_a_digest_and_revocable(diner, gateway, dba):
    with diner.enter("manager") as conn:
        key = conn.execute(
            "SELECT tenancy.issue_api_key(%s, 'secret', 'staff')", [diner.id]
        ).fetchone()[0]
        conn.commit()
        conn.execute("SELECT tenancy.enter(%s)", [diner.keys["manager"]])
        newest = conn.execute(
            "SELECT id FROM tenancy.list_api_keys(%s) ORDER BY created_at DESC LIMIT 1", [diner.id]
        ).fetchone()[0]
        stored = dba.execute(
            "SELECT count(*) FROM tenancy_private.api_key AS k "
            "WHERE strpos(to_jsonb(k)::text, %s) > 0",
            [key[8:]],
        ).fetchone()
        assert stored == (0,)
        gateway.execute("SELECT tenancy.enter(%s)", [key])
        gateway.rollback()
        conn.execute("SELECT tenancy.revoke_api_key(%s, %s)", [diner.id, newest])
        conn.commit()
    with refused("TN001"):
        gateway.execute("SELECT tenancy.enter(%s)", [key])


def test_a_public_key_is_never_more_than_a_customer_23514(diner):
    with diner.enter("manager") as conn, refused("23514"):
        conn.execute("SELECT tenancy.issue_api_key(%s, 'public', 'manager')", [diner.id])


@pytest.mark.parametrize("days", [0, -1, 731, None])
def test_a_key_ends_TN004(diner, days):
    with diner.enter("manager") as conn, refused("TN004"):
        conn.execute("SELECT tenancy.issue_api_key(%s, 'public', 'customer', %s)", [diner.id, days])


def test_suspension_stops_every_key_at_once_TN001(diner, admin, gateway):
    admin.execute("SELECT tenancy.set_tenant_status(%s, 'suspended', 'an unpaid bill')", [diner.id])
    for key in diner.keys.values():
        with refused("TN001"):
            gateway.execute("SELECT tenancy.enter(%s)", [key])
        gateway.rollback()
    admin.execute("SELECT tenancy.set_tenant_status(%s, 'active', 'the bill is paid')", [diner.id])
    gateway.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])
    with refused("TN001"):
        admin.execute(
            "SELECT tenancy.set_tenant_status(%s, 'active', 'the bill is paid')", [uuid.uuid4()]
        )
