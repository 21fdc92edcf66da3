"""tenancy.enter() by JWT: HS256 of a registered issuer, verified in SQL."""

import base64
import json

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.fix_tenants import SECRET, refused
from tests.tokens import encode, jwt


@pytest.fixture
def token(diner, issuer):
    """A token of the diner's staff member; claims override."""
    return lambda secret=SECRET, **claims: issuer(
        secret, **{"sub": str(diner.people["staff"]), "tenant": "diner", **claims}
    )


def test_a_member_enters_with_the_role_of_the_membership(diner, gateway, token):
    gateway.execute("SELECT tenancy.enter(%s)", [token()])
    now = gateway.execute("SELECT tenancy.tenant_id(), tenancy.actor_id(), tenancy.actor_role()")
    assert now.fetchone() == (diner.id, diner.people["staff"], "staff")


def test_a_token_may_lower_the_role(gateway, token):
    gateway.execute("SELECT tenancy.enter(%s)", [token(role="customer")])
    assert gateway.execute("SELECT tenancy.actor_role()").fetchone() == ("customer",)


def test_a_user_of_one_tenant_need_not_name_it(diner, gateway, token):
    assert gateway.execute("SELECT tenancy.enter(%s)", [token(tenant=None)]).fetchone() == (
        diner.id,
    )


def test_a_user_of_two_tenants_names_the_one_they_mean(diner, spa, gateway, admin, token):
    admin.execute("SELECT tenancy.set_member(%s, %s, 'customer')", [spa.id, diner.people["staff"]])
    with refused("TN001"):
        gateway.execute("SELECT tenancy.enter(%s)", [token(tenant=None)])
    gateway.rollback()
    gateway.execute("""SELECT tenancy.enter(%s, '{"tenant": "spa"}')""", [token(tenant=None)])
    assert gateway.execute("SELECT tenancy.actor_role()").fetchone() == ("customer",)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1_700_000_000},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 9_999_999_999},
        {"iss": "https://evil.test"},
        {"aud": "somebody-else"},
        {"aud": None},
        {"sub": None},
        {"sub": "' OR true --"},
        {"tenant": "spa"},
        {"tenant": "nowhere"},
        {"role": "manager"},
        {"role": "admin"},
        {"role": "operator"},
        {"role": ["staff"]},
        {"exp": "NaN"},
        {"exp": "9999999999"},
        {"nbf": "0"},
    ],
    ids=str,
)
def test_a_claim_that_is_not_right_TN001(spa, gateway, token, claims):
    with refused("TN001"):
        gateway.execute("SELECT tenancy.enter(%s)", [token(**claims)])


@pytest.mark.parametrize("alg", ["none", "None", "HS384", "RS256", "hs256"])
def test_any_other_algorithm_is_refused_TN001(gateway, token, alg):
    with refused("TN001"):
        gateway.execute("SELECT tenancy.enter(%s)", [token(alg=alg)])


@pytest.mark.parametrize("crit", [["b64"], ["exp"], [], None])
def test_a_header_that_asks_for_more_than_we_understand_TN001(gateway, token, crit):
    """RFC 7515, 4.1.11: an extension that is not understood refuses the token."""
    with refused("TN001"):
        gateway.execute("SELECT tenancy.enter(%s)", [token(header={"crit": crit, "b64": False})])


def test_one_secret_may_serve_several_audiences(gateway, admin, token):
    admin.execute(
        "SELECT tenancy.register_jwt_issuer('https://id.test', 'k2', 'other-app', %s)", [SECRET]
    )
    for audience in ("engageos", "other-app"):
        gateway.execute("SELECT tenancy.enter(%s)", [token(aud=audience)])
        gateway.rollback()
    with refused("TN001"):
        gateway.execute("SELECT tenancy.enter(%s)", [token(aud="third-app")])


def test_another_secret_or_an_edited_token_is_refused_TN001(gateway, token):
    good = token()
    head, body, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    edited = encode(json.dumps({**claims, "role": "customer"}).encode())
    for wrong in (
        token(b"another secret of at least 32 bytes, too"),
        f"{head}.{edited}.{signature}",
        f"{head}.{body}.{signature[:-1]}{'E' if signature[-1] == 'A' else 'A'}",
        f"{head}.{body}.",
        f"{head}.{body}.{signature}=",
        good + ".x",
    ):
        with refused("TN001"):
            gateway.execute("SELECT tenancy.enter(%s)", [wrong])
        gateway.rollback()
    gateway.execute("SELECT tenancy.enter(%s)", [good])  # positive control


def test_an_issuer_that_signs_garbage_is_refused_without_telling_TN001(gateway, issuer):
    signed = jwt(SECRET).split(".")[0]
    import hashlib
    import hmac

    for body in (b"not json", b"\xff\xfe", b"[]", b'"x"', b""):
        text = f"{signed}.{encode(body)}"
        mac = encode(hmac.new(SECRET, text.encode(), hashlib.sha256).digest())
        with refused("TN001"):
            gateway.execute("SELECT tenancy.enter(%s)", [f"{text}.{mac}"])
        gateway.rollback()


def test_known_answer_of_rfc_7515_appendix_a1(dba):
    """The HS256 example of RFC 7515, A.1: the signature is right, its claims are long expired."""
    key = base64.urlsafe_b64decode(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow=="
    )
    signing = (
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )
    row = dba.execute(
        "SELECT rtrim(translate(encode(sha256(p.opad || sha256(p.ipad || convert_to(%s, 'UTF8'))), "
        "'base64'), '+/', '-_'), '=') FROM tenancy_private.hmac_pads(%s) AS p",
        [signing, key],
    ).fetchone()
    assert row == ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",)


def test_an_issuer_needs_a_long_secret_TN004(admin):
    for secret in (b"short", None):
        with refused("TN004"):
            admin.execute("SELECT tenancy.register_jwt_issuer('i', 'k', 'a', %s::bytea)", [secret])


def test_a_revoked_issuer_is_refused_until_it_is_registered_again_TN001(admin, gateway, token):
    good = token()
    gateway.execute("SELECT tenancy.enter(%s)", [good])  # positive control
    gateway.rollback()
    revoke = "SELECT tenancy.revoke_jwt_issuer('https://id.test', 'k1')"
    assert admin.execute(revoke).fetchone() == (1,)
    with refused("TN001"):
        gateway.execute("SELECT tenancy.enter(%s)", [good])
    gateway.rollback()
    with refused("TN001"):
        admin.execute(revoke)
    admin.execute(
        "SELECT tenancy.register_jwt_issuer('https://id.test', 'k1', 'engageos', %s)", [SECRET]
    )
    gateway.execute("SELECT tenancy.enter(%s)", [good])


def test_every_key_of_an_issuer_is_revoked_at_once(admin, token):
    admin.execute(
        "SELECT tenancy.register_jwt_issuer('https://id.test', 'k2', 'engageos', %s)", [SECRET]
    )
    revoked = admin.execute("SELECT tenancy.revoke_jwt_issuer('https://id.test')").fetchone()
    assert revoked == (2,)


def test_only_the_platform_revokes_an_issuer_42501(diner, database, token):
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute("SELECT tenancy.revoke_jwt_issuer('https://id.test')")
    with psycopg.connect(make_conninfo(database, user="tenancy_console")) as conn, refused("42501"):
        conn.execute("SELECT tenancy.revoke_jwt_issuer('https://id.test')")
