"""tenancy.pre_request(): what a PostgREST request may do is what its raw credential proves."""

import json
import uuid

import psycopg
import pytest

from tests.fix_tenants import refused
from tests.tokens import jwt

CALL = "SELECT tenancy.pre_request()"


@pytest.fixture
def request_(gateway):
    """Send a request with these headers, as PostgREST does; returns the connection inside it."""

    def send(*, raw: str | None = None, **headers: str):
        gateway.rollback()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        gateway.execute(
            "SELECT set_config('request.headers', %s, true)",
            [json.dumps(named) if raw is None else raw],
        )
        gateway.execute(CALL)
        return gateway

    return send


def context(conn):
    query = "SELECT tenancy.tenant_id(), current_user::text, tenancy.actor_id()"
    return conn.execute(query).fetchone()


def test_a_key_in_either_header_opens_its_tenant(diner, spa, request_):
    key = diner.keys["public"]
    for headers in (
        {"apikey": key},
        {"authorization": f"Bearer {key}"},
        {"x_authorization": f"bearer {key}"},
        {"x_tenant_key": key},
        {"apikey": key, "authorization": f"Bearer {key}"},  # as supabase-js does
    ):
        assert context(request_(**headers)) == (diner.id, "tenancy_customer", None)


def test_a_secret_key_brings_its_role_and_reads_only_its_tenant(diner, spa, request_):
    conn = request_(apikey=diner.keys["staff"])
    assert context(conn)[:2] == (diner.id, "tenancy_staff")
    assert conn.execute("SELECT id FROM api.orders").fetchall() == [(diner.order,)]


def test_it_works_in_the_read_only_transaction_of_a_get(diner, gateway):
    gateway.execute("SET TRANSACTION READ ONLY")
    headers = json.dumps({"apikey": diner.keys["staff"]})
    gateway.execute("SELECT set_config('request.headers', %s, true)", [headers])
    gateway.execute(CALL)
    assert gateway.execute("SELECT id FROM api.orders").fetchall() == [(diner.order,)]
    with refused("25006"):
        gateway.execute("UPDATE api.orders SET notes = 'x'")


def test_a_read_only_tenant_reads_and_never_writes_25006(diner, dba, request_):
    dba.execute("UPDATE tenancy_private.tenant SET status = 'read_only'")
    conn = request_(apikey=diner.keys["staff"])
    assert conn.execute("SELECT id FROM api.orders").fetchall() == [(diner.order,)]
    with refused("25006"):
        conn.execute("UPDATE api.orders SET notes = 'x'")


def test_a_token_brings_its_user_and_the_key_beside_it_only_names_the_tenant(
    diner, spa, admin, issuer, request_
):
    user = diner.people["staff"]
    token = f"Bearer {issuer(sub=str(user))}"
    expected = (diner.id, "tenancy_staff", user)
    assert context(request_(authorization=token)) == expected
    assert context(request_(authorization=token, apikey=diner.keys["public"])) == expected
    admin.execute("SELECT tenancy.set_member(%s, %s, 'manager')", [spa.id, user])
    for hint in (
        {"apikey": diner.keys["public"]},
        {"x_tenant_id": "diner"},
        {"x_tenant_id": str(diner.id)},
        {"x_location_id": "diner"},
        {"host": "diner.chi-pins.com"},
        {"host": "127.0.0.1:3000", "x_forwarded_host": "Diner.Chi-Pins.com.:443, proxy"},
    ):
        assert context(request_(authorization=token, **hint)) == expected
    with refused("TN001"):
        request_(authorization=token)  # which of the two?


def test_what_the_client_claims_is_kept_as_a_claim(diner, request_):
    conn = request_(
        apikey=diner.keys["staff"],
        user_agent="a" * 5000,
        x_request_id="r1",
        x_forwarded_for="192.0.2.1, 10.0.0.1",
    )
    kept = json.loads(conn.execute("SELECT current_setting('tenancy.request')").fetchone()[0])
    assert kept == {"user_agent": "a" * 128, "request_id": "r1", "client_address": "192.0.2.1"}


