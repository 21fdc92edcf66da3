"""Plans, limits and usage: exact under concurrency, and nobody raises their own."""

import random
import re
import threading
import uuid
from decimal import Decimal

import psycopg
import pytest
from psycopg import sql

from tenancy import dev, migrate
from tests.fix_tenants import refused

PIN = "INSERT INTO app.pins (title) SELECT 'x' FROM generate_series(1, %s::int)"
ORDER = "INSERT INTO app.orders (order_number) SELECT gen_random_uuid() FROM generate_series(1, %s::int)"
COUNTERS = """
SELECT u.pins = (SELECT count(*) FROM app.pins AS p WHERE p.tenant_id = u.tenant_id)
    AND u.storage_bytes = (
        SELECT coalesce(sum(size_bytes), 0) FROM app.storage_objects AS o
        WHERE o.tenant_id = u.tenant_id
    )
    AND (SELECT sum(m.orders) FROM tenancy_private.usage_month AS m WHERE m.tenant_id = u.tenant_id)
        = (SELECT count(*) FROM app.orders AS o WHERE o.tenant_id = u.tenant_id)
FROM tenancy_private.usage_counter AS u WHERE u.tenant_id = %s
"""


def usage(conn):
    return {name: used for name, used, *_ in conn.execute("SELECT * FROM tenancy.usage()")}


def is_exact(dba, tenant):
    return dba.execute(COUNTERS, [tenant.id]).fetchone() == (True,)


@pytest.fixture
def limit(admin, diner):
    """Set a limit of the diner, as the platform."""
    return lambda name, value: admin.execute(
        "SELECT tenancy.set_limit(%s, %s, %s)", [diner.id, name, value]
    )


@pytest.fixture
def bucket(diner):
    with diner.enter("manager") as conn:
        made = conn.execute(
            "INSERT INTO app.storage_buckets (name) VALUES ('photos') RETURNING id"
        ).fetchone()
        conn.commit()
    return made[0]


# Limits -------------------------------------------------------------------------------------------


def test_the_professional_plan_is_the_products(diner):
    with diner.enter() as conn:
        limits = {
            name: limit for name, _, limit, _ in conn.execute("SELECT * FROM tenancy.usage()")
        }
    assert limits == {"max_pins": 100, "max_orders_per_month": 10_000, "max_storage_gb": 50}


def test_the_hundredth_pin_is_the_last_TN010(diner):
    with diner.enter() as conn:
        conn.execute(PIN, [99])
        assert usage(conn)["max_pins"] == 100
        with pytest.raises(psycopg.Error) as caught:
            conn.execute(PIN, [1])
    assert caught.value.sqlstate == "TN010"
    assert caught.value.diag.message_detail == "limit 100, usage 100, requested 1"


def test_a_statement_passes_or_fails_as_a_whole_TN010(diner, dba):
    with diner.enter() as conn:
        with refused("TN010"), conn.transaction():
            conn.execute(PIN, [100])
        assert conn.execute("SELECT count(*) FROM app.pins").fetchone() == (1,)
        conn.execute(PIN, [99])
        conn.commit()
    assert is_exact(dba, diner)


def test_what_is_deleted_is_given_back(diner, dba):
    with diner.enter("manager") as conn:
        conn.execute(PIN, [99])
        conn.execute("DELETE FROM app.pins WHERE title = 'x'")
        conn.execute(PIN, [99])
        conn.commit()
    assert is_exact(dba, diner)


def test_what_is_rolled_back_was_never_used(diner, dba):
    with diner.enter() as conn:
        conn.execute(PIN, [5])
        conn.execute("SAVEPOINT s")
        conn.execute(PIN, [50])
        conn.execute("ROLLBACK TO s")
        conn.commit()
    assert is_exact(dba, diner)
    assert dba.execute(
        "SELECT pins FROM tenancy_private.usage_counter WHERE pins > 1"
    ).fetchall() == [(6,)]


