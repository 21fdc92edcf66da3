"""Host names: whose site, and how a custom domain is proven."""

import pytest

from tests.fix_tenants import refused

FIND = "SELECT tenancy.tenant_for_host(%s)"


def prove(diner, operator_dsn, domain="www.diner.example"):
    import psycopg

    with diner.enter("manager") as conn:
        token = conn.execute(
            "SELECT tenancy.claim_custom_domain(%s, %s)", [diner.id, domain]
        ).fetchone()[0]
        conn.commit()
    with psycopg.connect(operator_dsn) as conn:
        return conn.execute(
            "SELECT tenancy.confirm_custom_domain(%s, %s)", [domain, ["v=spf1 -all", token]]
        ).fetchone()[0]


@pytest.mark.parametrize(
    "host",
    ["diner.chi-pins.com", "DINER.Chi-Pins.com", "diner.chi-pins.com:443", "diner.chi-pins.com."],
)
def test_a_subdomain_finds_its_tenant(diner, spa, gateway, host):
    assert gateway.execute(FIND, [host]).fetchone() == (diner.id,)


@pytest.mark.parametrize(
    "host",
    [
        None, "", "chi-pins.com", "nobody.chi-pins.com", "diner.chi-pins.com.evil.test",
        "evil-diner.chi-pins.com", "a.diner.chi-pins.com", "diner.evil.test", "diner", "x" * 100_000,
        "dіner.chi-pins.com",
    ],
    ids=lambda h: repr(h)[:24],
)  # fmt: skip
def test_anything_else_is_nobody(diner, gateway, host):
    assert gateway.execute(FIND, [host]).fetchone() == (None,)


@pytest.mark.parametrize("spoil", ["status = 'suspended'", "status = 'purged'", "region = 'eu'"])
def test_a_closed_tenant_is_nobody_too(diner, gateway, dba, spoil):
    dba.execute(f"UPDATE tenancy_private.tenant SET {spoil}")
    assert gateway.execute(FIND, ["diner.chi-pins.com"]).fetchone() == (None,)


def test_a_custom_domain_is_served_once_it_is_proven(diner, gateway, as_login):
    assert gateway.execute(FIND, ["www.diner.example"]).fetchone() == (None,)
    assert prove(diner, as_login("tenancy_operator")) == diner.id
    assert gateway.execute(FIND, ["WWW.diner.example:8443"]).fetchone() == (diner.id,)


def test_a_claim_blocks_nobody_and_the_first_proof_wins_TN033(diner, spa, gateway, as_login):
    with spa.enter("manager") as conn:  # claims first, proves nothing
        conn.execute("SELECT tenancy.claim_custom_domain(%s, 'www.diner.example')", [spa.id])
        conn.commit()
    assert prove(diner, as_login("tenancy_operator")) == diner.id
    with refused("TN033"):
        prove(spa, as_login("tenancy_operator"))
    assert gateway.execute(FIND, ["www.diner.example"]).fetchone() == (diner.id,)


def test_a_claim_needs_its_own_token_TN001(diner, spa, as_login):
    import psycopg

    with spa.enter("manager") as conn:
        theirs = conn.execute(
            "SELECT tenancy.claim_custom_domain(%s, 'www.spa.example')", [spa.id]
        ).fetchone()[0]
        conn.commit()
    with psycopg.connect(as_login("tenancy_operator")) as conn, refused("TN001"):
        conn.execute("SELECT tenancy.confirm_custom_domain('www.diner.example', %s)", [[theirs]])


@pytest.mark.parametrize("domain", ["chi-pins.com", "spa.chi-pins.com", "x.spa.CHI-pins.com"])
def test_a_name_of_the_platform_is_nobodys_own_TN032(diner, domain):
    with diner.enter("manager") as conn, refused("TN032"):
        conn.execute("SELECT tenancy.claim_custom_domain(%s, %s)", [diner.id, domain])


@pytest.mark.parametrize("domain", ["", "a b.test", "-a.test", "localhost", "a..test", "é.test"])
def test_what_is_no_host_name_23514(diner, domain):
    with diner.enter("manager") as conn, refused("23514"):
        conn.execute("SELECT tenancy.claim_custom_domain(%s, %s)", [diner.id, domain])


def test_not_for_another_tenant_and_not_by_a_manager_TN002_42501(diner, spa):
    with diner.enter("manager") as conn:
        with refused("TN002"), conn.transaction():
            conn.execute("SELECT tenancy.claim_custom_domain(%s, 'a.example')", [spa.id])
        with refused("42501"):
            conn.execute("SELECT tenancy.confirm_custom_domain('a.example', '{}')")
