"""tenancy.create_tenant(): one call, one transaction, one tenant."""

import threading
import uuid

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.fix_tenants import refused

CREATE = "SELECT tenancy.create_tenant(%s, %s, %s)"
COUNTS = """
SELECT
    (SELECT count(*) FROM tenancy_private.tenant), (SELECT count(*) FROM tenancy_private.member),
    (SELECT count(*) FROM tenancy_private.api_key), (SELECT count(*) FROM app.settings),
    (SELECT count(*) FROM app.storage_buckets), (SELECT count(*) FROM tenancy_private.webhook_secret),
    (SELECT count(*) FROM tenancy_private.taken_slug WHERE tenant_id IS NOT NULL)
"""


@pytest.fixture
def create(admin):
    """Create a tenant with named parameters; return what the call returned."""

    def call(subdomain="chicago-mikes", **named):
        named = {"p_name": "Chicago Mike's", "p_industry": "restaurant", **named}
        names = ", ".join(f"{name} => %({name})s" for name in named)
        query = f"SELECT tenancy.create_tenant(p_subdomain => %(subdomain)s, {names})"
        return admin.execute(query, {"subdomain": subdomain, **named}).fetchone()[0]

    return call


def test_everything_a_tenant_has_is_there_at_once(create, dba):
    made = create(p_admin_email="mike@example.com")
    assert (made["slug"], made["status"], made["is_new"]) == ("chicago-mikes", "active", True)
    assert dba.execute(COUNTS).fetchone() == (1, 1, 2, 1, 1, 1, 1)
    member = dba.execute("SELECT user_id::text, role, email FROM tenancy_private.member")
    assert member.fetchone() == (made["admin_user_id"], "manager", "mike@example.com")
    bucket = dba.execute("SELECT name, is_public, max_object_bytes FROM app.storage_buckets")
    assert bucket.fetchone() == ("uploads", False, 50 * 1024 * 1024)
    settings = dba.execute("SELECT branding, notifications FROM app.settings").fetchone()
    assert settings == (
        {"primary_color": "#667eea", "logo_url": None},
        {"email_enabled": True, "sms_enabled": False},
    )
    pending = dba.execute("SELECT FROM tenancy_private.resource WHERE made_at IS NULL")
    assert pending.rowcount == 0


def test_its_keys_open_it(create, gateway):
    made = create()
    for key, role in (("public_key", "customer"), ("secret_key", "manager")):
        gateway.execute("SELECT tenancy.enter(%s)", [made[key]])
        now = gateway.execute("SELECT tenancy.tenant_id()::text, tenancy.actor_role()").fetchone()
        assert now == (made["tenant_id"], role)
        gateway.rollback()


def test_no_secret_is_stored_as_it_is_and_none_has_the_name_in_it(create, dba):
    made = create()
    tables = dba.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' "
        "AND relnamespace IN ('tenancy'::regnamespace, 'tenancy_private'::regnamespace)"
    ).fetchall()
    stored = "\n".join(
        str(row) for (table,) in tables for row in dba.execute(f"SELECT * FROM {table}").fetchall()
    )
    assert made["tenant_id"] in stored  # positive control
    for name in ("public_key", "secret_key", "webhook_secret"):
        assert made[name].split("_", 2)[-1] not in stored
        assert "mike" not in made[name]


def test_a_repeated_idempotency_key_finds_the_first_without_secrets(create, dba):
    first = create(p_idempotency_key="signup-1")
    again = create(p_idempotency_key="signup-1")
    assert again == {
        "tenant_id": first["tenant_id"],
        "slug": "chicago-mikes",
        "status": "active",
        "is_new": False,
    }
    assert dba.execute(COUNTS).fetchone() == (1, 1, 2, 1, 1, 1, 1)


def test_an_idempotency_key_belongs_to_its_parameters_TN031(create, dba):
    create(p_idempotency_key="signup-1")
    with refused("TN031"):
        create("other", p_idempotency_key="signup-1")
    assert dba.execute("SELECT count(*) FROM tenancy_private.tenant").fetchone() == (1,)


def test_a_failed_call_does_not_use_up_its_idempotency_key(create):
    with refused("TN005"):
        create("www", p_idempotency_key="signup-1")
    assert create("mikes-place", p_idempotency_key="signup-1")["is_new"]