def test_orders_are_counted_per_month_TN010(diner, limit, dba):
    limit("max_orders_per_month", 3)
    with diner.enter("manager") as conn:
        conn.execute(ORDER, [2])
        with refused("TN010"), conn.transaction():
            conn.execute(ORDER, [1])
        conn.execute("DELETE FROM app.orders WHERE order_number = '1'")
        conn.execute(ORDER, [1])
        conn.commit()
    assert is_exact(dba, diner)


def test_bytes_are_counted_as_they_grow_and_shrink_TN010(diner, bucket, limit, dba):
    limit("max_storage_gb", 1)
    store = "INSERT INTO app.storage_objects (bucket_id, path, size_bytes) VALUES (%s, %s, %s)"
    with diner.enter("manager") as conn:
        conn.execute(store, [bucket, "/a", 2**30 - 10])
        with refused("TN010"), conn.transaction():
            conn.execute(store, [bucket, "/b", 11])
        conn.execute(store, [bucket, "/b", 10])
        assert usage(conn)["max_storage_gb"] == 1
        with refused("TN010"), conn.transaction():
            conn.execute("UPDATE app.storage_objects SET size_bytes = 11 WHERE path = '/b'")
        conn.execute("UPDATE app.storage_objects SET size_bytes = 1 WHERE path = '/a'")
        conn.execute("UPDATE app.storage_objects SET etag = 'x'")
        conn.execute("DELETE FROM app.storage_objects WHERE path = '/b'")
        assert usage(conn)["max_storage_gb"] == Decimal("0.001")
        conn.commit()
    assert is_exact(dba, diner)


def test_sizes_beyond_bigint_are_refused_and_not_an_overflow_TN010(diner, bucket):
    with diner.enter() as conn, refused("TN010"):
        conn.execute(
            "INSERT INTO app.storage_objects (bucket_id, path, size_bytes) "
            "SELECT %s, n::text, 9223372036854775807 FROM generate_series(1, 2) AS n",
            [bucket],
        )


def test_upsert_and_merge_count_what_they_insert(diner, bucket, dba):
    upsert = (
        "INSERT INTO app.storage_objects (bucket_id, path, size_bytes) VALUES (%s, %s, %s) "
        "ON CONFLICT (tenant_id, bucket_id, path) DO UPDATE SET size_bytes = excluded.size_bytes"
    )
    with diner.enter("manager") as conn:
        conn.cursor().executemany(upsert, [(bucket, "/a", 5), (bucket, "/a", 7), (bucket, "/b", 1)])
        conn.execute(
            "MERGE INTO app.storage_objects AS t USING (VALUES ('/a'), ('/b'), ('/c')) AS s (path) "
            "ON t.path = s.path WHEN MATCHED AND s.path = '/a' THEN DELETE "
            "WHEN MATCHED THEN UPDATE SET size_bytes = 100 "
            "WHEN NOT MATCHED THEN INSERT (bucket_id, path, size_bytes) VALUES (%s, s.path, 1000)",
            [bucket],
        )
        conn.commit()
    assert is_exact(dba, diner)
    assert dba.execute(
        "SELECT max(storage_bytes) FROM tenancy_private.usage_counter"
    ).fetchone() == (1100,)


def test_a_cascade_counts_in_the_tenant_of_the_rows(diner, spa, dba):
    """A team's foreign key that cascades into pins, which removes them without the wall."""
    dba.execute(
        "ALTER TABLE app.pins DROP CONSTRAINT pins_customer_fkey, "
        "ADD FOREIGN KEY (tenant_id, customer_id) "
        "REFERENCES app.customers (tenant_id, id) ON DELETE CASCADE"
    )
    for tenant in (diner, spa):
        with tenant.enter("manager") as conn:
            person = conn.execute(
                "INSERT INTO app.customers (full_name) VALUES ('x') RETURNING id"
            ).fetchone()
            conn.execute("INSERT INTO app.pins (title, customer_id) VALUES ('y', %s)", person)
            if tenant is diner:
                conn.execute("DELETE FROM app.customers WHERE full_name = 'x'")
            conn.commit()
    assert dba.execute(
        "SELECT array_agg(pins ORDER BY tenant_id = %s) FROM tenancy_private.usage_counter",
        [spa.id],
    ).fetchone() == ([1, 2],)


