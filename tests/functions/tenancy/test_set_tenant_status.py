"""tenancy.set_tenant_status(): the steps of a tenant's life, and what each stage lets whom do."""

import threading
import uuid

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.fix_tenants import refused

SET = "SELECT tenancy.set_tenant_status(%s, %s, %s)"
WHY = "a reason of some length"
LOG = (
    "SELECT from_status, to_status, reason, changed_by, changed_as, actor_id "
    "FROM tenancy_private.tenant_status_log ORDER BY changed_at"
)
NOBODY = dict.fromkeys(("public", "staff", "manager", "jwt", "ticket"), "TN001")
READERS = dict.fromkeys(NOBODY, "read")
#: What each credential gets in each status. jwt is a session of a member of staff.
MAY = {
    "provisioning": NOBODY | {"job": "write"},
    "active": dict.fromkeys(NOBODY, "write") | {"public": "read", "job": "write"},
    "read_only": READERS | {"job": "write"},
    "suspended": NOBODY | {"job": "write"},
    "moving": READERS | {"job": "read"},
    "offboarding": NOBODY | {"manager": "read", "ticket": "read", "job": "write"},
    "purging": NOBODY | {"job": "write"},
    "purged": NOBODY | {"job": "TN001"},
}


@pytest.fixture
def enter(diner, issuer, database):
    """One connection per kind of credential; call it to say what the next transaction may do."""
    login = {
        "ticket": "tenancy_console",
        "job": "tenancy_operator",
    }
    with psycopg.connect(make_conninfo(database, user="tenancy_console")) as conn:
        ticket = conn.execute(
            "SELECT tenancy.open_admin_session(%s, 'looking into a complaint', 30)", [diner.id]
        ).fetchone()[0]
    credentials = {
        "public": diner.keys["public"],
        "staff": diner.keys["staff"],
        "manager": diner.keys["manager"],
        "jwt": issuer(sub=str(diner.people["staff"])),
        "ticket": ticket,
        "job": None,
    }
    conns = {
        kind: psycopg.connect(make_conninfo(database, user=login.get(kind, "tenancy_gateway")))
        for kind in credentials
    }

    def attempt(kind):
        conn = conns[kind]
        try:
            if kind == "job":
                conn.execute("SELECT tenancy.enter_system(%s, 'retention')", [diner.id])
                off = conn.execute("SELECT current_setting('transaction_read_only')").fetchone()
                return "read" if off == ("on",) else "write"
            conn.execute("SELECT tenancy.enter(%s)", [credentials[kind]])
            assert conn.execute("SELECT id FROM app.pins").fetchall()
            conn.execute("INSERT INTO app.pins (title) VALUES ('new')")
            return "write"
        except psycopg.Error as error:
            # 42501: an anonymous customer writes for nobody, whatever the status
            return {"25006": "read", "42501": "read"}.get(error.sqlstate, error.sqlstate)
        finally:
            conn.rollback()

    yield attempt
    for conn in conns.values():
        conn.close()


def test_every_status_says_what_each_credential_may_do_TN001(enter, dba, diner):
    statuses = {s for (s,) in dba.execute("SELECT status FROM tenancy.tenant_status")}
    assert statuses == MAY.keys()
    found = {}
    for status, kinds in MAY.items():
        dba.execute("UPDATE tenancy_private.tenant SET status = %s", [status])
        found[status] = {kind: enter(kind) for kind in kinds}
    assert found == MAY


def test_a_step_counts_from_the_next_transaction_on_TN001(diner, admin):
    with diner.enter("staff") as conn:
        admin.execute(SET, [diner.id, "suspended", WHY])
        assert conn.execute("SELECT id FROM app.orders").fetchall()  # entered before
        conn.rollback()
        with refused("TN001"):
            conn.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])


def test_each_step_is_recorded_and_a_repeated_one_is_none(diner, admin, as_login, dba):
    admin.execute(SET, [diner.id, "suspended", WHY])
    admin.execute(SET, [diner.id, "suspended", "said again, to be sure"])
    with psycopg.connect(as_login("tenancy_operator")) as conn:
        conn.execute("SET ROLE tenancy_operator")
        with (
            refused("TN020"),
            conn.transaction(),
        ):  # suspended by an administrator, so reopened by one
            conn.execute(SET, [diner.id, "active", WHY])
    admin.execute(SET, [diner.id, "active", "the bill is paid"])
    signed_up, activated, *later = dba.execute(LOG).fetchall()
    assert (signed_up[:2], activated[:2]) == ((None, "provisioning"), ("provisioning", "active"))
    assert later == [
        ("active", "suspended", WHY, "tenancy_console", "tenancy_admin", None),
        ("suspended", "active", "the bill is paid", "tenancy_console", "tenancy_admin", None),
    ]


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET reason = reason", "DELETE FROM {}", "TRUNCATE {}"]
)
def test_what_is_recorded_stays_TN027(diner, admin, dba, statement):
    admin.execute(SET, [diner.id, "suspended", WHY])
    with refused("TN027"):
        dba.execute(statement.format("tenancy_private.tenant_status_log"))


