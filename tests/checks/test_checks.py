"""tenancy check: each invariant is found when it alone is broken."""

from dataclasses import replace

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import checks, probes
from tests.fix_tenants import refused

WALL = "CREATE POLICY tenant_wall ON app.orders AS RESTRICTIVE"
OURS = "USING (tenant_id = (SELECT tenancy.tenant_id()))"
NO_WALL = "DROP POLICY tenant_wall ON app.orders;"
DEFINER = (
    "CREATE SCHEMA lab; CREATE FUNCTION lab.f() RETURNS int LANGUAGE sql SECURITY DEFINER {} "
    "AS 'SELECT 1'; REVOKE ALL ON FUNCTION lab.f() FROM public; ALTER FUNCTION lab.f() OWNER TO "
    "tenancy_owner;"
)
SAFE = "SET search_path = pg_catalog, pg_temp"
ORPHAN = (
    "SET LOCAL session_replication_role = replica; INSERT INTO tenancy_private.tenant "
    "(id, slug, name, industry, region) VALUES ({t}, 'lab', 'Lab', 'hotel', 'eu'); "
    "INSERT INTO app.orders (tenant_id, id, customer_id, order_number) VALUES ({t}, {t}, {t}, '1')"
).format(t="'00000000-0000-7000-8000-000000000001'")
FOREIGN = (
    "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;"
    "CREATE FOREIGN TABLE app.import (tenant_id uuid) SERVER files OPTIONS (filename '/dev/null');"
    "ALTER FOREIGN TABLE app.import OWNER TO tenancy_owner;"
)
VIEW = "CREATE {} VIEW app.latest AS SELECT * FROM app.orders;"
MATERIALIZED = VIEW.format("MATERIALIZED") + "ALTER MATERIALIZED VIEW app.latest"
CHILD = (
    "CREATE TABLE app.orders_old () INHERITS (app.orders);"
    "ALTER TABLE app.orders_old OWNER TO tenancy_owner;"
)
OWNED = "ALTER TABLE app.forgotten OWNER TO tenancy_owner"