def test_a_load_of_many_tenants_is_counted_and_not_refused(diner, spa, dba):
    with dba.cursor().copy("COPY app.pins (tenant_id, title) FROM STDIN") as copy:
        for _ in range(150):
            copy.write_row((diner.id, "x"))
            copy.write_row((spa.id, "x"))
    assert is_exact(dba, diner)
    assert is_exact(dba, spa)
    with diner.enter() as conn, refused("TN010"):
        conn.execute(PIN, [1])


def test_a_job_is_counted_and_not_refused(diner, limit, dba):
    limit("max_pins", 1)
    dba.execute("GRANT USAGE ON SCHEMA app TO tenancy_operator")
    dba.execute("GRANT INSERT ON app.pins TO tenancy_operator")
    dba.execute("CREATE POLICY job ON app.pins FOR INSERT TO tenancy_operator WITH CHECK (true)")
    with psycopg.connect(diner.dsn, user="tenancy_operator") as conn:
        conn.execute("SELECT tenancy.enter_system(%s, 'import')", [diner.id])
        conn.execute(PIN, [5])
    assert is_exact(dba, diner)


def test_a_thousand_rows_cost_one_update_of_a_counter(diner, limit, bucket, dba):
    limit("max_pins", 1001)
    updates = dba.execute(
        "SELECT format('SELECT pg_stat_get_xact_tuples_updated(%s), "
        "pg_stat_get_xact_tuples_updated(%s)', 'tenancy_private.usage_counter'::regclass::oid, "
        "'tenancy_private.usage_month'::regclass::oid)"
    ).fetchone()[0]
    with diner.enter() as conn:
        conn.execute(PIN, [1000])
        assert conn.execute(updates).fetchone() == (1, 0)
        conn.execute(ORDER, [1000])
        assert conn.execute(updates).fetchone() == (1, 1)
        conn.execute(
            "INSERT INTO app.storage_objects (bucket_id, path, size_bytes) "
            "SELECT %s, n::text, 1 FROM generate_series(1, 1000) AS n",
            [bucket],
        )
        assert conn.execute(updates).fetchone() == (2, 1)
        conn.execute("UPDATE app.storage_objects SET etag = 'x'")
        assert conn.execute(updates).fetchone() == (2, 1)


def test_a_limit_below_usage_deletes_nothing_and_stops_the_next_TN010(diner, limit):
    with diner.enter() as conn:
        conn.execute(PIN, [10])
        conn.commit()
    limit("max_pins", 5)
    with diner.enter("manager") as conn:
        assert conn.execute("DELETE FROM app.pins WHERE title = 'Here'").rowcount == 1
        with refused("TN010"):
            conn.execute(PIN, [1])


def test_a_read_only_tenant_reads_its_usage_and_inserts_nothing_25006(diner, admin):
    admin.execute(
        "SELECT tenancy.set_tenant_status(%s, 'read_only', 'the bill is not paid')", [diner.id]
    )
    with diner.enter() as conn:
        assert usage(conn)["max_pins"] == 1
        assert conn.execute("SELECT tenancy.feature('analytics')").fetchone() == (True,)
        with refused("25006"):
            conn.execute(PIN, [1])


# Concurrency --------------------------------------------------------------------------------------


