"""tenancy.set_tenant_context(): the product's documented call, with proof."""

import json

import pytest

from tests.fix_tenants import refused

CALL = "SELECT tenancy.set_tenant_context(%s)"


def request(conn, **headers):
    conn.execute("SELECT set_config('request.headers', %s, true)", [json.dumps(headers)])


def test_confirms_the_tenant_by_slug_or_id(diner):
    with diner.enter("staff") as conn:
        conn.execute(CALL, ["diner"])
        conn.execute(CALL, [str(diner.id)])
        assert conn.execute("SELECT tenancy.tenant_id()").fetchone() == (diner.id,)


@pytest.mark.parametrize(
    "name", ["spa", "nowhere", "", " ", "Diner", "diner ", "dіner", "x" * 9999]
)
def test_a_name_alone_opens_nothing_TN001(diner, spa, gateway, name):
    with refused("TN001"):
        gateway.execute(CALL, [name])
    with diner.enter("staff") as conn, refused("TN001"):
        conn.execute(CALL, [name])


def test_a_member_of_both_must_commit_first_TN003(diner, spa, admin, issuer, gateway):
    user = str(diner.people["staff"])
    admin.execute("SELECT tenancy.set_member(%s, %s, 'staff')", [spa.id, user])
    gateway.execute("SELECT tenancy.enter(%s)", [issuer(sub=user, tenant="diner")])
    with refused("TN003"):
        gateway.execute(CALL, ["spa"])


def test_the_raw_token_of_the_request_is_the_proof(diner, spa, admin, issuer, gateway):
    user = str(diner.people["staff"])
    admin.execute("SELECT tenancy.set_member(%s, %s, 'staff')", [spa.id, user])
    request(gateway, authorization=f"Bearer {issuer(sub=user)}")
    gateway.execute(CALL, ["spa"])
    assert gateway.execute("SELECT tenancy.tenant_id()").fetchone() == (spa.id,)


def test_an_api_key_of_another_tenant_is_no_proof_TN001(diner, spa, gateway):
    request(gateway, apikey=diner.keys["public"])
    gateway.execute(CALL, ["diner"])
    gateway.rollback()
    request(gateway, apikey=diner.keys["public"])
    with refused("TN001"):
        gateway.execute(CALL, ["spa"])


def test_claims_in_a_setting_prove_nothing_TN001(diner, gateway):
    claims = json.dumps({"sub": str(diner.people["staff"]), "tenant": "diner", "role": "staff"})
    gateway.execute("SELECT set_config('request.jwt.claims', %s, true)", [claims])
    with refused("TN001"):
        gateway.execute(CALL, ["diner"])


@pytest.mark.parametrize("headers", ["", "{", "[]", "null", '{"authorization": 7}'])
def test_broken_headers_are_no_credential_TN001(diner, gateway, headers):
    gateway.execute("SELECT set_config('request.headers', %s, true)", [headers])
    with refused("TN001"):
        gateway.execute(CALL, ["diner"])
