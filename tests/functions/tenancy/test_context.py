"""The signed context: nobody can forge, edit, keep or carry it."""

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.fix_tenants import refused

TOKEN = "SELECT current_setting('tenancy.context')"


def put(conn, token):
    conn.execute("SET LOCAL ROLE tenancy_staff")
    conn.execute("SELECT set_config('tenancy.context', %s, true)", [token])


def seen(conn):
    return conn.execute("SELECT tenancy.tenant_id(), (SELECT count(*) FROM app.orders)").fetchone()


def test_a_stolen_token_is_dead_in_another_backend(spa, gateway):
    with spa.enter("staff") as victim:
        put(gateway, victim.execute(TOKEN).fetchone()[0])
        assert seen(victim) == (spa.id, 1)
        assert seen(gateway) == (None, 0)


def test_a_kept_token_is_dead_in_the_next_transaction(spa, gateway):
    gateway.execute("SELECT tenancy.enter(%s)", [spa.keys["staff"]])
    token = gateway.execute(TOKEN).fetchone()[0]
    gateway.commit()
    put(gateway, token)
    assert seen(gateway) == (None, 0)


def test_an_edited_token_is_dead(diner, spa):
    with diner.enter("staff") as conn:
        token = conn.execute(TOKEN).fetchone()[0]
        for edited in (
            token[:4] + spa.id.hex + token[36:],
            token[:68] + "m" + token[69:],
            token[:-1] + ("0" if token[-1] != "0" else "1"),
            "9999" + token[4:],
            token.upper(),
            token + " ",
        ):
            conn.execute("SELECT set_config('tenancy.context', %s, true)", [edited])
            assert seen(conn) == (None, 0), edited
        conn.execute("SELECT set_config('tenancy.context', %s, true)", [token])
        assert seen(conn) == (diner.id, 1)


@pytest.mark.parametrize(
    "garbage", ["", " ", "\t", "x", "0" * 199, "é" * 99, "т" * 199, "x" * 5_000_000], ids=len
)
def test_garbage_gives_no_rows_and_no_error(diner, gateway, garbage):
    put(gateway, garbage)
    assert seen(gateway) == (None, 0)
    with refused("42501"):
        gateway.execute("INSERT INTO app.pins (title) VALUES ('x')")


@pytest.mark.parametrize("role", ["customer", "manager"])
def test_another_role_in_force_is_not_the_signed_one(diner, role):
    with diner.enter("staff") as conn:
        conn.execute(f"SET LOCAL ROLE tenancy_{role}")
        now = conn.execute("SELECT tenancy.tenant_id(), tenancy.actor_id(), tenancy.actor_role()")
        assert now.fetchone() == (None, None, None)


def test_reset_role_ends_it(diner):
    with diner.enter("staff") as conn:
        conn.execute("RESET ROLE")
        assert conn.execute("SELECT tenancy.tenant_id()").fetchone() == (None,)


def test_a_generic_plan_serves_each_tenant_its_own_rows(diner, spa, database):
    with psycopg.connect(make_conninfo(database, user="tenancy_gateway")) as conn:
        conn.execute("SET plan_cache_mode = force_generic_plan")
        for tenant in (diner, spa, diner):
            conn.execute("SELECT tenancy.enter(%s)", [tenant.keys["staff"]])
            rows = conn.execute("SELECT id FROM app.orders", prepare=True).fetchall()
            assert rows == [(tenant.order,)]
            conn.commit()


def test_the_key_is_out_of_reach(diner):
    with diner.enter("manager") as conn:
        for query in (
            "SELECT * FROM tenancy_private.context_key",
            "SELECT tenancy_private.context_mac('0001', 'x')",
            "SELECT tenancy_private.verified_context()",
        ):
            with refused("42501"), conn.transaction():
                conn.execute(query)


def test_leave_ends_the_context_and_admits_no_other_TN003(diner, spa):
    with diner.enter("staff") as conn:
        conn.execute("SELECT tenancy.leave()")
        assert conn.execute("SELECT tenancy.tenant_id(), current_user").fetchone() == (
            None,
            "tenancy_gateway",
        )
        with refused("TN003"), conn.transaction():
            conn.execute("SELECT tenancy.enter(%s)", [spa.keys["staff"]])
        conn.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])
        assert seen(conn) == (diner.id, 1)


def test_leave_without_a_context_is_a_no_op(gateway):
    gateway.execute("SELECT tenancy.leave()")


def test_rotation_keeps_open_transactions_and_signs_anew(diner, admin, dba):
    with diner.enter("staff") as conn:
        old = conn.execute(TOKEN).fetchone()[0]
        kid = admin.execute("SELECT tenancy.rotate_context_key()").fetchone()[0]
        assert seen(conn) == (diner.id, 1)
    with diner.enter("staff") as conn:
        new = conn.execute(TOKEN).fetchone()[0]
        assert (new[:4], new[:4] != old[:4]) == (kid, True)
    dba.execute("UPDATE tenancy_private.context_key SET created_at = now() - interval '2 hours'")
    admin.execute("SELECT tenancy.rotate_context_key()")
    kids = dba.execute("SELECT kid, is_current FROM tenancy_private.context_key ORDER BY 1")
    assert [current for _, current in kids] == [False, True]


def test_rotating_often_throws_nobody_out(diner, admin):
    with diner.enter("staff") as conn:
        for _ in range(5):
            admin.execute("SELECT tenancy.rotate_context_key()")
        assert seen(conn) == (diner.id, 1)


def test_a_tenant_cannot_rotate_the_key_42501(diner):
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute("SELECT tenancy.rotate_context_key()")


def test_parallel_workers_lose_no_row(diner, database, dba):
    dba.execute(
        "INSERT INTO app.analytics (tenant_id, event) SELECT %s, 'e' FROM generate_series(1, 20000)",
        [diner.id],
    )
    dba.execute("ANALYZE app.analytics")
    with diner.enter("staff") as conn:
        conn.execute("SET LOCAL parallel_setup_cost = 0")
        conn.execute("SET LOCAL parallel_tuple_cost = 0")
        conn.execute("SET LOCAL min_parallel_table_scan_size = 0")
        conn.execute("SET LOCAL parallel_leader_participation = off")
        query = "SELECT count(*) FROM app.analytics"
        plan = "\n".join(row[0] for row in conn.execute("EXPLAIN " + query))
        assert "Workers Planned" in plan
        assert conn.execute(query).fetchone() == (20000,)
