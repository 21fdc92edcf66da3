"""Invariants of the catalogue, each a query that returns what breaks it.

Every query is run twice: on the migrated database, where it finds nothing, and after a statement
that breaks the rule, where it finds exactly that.
"""

from dataclasses import dataclass

import psycopg
import pytest

OURS = (
    "('app'::regnamespace, 'api'::regnamespace, 'tenancy'::regnamespace, "
    "'tenancy_private'::regnamespace)"
)
OWNERS = "('tenancy_kernel'::regrole, 'tenancy_owner'::regrole, 'tenancy_auditor'::regrole)"
DEFINER = (
    "CREATE FUNCTION app.broken() RETURNS void LANGUAGE sql SECURITY DEFINER {} "
    "AS 'SELECT'; ALTER FUNCTION app.broken() OWNER TO tenancy_owner;"
)


@dataclass
class Rule:
    """What must not be found, and a statement after which it is."""

    query: str
    breaks: str
    finds: str


RULES = {
    "definers_pin_search_path": Rule(
        f"""
        SELECT p.oid::regprocedure::text
        FROM pg_proc AS p
        WHERE p.pronamespace IN {OURS} AND p.prosecdef
          AND NOT EXISTS (
              SELECT FROM unnest(p.proconfig) AS s (setting)
              WHERE s.setting ~ '^search_path=.*\\mpg_temp"?$'
          )
        """,
        DEFINER.format("SET search_path = pg_temp, pg_catalog"),
        "app.broken()",
    ),
    "public_executes_no_function": Rule(
        f"""
        SELECT p.oid::regprocedure::text
        FROM pg_proc AS p
        WHERE p.pronamespace IN {OURS} AND has_function_privilege('public', p.oid, 'EXECUTE')
        """,
        DEFINER.format("SET search_path = pg_catalog, pg_temp"),
        "app.broken()",
    ),
    "tables_have_comments": Rule(
        f"""
        SELECT c.oid::regclass::text
        FROM pg_class AS c
        WHERE c.relnamespace IN {OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND obj_description(c.oid, 'pg_class') IS NULL
        """,
        "COMMENT ON TABLE app.pins IS NULL",
        "app.pins",
    ),
    "columns_have_comments": Rule(
        f"""
        SELECT format('%s.%s', c.oid::regclass, a.attname)
        FROM pg_class AS c
        INNER JOIN pg_attribute AS a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace IN {OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND col_description(c.oid, a.attnum) IS NULL
        """,
        "COMMENT ON COLUMN app.pins.title IS NULL",
        "app.pins.title",
    ),
    "functions_have_comments": Rule(
        f"""
        SELECT p.oid::regprocedure::text
        FROM pg_proc AS p
        WHERE p.pronamespace IN {OURS} AND obj_description(p.oid, 'pg_proc') IS NULL
        """,
        "COMMENT ON FUNCTION tenancy.tenant_id() IS NULL",
        "tenancy.tenant_id()",
    ),
    "indexes_lead_with_tenant_id": Rule(
        """
        SELECT i.indexrelid::regclass::text
        FROM pg_index AS i
        INNER JOIN pg_class AS c ON i.indrelid = c.oid
        LEFT JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum
        WHERE c.relnamespace = 'app'::regnamespace AND a.attname IS DISTINCT FROM 'tenant_id'
        """,
        "CREATE UNIQUE INDEX broken ON app.pins (id)",
        "app.broken",
    ),
    "foreign_keys_lead_with_tenant_id": Rule(
        """
        SELECT k.conname::text
        FROM pg_constraint AS k
        WHERE k.connamespace = 'app'::regnamespace AND k.contype = 'f'
          AND ('tenant_id', true) IS DISTINCT FROM (
              (SELECT a.attname FROM pg_attribute AS a
               WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1]),
              (SELECT a.attname = 'tenant_id' OR k.confrelid = 'tenancy_private.tenant'::regclass
               FROM pg_attribute AS a
               WHERE a.attrelid = k.confrelid AND a.attnum = k.confkey[1])
          )
        """,
        """
        ALTER TABLE app.pins ADD CONSTRAINT broken
        FOREIGN KEY (customer_id) REFERENCES tenancy_private.tenant (id)
        """,
        "broken",
    ),
    "owners_own_everything": Rule(
        f"""
        SELECT c.oid::regclass::text FROM pg_class AS c
        WHERE c.relnamespace IN {OURS} AND c.relowner NOT IN {OWNERS}
        UNION ALL
        SELECT p.oid::regprocedure::text FROM pg_proc AS p
        WHERE p.pronamespace IN {OURS} AND p.proowner NOT IN {OWNERS}
        UNION ALL
        SELECT t.oid::regtype::text FROM pg_type AS t
        WHERE t.typnamespace IN {OURS} AND t.typowner NOT IN {OWNERS}
          AND t.typrelid = 0 AND t.typelem = 0
        UNION ALL
        SELECT n.nspname FROM pg_namespace AS n
        WHERE n.oid IN {OURS} AND n.nspowner NOT IN {OWNERS}
        """,
        "CREATE VIEW app.broken AS SELECT 1 AS one",
        "app.broken",
    ),
    "private_schemas_are_closed": Rule(
        """
        SELECT format('%s: %s', n.nspname, r.rolname)
        FROM pg_namespace AS n
        CROSS JOIN pg_roles AS r
        WHERE n.nspname ~ '_private$' AND r.rolname ~ '^tenancy_'
          AND r.rolname NOT IN (
              'tenancy_kernel', 'tenancy_owner', 'tenancy_auditor', 'tenancy_dba', 'tenancy_backup'
          )
          AND has_schema_privilege(r.oid, n.oid, 'USAGE')
        """,
        "GRANT USAGE ON SCHEMA tenancy_private TO tenancy_staff",
        "tenancy_private: tenancy_staff",
    ),
}


@pytest.fixture
def superuser(shared_database):
    with psycopg.connect(shared_database) as conn:
        yield conn
        conn.rollback()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_the_migrated_database_keeps(superuser, rule):
    assert superuser.execute(rule.query).fetchall() == []


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_the_query_sees_what_breaks(superuser, rule):
    superuser.execute(rule.breaks)
    assert (rule.finds,) in superuser.execute(rule.query).fetchall()