#: Check, object, and what breaks it alone.
BREAKS = [
    ("unregistered_table", "app.forgotten", "CREATE TABLE app.forgotten (id int);" + OWNED),
    (
        "unregistered_table",
        "lab.reachable",
        "CREATE SCHEMA lab; CREATE TABLE lab.reachable (tenant_id uuid);"
        "GRANT SELECT (tenant_id) ON lab.reachable TO tenancy_staff",
    ),
    ("force_missing", "app.orders", "ALTER TABLE app.orders NO FORCE ROW LEVEL SECURITY"),
    ("wall_missing", "app.orders", NO_WALL),
    ("wall_missing", "app.orders", "ALTER TABLE app.orders DISABLE ROW LEVEL SECURITY"),
    (
        "wall_missing",
        "lab.gone",
        "INSERT INTO tenancy.protected_table (schema_name, table_name) VALUES ('lab', 'gone')",
    ),
    ("wall_permissive", "app.orders", f"{NO_WALL} CREATE POLICY tenant_wall ON app.orders {OURS}"),
    ("wall_widened", "app.orders", "ALTER POLICY tenant_wall ON app.orders USING (true)"),
    ("wall_widened", "app.orders", "ALTER POLICY tenant_wall ON app.orders WITH CHECK (true)"),
    ("wall_widened", "app.orders", "ALTER POLICY tenant_wall ON app.orders TO tenancy_staff"),
    ("wall_widened", "app.orders", f"{NO_WALL} {WALL} FOR SELECT {OURS}"),
    (
        "wall_widened",
        "app.orders",
        "ALTER POLICY tenant_wall ON app.orders USING (tenant_id = (SELECT tenancy.tenant_id() "
        "UNION SELECT current_setting('x')::uuid))",
    ),
    *(
        (check, "app.orders", f"CREATE POLICY door ON app.orders TO tenancy_staff USING ({rule})")
        for check, rule in (
            ("predicate_bare_call", "tenant_id = tenancy.tenant_id()"),
            ("predicate_bare_call", "tenant_id = current_setting('app.tenant', true)::uuid"),
            ("predicate_bare_call", "customer_id = tenancy.actor_id() AND status = 'x (SELECT'"),
            ("predicate_cast", "tenant_id::text = (SELECT current_setting('app.tenant', true))"),
            ("predicate_or", "status = 'open' OR tenant_id = (SELECT tenancy.tenant_id())"),
            ("predicate_or", "tenant_id = (SELECT tenancy.tenant_id()) OR status = 'open'"),
            (
                "predicate_or",
                "(tenant_id = (SELECT tenancy.tenant_id()) AND total > 0) OR status = 'open'",
            ),
        )
    ),
    *(
        (
            "predicate_function_unsafe",
            "tenancy.tenant_id()",
            f"ALTER FUNCTION tenancy.tenant_id() {attribute}",
        )
        for attribute in ("IMMUTABLE", "PARALLEL SAFE", "LEAKPROOF")
    ),
    (
        "key_without_tenant",
        "app.customers_email_idx1",
        "CREATE UNIQUE INDEX customers_email_idx1 ON app.customers (email)",
    ),
    (
        "key_without_tenant",
        "app.lab",
        "ALTER TABLE app.orders ADD CONSTRAINT lab EXCLUDE (order_number WITH =)",
    ),
    ("index_without_tenant", "app.lab", "CREATE INDEX lab ON app.orders (order_number)"),
    (
        "foreign_key_without_tenant",
        "lab on app.orders",
        "ALTER TABLE app.orders ADD CONSTRAINT lab FOREIGN KEY (id, tenant_id) "
        "REFERENCES app.customers (id, tenant_id)",
    ),
    ("foreign_key_violated", "orders_customer_fkey on app.orders", ORPHAN),
    ("grant_of_whole_table", "app.orders", "GRANT UPDATE ON app.orders TO tenancy_staff"),
    ("grant_of_whole_table", "app.orders", "GRANT SELECT ON app.orders TO pg_monitor"),
    ("grant_to_public", "app.orders", "GRANT SELECT ON app.orders TO public"),
    ("grant_to_public", "app.orders", "GRANT SELECT (id) ON app.orders TO public"),
    *(
        ("grant_beyond_rows", "app.orders", f"GRANT {privilege} ON app.orders TO tenancy_staff")
        for privilege in ("TRUNCATE", "REFERENCES", "REFERENCES (id)", "TRIGGER")
    ),
    (
        "grant_update_of_tenant",
        "app.orders",
        "GRANT UPDATE (tenant_id) ON app.orders TO tenancy_staff",
    ),
    ("definer_search_path", "lab.f()", DEFINER.format("")),
    ("definer_search_path", "lab.f()", DEFINER.format("SET search_path = ''")),
    ("definer_search_path", "lab.f()", DEFINER.format("SET search_path = pg_temp, pg_catalog")),
    (
        "definer_search_path",
        "lab.f()",
        "CREATE SCHEMA open; GRANT CREATE ON SCHEMA open TO tenancy_staff;"
        + DEFINER.format("SET search_path = pg_catalog, open, pg_temp"),
    ),
    (
        "definer_open_to_public",
        "tenancy.tenant_id()",
        "GRANT EXECUTE ON FUNCTION tenancy.tenant_id() TO public",
    ),
    (
        "definer_above_row_security",
        "lab.f()",
        DEFINER.format(SAFE) + "ALTER FUNCTION lab.f() OWNER TO CURRENT_USER",
    ),
    (
        "view_without_invoker",
        "app.latest",
        VIEW.format("") + "ALTER VIEW app.latest OWNER TO tenancy_owner",
    ),
    (
        "view_without_invoker",
        "lab.latest",
        "CREATE SCHEMA lab; CREATE VIEW lab.fine WITH (security_invoker = on) AS "
        "SELECT * FROM app.orders; CREATE VIEW lab.latest AS SELECT * FROM lab.fine",
    ),
    (
        "materialized_view_reachable",
        "app.latest",
        f"{MATERIALIZED} OWNER TO tenancy_owner; GRANT SELECT (id) ON app.latest TO tenancy_staff",
    ),
    (
        "foreign_table_reachable",
        "app.import",
        FOREIGN + "GRANT SELECT ON app.import TO tenancy_staff",
    ),
    (
        "rule_on_table",
        "app.orders",
        "CREATE RULE copy AS ON INSERT TO app.orders DO ALSO SELECT 1",
    ),
    ("partition_reachable", "app.orders_old", CHILD + "GRANT SELECT ON app.orders_old TO public"),
    ("role_above_row_security", "tenancy_test_bypass", "CREATE ROLE tenancy_test_bypass BYPASSRLS"),
    (
        "role_above_row_security",
        "tenancy_gateway",
        "CREATE ROLE lab_above BYPASSRLS; CREATE ROLE lab_between ROLE tenancy_gateway;"
        "GRANT lab_above TO lab_between",
    ),
    (
        "role_above_row_security",
        "lab_service",
        "CREATE ROLE lab_service LOGIN SUPERUSER; GRANT tenancy_staff TO lab_service",
    ),
    ("role_above_row_security", "tenancy_gateway", "GRANT tenancy_owner TO tenancy_gateway"),
    ("role_above_row_security", "tenancy_console", "GRANT pg_read_server_files TO tenancy_console"),
    *(
        ("pooler_hostile_setting", "tenancy_gateway", f"ALTER ROLE tenancy_gateway SET {setting}")
        for setting in (
            "search_path = app",
            "role = tenancy_staff",
            "row_security = off",
            "tenancy.context = 'x'",
            "default_transaction_read_only = on",
        )
    ),
    ("pooler_hostile_setting", "all roles", "ALTER ROLE ALL SET tenancy.context = 'x'"),
    *(
        (
            "key_material_in_source",
            "lab.key()",
            "CREATE SCHEMA lab; CREATE FUNCTION lab.key() RETURNS text LANGUAGE sql "
            f"AS $$SELECT {literal}$$",
        )
        for literal in (
            "'\\x6162636465666768696a6b6c6d6e6f70'",
            "'Zm9yIHRlc3RzIG9ubHkgMTIzNDU2Nzg5MGFiY2RlZg=='",
            "'sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc'",
            "'postgresql://app:hunter2@db/x'",
        )
    ),
    (
        "key_material_in_source",
        "lab.key()",
        "CREATE SCHEMA lab; CREATE FUNCTION lab.key() RETURNS text LANGUAGE sql "
        "RETURN '6162636465666768696a6b6c6d6e6f70'",
    ),
    ("object_of_foreign_owner", "app.orders", "ALTER TABLE app.orders OWNER TO tenancy_dba"),
    (
        "object_of_foreign_owner",
        "tenancy.tenant_id()",
        "ALTER FUNCTION tenancy.tenant_id() OWNER TO tenancy_dba",
    ),
    ("object_of_foreign_owner", "schema app", "ALTER SCHEMA app OWNER TO tenancy_dba"),
    ("object_of_foreign_owner", "type app.money", "CREATE TYPE app.money AS ENUM ('x')"),
    ("published_table", "app.orders", "CREATE PUBLICATION lab FOR TABLE app.orders"),
    (
        "table_out_of_reach",
        "lab.archive",
        "CREATE SCHEMA lab; CREATE TABLE lab.archive (tenant_id uuid)",
    ),
    ("transport_settings", "password_encryption", "SET LOCAL password_encryption = 'md5'"),
]
#: Broken elsewhere: in a state of the whole database or server.
ELSEWHERE = {
    "tenant_index_missing": "test_a_table_without_an_index_on_tenant_id_is_found",
    "database_open_to_public": "test_a_copy_that_forgot_its_rights_is_found",
    "no_role_to_dump": "test_a_database_that_nobody_can_dump_is_a_warning",
    "transport_sessions": "test_the_transport_of_sessions_and_rules_is_a_note",
    "transport_rules": "test_the_transport_of_sessions_and_rules_is_a_note",
}


