"""Walls and doors: what each role does in its own tenant, and that nothing crosses."""

import pytest

from tenancy import paths, policies
from tests.fix_tenants import refused


def test_policy_files_are_what_the_access_matrix_makes(dba):
    made = policies.texts(dba)
    on_disk = {
        str(p.relative_to(paths.ROOT)): p.read_text()
        for folder in ("policies", "sql/views/api")
        for p in (paths.ROOT / folder).rglob("*.sql")
    }
    by_hand = {"sql/views/api/branding.sql", "sql/views/api/tenants.sql"}
    assert made.keys() == on_disk.keys() - by_hand
    assert made == {path: on_disk[path] for path in made}


def test_protecting_an_app_table_again_changes_nothing(dba):
    snapshot = (
        "SELECT polrelid, polname, polcmd, polroles, pg_get_expr(polqual, polrelid) "
        "FROM pg_policy ORDER BY 1, 2"
    )
    before = dba.execute(snapshot).fetchall()
    dba.execute(
        "SELECT tenancy.protect_table(format('%I.%I', schema_name, table_name)::regclass) "
        "FROM tenancy.protected_table"
    )
    assert dba.execute(snapshot).fetchall() == before


def test_a_permissive_policy_added_by_mistake_cannot_cross_tenants(diner, spa, dba):
    dba.execute("CREATE POLICY mistake ON app.orders USING (true) WITH CHECK (true)")
    with diner.enter("staff") as conn:
        assert conn.execute("SELECT id FROM app.orders").fetchall() == [(diner.order,)]
        with refused("42501"):
            conn.execute(
                "INSERT INTO app.orders (tenant_id, order_number) VALUES (%s, 'x')", [spa.id]
            )


def test_without_the_wall_the_same_mistake_would_leak(diner, spa, dba):
    """The control: it is the wall that holds in the test above."""
    dba.execute("CREATE POLICY mistake ON app.orders USING (true)")
    dba.execute("DROP POLICY tenant_wall ON app.orders")
    with diner.enter("staff") as conn:
        assert len(conn.execute("SELECT id FROM app.orders").fetchall()) == 2


def test_staff_write_and_never_delete_42501(diner):
    with diner.enter("staff") as conn:
        assert conn.execute("UPDATE app.orders SET notes = 'x'").rowcount == 1
        with refused("42501"):
            conn.execute("DELETE FROM app.orders")


def test_a_manager_deletes_in_the_own_tenant_only(diner, spa, dba):
    with diner.enter("manager") as conn:
        assert conn.execute("DELETE FROM app.orders").rowcount == 1
        conn.commit()
    assert dba.execute("SELECT id FROM app.orders").fetchall() == [(spa.order,)]


@pytest.fixture
def customer(diner, issuer, gateway):
    """The application inside the diner, as its customer; another customer's order exists."""
    with diner.enter("staff") as conn:
        conn.execute("INSERT INTO app.orders (order_number) VALUES ('of somebody else')")
        conn.commit()
    gateway.execute("SELECT tenancy.enter(%s)", [issuer(sub=str(diner.people["customer"]))])
    return gateway


def test_a_customer_reaches_the_rows_about_themself(customer, diner):
    me = diner.people["customer"]
    assert customer.execute("SELECT id FROM app.orders").fetchall() == [(diner.order,)]
    assert customer.execute("SELECT id FROM app.customers").fetchall() == [(me,)]
    assert customer.execute("UPDATE app.orders SET notes = 'no onions'").rowcount == 1
    with refused("42501"), customer.transaction():
        customer.execute("UPDATE app.orders SET customer_id = gen_random_uuid()")
    assert customer.execute("DELETE FROM app.orders").rowcount == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE app.orders SET payment_status = 'paid'",
        "UPDATE app.orders SET status = 'completed'",
        "UPDATE app.customers SET loyalty_points = 1000000",
        "INSERT INTO app.orders (order_number, payment_status) VALUES ('x', 'paid')",
        "SELECT notifications FROM app.settings",
        "UPDATE app.settings SET branding = '{}'",
    ],
)
def test_a_customer_assigns_nothing_that_is_the_tenants_42501(customer, statement):
    with refused("42501"):
        customer.execute(statement)


def test_customers_read_branding_and_pins(customer):
    assert customer.execute("SELECT branding FROM app.settings").fetchall() == [({"logo": "x"},)]
    assert customer.execute("SELECT title FROM app.pins").fetchall() == [("Here",)]


def test_the_key_of_a_row_never_changes_TN009(diner, dba):
    with diner.enter("manager") as conn:
        with refused("TN009"), conn.transaction():
            conn.execute("UPDATE app.pins SET id = gen_random_uuid()")
        with refused("42501"), conn.transaction():
            conn.execute("UPDATE app.pins SET tenant_id = gen_random_uuid()")
        changed = conn.execute(
            "INSERT INTO app.pins (id, title) SELECT id, 'upserted' FROM app.pins "
            "ON CONFLICT (tenant_id, id) DO UPDATE SET id = excluded.id, title = excluded.title"
        )
        assert changed.rowcount == 1
    with refused("TN009"):
        dba.execute("UPDATE app.pins SET tenant_id = gen_random_uuid()")


def test_the_literal_grid_is_one_update_away(diner, dba, issuer, gateway):
    dba.execute("UPDATE tenancy.access_matrix SET row_scope = 'tenant', columns = NULL")
    dba.execute("SELECT tenancy.protect_table('app.orders')")
    with diner.enter("staff") as conn:
        conn.execute("INSERT INTO app.orders (order_number) VALUES ('2')")
        conn.commit()
    gateway.execute("SELECT tenancy.enter(%s)", [issuer(sub=str(diner.people["customer"]))])
    assert gateway.execute("SELECT count(*) FROM app.orders").fetchone() == (2,)


def test_a_cascade_and_its_counter_stay_in_the_tenant(diner, spa, dba):
    pins = {}
    for tenant in (diner, spa):
        with tenant.enter("staff") as conn:
            pin = conn.execute("SELECT id FROM app.pins").fetchone()[0]
            for _ in range(3):
                conn.execute("INSERT INTO app.pin_comments (pin_id, body) VALUES (%s, 'x')", [pin])
            conn.commit()
            pins[tenant.slug] = pin
    # The same id in both tenants: a trigger that forgot the tenant would count in the wrong one.
    dba.execute("SET session_replication_role = replica")
    dba.execute("UPDATE app.pin_comments SET pin_id = %s", [pins["diner"]])
    dba.execute("UPDATE app.pins SET id = %s", [pins["diner"]])
    dba.execute("SET session_replication_role = origin")
    with diner.enter("manager") as conn:
        conn.execute(
            "DELETE FROM app.pin_comments "
            "WHERE id = (SELECT min(id::text)::uuid FROM app.pin_comments)"
        )
        assert conn.execute("SELECT comment_count FROM app.pins").fetchone() == (2,)
        conn.execute("DELETE FROM app.pins")
        conn.commit()
    rows = dba.execute(
        "SELECT tenant_id, comment_count, (SELECT count(*) FROM app.pin_comments) FROM app.pins"
    ).fetchall()
    assert rows == [(spa.id, 3, 3)]
