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
        "CREATE TABLE shop.base (id uuid, tenant_id uuid, PRIMARY KEY (tenant_id, id)); "
        "CREATE TABLE shop.gift (tenant_id uuid, id uuid, base uuid, PRIMARY KEY (tenant_id, id), "
        "FOREIGN KEY (tenant_id, base) REFERENCES shop.base ON DELETE SET NULL)",
    ],
    ids=["unique", "wrong type", "partitioned", "inherits", "rule", "view", "set null"],
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


def test_a_foreign_key_pairs_tenant_with_tenant_TN006(team):
    team.execute("CREATE TABLE shop.base (id uuid, tenant_id uuid, UNIQUE (id, tenant_id))")
    team.execute("ALTER TABLE shop.base ADD UNIQUE (tenant_id, id)")
    team.execute("ALTER TABLE shop.base DROP CONSTRAINT base_id_tenant_id_key CASCADE")
    protected(team, "shop.base")
    team.execute("CREATE TABLE shop.gift (tenant_id uuid, id uuid, PRIMARY KEY (tenant_id, id))")
    team.execute(
        "ALTER TABLE shop.gift ADD FOREIGN KEY (id, tenant_id) REFERENCES shop.base (tenant_id, id)"
    )
    with refused("TN006"):
        protected(team)


@pytest.mark.parametrize("subject", ["nobody", "t"])
def test_a_subject_column_that_is_none_TN006(team, subject):
    team.execute("CREATE TABLE shop.gift (id uuid PRIMARY KEY, t text)")
    with refused("TN006"):
        protected(team, subject=subject)


def test_rights_given_before_are_taken_by_protect_and_by_unprotect(diner, team, dba, gateway):
    """TRUNCATE asks no policy: the gateway could have emptied all tenants."""
    team.execute("CREATE TABLE shop.gift (id uuid PRIMARY KEY, t text)")
    wide = "GRANT ALL ON shop.gift TO tenancy_gateway, public; GRANT SELECT (t) ON shop.gift TO "
    for step in ("protect_table", "unprotect_table"):
        team.execute(f"GRANT USAGE ON SCHEMA shop TO public; {wide} tenancy_operator")
        team.execute(f"SELECT tenancy.{step}('shop.gift')")
        for login in ("tenancy_gateway", "tenancy_operator"):
            may = dba.execute(
                "SELECT has_table_privilege(%(r)s, 'shop.gift', 'TRUNCATE'), "
                "has_any_column_privilege(%(r)s, 'shop.gift', 'SELECT')",
                {"r": login},
            )
            assert may.fetchone() == (False, False)
    with refused("42501"):
        gateway.execute("TRUNCATE shop.gift")


def test_a_table_without_a_key_gets_an_index_that_starts_with_the_tenant(team, dba):
    team.execute("CREATE TABLE shop.gift (t text)")
    for _ in range(2):
        protected(team)
    assert dba.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'gift'").fetchall() == [
        ("CREATE INDEX gift_tenant_id_idx ON shop.gift USING btree (tenant_id)",)
    ]


def test_nothing_of_ours_hangs_on_an_unprotected_table(team, dba):
    team.execute("CREATE TABLE shop.gift (id uuid PRIMARY KEY, t text)")
    protected(team)
    team.execute("SELECT tenancy.unprotect_table('shop.gift')")
    hanging = dba.execute(
        "SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend "
        "WHERE refclassid = 'pg_proc'::regclass AND refobjid IN (SELECT oid FROM pg_proc "
        "WHERE pronamespace = 'tenancy'::regnamespace) AND (classid = 'pg_attrdef'::regclass "
        "AND objid IN (SELECT oid FROM pg_attrdef WHERE adrelid = 'shop.gift'::regclass) "
        "OR classid = 'pg_trigger'::regclass AND objid IN (SELECT oid FROM pg_trigger "
        "WHERE tgrelid = 'shop.gift'::regclass))"
    ).fetchall()
    assert hanging == []


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
