"""tenancy.open_admin_session(): break-glass with evidence."""

import uuid

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.fix_tenants import refused

OPEN = "SELECT tenancy.open_admin_session(%s, 'customer asked for help', 5)"


@pytest.fixture
def console(database):
    with psycopg.connect(make_conninfo(database, user="tenancy_console")) as conn:
        yield conn
        conn.rollback()


def test_a_ticket_opens_one_tenant_after_commit(diner, spa, console, dba):
    ticket = console.execute(OPEN, [diner.id]).fetchone()[0]
    console.commit()
    console.execute("SELECT tenancy.enter(%s)", [ticket])
    rows = console.execute("SELECT id FROM app.orders").fetchall()
    assert rows == [(diner.order,)]
    actor = console.execute("SELECT tenancy.actor_id(), tenancy.actor_role()").fetchone()
    row = dba.execute("SELECT id, opened_by, reason FROM tenancy_private.access_ticket").fetchone()
    assert actor == (row[0], "admin")
    assert row[1:] == ("tenancy_console", "customer asked for help")


def test_a_ticket_is_worthless_before_commit_TN001(diner, console):
    ticket = console.execute(OPEN, [diner.id]).fetchone()[0]
    with refused("TN001"):
        console.execute("SELECT tenancy.enter(%s)", [ticket])


def test_a_ticket_rolled_back_does_not_exist_TN001(diner, console):
    ticket = console.execute(OPEN, [diner.id]).fetchone()[0]
    console.rollback()
    with refused("TN001"):
        console.execute("SELECT tenancy.enter(%s)", [ticket])


def test_an_expired_or_closed_ticket_is_dead_TN001(diner, console, dba):
    tickets = [console.execute(OPEN, [diner.id]).fetchone()[0] for _ in range(2)]
    console.commit()
    dba.execute(
        "UPDATE tenancy_private.access_ticket SET expires_at = now() WHERE digest = sha256(%s)",
        [tickets[0].encode()],
    )
    row = dba.execute(
        "SELECT id FROM tenancy_private.access_ticket WHERE digest = sha256(%s)",
        [tickets[1].encode()],
    ).fetchone()
    console.execute("SELECT tenancy.close_ticket(%s)", [row[0]])
    console.commit()
    for ticket in tickets:
        with refused("TN001"):
            console.execute("SELECT tenancy.enter(%s)", [ticket])
        console.rollback()


@pytest.mark.parametrize(
    ("reason", "minutes"),
    [
        (None, 5),
        ("short", 5),
        (" " * 40, 5),
        ("long enough", 0),
        ("long enough", 481),
        ("long enough", None),
    ],
)
def test_a_session_needs_a_reason_and_an_end_TN004(diner, console, reason, minutes):
    with refused("TN004"):
        console.execute(
            "SELECT tenancy.open_admin_session(%s, %s, %s)", [diner.id, reason, minutes]
        )


def test_an_unknown_tenant_is_not_found_TN001(console):
    with refused("TN001"):
        console.execute(OPEN, [uuid.uuid4()])


def test_the_application_cannot_use_a_ticket_42501(diner, gateway, console):
    ticket = console.execute(OPEN, [diner.id]).fetchone()[0]
    console.commit()
    with refused("42501"):  # it is no member of tenancy_admin
        gateway.execute("SELECT tenancy.enter(%s)", [ticket])
    gateway.rollback()
    with refused("42501"):
        gateway.execute(OPEN, [diner.id])