def found(conn):
    """Findings beyond those of every throw-away server: no TLS, and nobody to make dumps."""
    usual = {("transport_settings", "ssl"), ("no_role_to_dump", conn.info.dbname)}
    return [f for f in checks.invariants(conn) if (f.check, f.object) not in usual]


def test_a_migrated_database_has_no_findings(dba):
    assert found(dba) == []


def test_every_check_is_broken_by_a_test():
    assert {c.name for c in checks.catalogue()} == {check for check, *_ in BREAKS} | set(ELSEWHERE)
    assert set(ELSEWHERE.values()) <= globals().keys()


def test_every_check_says_what_holds_and_what_to_do():
    for check in checks.catalogue():
        assert check.about and check.remedy and check.level in {"failure", "warning", "note"}


@pytest.mark.parametrize(("check", "thing", "ddl"), BREAKS)
def test_a_broken_invariant_is_found_and_no_other(dba, check, thing, ddl):
    with dba.transaction(force_rollback=True):
        dba.execute(ddl)
        seen = {(f.check, f.object) for f in found(dba)}
    if check != "table_out_of_reach":  # what is wrong with a table often keeps jobs away, too
        seen = {(name, thing) for name, thing in seen if name != "table_out_of_reach"}
    assert seen == {(check, thing)}
    assert found(dba) == []


