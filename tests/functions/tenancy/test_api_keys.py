"""API keys: scopes, rotation, last use, and a check that never raises and slows guessing."""

import re
import time

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.fix_tenants import refused

VERIFY = "SELECT tenancy.verify_api_key(%s, %s)"


def issue(conn, tenant, scopes="{read,write}"):
    row = conn.execute(
        "SELECT tenancy.issue_api_key(%s, 'secret', 'staff', 90, %s)", [tenant.id, scopes]
    )
    return row.fetchone()[0]


def id_of(dba, key):
    row = dba.execute(
        "SELECT id FROM tenancy_private.api_key WHERE digest = sha256(%s)", [key.encode()]
    )
    return row.fetchone()[0]


def test_a_typo_is_recognised_without_asking_what_is_valid(diner, gateway):
    known = "SELECT tenancy.is_well_formed_credential(%s)"
    for key in diner.keys.values():
        assert re.fullmatch(r"[ps]k_live_[A-Za-z0-9_-]{49}", key)
        assert gateway.execute(known, [key]).fetchone() == (True,)
        for wrong in (key[:-1] + ("A" if key[-1] != "A" else "B"), key[:-1], key + "A", "x" + key):
            assert gateway.execute(known, [wrong]).fetchone() == (False,)
    assert gateway.execute(known, [None]).fetchone() == (False,)


def test_a_key_without_write_reads_and_cannot_write_25006(diner, admin, gateway):
    gateway.execute("SELECT tenancy.enter(%s)", [issue(admin, diner, "{read}")])
    assert gateway.execute("SELECT id FROM app.orders").fetchall() == [(diner.order,)]
    with refused("25001"), gateway.transaction():
        gateway.execute("SET LOCAL transaction_read_only = off")
    with refused("25006"):
        gateway.execute("UPDATE app.orders SET notes = 'x'")
    gateway.rollback()
    gateway.execute("SELECT tenancy.enter(%s)", [issue(admin, diner)])  # positive control
    assert gateway.execute("UPDATE app.orders SET notes = 'x'").rowcount == 1


@pytest.mark.parametrize("scopes", ["{}", "{write}", "{admin}", "{read,read}", None])
def test_a_scope_that_there_is_not_23514_23502(diner, admin, scopes):
    with refused("23502" if scopes is None else "23514"):
        issue(admin, diner, scopes)


def test_a_rotated_key_works_on_for_the_overlap_and_its_successor_at_once(
    diner, admin, gateway, dba
):
    old = issue(admin, diner, "{read}")
    rotate = "SELECT tenancy.rotate_api_key(%s, %s, interval '1 hour')"
    new = admin.execute(rotate, [diner.id, id_of(dba, old)]).fetchone()[0]
    assert new != old
    for key in (old, new):
        gateway.execute("SELECT tenancy.enter(%s)", [key])
        gateway.rollback()
    rows = dba.execute(
        "SELECT role, scopes, expires_at < now() + interval '61 minutes' "
        "FROM tenancy_private.api_key WHERE id = ANY (%s) ORDER BY created_at",
        [[id_of(dba, old), id_of(dba, new)]],
    ).fetchall()
    assert rows == [("staff", ["read"], True), ("staff", ["read"], False)]
    dba.execute(
        "UPDATE tenancy_private.api_key SET expires_at = now() WHERE id = %s", [id_of(dba, old)]
    )
    with refused("TN001"):
        gateway.execute("SELECT tenancy.enter(%s)", [old])


def test_rotation_without_overlap_ends_the_old_key_now_TN001(diner, admin, gateway, dba):
    old = issue(admin, diner)
    rotate = "SELECT tenancy.rotate_api_key(%s, %s, interval '0')"
    admin.execute(rotate, [diner.id, id_of(dba, old)])
    with refused("TN001"):
        gateway.execute("SELECT tenancy.enter(%s)", [old])
    with refused("TN001"):  # and is not rotated twice
        admin.execute(rotate, [diner.id, id_of(dba, old)])


def test_nobody_rotates_the_key_of_another_tenant_TN001_TN002(diner, spa, dba):
    theirs = id_of(dba, spa.keys["staff"])
    with diner.enter("manager") as conn:
        with refused("TN001"), conn.transaction():
            conn.execute("SELECT tenancy.rotate_api_key(%s, %s)", [diner.id, theirs])
        with refused("TN002"):
            conn.execute("SELECT tenancy.rotate_api_key(%s, %s)", [spa.id, theirs])
    with diner.enter("staff") as conn, refused("42501"):
        conn.execute("SELECT tenancy.rotate_api_key(%s, %s)", [diner.id, theirs])


