"""tenancy check on what is not ours: a database without our schema, a team's own tables."""

import json

import psycopg
import pytest
from click.testing import CliRunner

from tenancy import checks, cli

#: What a careful team may have without us: its own context, and the same shape of wall.
CAREFUL = """
CREATE ROLE plain_owner; CREATE ROLE plain_app LOGIN;
CREATE SCHEMA shop AUTHORIZATION plain_owner;
SET ROLE plain_owner;
CREATE TABLE shop.customer (tenant_id text, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE shop.sale (tenant_id text, id int, customer int, PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer) REFERENCES shop.customer);
CREATE TABLE shop.currency (code text PRIMARY KEY);
GRANT USAGE ON SCHEMA shop TO plain_app;
"""
WALL = """
ALTER TABLE shop.{0} ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.{0} FORCE ROW LEVEL SECURITY;
CREATE POLICY wall ON shop.{0} AS RESTRICTIVE
USING (tenant_id = (SELECT current_setting('shop.t', true)));
CREATE POLICY door ON shop.{0} USING (true);
GRANT SELECT (tenant_id, id) ON shop.{0} TO plain_app;
"""
#: The product document's own sketch, as most databases are.
NAIVE = """
CREATE TABLE orders (id serial PRIMARY KEY, tenant_id text, customer int);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY isolation ON orders USING (tenant_id = current_setting('app.current_tenant', true));
GRANT ALL ON orders TO public;
CREATE FUNCTION set_tenant_context(t text) RETURNS text LANGUAGE sql SECURITY DEFINER
AS $$SELECT set_config('app.current_tenant', t, false)$$;
CREATE VIEW all_orders AS SELECT * FROM orders;
"""


@pytest.fixture
def stranger(plain):
    with psycopg.connect(plain) as conn:
        yield conn
        conn.rollback()


def red(conn):
    return {(f.check, f.object) for f in checks.invariants(conn) if f.is_red}


def test_an_empty_database_is_not_proven(stranger):
    (told,) = [f for f in checks.invariants(stranger) if f.level == "not proven"]
    assert told.check == "registry" and "0 tables with a column tenant_id" in told.detail
    assert "unregistered_table" in told.detail


def test_the_sketch_of_the_product_document_fails_as_it_should(stranger):
    stranger.execute(NAIVE)
    assert red(stranger) >= {
        ("force_missing", "public.orders"),
        ("wall_permissive", "public.orders"),
        ("predicate_bare_call", "public.orders"),
        ("key_without_tenant", "public.orders_pkey"),
        ("tenant_index_missing", "public.orders"),
        ("grant_to_public", "public.orders"),
        ("definer_search_path", "public.set_tenant_context(text)"),
        ("definer_open_to_public", "public.set_tenant_context(text)"),
        ("definer_above_row_security", "public.set_tenant_context(text)"),
        ("view_without_invoker", "public.all_orders"),
        ("database_open_to_public", stranger.info.dbname),
    }


def test_a_careful_database_without_our_schema_passes(stranger):
    stranger.execute(CAREFUL + WALL.format("customer") + WALL.format("sale") + "RESET ROLE")
    stranger.execute(f"REVOKE ALL ON DATABASE {stranger.info.dbname} FROM public")
    assert red(stranger) == {("registry", "tenancy.protected_table")}
    stranger.execute("SET LOCAL session_replication_role = replica")
    stranger.execute("INSERT INTO shop.sale VALUES ('a', 1, 7)")
    assert ("foreign_key_violated", "sale_tenant_id_customer_fkey on shop.sale") in red(stranger)


def test_a_service_role_above_row_security_is_found_by_its_grants(stranger):
    stranger.execute(CAREFUL + WALL.format("customer") + WALL.format("sale") + "RESET ROLE")
    stranger.execute(
        "CREATE ROLE service_role BYPASSRLS; CREATE ROLE authenticator LOGIN NOINHERIT"
    )
    stranger.execute("GRANT service_role, plain_app TO authenticator")
    assert {o for c, o in red(stranger) if c == "role_above_row_security"} == {"authenticator"}
    stranger.execute("GRANT SELECT (id) ON shop.sale TO service_role")
    assert {o for c, o in red(stranger) if c == "role_above_row_security"} == {
        "authenticator",
        "service_role",
    }
    stranger.execute("ALTER ROLE authenticator SET row_security = off")
    assert ("pooler_hostile_setting", "authenticator") in red(stranger)


def test_the_command_says_it_without_a_traceback(plain):
    done = CliRunner().invoke(cli.main, ["check", "--dsn", plain, "--json"])
    result = json.loads(done.stdout)
    assert done.exit_code == 1 and not result["ok"]
    assert result["counts"]["not_proven"] == 1
    assert result["hardening"]["set_config"] is False


def test_a_teams_protected_table_passes_in_its_own_schema(team, dba):
    team.execute("CREATE TABLE shop.gift (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), t text)")
    dba.execute("GRANT SELECT ON shop.gift TO tenancy_staff")
    assert [f.object for f in checks.invariants(dba) if f.is_red] == []  # neither wall nor promise
    team.execute("SELECT tenancy.protect_table('shop.gift')")
    assert [f.object for f in checks.invariants(dba) if f.is_red] == []
    assert team.execute(
        "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'shop.gift'::regclass"
    ).fetchone() == ("check_team",)


@pytest.mark.parametrize(
    ("check", "ddl"),
    [
        ("force_missing", "ALTER TABLE shop.gift NO FORCE ROW LEVEL SECURITY"),
        ("wall_missing", "DROP POLICY tenant_wall ON shop.gift"),
        ("index_without_tenant", "CREATE INDEX ON shop.gift (t)"),
        ("grant_of_whole_table", "GRANT SELECT ON shop.gift TO tenancy_staff"),
        ("unregistered_table", "CREATE TABLE shop.other (id int)"),
        ("view_without_invoker", "CREATE VIEW shop.v AS SELECT * FROM shop.gift"),
        (
            "foreign_key_without_tenant",
            "ALTER TABLE shop.gift ADD buyer_tenant uuid, ADD FOREIGN KEY (buyer_tenant, id) "
            "REFERENCES shop.gift (tenant_id, id)",
        ),
    ],
)
def test_what_a_team_breaks_in_its_own_schema_is_found(team, dba, check, ddl):
    team.execute("CREATE TABLE shop.gift (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), t text)")
    team.execute("SELECT tenancy.protect_table('shop.gift')")
    team.execute(ddl)
    assert {f.check for f in checks.invariants(dba) if f.is_red} == {check}


def test_a_teams_table_may_reference_ours(team, dba):
    """REFERENCES on app.customers for the owner of a protected table is no grant beyond rows."""
    dba.execute("GRANT USAGE ON SCHEMA app TO check_team")
    dba.execute("GRANT REFERENCES (tenant_id, id) ON app.customers TO check_team")
    assert {f.check for f in checks.invariants(dba) if f.is_red} == {"grant_beyond_rows"}
    team.execute(
        "CREATE TABLE shop.gift (tenant_id uuid, id uuid, buyer uuid, PRIMARY KEY (tenant_id, id), "
        "FOREIGN KEY (tenant_id, buyer) REFERENCES app.customers (tenant_id, id))"
    )
    team.execute("SELECT tenancy.protect_table('shop.gift', 'buyer')")
    assert [f for f in checks.invariants(dba) if f.is_red] == []