def test_only_the_listed_steps_are_taken_TN020(diner, admin, dba):
    """Every pair of statuses, as the administrator: allowed where the table says so, else refused."""
    steps = {
        (f, t): who
        for f, t, who in dba.execute(
            "SELECT from_status, to_status, who FROM tenancy.tenant_transition"
        )
    }
    assert steps
    for before in MAY:
        for after in MAY.keys() - {before}:
            dba.execute("UPDATE tenancy_private.tenant SET status = %s", [before])
            if steps.get((before, after)) in {"admin", "operator"}:
                admin.execute(SET, [diner.id, after, WHY])
            else:
                with refused("TN020"):
                    admin.execute(SET, [diner.id, after, WHY])
    with refused("TN020"):
        admin.execute(SET, [diner.id, "no such status", WHY])


@pytest.mark.parametrize("reason", [None, "", "short", " " * 40, "x" * 1001])
def test_a_step_needs_a_reason_TN004(diner, admin, reason):
    with refused("TN004"):
        admin.execute(SET, [diner.id, "suspended", reason])


def test_only_the_platform_outside_any_tenant_TN002_and_42501(diner, spa, admin, as_login):
    with refused("TN001"):
        admin.execute(SET, [uuid.uuid4(), "suspended", WHY])
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute(SET, [diner.id, "suspended", WHY])
    with psycopg.connect(as_login("tenancy_console")) as conn:
        ticket = conn.execute(
            "SELECT tenancy.open_admin_session(%s, 'asked for by phone', 5)", [diner.id]
        ).fetchone()[0]
        conn.commit()
        conn.execute("SELECT tenancy.enter(%s)", [ticket])
        with refused("TN002"):  # a ticket for one tenant ends neither it nor another
            conn.execute(SET, [spa.id, "suspended", WHY])
    with psycopg.connect(as_login("tenancy_operator")) as conn:
        conn.execute("SELECT tenancy.enter_system(%s, 'retention')", [diner.id])
        with refused("TN002"):
            conn.execute(SET, [diner.id, "suspended", WHY])


@pytest.mark.parametrize(
    ("first", "second", "outcome", "left"),
    [
        ("suspended", "suspended", None, "suspended"),
        ("suspended", "read_only", None, "read_only"),
        ("moving", "suspended", None, "suspended"),
        ("read_only", "provisioning", "TN020", "read_only"),
    ],
)
def test_two_steps_at_once_are_taken_one_after_the_other_TN020(
    diner, as_login, dba, first, second, outcome, left
):
    """The second waits, and is checked against what the first left."""
    got = []
    with (
        psycopg.connect(as_login("tenancy_console")) as one,
        psycopg.connect(as_login("tenancy_console")) as two,
    ):
        for conn in (one, two):
            conn.execute("SET ROLE tenancy_admin")
            conn.commit()
        one.execute(SET, [diner.id, first, WHY])

        def later():
            try:
                two.execute(SET, [diner.id, second, WHY])
                two.commit()
                got.append(None)
            except psycopg.Error as error:
                got.append(error.sqlstate)

        thread = threading.Thread(target=later)
        thread.start()
        while not dba.execute(
            "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'",
            [two.info.backend_pid],
        ).fetchone():
            assert thread.is_alive()
        one.commit()
        thread.join(30)
    assert got == [outcome]
    assert dba.execute("SELECT status FROM tenancy_private.tenant").fetchone() == (left,)
    steps = dba.execute(LOG).fetchall()[2:]  # after it was signed up and activated
    assert len(steps) == (1 if first == second or outcome else 2)


def test_a_step_does_not_wait_for_the_tenants_own_transactions(diner, admin):
    with diner.enter("manager") as conn:
        conn.execute("INSERT INTO app.pins (title) VALUES ('slow')")
        admin.execute("SET lock_timeout = '5s'")
        admin.execute(SET, [diner.id, "suspended", WHY])
