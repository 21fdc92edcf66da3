"""Schema api: each view is its table, no more and no less, for whoever asks."""

import pytest

from tests.fix_tenants import refused

ROLES = "tenancy_customer,tenancy_staff,tenancy_manager,tenancy_admin,tenancy_operator"
OTHERS = "tenancy_gateway,tenancy_console,tenancy_builder,tenancy_auditor,public"
RIGHTS = """
    SELECT r.role, a.attname, p.name
    FROM unnest(string_to_array(%(roles)s, ',')) AS r (role)
    CROSS JOIN pg_attribute AS a
    CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('REFERENCES')) AS p (name)
    WHERE a.attrelid = %(name)s::regclass AND a.attnum > 0 AND NOT a.attisdropped
      AND has_column_privilege(r.role, a.attrelid, a.attnum, p.name)
    UNION ALL
    SELECT r.role, '*', p.name
    FROM unnest(string_to_array(%(roles)s, ',')) AS r (role)
    CROSS JOIN (VALUES ('DELETE'), ('TRUNCATE'), ('TRIGGER')) AS p (name)
    WHERE has_table_privilege(r.role, %(name)s, p.name)
    ORDER BY 1, 2, 3
"""
TABLES = """
    SELECT table_name::text FROM tenancy.protected_table WHERE schema_name = 'app' ORDER BY 1
"""


def rights(dba, name, roles=ROLES):
    return dba.execute(RIGHTS, {"roles": roles, "name": name}).fetchall()


def test_every_table_has_a_view_with_its_columns_and_its_grants(dba):
    tables = [name for (name,) in dba.execute(TABLES)]
    assert len(tables) >= 13
    for name in tables:
        granted = rights(dba, f"api.{name}")
        assert granted == rights(dba, f"app.{name}"), name
        assert len(granted) > 20
        assert rights(dba, f"api.{name}", OTHERS) == []


def test_a_grant_too_many_would_be_seen(dba):
    with dba.transaction(force_rollback=True):
        dba.execute("GRANT UPDATE (status) ON api.orders TO tenancy_customer")
        assert rights(dba, "api.orders") != rights(dba, "app.orders")


def test_every_view_runs_as_its_caller_and_lets_nothing_below_it(dba):
    options = dba.execute(
        "SELECT relname::text, reloptions::text, relowner::regrole::text FROM pg_class "
        "WHERE relnamespace = 'api'::regnamespace ORDER BY 1"
    ).fetchall()
    names = [name for (name,) in dba.execute(TABLES)] + ["branding", "tenants"]
    assert options == [
        (name, "{security_invoker=true,security_barrier=true}", "tenancy_owner")
        for name in sorted(names)
    ]


def test_a_view_reads_the_own_tenant_and_nothing_without_one_42501(diner, spa, gateway):
    with diner.enter("staff") as conn:
        assert conn.execute("SELECT id FROM api.orders").fetchall() == [(diner.order,)]
        assert conn.execute(
            "SELECT id FROM api.orders WHERE tenant_id = %s", [spa.id]
        ).fetchall() == []  # fmt: skip
    with refused("42501"):
        gateway.execute("SELECT id FROM api.orders")
    gateway.rollback()
    gateway.execute("SET ROLE tenancy_staff")
    assert gateway.execute("SELECT id FROM api.orders").fetchall() == []


def test_a_view_writes_with_the_defaults_of_its_table(diner):
    with diner.enter("staff") as conn:
        row = conn.execute(
            "INSERT INTO api.orders (order_number) VALUES ('2') RETURNING tenant_id, status"
        ).fetchone()
        assert row == (diner.id, "open")
        assert conn.execute("UPDATE api.orders SET notes = 'x'").rowcount == 2


def test_a_view_writes_into_no_other_tenant_42501(diner, spa, dba):
    with diner.enter("staff") as conn:
        changed = "UPDATE api.orders SET notes = 'x' WHERE tenant_id = %s"
        assert conn.execute(changed, [spa.id]).rowcount == 0
        assert conn.execute(changed, [diner.id]).rowcount == 1
        with refused("42501"):
            conn.execute(
                "INSERT INTO api.orders (tenant_id, order_number) VALUES (%s, '2')", [spa.id]
            )


def test_staff_delete_nothing_through_a_view_42501(diner):
    with diner.enter("manager") as conn:
        assert conn.execute("DELETE FROM api.orders").rowcount == 1
    with diner.enter("staff") as conn, refused("42501"):
        conn.execute("DELETE FROM api.orders")


# PostgREST sets every column of the payload, keys included.
UPSERT = """
    INSERT INTO api.orders ({columns}) VALUES ({values})
    ON CONFLICT (tenant_id, id) DO UPDATE SET {sets} RETURNING notes
"""


def upsert(conn, **values):
    return conn.execute(
        UPSERT.format(
            columns=", ".join(values),
            values=", ".join(f"%({name})s" for name in values),
            sets=", ".join(f"{name} = excluded.{name}" for name in values),
        ),
        values,
    ).fetchall()


def test_an_upsert_sets_the_id_to_what_it_was(diner):
    with diner.enter("staff") as conn:
        row = {"id": diner.order, "order_number": "1", "notes": "again"}
        assert upsert(conn, **row) == [("again",)]
        assert conn.execute("SELECT count(*) FROM api.orders").fetchone() == (1,)


def test_an_upsert_leaves_tenant_id_to_the_context_42501(diner):
    with diner.enter("staff") as conn, refused("42501"):
        upsert(conn, tenant_id=diner.id, id=diner.order, order_number="1")


def test_an_id_never_changes_through_a_view_TN009(diner):
    with diner.enter("staff") as conn, refused("TN009"):
        conn.execute("UPDATE api.orders SET id = tenancy.uuidv7()")


def test_customers_read_branding_where_settings_are_closed_42501(diner):
    with diner.enter("staff") as conn:
        assert conn.execute("SELECT currency FROM api.settings").fetchall() == [("USD",)]
    with diner.enter("public") as conn:
        assert conn.execute("SELECT branding FROM api.branding").fetchall() == [({"logo": "x"},)]
        with refused("42501"):
            conn.execute("SELECT branding FROM api.settings")


@pytest.mark.parametrize("role", ["public", "staff", "manager"])
def test_tenants_is_the_own_tenant_and_read_only_55000(diner, spa, role):
    with diner.enter(role) as conn:
        row = conn.execute("SELECT tenant_id, subdomain, data_residency FROM api.tenants")
        assert row.fetchall() == [(diner.id, "diner", "US")]
        with refused("55000"):
            conn.execute("UPDATE api.tenants SET name = 'x'")


def test_no_context_has_no_tenant(diner, gateway):
    gateway.execute("SET ROLE tenancy_staff")
    assert gateway.execute("SELECT tenant_id FROM api.tenants").fetchall() == []


def test_the_products_call_confirms_and_opens_nothing_TN001(diner, spa, gateway):
    with diner.enter("staff") as conn:
        conn.execute("SELECT api.set_tenant_context('diner')")
        with refused("TN001"):
            conn.execute("SELECT api.set_tenant_context('spa')")
    gateway.execute("SET ROLE tenancy_staff")
    with refused("TN001"):
        gateway.execute("SELECT api.set_tenant_context('diner')")