def test_sixteen_mixed_writers_are_exact_and_never_deadlock(diner, bucket, limit, dba):
    """Several tables per transaction, in any order, insert, resize and delete of the same rows."""
    limit("max_pins", 60)
    limit("max_orders_per_month", 60)
    limit("max_storage_gb", 1)
    failures, refusals, commits = [], [], []

    def work(number):
        choose = random.Random(number)
        acts = [
            lambda c: c.execute(PIN, [choose.randint(1, 4)]),
            lambda c: c.execute(ORDER, [choose.randint(1, 4)]),
            lambda c: c.execute(
                "INSERT INTO app.storage_objects (bucket_id, path, size_bytes) VALUES (%s, %s, %s) "
                "ON CONFLICT (tenant_id, bucket_id, path) DO UPDATE SET size_bytes = 2",
                [bucket, str(choose.randint(1, 20)), choose.randint(1, 10**8)],
            ),
            lambda c: c.execute(
                "DELETE FROM app.pins WHERE id IN (SELECT id FROM app.pins LIMIT %s)",
                [choose.randint(1, 3)],
            ),
            lambda c: c.execute(
                "DELETE FROM app.orders WHERE id IN (SELECT id FROM app.orders LIMIT %s)",
                [choose.randint(1, 3)],
            ),
            lambda c: c.execute("UPDATE app.storage_objects SET size_bytes = size_bytes / 2"),
            lambda c: c.execute("DELETE FROM app.storage_objects WHERE path = '7'"),
        ]
        try:
            with psycopg.connect(diner.dsn, user="tenancy_gateway") as conn:
                for _ in range(15):
                    conn.execute("SELECT tenancy.enter(%s)", [diner.keys["manager"]])
                    try:
                        for act in choose.choices(acts, k=3):
                            act(conn)
                        conn.commit()
                        commits.append(number)
                    except psycopg.Error as error:
                        conn.rollback()
                        if error.sqlstate != "TN010":
                            raise
                        refusals.append(error)
        except Exception as error:
            failures.append(error)

    together(work)
    assert failures == []
    assert commits
    assert refusals
    assert is_exact(dba, diner)
    assert dba.execute("SELECT max(pins) <= 60 FROM tenancy_private.usage_counter").fetchone() == (
        True,
    )


def together(work, threads=16):
    running = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def test_of_two_at_99_one_passes_TN010(diner):
    with diner.enter() as conn:
        conn.execute(PIN, [98])
        conn.commit()
    results = []

    def work(_number):
        with diner.enter() as conn:
            try:
                conn.execute(PIN, [1])
                conn.commit()
                results.append("")
            except psycopg.Error as error:
                results.append(error.sqlstate)

    together(work)
    assert sorted(results) == ["", *["TN010"] * 15]


# Months -------------------------------------------------------------------------------------------


def months(dba, tenant):
    return dba.execute(
        "SELECT month::text, starts_at, ends_at FROM tenancy_private.usage_month "
        "WHERE tenant_id = %s ORDER BY month",
        [tenant.id],
    ).fetchall()


def open_month(dba, tenant, now):
    return str(
        dba.execute(
            "SELECT tenancy_private.open_month(%s, %s::timestamptz)", [tenant.id, now]
        ).fetchone()[0]
    )


def move_to(tenant, zone):
    with tenant.enter("manager") as conn:
        conn.execute("UPDATE app.settings SET time_zone = %s", [zone])
        conn.commit()


@pytest.fixture
def calendar(diner, dba):
    """The diner without any month, so that a test begins where it wants."""
    dba.execute("SET timezone = 'UTC'")
    dba.execute("DELETE FROM tenancy_private.usage_month WHERE tenant_id = %s", [diner.id])


@pytest.mark.usefixtures("calendar")
def test_a_month_ends_at_midnight_of_the_tenant(diner, dba):
    move_to(diner, "America/Chicago")
    assert open_month(dba, diner, "2030-02-01 05:59+00") == "2030-01-01"
    assert open_month(dba, diner, "2030-02-01 06:00+00") == "2030-02-01"
    assert open_month(dba, diner, "2030-05-07 06:00+00") == "2030-05-01"
    assert [str(start) for _, start, _ in months(dba, diner)] == [
        "2030-01-01 06:00:00+00:00",
        "2030-02-01 06:00:00+00:00",
        "2030-05-01 05:00:00+00:00",
    ]