@pytest.mark.parametrize(
    "rule",
    [
        "tenant_id = (SELECT tenancy.tenant_id()) AND (status = 'open' OR (total > 0 AND tax = 0))",
        "customer_id = (SELECT nullif(current_setting('x OR tenant_id', true), '')::uuid)",
        "created_at < now() AND lower(order_number) = 'a OR b'",
    ],
)
def test_a_rule_that_an_index_can_serve_is_no_finding(dba, rule):
    with dba.transaction(force_rollback=True):
        dba.execute(f"CREATE POLICY door ON app.orders TO tenancy_staff USING ({rule})")
        assert found(dba) == []


def test_maintain_of_17_is_a_grant_beyond_rows_and_unknown_before_42601(dba):
    grant = "GRANT MAINTAIN ON app.orders TO tenancy_staff"
    with dba.transaction(force_rollback=True):
        if dba.info.server_version < 170000:
            with refused("42601"):
                dba.execute(grant)
        else:
            dba.execute(grant)
            assert [f.check for f in found(dba)] == ["grant_beyond_rows"]


def test_a_table_without_an_index_on_tenant_id_is_found(dba):
    """The primary key goes, and what referenced it."""
    with dba.transaction(force_rollback=True):
        for (index,) in dba.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'app.analytics'::regclass "
            "AND NOT indisprimary"
        ).fetchall():
            dba.execute(f"DROP INDEX {index}")
        dba.execute("ALTER TABLE app.analytics DROP CONSTRAINT analytics_pkey CASCADE")
        assert [(f.check, f.object) for f in found(dba)] == [
            ("tenant_index_missing", "app.analytics")
        ]
        # neither half of an index nor one that is not valid will do
        dba.execute("CREATE INDEX ON app.analytics (tenant_id) WHERE id IS NULL")
        assert [f.check for f in found(dba)] == ["tenant_index_missing"]
        dba.execute("CREATE INDEX ON app.analytics (tenant_id)")
        assert found(dba) == []


def test_a_copy_that_forgot_its_rights_is_found(dba):
    name = sql.Identifier(dba.info.dbname)
    dba.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO PUBLIC").format(name))
    assert [f.check for f in found(dba)] == ["database_open_to_public"]


def test_a_database_that_nobody_can_dump_is_a_warning(dba):
    (missing,) = [f for f in checks.invariants(dba) if f.check == "no_role_to_dump"]
    assert missing.level == "warning" and not missing.is_red
    name = sql.Identifier(dba.info.dbname)
    with dba.transaction(force_rollback=True):
        dba.execute("CREATE ROLE lab_backup LOGIN BYPASSRLS; GRANT pg_read_all_data TO lab_backup")
        dba.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO lab_backup").format(name))
        assert "no_role_to_dump" not in {f.check for f in checks.invariants(dba)}


def test_a_definer_with_a_body_parsed_at_birth_needs_no_path(dba):
    with dba.transaction(force_rollback=True):
        dba.execute(DEFINER.format("").replace("AS 'SELECT 1'", "BEGIN ATOMIC SELECT 1; END"))
        assert found(dba) == []


def test_orphans_that_a_role_cannot_see_are_not_proven(database, dba):
    """The database's owner sees no row: without a row, no orphan, which proves nothing."""
    with psycopg.connect(make_conninfo(database, user="tenancy_dba")) as owner:
        hidden = [f for f in checks.invariants(owner) if f.check == "foreign_key_violated"]
    keys = dba.execute(
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'app'::regnamespace"
    ).fetchone()[0]
    assert {f.level for f in hidden} == {"not proven"} and len(hidden) == keys > 10
    assert all(f.is_red for f in hidden)


def test_orphans_are_seen_inside_maintenance(dba):
    """The owner of the tables sees all rows while begin_maintenance() lifts FORCE."""
    with dba.transaction(force_rollback=True):
        dba.execute(ORPHAN)
        dba.execute("SET LOCAL session_replication_role = origin; SET LOCAL ROLE tenancy_owner")
        key = "orders_customer_fkey on app.orders"

        def state():
            return {f.level for f in checks.invariants(dba) if f.object == key}

        assert state() == {"not proven"}
        for table in ("app.orders", "app.customers"):
            dba.execute("SELECT tenancy_private.begin_maintenance(%s)", [table])
        assert state() == {"failure"}


def test_the_backup_role_sees_every_row_and_reads_every_check(hardened, dba):
    with psycopg.connect(make_conninfo(hardened, user="tenancy_backup"), autocommit=True) as backup:
        seen = checks.invariants(backup)
    assert [f for f in seen if f.is_red] == []
    assert "foreign_key_violated" not in {f.check for f in seen}