def refusals(diner, spa, issuer):
    """Every way to be refused, by name: the headers of each."""
    key, other = diner.keys["public"], spa.keys["public"]
    token = f"Bearer {issuer(sub=str(diner.people['staff']))}"
    forged = jwt(b"not the issuer's secret, 32 bytes", sub=str(diner.people["staff"]))
    return {
        "anonymous": {},
        "empty": {"apikey": "", "authorization": ""},
        "unknown key": {"apikey": "pk_live_unknown"},
        "no scheme": {"authorization": key},
        "basic": {"authorization": f"Basic {key}"},
        "forged token": {"authorization": f"Bearer {forged}"},
        "unsigned token": {"authorization": f"Bearer {jwt(b'x' * 32, alg='none', sub='x')}"},
        "a stranger's token": {"authorization": f"Bearer {issuer(sub=str(uuid.uuid4()))}"},
        "key and token of two tenants": {"authorization": token, "apikey": other},
        "the right name beside another's key": {
            "authorization": token,
            "apikey": other,
            "x_tenant_id": "diner",
        },
        "unknown key beside a token": {"authorization": token, "apikey": "pk_live_unknown"},
        "two keys of two tenants": {"authorization": f"Bearer {key}", "apikey": other},
        "keys joined by a proxy": {"apikey": f"{key}, {other}"},
        "other tenant's slug": {"apikey": key, "x_tenant_id": "spa"},
        "other tenant's id": {"apikey": key, "x_tenant_id": str(spa.id)},
        "nobody's slug": {"apikey": key, "x_tenant_id": "nowhere"},
        "empty slug": {"apikey": key, "x_tenant_id": ""},
        "slugs joined by a proxy": {"apikey": key, "x_tenant_id": "diner, spa"},
        "long slug": {"apikey": key, "x_tenant_id": "diner" + " " * 5_000},
        "?location= of another": {"apikey": key, "x_location_id": "spa"},
        "host of another": {"apikey": key, "host": "spa.chi-pins.com"},
        "forwarded host of another": {"apikey": key, "x_forwarded_host": "SPA.chi-pins.com:80"},
        "host of another beside the right name": {
            "apikey": key,
            "x_tenant_id": "diner",
            "host": "spa.chi-pins.com",
        },
        "host of another, with a token": {"authorization": token, "host": "spa.chi-pins.com"},
        "a ticket": {"apikey": "at_live_unknown"},
    }


def test_every_refusal_is_one_answer_TN001(diner, spa, issuer, request_, dba):
    assert context(request_(apikey=diner.keys["public"]))[0] == diner.id
    answers = set()
    for name, headers in refusals(diner, spa, issuer).items():
        with pytest.raises(psycopg.Error) as caught:
            request_(**headers)
        diag = caught.value.diag
        answers.add((diag.sqlstate, diag.message_primary, diag.message_detail, diag.message_hint))
        assert answers == {("TN001", "resource not found", None, None)}, name


def test_a_custom_domain_is_a_hint_like_the_subdomain_TN001(diner, spa, dba, request_):
    dba.execute("UPDATE tenancy_private.tenant SET custom_domain = slug || '.example'")
    key = diner.keys["public"]
    assert context(request_(apikey=key, host="diner.example"))[0] == diner.id
    assert context(request_(apikey=key, host="somebody.else.example"))[0] == diner.id
    with refused("TN001"):
        request_(apikey=key, host="spa.example")


def test_a_valid_access_ticket_is_not_for_http_TN001(diner, as_login, request_):
    with psycopg.connect(as_login("tenancy_console")) as console:
        ticket = console.execute(
            "SELECT tenancy.open_admin_session(%s, 'to see that it is refused', 5)", [diner.id]
        ).fetchone()[0]
        console.commit()
        console.execute("SELECT tenancy.enter(%s)", [ticket])  # it is valid
    with refused("TN001"):
        request_(authorization=f"Bearer {ticket}")


def test_decoded_claims_prove_nothing_TN001(diner, gateway, request_):
    claims = {"sub": str(diner.people["manager"]), "tenant": "diner", "role": "tenancy_manager"}
    forge = "SELECT set_config(%s, %s, true)"
    for setting in ("request.jwt.claims", "request.jwt.claim.sub", "request.jwt"):
        gateway.execute(forge, [setting, json.dumps(claims)])
    gateway.execute(forge, ["request.headers", '{"host": "diner.chi-pins.com"}'])
    with refused("TN001"):
        gateway.execute(CALL)