@pytest.mark.usefixtures("calendar")
def test_changing_the_time_zone_gains_no_second_month(diner, dba):
    """Every calendar month comes once, whatever the zones, and time has neither gap nor overlap."""
    zones = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC", "Asia/Kathmandu"]
    hours = dba.execute(
        "SELECT t::text FROM generate_series(timestamptz '2030-01-30 00:00+00', "
        "'2030-03-04 00:00+00', '5 hours') AS t"
    ).fetchall()
    opened = []
    for number, (hour,) in enumerate(hours):
        move_to(diner, zones[number % len(zones)])
        opened.append(open_month(dba, diner, hour))
    assert opened == sorted(opened)
    assert {*opened} == {"2030-01-01", "2030-02-01", "2030-03-01"}
    bounds = months(dba, diner)
    assert [start for _, start, _ in bounds[1:]] == [end for *_, end in bounds[:-1]]


def test_changing_the_time_zone_now_changes_no_count(diner, limit):
    limit("max_orders_per_month", 1)
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        move_to(diner, zone)
        with diner.enter() as conn, refused("TN010"):
            conn.execute(ORDER, [1])


@pytest.mark.parametrize("zone", ["XXX+167", "Foo/Bar+99", "Etc/GMT+99", "<x>-100", "UTC+15", ""])
def test_a_zone_with_an_offset_of_days_is_no_zone_23514(diner, zone):
    with diner.enter("manager") as conn, refused("23514"):
        conn.execute("UPDATE app.settings SET time_zone = %s", [zone])


def test_an_unknown_zone_is_refused_where_it_is_set_22023(diner):
    with diner.enter("manager") as conn, refused("22023"):
        conn.execute("UPDATE app.settings SET time_zone = 'Mars/Olympus'")


def test_every_zone_of_the_iana_database_is_one(dba):
    pattern = dba.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'settings_time_zone_check'"
    ).fetchone()[0]
    pattern = re.search(r"~ '(.*?)'::text", pattern)[1]
    assert (
        dba.execute(
            "SELECT name FROM pg_timezone_names WHERE name !~ %s AND name !~ '^(posix|right)/' "
            "AND name ~ '/' AND name !~ '^Etc/|^SystemV/'",
            [pattern],
        ).fetchall()
        == []
    )


def test_back_dating_is_not_granted_42501(diner):
    for column in ("created_at", "updated_at"):
        with diner.enter("manager") as conn, refused("42501"):
            conn.execute(
                sql.SQL(
                    "INSERT INTO app.orders (order_number, {}) VALUES ('x', '2020-01-01')"
                ).format(sql.Identifier(column))
            )
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute("UPDATE app.orders SET created_at = '2020-01-01'")


def test_placed_at_is_the_tenants_and_counts_for_nothing_TN010(diner, limit):
    limit("max_orders_per_month", 1)
    with diner.enter("manager") as conn, refused("TN010"):
        conn.execute("INSERT INTO app.orders (order_number, placed_at) VALUES ('x', '2020-01-01')")


def test_a_transaction_left_open_counts_in_the_month_of_the_clock_TN010(diner, limit, dba):
    """Its created_at is older than the month: as if it had begun before midnight."""
    limit("max_orders_per_month", 2)
    with diner.enter() as conn:
        conn.execute("SELECT 1")
        dba.execute(
            "UPDATE tenancy_private.usage_month SET starts_at = clock_timestamp() "
            "WHERE tenant_id = %s",
            [diner.id],
        )
        conn.execute(ORDER, [1])
        with refused("TN010"):
            conn.execute(ORDER, [1])


def test_an_import_counts_in_the_months_of_its_rows(diner, dba, calendar):
    open_month(dba, diner, "2030-01-05 00:00+00")
    dba.execute(
        "INSERT INTO app.orders (tenant_id, order_number, created_at) "
        "VALUES (%s, 'a', '2030-01-20'), (%s, 'b', '2029-01-20')",
        [diner.id, diner.id],
    )
    assert dba.execute(
        "SELECT orders FROM tenancy_private.usage_month WHERE tenant_id = %s AND month = '2030-01-01'",
        [diner.id],
    ).fetchone() == (1,)