def test_the_transport_of_sessions_and_rules_is_a_note(networked):
    server, port = networked
    with server.connect(host="127.0.0.1", port=port) as conn:
        notes = {f.check: f for f in checks.invariants(conn) if f.check.startswith("transport_")}
    assert {f.level for f in notes.values()} == {"note"}
    assert notes["transport_sessions"].detail == "1 sessions without TLS"
    assert "203.0.113.0" in notes["transport_rules"].detail
    assert all("platform duty, not proven" in f.remedy for f in notes.values())


def test_what_a_role_may_not_ask_is_not_proven_or_a_note(hardened):
    with psycopg.connect(make_conninfo(hardened, user="tenancy_dba"), autocommit=True) as owner:
        seen = {f.check: f.level for f in checks.invariants(owner)}
    assert seen["transport_sessions"] == seen["transport_rules"] == "note"
    assert seen["foreign_key_violated"] == "not proven"


def test_a_role_that_may_not_read_the_registry_is_told_so(gateway):
    levels = {f.check: f for f in checks.invariants(gateway)}
    assert levels["registry"].level == "not proven"
    assert "wall_missing" in levels["registry"].detail
    assert [f for f in levels.values() if f.level == "failure"] == []


@pytest.mark.parametrize("name", probes.PROBES)
def test_a_known_hole_is_a_failure_on_a_given_dsn_and_a_warning_elsewhere(dba, name, monkeypatch):
    probe, *texts = probes.PROBES[name]
    monkeypatch.setattr(probes, "PROBES", {name: (probe, *texts)})
    given = [f for f in checks.known_holes(dba, throwaway=False) if f.check == name]
    assert given == [replace(f, level="failure") for f in given]
    assert [f.check for f in checks.known_holes(dba, throwaway=True) if f.level == "warning"] == [
        f.check for f in given
    ]
    if dba.info.server_version // 100 == 1500 and dba.info.server_version >= 150020:
        assert given == []
    if dba.info.server_version in {160014, 170010, 180004}:
        assert given, "these binaries are known to have the hole: the probe saw nothing"


def test_probes_leave_nothing_behind_and_need_no_superuser(database, dba):
    with psycopg.connect(make_conninfo(database, user="tenancy_dba"), autocommit=True) as owner:
        seen = checks.known_holes(owner, throwaway=False)
    assert "not proven" not in {f.level for f in seen}
    assert dba.execute(
        "SELECT to_regrole('tenancy_probe'), to_regnamespace('probe')"
    ).fetchone() == (None, None)


def test_probes_that_may_not_set_the_stage_are_not_proven(gateway):
    gateway.autocommit = True
    seen = [f for f in checks.known_holes(gateway, throwaway=False) if f.check in probes.PROBES]
    assert len(seen) == len(probes.PROBES) and {f.level for f in seen} == {"not proven"}


def test_the_floor_names_minors_that_are_known_and_says_which_are_not():
    assert probes.floor(150020) == ""
    assert "CVE-2026-120154 in 15.20" in probes.floor(150019)
    assert "CVE-2026-14666 in 15.19" not in probes.floor(150019)
    assert "CVE-2026-14666 in 15.19" in probes.floor(150018)
    assert "not known: the probes decide" in probes.floor(180006)


def test_our_tables_hold_even_where_the_server_leaks(diner, spa):
    """ON CONFLICT with a leaky condition never meets another tenant's row: keys are per tenant."""
    with spa.enter("manager") as other:
        row = other.execute("SELECT id FROM app.customers").fetchone()[0]
    with diner.enter("manager") as conn:
        conn.execute(
            "INSERT INTO app.customers AS t (id, full_name) VALUES (%s, 'x') "
            "ON CONFLICT (tenant_id, id) DO UPDATE SET full_name = 'y' WHERE t.full_name::int = 1",
            [row],
        )


def test_a_cast_in_a_case_never_meets_another_tenants_row(diner, spa, dba):
    """CVE-2026-116327 on our own table: the wall costs least, so that it is compared first."""
    dba.execute("DROP VIEW api.orders; ALTER TABLE app.orders ALTER total TYPE numeric")
    dba.execute("UPDATE app.orders SET total = 1e400 WHERE tenant_id = %s", [spa.id])
    query = "SELECT id FROM app.orders WHERE CASE total WHEN 12.5::float8 THEN true END"
    with pytest.raises(psycopg.errors.NumericValueOutOfRange):
        dba.execute(query)
    for plan in ("on", "off"):
        with diner.enter("manager") as conn:
            conn.execute(
                f"SET LOCAL enable_indexscan = {plan}; SET LOCAL enable_bitmapscan = {plan}"
            )
            assert conn.execute(query).fetchall() == [(diner.order,)]
