"""tenancy.protect_table(): one call for a team's own table."""

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.fix_tenants import refused


@pytest.fixture
def team(dba, database):
    """The login of a backend team that owns schema shop, and is no superuser."""
    dba.execute(
        "DO $$ BEGIN IF to_regrole('shop_team') IS NULL THEN CREATE ROLE shop_team LOGIN; "
        "GRANT tenancy_builder TO shop_team; END IF; END $$"
    )
    name = dba.info.dbname
    dba.execute(f'GRANT CONNECT ON DATABASE "{name}" TO shop_team')
    dba.execute("CREATE SCHEMA shop AUTHORIZATION shop_team")
    with psycopg.connect(make_conninfo(database, user="shop_team"), autocommit=True) as conn:
        yield conn


def protected(team, table="shop.gift", subject=None):
    team.execute("SELECT tenancy.protect_table(%s::regclass, %s)", [table, subject])


def test_a_new_table_is_walled_for_every_role(diner, spa, team):
    team.execute("CREATE TABLE shop.gift (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), t text)")
    protected(team)
    for tenant in (diner, spa):
        with tenant.enter("manager") as conn:
            conn.execute("INSERT INTO shop.gift (t) VALUES (%s)", [tenant.slug])
            conn.commit()
    with spa.enter("staff") as conn:
        assert conn.execute("SELECT t FROM shop.gift").fetchall() == [("spa",)]
        with refused("42501"):
            conn.execute("INSERT INTO shop.gift (tenant_id) VALUES (%s)", [diner.id])
    assert team.execute("SELECT count(*) FROM shop.gift").fetchone() == (0,)  # the owner, too


def test_is_idempotent_and_unprotect_is_its_rollback(diner, team, dba):
    team.execute("CREATE TABLE shop.gift (tenant_id uuid, id uuid, PRIMARY KEY (tenant_id, id))")
    snapshot = (
        "SELECT relrowsecurity, relforcerowsecurity, relacl::text, "
        "(SELECT count(*) FROM pg_policy WHERE polrelid = c.oid), "
        "(SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal), "
        "(SELECT count(*) FROM tenancy.access_matrix WHERE resource = 'shop.gift') "
        "FROM pg_class AS c WHERE oid = 'shop.gift'::regclass"
    )
    protected(team)
    first = dba.execute(snapshot).fetchone()
    protected(team)
    assert dba.execute(snapshot).fetchone() == first
    assert first[:2] == (True, True)
    team.execute("SELECT tenancy.unprotect_table('shop.gift')")
    off = dba.execute(snapshot).fetchone()
    assert (off[0], off[1], *off[3:]) == (False, False, 0, 0, 0)
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute("SELECT * FROM shop.gift")


def test_a_subject_column_gives_customers_their_own_rows(diner, team, issuer, gateway):
    team.execute("CREATE TABLE shop.gift (id uuid PRIMARY KEY, customer_id uuid, t text)")
    protected(team, subject="customer_id")
    person = diner.people["customer"]
    with diner.enter("manager") as conn:
        conn.execute(
            "INSERT INTO shop.gift VALUES (gen_random_uuid(), %s, 'mine'), "
            "(gen_random_uuid(), gen_random_uuid(), 'theirs')",
            [person],
        )
        conn.commit()
    gateway.execute("SELECT tenancy.enter(%s)", [issuer(sub=str(person))])
    assert gateway.execute("SELECT t FROM shop.gift").fetchall() == [("mine",)]


@pytest.mark.parametrize(
    "ddl",
    [
        "CREATE TABLE shop.gift (id uuid PRIMARY KEY, code text UNIQUE)",
        "CREATE TABLE shop.gift (id int PRIMARY KEY, tenant_id text)",
        "CREATE TABLE shop.gift (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE shop.base (id int); CREATE TABLE shop.gift () INHERITS (shop.base)",
        "CREATE TABLE shop.gift (id int); "
        "CREATE RULE r AS ON INSERT TO shop.gift DO INSTEAD NOTHING",
        "CREATE VIEW shop.gift AS SELECT 1 AS id, NULL::uuid AS tenant_id",
    ],
    ids=["unique", "wrong type", "partitioned", "inherits", "rule", "view"],
)
def test_what_cannot_be_made_safe_is_refused_with_a_remedy_TN006(team, ddl):
    team.execute(ddl)
    with pytest.raises(psycopg.Error) as caught:
        protected(team)
    assert caught.value.sqlstate == "TN006", caught.value
    assert caught.value.diag.message_hint
    registered = team.execute(
        "SELECT count(*) FROM tenancy.protected_table WHERE schema_name = 'shop'"
    ).fetchone()
    assert registered == (0,)


@pytest.mark.parametrize("column", ["", ", tenant_id uuid"])
def test_rows_without_a_tenant_get_none_by_guessing_TN007(team, column):
    team.execute(f"CREATE TABLE shop.gift (id int{column})")
    team.execute("INSERT INTO shop.gift (id) VALUES (1)")
    with pytest.raises(psycopg.Error) as caught:
        protected(team)
    assert caught.value.sqlstate == "TN007", caught.value
    assert "ALTER TABLE" in caught.value.diag.message_hint


def test_a_table_of_somebody_else_is_refused_TN002(team, dba):
    dba.execute("CREATE TABLE shop.gift (id uuid PRIMARY KEY)")
    dba.execute("GRANT SELECT ON shop.gift TO shop_team")
    with refused("TN002"):
        protected(team)
    with refused("TN002"):
        team.execute("SELECT tenancy.unprotect_table('shop.gift')")
    with refused("42501"):
        protected(team, "app.orders")


def test_a_tenant_cannot_call_it_42501(diner):
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute("SELECT tenancy.protect_table('app.orders')")