@pytest.mark.parametrize("key", ["signup-1", None])
def test_concurrent_calls_with_one_key_or_one_subdomain_give_one_tenant(database, dba, key):
    outcomes = []
    start = threading.Barrier(8)

    def sign_up():
        dsn = make_conninfo(database, user="tenancy_console")
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("SET ROLE tenancy_admin")
            start.wait()
            try:
                row = conn.execute(
                    "SELECT tenancy.create_tenant('Mike', 'hotel', 'mikes', p_idempotency_key => %s)",
                    [key],
                ).fetchone()
                outcomes.append(row[0]["is_new"])
            except psycopg.Error as error:
                outcomes.append(error.sqlstate)

    threads = [threading.Thread(target=sign_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == sorted(["True"] + [("False" if key else "TN005")] * 7)
    assert dba.execute(COUNTS).fetchone() == (1, 1, 2, 1, 1, 1, 1)


@pytest.mark.parametrize(
    "subdomain",
    ["www", "api", "admin", "adm1n", "a-dmin", "chicago-mikes", "ch1cago-mikes", "chicagomikes"],
)
def test_reserved_used_and_look_alike_subdomains_read_the_same_TN005(create, subdomain):
    create()
    with pytest.raises(psycopg.Error) as caught:
        create(subdomain)
    assert (caught.value.sqlstate, caught.value.diag.message_primary) == ("TN005", "slug is taken")
    assert caught.value.diag.message_detail is None
    assert create("another-place")["is_new"]  # positive control


@pytest.mark.parametrize("slug", ["Diner", "dіner", "a b", "-x", "x--y", "", "x" * 64, "a.b"])
def test_a_name_that_is_no_host_label_23514(create, dba, slug):
    with refused("23514"):
        create(slug)
    assert dba.execute(COUNTS).fetchone() == (0,) * 7


@pytest.mark.parametrize(
    ("parameter", "value", "code"),
    [
        ("p_industry", "casino", "23514"),
        ("p_plan", "free", "23503"),
        ("p_admin_email", "nobody", "23514"),
        ("p_name", "", "23514"),
        ("p_region", "eu", "TN030"),
        ("p_region", "mars", "TN030"),
    ],
)
def test_a_value_out_of_its_domain_leaves_nothing_23503_23514_TN030(
    create, dba, parameter, value, code
):
    with refused(code):
        create(**{parameter: value})
    assert dba.execute(COUNTS).fetchone() == (0,) * 7


def test_only_for_tenancy_admin_outside_any_tenant_TN002_42501(diner, admin, database):
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute(CREATE, ["Mine", "hotel", "mine"])
    ticket = admin.execute("SELECT 1").fetchone()
    admin.execute("RESET ROLE")
    ticket = admin.execute(
        "SELECT tenancy.open_admin_session(%s, 'look at something', 5)", [diner.id]
    ).fetchone()[0]
    with psycopg.connect(make_conninfo(database, user="tenancy_console")) as conn:
        conn.execute("SELECT tenancy.enter(%s)", [ticket])
        with refused("TN002"):
            conn.execute(CREATE, ["Mine", "hotel", "mine"])


def test_several_in_one_transaction_and_no_context_stays(database):
    with psycopg.connect(make_conninfo(database, user="tenancy_console")) as conn:
        conn.execute("SET ROLE tenancy_admin")
        for slug in ("one", "two-more", "three-more"):
            conn.execute(CREATE, ["Name", "hotel", slug])
            assert conn.execute("SELECT tenancy.tenant_id()").fetchone() == (None,)
            assert conn.execute("SELECT count(*) FROM app.settings").fetchone() == (0,)


def test_reconcile_makes_what_is_missing_and_keeps_what_is_there(create, admin, dba):
    made = create()
    tenant = made["tenant_id"]
    dba.execute("UPDATE app.settings SET currency = 'EUR'")
    dba.execute("DELETE FROM app.storage_buckets")
    dba.execute("UPDATE tenancy_private.resource SET made_at = NULL")
    dba.execute("UPDATE tenancy_private.tenant SET status = 'provisioning'")
    reconcile = "SELECT tenancy.reconcile_tenant(%s)"
    assert admin.execute(reconcile, [tenant]).fetchone() == (2,)
    assert dba.execute("SELECT currency FROM app.settings").fetchone() == ("EUR",)
    assert dba.execute("SELECT name FROM app.storage_buckets").fetchall() == [("uploads",)]
    assert dba.execute("SELECT status FROM tenancy_private.tenant").fetchone() == ("active",)
    assert admin.execute(reconcile, [tenant]).fetchone() == (0,)
    with refused("TN001"):
        admin.execute(reconcile, [uuid.uuid4()])


def test_reconcile_does_not_reopen_a_suspended_tenant(create, admin, dba):
    tenant = create()["tenant_id"]
    dba.execute("UPDATE tenancy_private.tenant SET status = 'suspended'")
    admin.execute("SELECT tenancy.reconcile_tenant(%s)", [tenant])
    assert dba.execute("SELECT status FROM tenancy_private.tenant").fetchone() == ("suspended",)


def test_the_platform_pages_through_its_tenants_TN002_TN004(diner, spa, admin, database):
    pages, after = [], None
    while rows := admin.execute(
        "SELECT tenant_id, slug, status FROM tenancy.list_tenants(%s, 1)", [after]
    ).fetchall():
        pages += rows
        after = rows[-1][0]
    assert pages == [(diner.id, "diner", "active"), (spa.id, "spa", "active")]
    for limit in (0, 1001, None):
        with refused("TN004"):
            admin.execute("SELECT FROM tenancy.list_tenants(NULL, %s)", [limit])
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute("SELECT FROM tenancy.list_tenants()")
    with psycopg.connect(make_conninfo(database, user="tenancy_console")) as conn, refused("42501"):
        conn.execute("SELECT FROM tenancy.list_tenants()")