def test_reconcile_counts_what_was_loaded_without_triggers(diner, spa, dba):
    dba.execute("SET session_replication_role = replica")
    dba.execute(
        "INSERT INTO app.pins (tenant_id, title) SELECT id, 'x' FROM tenancy_private.tenant"
    )
    dba.execute("DELETE FROM app.orders")
    assert not is_exact(dba, diner)
    with psycopg.connect(diner.dsn, user="tenancy_operator") as conn:
        conn.execute("SELECT tenancy.enter_system(%s, 'reconcile')", [diner.id])
        conn.execute("SELECT tenancy.reconcile_usage(%s)", [diner.id])
        with refused("TN002"):
            conn.execute("SELECT tenancy.reconcile_usage(%s)", [spa.id])
        conn.rollback()
        conn.execute("SELECT tenancy.enter_system(%s, 'reconcile')", [diner.id])
        conn.execute("SELECT tenancy.reconcile_usage(%s)", [diner.id])
    assert is_exact(dba, diner)
    assert not is_exact(dba, spa)


def test_the_migration_counts_what_was_there(diner, spa, bucket, dba):
    """Down and up again on a database with rows: as if the limits had come later."""
    with diner.enter("manager") as conn:
        conn.execute(PIN, [7])
        conn.execute(ORDER, [3])
        conn.execute("UPDATE app.settings SET time_zone = 'America/Chicago'")
        conn.execute(
            "INSERT INTO app.storage_objects (bucket_id, path, size_bytes) VALUES (%s, '/a', 5)",
            [bucket],
        )
        conn.commit()
    owner = psycopg.conninfo.make_conninfo(diner.dsn, user=dev.OWNER)
    migrate.rollback(owner, to="0006.split-protection")
    assert dba.execute("SELECT to_regclass('tenancy_private.usage_counter')").fetchone() == (None,)
    migrate.apply(owner)
    for tenant in (diner, spa):
        assert is_exact(dba, tenant)
    assert dba.execute(
        "SELECT u.pins, u.storage_bytes, u.time_zone, m.orders "
        "FROM tenancy_private.usage_counter AS u "
        "INNER JOIN tenancy_private.usage_month AS m ON m.tenant_id = u.tenant_id "
        "WHERE u.tenant_id = %s",
        [diner.id],
    ).fetchone() == (8, 5, "America/Chicago", 4)
    with diner.enter() as conn, refused("TN010"):
        conn.execute(PIN, [93])


# Who sets them ------------------------------------------------------------------------------------

SELF_PROMOTION = [
    "SELECT tenancy.set_limit(%(t)s, 'max_pins', 1000000)",
    "SELECT tenancy.reset_limit(%(t)s, 'max_pins')",
    "SELECT tenancy.set_feature(%(t)s, 'voice_assistant', 'true')",
    "SELECT tenancy.set_plan(%(t)s, 'enterprise')",
    "SELECT tenancy.set_actor_rate(%(t)s, gen_random_uuid(), 1000000)",
    "SELECT tenancy.reconcile_usage(%(t)s)",
    "SELECT tenancy_private.limit_of(%(t)s, 'max_pins')",
    "SELECT tenancy_private.charge_rate(%(t)s, 'api', NULL, 1, '2020-01-01')",
    "SELECT tenancy_private.open_month(%(t)s, '2020-01-01')",
    "UPDATE tenancy_private.tenant SET plan = 'enterprise' WHERE id = %(t)s",
    "UPDATE tenancy.plan_limit SET value = NULL WHERE %(t)s IS NOT NULL",
    "INSERT INTO tenancy_private.tenant_limit VALUES (%(t)s, 'max_pins', NULL)",
    "UPDATE tenancy_private.usage_counter SET pins = 0 WHERE tenant_id = %(t)s",
    "DELETE FROM tenancy_private.rate_window WHERE tenant_id = %(t)s",
    "ALTER TABLE app.pins DISABLE TRIGGER ALL; SELECT %(t)s",
    "SET session_replication_role = replica; SELECT %(t)s",
]


