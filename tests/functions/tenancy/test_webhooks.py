"""Webhook signatures, as the library of the Standard Webhooks specification verifies them."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.fix_tenants import refused

PAYLOAD = json.dumps({"type": "order.created", "id": "ü'\\\n"})


@pytest.fixture
def secret(diner, admin):
    """The diner's current webhook secret."""
    row = admin.execute("SELECT tenancy.rotate_webhook_secret(%s, interval '0')", [diner.id])
    return row.fetchone()[0]


def headers(conn, when=None):
    when = when or datetime.now(UTC)
    row = conn.execute("SELECT tenancy.sign_webhook('msg_1', %s, %s)", [when, PAYLOAD]).fetchone()
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(when.timestamp())),
        "webhook-signature": row[0],
    }


@pytest.mark.parametrize("fraction", [0, 999_999])
def test_the_specifications_library_accepts_our_signature(diner, secret, fraction):
    when = datetime.now(UTC).replace(microsecond=fraction)
    with diner.enter("manager") as conn:
        assert Webhook(secret).verify(PAYLOAD, headers(conn, when)) == json.loads(PAYLOAD)


def test_it_refuses_another_payload_id_time_or_secret(diner, secret, spa, admin):
    other = admin.execute("SELECT tenancy.rotate_webhook_secret(%s)", [spa.id]).fetchone()[0]
    with diner.enter("manager") as conn:
        good = headers(conn)
        late = headers(conn, datetime.now(UTC) - timedelta(hours=1))
    for key, payload, sent in (
        (secret, PAYLOAD + " ", good),
        (secret, PAYLOAD, {**good, "webhook-id": "msg_2"}),
        (secret, PAYLOAD, late),
        (other, PAYLOAD, good),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(payload, sent)


def test_while_a_secret_is_replaced_both_verify(diner, secret, admin):
    new = admin.execute("SELECT tenancy.rotate_webhook_secret(%s)", [diner.id]).fetchone()[0]
    with diner.enter("manager") as conn:
        sent = headers(conn)
    assert len(sent["webhook-signature"].split()) == 2
    for key in (secret, new):
        Webhook(key).verify(PAYLOAD, sent)


def test_a_secret_that_has_ended_signs_nothing(diner, secret, admin):
    new = admin.execute(
        "SELECT tenancy.rotate_webhook_secret(%s, interval '0')", [diner.id]
    ).fetchone()[0]
    with diner.enter("manager") as conn:
        sent = headers(conn)
    Webhook(new).verify(PAYLOAD, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(PAYLOAD, sent)


def test_only_a_manager_signs_and_only_as_their_own_tenant_42501_TN001_TN002(diner, spa, admin):
    with diner.enter("staff") as conn, refused("42501"):
        headers(conn)
    with diner.enter("manager") as conn, refused("TN002"):
        conn.execute("SELECT tenancy.rotate_webhook_secret(%s)", [spa.id])
    with refused("TN001"):
        headers(admin)
