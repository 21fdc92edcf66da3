"""tenancy fuzz: deterministic, hostile, and honest about what it turned off."""

import psycopg
import pytest
from click import ClickException
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import dev, fuzz
from tests.fix_tenants import make_tenant, refused

TENANTS, SEED = 30, 7
TABLES = list(fuzz._ROWS)


def load(dsn, **options):
    return fuzz.fill(dsn, **{"tenants": TENANTS, "seed": SEED, "customers": 900, **options})


@pytest.fixture(scope="module")
def filled(make_database):
    dsn = make_database()
    assert load(dsn).ok
    return dsn


def digest(dsn):
    with psycopg.connect(dsn) as conn:
        return [
            conn.execute(
                sql.SQL(
                    "SELECT md5(string_agg((to_jsonb(t) - '{{created_at,updated_at,placed_at,"
                    "submitted_at}}'::text[])::text, '' ORDER BY tenant_id, id)) FROM {} AS t"
                ).format(sql.Identifier("app", table))
            ).fetchone()
            for table in TABLES
        ]


def test_a_seed_makes_the_same_rows_with_any_number_of_workers(filled, make_database):
    one, other = make_database(), make_database()
    load(one, workers=1)
    load(other, seed=SEED + 1)
    assert digest(one) == digest(filled)
    assert digest(other) != digest(filled)


def test_the_owner_loads_by_maintenance_and_keeps_nothing(filled, database):
    report = load(make_conninfo(database, user=dev.OWNER))
    assert report.ok
    assert digest(database) == digest(filled)
    with psycopg.connect(database) as conn:
        assert conn.execute(
            "SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole "
            "AND pg_has_role(member, roleid, 'USAGE')",
            [dev.OWNER],
        ).fetchone() == (0,)
        assert conn.execute(
            "SELECT bool_and(relforcerowsecurity), (SELECT count(*) FROM pg_trigger "
            "WHERE tgenabled = 'D'), (SELECT count(*) FROM tenancy_private.maintenance) "
            "FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'r'"
        ).fetchone() == (True, 0, 0)


def test_sizes_are_skewed_and_the_first_tenants_are_complete(filled):
    with psycopg.connect(filled) as conn:
        counts = [
            n
            for (n,) in conn.execute(
                "SELECT count(*) FROM app.customers GROUP BY tenant_id ORDER BY 1 DESC"
            )
        ]
        assert counts[0] > 2 * counts[len(counts) // 2] > 2 * counts[-1]
        for table in TABLES:
            rows = conn.execute(
                sql.SQL(
                    "SELECT count(DISTINCT tenant_id) FROM {} JOIN tenancy_private.tenant AS t "
                    "ON t.id = tenant_id WHERE substr(t.slug, 6)::int <= 9"
                ).format(sql.Identifier("app", table))
            ).fetchone()
            assert rows == (fuzz.COMPLETE,), table


@pytest.mark.parametrize("value", fuzz.HOSTILE, ids=lambda v: ascii(v)[:20])
def test_hostile_values_are_stored_as_they_are(filled, value):
    with psycopg.connect(filled) as conn:
        query = "SELECT count(*) > 0 FROM app.pin_comments WHERE body = %s"
        assert conn.execute(query, [value]).fetchone() == (True,)


@pytest.mark.parametrize("tenant", [1, 2, 3])
@pytest.mark.parametrize("role", ["customer", "staff", "manager"])
def test_no_role_ever_reads_a_foreign_canary(filled, role, tenant):
    key = fuzz.credential(SEED, tenant, role)
    with psycopg.connect(make_conninfo(filled, user="tenancy_gateway")) as conn:
        own = fuzz.canary(conn.execute("SELECT tenancy.enter(%s)", [key]).fetchone()[0])
        for table in TABLES:
            query = sql.SQL("SELECT metadata ->> 'canary' FROM {}").format(
                sql.Identifier("app", table)
            )
            if role == "customer" and table in {"settings", "storage_buckets"}:
                with refused("42501"), conn.transaction():
                    conn.execute(query)
                continue
            assert {row[0] for row in conn.execute(query)} == {own}, table


def test_copy_from_is_refused_to_staff_and_to_the_owner(filled):
    with psycopg.connect(make_conninfo(filled, user="tenancy_gateway")) as conn:
        conn.execute("SELECT tenancy.enter(%s)", [fuzz.credential(SEED, 1, "staff")])
        with refused("0A000"), conn.cursor().copy("COPY app.pins (title) FROM STDIN") as copy:
            copy.write_row(["x"])
    with psycopg.connect(make_conninfo(filled, user=dev.OWNER)) as conn:
        fuzz._script(conn, "borrow")
        with refused("0A000"), conn.cursor().copy("COPY app.pins (title) FROM STDIN") as copy:
            copy.write_row(["x"])


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            "UPDATE app.orders SET customer_id = gen_random_uuid() "
            "WHERE id = (SELECT id FROM app.orders LIMIT 1)",
            (1, 0),
        ),
        (
            "UPDATE app.pins SET comment_count = 99 WHERE id = (SELECT id FROM app.pins LIMIT 1)",
            (0, 1),
        ),
    ],
    ids=["orphan", "counter"],
)
def test_what_the_load_did_not_check_is_checked_afterwards(filled, damage, found):
    with psycopg.connect(filled) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute(damage)
        report = fuzz.Report(TENANTS, "")
        fuzz.check(conn, report)
        assert (report.orphans, report.counters_wrong) == found
        assert not report.ok
        conn.rollback()


def test_a_database_with_tenants_is_left_alone(database):
    make_tenant(database, "somebody")
    with pytest.raises(ClickException, match="tenants already"):
        load(database)