@pytest.mark.parametrize("overlap", ["8 days", "-1 s", None])
def test_an_overlap_is_at_most_a_week_TN004(diner, admin, dba, overlap):
    with refused("TN004"):
        admin.execute(
            "SELECT tenancy.rotate_api_key(%s, %s, %s)",
            [diner.id, id_of(dba, diner.keys["staff"]), overlap],
        )


def test_last_use_is_recorded_once_an_hour_and_never_waits(diner, gateway, dba, database):
    key = id_of(dba, diner.keys["staff"])
    used = "SELECT used_at FROM tenancy_private.api_key_use WHERE key_id = %s"
    assert dba.execute(used, [key]).fetchone() == (None,)
    gateway.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])
    with diner.enter("staff") as other:  # while the first transaction holds the row
        assert other.execute("SELECT tenancy.tenant_id()").fetchone() == (diner.id,)
        other.rollback()
    gateway.commit()
    first = dba.execute(used, [key]).fetchone()
    assert first != (None,)
    gateway.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])
    gateway.commit()
    assert dba.execute(used, [key]).fetchone() == first
    dba.execute("UPDATE tenancy_private.api_key_use SET used_at = now() - interval '2 hours'")
    gateway.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])
    gateway.commit()
    assert dba.execute(used, [key]).fetchone() > first


def test_an_open_transaction_of_a_key_does_not_hold_up_its_revocation(diner, gateway, admin, dba):
    gateway.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])
    admin.execute("SET lock_timeout = '2s'")
    admin.execute(
        "SELECT tenancy.revoke_api_key(%s, %s)", [diner.id, id_of(dba, diner.keys["staff"])]
    )


def test_a_key_is_verified_for_its_own_tenant_by_slug_or_id(diner, spa, gateway):
    for name in ("diner", str(diner.id)):
        assert gateway.execute(VERIFY, [diner.keys["staff"], name]).fetchone() == (True,)
    assert gateway.execute(VERIFY, [diner.keys["staff"], "spa"]).fetchone() == (False,)


@pytest.mark.parametrize("key", [None, "", "sk_live_x", "x" * 5_000_000, "a.b.c", "at_x"], ids=str)
@pytest.mark.parametrize("tenant", [None, "", "diner", "nowhere", "x" * 5_000_000])
def test_anything_else_is_false_and_no_error(diner, gateway, key, tenant):
    assert gateway.execute(VERIFY, [key, tenant]).fetchone() == (False,)


def test_a_suspended_tenants_key_is_false(diner, gateway, dba):
    dba.execute("UPDATE tenancy_private.tenant SET status = 'suspended'")
    assert gateway.execute(VERIFY, [diner.keys["staff"], "diner"]).fetchone() == (False,)


def test_failures_are_counted_and_make_the_next_one_slower(diner, gateway, dba):
    gateway.autocommit = True
    for _ in range(3):
        gateway.execute(VERIFY, ["sk_live_guess", "diner"])
    count = "SELECT failures FROM tenancy_private.key_failure WHERE tenant_id = %s"
    assert dba.execute(count, [diner.id]).fetchone() == (3,)
    dba.execute("UPDATE tenancy_private.key_failure SET failures = 50")
    began = time.monotonic()
    gateway.execute(VERIFY, ["sk_live_guess", "diner"])
    slowed = time.monotonic() - began
    assert slowed >= 0.5  # a lower bound only: pg_sleep never returns early
    dba.execute("UPDATE tenancy_private.key_failure SET since = now() - interval '2 minutes'")
    gateway.execute(VERIFY, ["sk_live_guess", "diner"])
    assert dba.execute(count, [diner.id]).fetchone() == (1,)


def test_a_read_only_transaction_verifies_and_counts_nothing(diner, database, dba):
    with psycopg.connect(make_conninfo(database, user="tenancy_gateway")) as conn:
        conn.read_only = True
        assert conn.execute(VERIFY, [diner.keys["staff"], "diner"]).fetchone() == (True,)
        assert conn.execute(VERIFY, ["sk_live_guess", "diner"]).fetchone() == (False,)
    assert dba.execute("SELECT count(*) FROM tenancy_private.key_failure").fetchone() == (0,)


def test_a_refusal_is_logged_with_a_digest_and_never_the_reason_TN001(diner, gateway):
    """A session may ask for log messages: what it gets tells nothing about the tenant."""
    heard = []
    gateway.add_notice_handler(lambda d: heard.append(d.message_primary))
    gateway.execute("SET client_min_messages = log")
    with refused("TN001"):
        gateway.execute("""SELECT tenancy.enter('sk_live_guess', '{"request_id": "r-1"}')""")
    line = next(text for text in heard if text.startswith("tenancy.enter refused"))
    assert '"request_id": "r-1"' in line
    assert re.search(r'"credential": "[0-9a-f]{16}"', line)
    assert "guess" not in line
    assert "diner" not in line
