"""Invitations: a token that was sent and a user who proves who they are, once."""

import threading
import uuid

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.fix_tenants import refused

ACCEPT = "SELECT tenancy.accept_invitation(%s, %s)"


@pytest.fixture
def invite(diner):
    """Invite an address as the diner's manager; return the token."""

    def call(role="staff", email="new@example.com"):
        with diner.enter("manager") as conn:
            row = conn.execute(
                "SELECT tenancy.invite_member(%s, %s, %s)", [diner.id, email, role]
            ).fetchone()
            conn.commit()
            return row[0]

    return call


def members(dba):
    return dict(dba.execute("SELECT user_id, role FROM tenancy_private.member").fetchall())


def test_who_accepts_becomes_a_member_and_may_enter(diner, invite, issuer, gateway, dba):
    user = uuid.uuid4()
    gateway.autocommit = True
    assert gateway.execute(ACCEPT, [invite(), issuer(sub=str(user))]).fetchone() == (diner.id,)
    assert members(dba)[user] == "staff"
    gateway.autocommit = False
    gateway.execute("SELECT tenancy.enter(%s)", [issuer(sub=str(user))])
    assert gateway.execute("SELECT tenancy.actor_role()").fetchone() == ("staff",)


def test_a_user_may_be_a_member_of_several_tenants(diner, spa, invite, issuer, gateway):
    user = str(spa.people["manager"])
    gateway.execute(ACCEPT, [invite("customer"), issuer(sub=user)])
    gateway.commit()
    for tenant, role in ((diner, "customer"), (spa, "manager")):
        gateway.execute("SELECT tenancy.enter(%s)", [issuer(sub=user, tenant=tenant.slug)])
        now = gateway.execute("SELECT tenancy.tenant_id(), tenancy.actor_role()").fetchone()
        assert now == (tenant.id, role)
        gateway.rollback()


def test_a_token_works_once_also_for_eight_at_a_time_TN001(database, invite, issuer, dba):
    before, token, outcomes = members(dba), invite(), []
    people = [issuer(sub=str(uuid.uuid4())) for _ in range(8)]

    def accept(credential):
        with psycopg.connect(make_conninfo(database, user="tenancy_gateway")) as conn:
            try:
                conn.execute(ACCEPT, [token, credential])
                outcomes.append("in")
            except psycopg.Error as error:
                outcomes.append(error.sqlstate)

    threads = [threading.Thread(target=accept, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["TN001"] * 7 + ["in"]
    assert len(members(dba)) == len(before) + 1


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE tenancy_private.invitation SET expires_at = now()",
        "UPDATE tenancy_private.invitation SET closed_at = now()",
        "UPDATE tenancy_private.tenant SET status = 'suspended'",
        "DELETE FROM tenancy_private.invitation",
        "UPDATE tenancy_private.jwt_issuer SET revoked_at = now()",
    ],
    ids=["expired", "withdrawn", "suspended", "unknown", "issuer"],
)
def test_every_refusal_reads_the_same_TN001(invite, issuer, gateway, dba, spoil):
    before, token, person = members(dba), invite(), issuer(sub=str(uuid.uuid4()))
    dba.execute(spoil)
    with pytest.raises(psycopg.Error) as caught:
        gateway.execute(ACCEPT, [token, person])
    assert (caught.value.sqlstate, caught.value.diag.message_primary) == (
        "TN001",
        "resource not found",
    )
    assert members(dba) == before


@pytest.mark.parametrize("token", [None, "", "inv_x", "x" * 5_000_000], ids=lambda t: repr(t)[:9])
def test_a_worthless_token_TN001(invite, issuer, gateway, token):
    invite()
    with refused("TN001"):
        gateway.execute(ACCEPT, [token, issuer(sub=str(uuid.uuid4()))])


@pytest.mark.parametrize("sub", [None, "", "somebody", "' OR true --"])
def test_a_credential_that_names_no_user_TN001(invite, issuer, gateway, sub):
    with refused("TN001"):
        gateway.execute(ACCEPT, [invite(), issuer(sub=sub)])


def test_an_api_key_accepts_nothing_TN001(diner, invite, gateway):
    with refused("TN001"):
        gateway.execute(ACCEPT, [invite(), diner.keys["manager"]])


def test_inviting_again_ends_the_first_token_TN001(invite, issuer, gateway):
    first, second = invite(email="a@example.com"), invite(email="A@example.com")
    with refused("TN001"):
        gateway.execute(ACCEPT, [first, issuer(sub=str(uuid.uuid4()))])
    gateway.rollback()
    gateway.execute(ACCEPT, [second, issuer(sub=str(uuid.uuid4()))])


def test_an_invitation_never_lowers_a_member(diner, invite, issuer, gateway, dba):
    gateway.execute(ACCEPT, [invite("customer"), issuer(sub=str(diner.people["manager"]))])
    gateway.commit()
    assert members(dba)[diner.people["manager"]] == "manager"


def test_the_token_is_stored_as_a_digest(invite, dba):
    token = invite()
    stored = dba.execute("SELECT to_jsonb(i)::text FROM tenancy_private.invitation AS i").fetchall()
    assert len(stored) == 1
    assert token[4:] not in stored[0][0]


def test_only_a_manager_invites_into_their_own_tenant_TN002_42501(diner, spa):
    call = "SELECT tenancy.invite_member(%s, 'x@example.com')"
    with diner.enter("manager") as conn, refused("TN002"):
        conn.execute(call, [spa.id])
    with diner.enter("staff") as conn, refused("42501"):
        conn.execute(call, [diner.id])


@pytest.mark.parametrize(
    ("email", "role", "days", "code"),
    [
        ("nobody", "staff", 7, "23514"),
        ("x@example.com", "admin", 7, "23514"),
        ("x@example.com", "staff", 0, "TN004"),
        ("x@example.com", "staff", 31, "TN004"),
    ],
)
def test_bad_input_23514_TN004(diner, email, role, days, code):
    with diner.enter("manager") as conn, refused(code):
        conn.execute("SELECT tenancy.invite_member(%s, %s, %s, %s)", [diner.id, email, role, days])


def test_a_manager_lists_and_withdraws_invitations_TN001(diner, spa, invite, issuer, gateway):
    token = invite("customer")
    with diner.enter("manager") as conn:
        row = conn.execute(
            "SELECT id, email, role, closed_at FROM tenancy.list_invitations(%s)", [diner.id]
        ).fetchall()
        assert [r[1:] for r in row] == [("new@example.com", "customer", None)]
        withdraw = "SELECT tenancy.withdraw_invitation(%s, %s)"
        with refused("TN002"), conn.transaction():
            conn.execute(withdraw, [spa.id, row[0][0]])
        conn.execute(withdraw, [diner.id, row[0][0]])
        with refused("TN001"), conn.transaction():
            conn.execute(withdraw, [diner.id, row[0][0]])
        conn.commit()
    with spa.enter("manager") as conn, refused("TN001"):
        conn.execute(withdraw, [spa.id, row[0][0]])
    with refused("TN001"):
        gateway.execute(ACCEPT, [token, issuer(sub=str(uuid.uuid4()))])
