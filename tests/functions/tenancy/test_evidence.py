"""What the platform does to a tenant from outside is on record, and waits for review."""

import uuid

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.fix_tenants import refused


def open_evidence(admin):
    return admin.execute("SELECT kind, what, tenant_id FROM tenancy.list_evidence()").fetchall()


@pytest.mark.parametrize(
    ("call", "action"),
    [
        ("SELECT tenancy.issue_api_key(%(t)s, 'secret', 'manager')", "issue_api_key"),
        ("SELECT tenancy.set_member(%(t)s, gen_random_uuid(), 'manager')", "set_member"),
        ("SELECT tenancy.invite_member(%(t)s, 'x@example.com')", "invite_member"),
        ("SELECT tenancy.rotate_webhook_secret(%(t)s)", "rotate_webhook_secret"),
    ],
)
def test_a_way_in_that_the_platform_makes_is_recorded_with_it(diner, admin, call, action):
    before = open_evidence(admin)
    with admin.transaction(force_rollback=True):
        admin.execute(call, {"t": diner.id})
    assert open_evidence(admin) == before  # neither without the other
    admin.execute(call, {"t": diner.id})
    assert open_evidence(admin) == [*before, ("action", action, diner.id)]


def test_what_a_manager_does_inside_is_not_the_platforms(diner, admin):
    before = open_evidence(admin)
    with diner.enter("manager") as conn:
        conn.execute("SELECT tenancy.issue_api_key(%s, 'secret', 'staff')", [diner.id])
        conn.commit()
    assert open_evidence(admin) == before


def test_a_ticket_for_one_tenant_yields_no_unrecorded_key_of_another(diner, spa, admin, database):
    """Emptying the setting makes the console what it was before, no more; and it is on record."""
    admin.execute("RESET ROLE")
    ticket = admin.execute(
        "SELECT tenancy.open_admin_session(%s, 'look at something', 5)", [diner.id]
    ).fetchone()[0]
    admin.execute("SET ROLE tenancy_admin")
    before = open_evidence(admin)
    with psycopg.connect(make_conninfo(database, user="tenancy_console")) as conn:
        conn.execute("SELECT tenancy.enter(%s)", [ticket])
        with refused("TN002"), conn.transaction():
            conn.execute("SELECT tenancy.issue_api_key(%s, 'secret', 'manager')", [spa.id])
        conn.execute(
            "SELECT x.s, tenancy.issue_api_key(%s, 'secret', 'manager') "
            "FROM (SELECT set_config('tenancy.context', '', true) AS s OFFSET 0) AS x",
            [spa.id],
        )
    assert open_evidence(admin) == [*before, ("action", "issue_api_key", spa.id)]


def test_after_leaving_the_platforms_calls_are_refused_TN002(diner, spa, admin, database):
    admin.execute("RESET ROLE")
    ticket = admin.execute(
        "SELECT tenancy.open_admin_session(%s, 'look at something', 5)", [diner.id]
    ).fetchone()[0]
    with psycopg.connect(make_conninfo(database, user="tenancy_console")) as conn:
        conn.execute("SELECT tenancy.enter(%s)", [ticket])
        conn.execute("SELECT tenancy.leave()")
        conn.execute("SET LOCAL ROLE tenancy_admin")
        with refused("TN002"):
            conn.execute("SELECT tenancy.issue_api_key(%s, 'secret', 'manager')", [spa.id])


def test_sessions_and_actions_are_reviewed_once_TN001(diner, admin, dba):
    admin.execute("RESET ROLE")
    admin.execute("SELECT tenancy.open_admin_session(%s, 'look at something', 5)", [diner.id])
    admin.execute("SET ROLE tenancy_admin")
    rows = admin.execute("SELECT id, kind FROM tenancy.list_evidence()").fetchall()
    assert {kind for _, kind in rows} == {"ticket", "action"}
    for evidence, _ in rows:
        admin.execute("SELECT tenancy.review_evidence(%s)", [evidence])
        with refused("TN001"):
            admin.execute("SELECT tenancy.review_evidence(%s)", [evidence])
    assert open_evidence(admin) == []
    reviewed = admin.execute("SELECT reviewed_by FROM tenancy.list_evidence(false)").fetchall()
    assert reviewed == [("tenancy_console",)] * len(rows)
    with refused("TN001"):
        admin.execute("SELECT tenancy.review_evidence(%s)", [uuid.uuid4()])


def test_not_for_tenants_42501(diner):
    for call in ("SELECT FROM tenancy.list_evidence()", "SELECT tenancy.review_evidence(NULL)"):
        with diner.enter("manager") as conn, refused("42501"):
            conn.execute(call)