@pytest.mark.parametrize("role", ["customer", "staff", "manager"])
@pytest.mark.parametrize("attack", SELF_PROMOTION)
def test_nobody_raises_their_own_limits_42501(diner, attack, role):
    attack = attack.replace("%(t)s", f"'{diner.id}'")
    with diner.enter(role) as conn, refused("42501"):
        conn.execute(attack)


def test_settings_of_the_tenant_are_no_flags_and_no_limits(diner):
    """Mass assignment into what a manager may write changes nothing that is served."""
    with diner.enter("manager") as conn:
        conn.execute(
            "UPDATE app.settings SET features = '{\"voice_assistant\": true}', "
            'metadata = \'{"plan": "enterprise", "max_pins": 1000000}\''
        )
        assert conn.execute("SELECT tenancy.feature('voice_assistant')").fetchone() == (False,)
        with refused("TN010"):
            conn.execute(PIN, [1000])


@pytest.mark.parametrize("call", SELF_PROMOTION[:5])
def test_an_administrator_inside_a_tenant_is_not_the_platform_TN002(diner, spa, call):
    with psycopg.connect(diner.dsn, user="tenancy_console") as conn:
        ticket = conn.execute(
            "SELECT tenancy.open_admin_session(%s, 'a reason of some length', 10)", [diner.id]
        ).fetchone()[0]
    for tenant in (diner, spa):
        with psycopg.connect(diner.dsn, user="tenancy_console") as conn:
            conn.execute("SELECT tenancy.enter(%s)", [ticket])
            with refused("TN002"):
                conn.execute(call, {"t": tenant.id})
            conn.rollback()


@pytest.mark.parametrize("call", SELF_PROMOTION[:5])
def test_no_such_tenant_TN001(admin, call):
    with refused("TN001"):
        admin.execute(call, {"t": uuid.uuid4()})


def test_no_such_limit_23514_and_no_such_plan_23503(diner, admin):
    for name, value in [("max_staff", 1), ("max_pins", -1), ("rate_per_minute:", 1)]:
        with refused("23514"):
            admin.execute("SELECT tenancy.set_limit(%s, %s, %s)", [diner.id, name, value])
    with refused("23503"):
        admin.execute("SELECT tenancy.set_plan(%s, 'platinum')", [diner.id])


def test_the_platform_sets_and_resets(diner, admin, limit):
    limit("max_pins", None)
    with diner.enter() as conn:
        conn.execute(PIN, [200])
    admin.execute("SELECT tenancy.reset_limit(%s, 'max_pins')", [diner.id])
    admin.execute("SELECT tenancy.set_feature(%s, 'voice_assistant', '{\"beta\": 1}')", [diner.id])
    admin.execute("SELECT tenancy.set_plan(%s, 'starter')", [diner.id])
    with diner.enter("customer") as conn:
        flags = conn.execute(
            "SELECT tenancy.feature('voice_assistant'), tenancy.feature('photo_booth'), "
            "tenancy.feature('unknown')"
        ).fetchone()
        assert flags == ({"beta": 1}, False, None)
    with diner.enter() as conn, refused("TN010"):
        conn.execute(PIN, [25])
    admin.execute("SELECT tenancy.set_feature(%s, 'voice_assistant', NULL)", [diner.id])
    with diner.enter() as conn:
        assert conn.execute("SELECT tenancy.feature('voice_assistant')").fetchone() == (False,)


def test_usage_is_of_the_own_tenant_and_not_for_customers_42501(diner, spa):
    with spa.enter() as conn:
        conn.execute(PIN, [7])
        conn.commit()
    with diner.enter() as conn:
        assert usage(conn)["max_pins"] == 1
    with diner.enter("customer") as conn, refused("42501"):
        conn.execute("SELECT * FROM tenancy.usage()")


def test_outside_a_tenant_there_is_no_usage(admin):
    assert admin.execute("SELECT tenancy.feature('analytics')").fetchone() == (None,)
    assert admin.execute("SELECT * FROM tenancy.usage()").fetchall() == []