def test_decoded_claims_change_nothing_beside_a_credential(diner, spa, gateway):
    forge = "SELECT set_config(%s, %s, true)"
    gateway.execute(forge, ["request.jwt.claims", json.dumps({"tenant": "spa", "role": "staff"})])
    gateway.execute(forge, ["request.headers", json.dumps({"apikey": diner.keys["public"]})])
    gateway.execute(CALL)
    assert context(gateway) == (diner.id, "tenancy_customer", None)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "{",
        "[]",
        '["apikey", "KEY"]',
        "null",
        "7",
        '"KEY"',
        '{"apikey": null}',
        '{"apikey": 7}',
        '{"apikey": ["KEY"]}',
        '{"apikey": {"apikey": "KEY"}}',
        '{"apikey": "KEY\\u0000"}',
        '{"apikey": "\\ud800"}',
        '{"Apikey": "KEY"}',
        '{"APIKEY": "KEY", "Authorization": "Bearer KEY"}',
        '{"apikey": "KEY", "apikey": "pk_live_unknown"}',
        "[" * 60_000,
        '{"apikey": "KEY", "x": "' + "x" * 1_000_000 + '"}',
        '{"apikey": "' + "x" * 1_000_000 + '"}',
    ],
    ids=lambda raw: repr(raw)[:40],
)
def test_headers_that_postgrest_would_not_write_are_no_credential_TN001(diner, request_, raw):
    assert context(request_(raw='{"apikey": "KEY"}'.replace("KEY", diner.keys["public"])))[0]
    with refused("TN001"):
        request_(raw=raw.replace("KEY", diner.keys["public"]))


def test_of_a_duplicated_header_the_last_counts_for_key_and_check_alike(diner, spa, request_):
    raw = json.dumps({"apikey": spa.keys["public"]})[:-1] + ', "apikey": "%s"}'
    assert context(request_(raw=raw % diner.keys["public"]))[0] == diner.id


def test_a_request_cannot_change_its_credential_TN003_42501(diner, spa, request_):
    for role, code in (("tenancy_staff", "42501"), ("tenancy_gateway", "TN003")):
        conn = request_(apikey=diner.keys["staff"])
        headers = json.dumps({"apikey": spa.keys["staff"]})
        conn.execute("SELECT set_config('request.headers', %s, true)", [headers])
        conn.execute(f"SET LOCAL ROLE {role}")
        with refused(code):
            conn.execute(CALL)


def test_without_it_a_request_reads_nothing_42501(diner, gateway):
    headers = json.dumps({"apikey": diner.keys["staff"]})
    gateway.execute("SELECT set_config('request.headers', %s, true)", [headers])
    with refused("42501"):
        gateway.execute("SELECT id FROM api.orders")


def test_minting_alone_puts_no_role_in_force(diner, gateway):
    headers = json.dumps({"apikey": diner.keys["staff"]})
    gateway.execute("SELECT set_config('request.headers', %s, true)", [headers])
    gateway.execute("SELECT tenancy.mint_request_context()")
    assert context(gateway) == (None, "tenancy_gateway", None)


SET_CONFIG = "SELECT tenancy.set_config(%s, %s, %s)"


def test_an_upsert_counts_its_rows_in_a_setting_of_postgrest(diner, request_):
    conn = request_(apikey=diner.keys["staff"])
    conn.execute("SET LOCAL search_path = api, tenancy, pg_catalog")  # as the guide configures it
    for count in ("1", "2"):
        assert conn.execute("SELECT set_config('pgrst.inserted', %s, true)", [count]).fetchone()
        row = conn.execute("SELECT current_setting('pgrst.inserted')").fetchone()
        assert row == (count,)


@pytest.mark.parametrize(
    "arguments",
    [
        ("tenancy.context", "x", True),
        ("role", "tenancy_manager", True),
        ("request.headers", "{}", True),
        ("search_path", "x", True),
        ("PGRST.inserted", "1", True),
        ("pgrst.inserted", "1", False),
        ("pgrst.inserted", "1", None),
        ("pgrst.inserted", "x", True),
        ("pgrst.inserted", "1\n", True),
        ("pgrst.inserted", None, True),
        (None, "1", True),
    ],
    ids=str,
)
def test_no_other_setting_is_set_that_way_42501(diner, request_, arguments):
    conn = request_(apikey=diner.keys["staff"])
    with refused("42501"):
        conn.execute(SET_CONFIG, arguments)


def test_a_tenant_over_its_rate_is_refused_also_for_reading_PT429(diner, spa, request_, gateway):
    call = "SELECT allowed FROM tenancy.check_rate_limit('api', 100)"
    with diner.enter("staff") as conn:
        assert conn.execute(call).fetchone() == (True,)
        conn.commit()
    for mode in ("READ WRITE", "READ ONLY"):
        gateway.rollback()
        gateway.execute(f"SET TRANSACTION {mode}")
        headers = json.dumps({"apikey": diner.keys["staff"]})
        gateway.execute("SELECT set_config('request.headers', %s, true)", [headers])
        with refused("PT429"):
            gateway.execute(CALL)
    assert context(request_(apikey=spa.keys["staff"]))[0] == spa.id  # others go on
