"""Fill a database with hostile, deterministic tenants.

Faker fills pools of 2,000 values, which travel by COPY; PostgreSQL combines them by hashing row
numbers with the seed, so that any number of workers makes the same rows.

COPY and bulk inserts of many tenants are refused under row security, rightly. As a superuser the
loader's sessions turn triggers off (session_replication_role); as the owner it uses maintenance, in
one transaction. Either way nothing stays granted, and afterwards every foreign key is anti-joined and
every counter recomputed, because nothing checked them during the load.
"""

import hashlib
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click
import psycopg
from psycopg import sql

from tenancy import console, paths
from tenancy.binaries import ServerUnavailable

Connection = psycopg.Connection[Any]

POOL = 2000
#: Tenants that have rows in every table, and the first of which have credentials.
COMPLETE, WITH_KEYS = 9, 20

HOSTILE = (
    "O'Brien",
    "Robert'); DROP TABLE app.orders;--",
    '" OR ""="',
    "%s %(x)s %% \\N \\. NULL",
    "\u202eevil\u202c",
    "zero\u200bwidth\u200d\ufeff",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f9ff",
    "a\\b\tc\nd",
    "{{ template }} ${HOME} $(id)",
    "<script>alert(1)</script>",
    "аdmin",  # noqa: RUF001  (a look-alike)
    "x" * 10_000,
    " ",
)

_ID = """
CREATE FUNCTION fuzz.id(seed bigint, kind text, tenant bigint, k bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (lpad(to_hex(1704067200000 + tenant * 60000 + k), 12, '0') || '7' || substr(h, 1, 3)
        || '8' || substr(h, 4, 3) || substr(h, 8, 12))::uuid
    FROM md5(seed || kind || tenant || ':' || k) AS h
$$;
CREATE FUNCTION fuzz.pick(seed bigint, tenant bigint, k bigint, size bigint) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ((hashint8extended(tenant * 1000003 + k, seed) & 2147483647) % size)::int
$$
"""

_TENANTS = """
CREATE UNLOGGED TABLE fuzz.tenant AS
SELECT
    n, fuzz.id(%(seed)s, 'tenant', 0, n) AS id,
    (ARRAY['restaurant', 'medspa', 'hotel'])[1 + n %% 3] AS industry,
    CASE WHEN n <= 20 THEN 'active'
        ELSE (ARRAY['active', 'active', 'active', 'suspended', 'read_only'])[1 + n %% 5]
    END AS status,
    CASE WHEN n > 20 AND n %% 17 = 0 THEN 'eu' ELSE 'us' END AS region,
    CASE WHEN n = 1 THEN greatest(3, %(customers)s / 50)
        ELSE greatest(3, (%(customers)s * 0.98 * weight / sum(weight) FILTER (WHERE n > 1) OVER ())::int)
    END AS customers
FROM generate_series(1, %(tenants)s::bigint) AS n
CROSS JOIN LATERAL (
    SELECT -ln((1 + fuzz.pick(%(seed)s, n, 7, 1048576)) / 1048577.0) AS weight
) AS exponential;
ALTER TABLE fuzz.tenant ADD canary text, ADD meta jsonb;
UPDATE fuzz.tenant SET canary = 'canary-' || left(md5(id::text), 16);
UPDATE fuzz.tenant SET meta = jsonb_build_object('canary', canary);
ALTER TABLE fuzz.tenant ADD PRIMARY KEY (n);
ANALYZE fuzz.tenant;
INSERT INTO tenancy_private.tenant (id, slug, name, industry, status, region, created_at)
SELECT t.id, 'fuzz-' || t.n, p.company, t.industry, t.status, t.region,
    timestamptz '2024-01-01' + t.n * interval '1 minute'
FROM fuzz.tenant AS t JOIN fuzz.pool AS p ON p.i = fuzz.pick(%(seed)s, t.n, 1, %(pool)s);
INSERT INTO tenancy_private.member (tenant_id, user_id, role)
SELECT t.id, CASE r WHEN 'customer' THEN fuzz.id(%(seed)s, 'customer', t.n, 1)
    ELSE fuzz.id(%(seed)s, r, t.n, 0) END, r
FROM fuzz.tenant AS t CROSS JOIN unnest(ARRAY['customer', 'staff', 'manager']) AS r
"""

# One statement per table: p is the person k of tenant t. The first two people of each tenant have a
# row nearly everywhere; the first nine tenants have rows in every table, whatever their industry.
_ROWS = {
    "customers": """
        (tenant_id, id, email, full_name, phone, locale, loyalty_points, notes, metadata, created_at)
        SELECT t.id, fuzz.id(%(seed)s, 'customer', t.n, k), 'u' || k || '@' || f.domain,
            f.first || ' ' || l.last, '+1555' || lpad(k::text, 7, '0'), f.locale,
            CASE WHEN k % 97 = 0 THEN 2147483647 ELSE (k % 500)::int END,
            CASE WHEN k % 50 = 2 THEN l.hostile END, t.meta,
            timestamptz '2024-01-01' + (k % 500000) * interval '1 minute'
        FROM who JOIN fuzz.pool AS f ON f.i = fuzz.pick(%(seed)s, n, k * 2, %(pool)s)
        JOIN fuzz.pool AS l ON l.i = fuzz.pick(%(seed)s, n, k * 2 + 1, %(pool)s)""",
    "orders": """
        (tenant_id, id, customer_id, order_number, currency, total, status, notes, metadata)
        SELECT t.id, fuzz.id(%(seed)s, 'order', t.n, k), fuzz.id(%(seed)s, 'customer', t.n, k),
            'R-' || k, (ARRAY['USD', 'EUR', 'JPY'])[1 + k % 3],
            CASE WHEN k % 101 = 0 THEN 9999999999.99 ELSE k % 1000 + 0.5 END,
            (ARRAY['open', 'ready', 'completed'])[1 + k % 3],
            CASE WHEN k % 40 = 2 THEN f.hostile END, t.meta
        FROM who JOIN fuzz.pool AS f ON f.i = k % %(pool)s
        WHERE k <= 2 OR k % CASE t.industry WHEN 'restaurant' THEN 2 ELSE 5 END = 0""",
    "pins": """
        (tenant_id, id, customer_id, title, body, latitude, longitude, comment_count, metadata)
        SELECT t.id, fuzz.id(%(seed)s, 'pin', t.n, k), fuzz.id(%(seed)s, 'customer', t.n, k),
            left(f.hostile, 200), f.city, (k % 181) - 90, (k % 361) - 180, 1 + k % 3, t.meta
        FROM who JOIN fuzz.pool AS f ON f.i = k % %(pool)s WHERE k <= 2 OR k % 10 = 0""",
    "pin_comments": """
        (tenant_id, id, pin_id, author_id, body, metadata)
        SELECT t.id, fuzz.id(%(seed)s, 'comment', t.n, k * 10 + c), fuzz.id(%(seed)s, 'pin', t.n, k),
            fuzz.id(%(seed)s, 'customer', t.n, k), f.hostile, t.meta
        FROM who CROSS JOIN generate_series(0, k % 3) AS c JOIN fuzz.pool AS f ON f.i = k % %(pool)s
        WHERE k <= 2 OR k % 10 = 0""",
    "analytics": """
        (tenant_id, id, customer_id, event, payload, metadata, occurred_at)
        SELECT t.id, fuzz.id(%(seed)s, 'event', t.n, k), fuzz.id(%(seed)s, 'customer', t.n, k),
            'page_view', jsonb_build_object('page', k), t.meta,
            CASE k % 3 WHEN 0 THEN timestamptz '2024-02-29 23:59:59.999999+14'
                ELSE timestamptz '2024-03-10 02:30 America/Chicago' END
        FROM who WHERE k <= 2 OR k % 4 = 0""",
    "survey_responses": """
        (tenant_id, id, customer_id, survey, score, answers, comment, metadata)
        SELECT t.id, fuzz.id(%(seed)s, 'survey', t.n, k), fuzz.id(%(seed)s, 'customer', t.n, k),
            'nps', k % 11, jsonb_build_object('q1', f.hostile), f.hostile, t.meta
        FROM who JOIN fuzz.pool AS f ON f.i = k % %(pool)s WHERE k <= 2 OR k % 20 = 0""",
    "patients": """
        (tenant_id, id, customer_id, full_name, birth_date, ssn, medical_history, metadata)
        SELECT t.id, fuzz.id(%(seed)s, 'patient', t.n, k), fuzz.id(%(seed)s, 'customer', t.n, k),
            f.first || ' ' || f.last, date '2000-02-29', '900-00-' || lpad((k % 10000)::text, 4, '0'),
            f.hostile, t.meta
        FROM who JOIN fuzz.pool AS f ON f.i = k % %(pool)s
        WHERE (t.industry = 'medspa' AND (k <= 2 OR k % 2 = 0)) OR (t.n <= 9 AND k <= 2)""",
    "bookings": """
        (tenant_id, id, customer_id, patient_id, service, starts_at, time_zone, metadata)
        SELECT t.id, fuzz.id(%(seed)s, 'booking', t.n, k), fuzz.id(%(seed)s, 'customer', t.n, k),
            CASE WHEN t.industry = 'medspa' THEN fuzz.id(%(seed)s, 'patient', t.n, k) END,
            CASE t.industry WHEN 'medspa' THEN 'facial' ELSE 'table' END,
            timestamptz '2026-01-01' + k * interval '1 hour',
            (ARRAY['Pacific/Chatham', 'America/Chicago', 'Asia/Kathmandu'])[1 + k % 3], t.meta
        FROM who WHERE (t.industry = 'medspa' AND (k <= 2 OR k % 2 = 0))
            OR (t.industry = 'restaurant' AND k % 5 = 0) OR (t.n <= 9 AND k <= 2)""",
    "guests": """
        (tenant_id, id, customer_id, full_name, email, nationality, metadata)
        SELECT t.id, fuzz.id(%(seed)s, 'guest', t.n, k), fuzz.id(%(seed)s, 'customer', t.n, k),
            f.first || ' ' || f.last, 'g' || k || '@' || f.domain, 'PL', t.meta
        FROM who JOIN fuzz.pool AS f ON f.i = k % %(pool)s
        WHERE (t.industry = 'hotel' AND (k <= 2 OR k % 2 = 0)) OR (t.n <= 9 AND k <= 2)""",
    "reservations": """
        (tenant_id, id, guest_id, customer_id, room, arrival, departure, total, metadata)
        SELECT t.id, fuzz.id(%(seed)s, 'stay', t.n, k), fuzz.id(%(seed)s, 'guest', t.n, k),
            fuzz.id(%(seed)s, 'customer', t.n, k), (100 + k % 400)::text, date '2028-02-29',
            date '2028-03-01' + (k % 14)::int, 99.99, t.meta
        FROM who WHERE (t.industry = 'hotel' AND (k <= 2 OR k % 2 = 0)) OR (t.n <= 9 AND k <= 2)""",
    "settings": """
        (tenant_id, id, branding, time_zone, metadata)
        SELECT t.id, fuzz.id(%(seed)s, 'settings', t.n, 0), t.meta || '{"primary_color": "#667eea"}',
            'Pacific/Chatham', t.meta
        FROM who WHERE k = 1""",
    "storage_buckets": """
        (tenant_id, id, name, metadata)
        SELECT t.id, fuzz.id(%(seed)s, 'bucket', t.n, 0), 'photos', t.meta FROM who WHERE k = 1""",
    "storage_objects": """
        (tenant_id, id, bucket_id, customer_id, path, size_bytes, metadata)
        SELECT t.id, fuzz.id(%(seed)s, 'object', t.n, k), fuzz.id(%(seed)s, 'bucket', t.n, 0),
            fuzz.id(%(seed)s, 'customer', t.n, k), '/' || k || '/' || left(f.hostile, 100),
            CASE WHEN k % 7 = 0 THEN 9223372036854775807 ELSE k END, t.meta
        FROM who JOIN fuzz.pool AS f ON f.i = k % %(pool)s WHERE k <= 2 OR k % 20 = 0""",
}


@dataclass
class Report:
    """What a load made, and what was checked afterwards."""

    tenants: int
    triggers_off: str
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    foreign_keys: int = 0
    orphans: int = 0
    counters_wrong: int = 0

    @property
    def ok(self) -> bool:
        """Whether every foreign key and counter held after the load."""
        return self.foreign_keys > 0 and self.orphans == 0 and self.counters_wrong == 0


def canary(tenant_id: uuid.UUID) -> str:
    """Return the mark that every row of a tenant carries in metadata."""
    return "canary-" + hashlib.md5(str(tenant_id).encode(), usedforsecurity=False).hexdigest()[:16]


def credential(seed: int, tenant: int, role: str) -> str:
    """Return the API key of a role (customer, staff, manager) in one of the first twenty tenants."""
    return "sk_test_" + hashlib.sha256(f"{seed}/{tenant}/{role}".encode()).hexdigest()


def fill(
    dsn: str, *, tenants: int, seed: int, customers: int | None = None, workers: int = 2
) -> Report:
    """Load tenants into a database the harness made, as its superuser or its owner.

    Raises click.ClickException when the database has tenants that are not ours.
    """
    total = customers if customers is not None else tenants * 100
    bind = {
        "seed": seed,
        "tenants": tenants,
        "customers": total,
        "pool": POOL,
    }
    report = Report(tenants, "")
    if not tenants:
        return report
    with psycopg.connect(dsn) as conn, console.progress() as bars:
        task = bars.add_task("fuzz", total=4)

        def stage(name: str, work: Callable[[], object]) -> None:
            bars.update(task, description=f"fuzz: {name}")
            began = time.monotonic()
            work()
            report.seconds[name] = round(time.monotonic() - began, 2)
            bars.advance(task)

        superuser = _refuse_foreign_tenants(conn)
        report.triggers_off = (
            "all triggers and foreign keys (session_replication_role)"
            if superuser
            else "user triggers, inside maintenance"
        )
        _open(conn, superuser=superuser)
        stage("tenants", lambda: _tenants(conn, bind))
        if superuser:
            conn.commit()
        parallel = workers if superuser else 1
        stage("rows", lambda: _rows(conn, dsn, bind, parallel))
        stage("close", lambda: _close(conn, superuser=superuser))
        stage("verify", lambda: _verify(dsn, report))
    return report


def _refuse_foreign_tenants(conn: Connection) -> bool:
    row = conn.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    superuser = row == (True,)
    if not superuser:
        _script(conn, "borrow")
    if conn.execute("SELECT 1 FROM tenancy_private.tenant LIMIT 1").fetchone():
        raise click.ClickException("this database has tenants already: fuzz only an empty one")
    return superuser


def _script(conn: Connection, name: str) -> None:
    conn.execute((paths.ROOT / "sql" / f"{name}.sql").read_text())


def _open(conn: Connection, *, superuser: bool) -> None:
    conn.execute("SET application_name = 'tenancy_loader'")
    if superuser:
        conn.execute("SET session_replication_role = replica")
    else:
        for table in _ROWS:
            conn.execute("SELECT tenancy_private.begin_maintenance(%s)", [f"app.{table}"])
            name = sql.Identifier("app", table)
            conn.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
    conn.execute("CREATE SCHEMA fuzz")
    conn.execute(_ID)


def _tenants(conn: Connection, bind: dict[str, Any]) -> None:
    conn.execute(
        "CREATE UNLOGGED TABLE fuzz.pool (i int PRIMARY KEY, first text, last text, city text, "
        "company text, domain text, locale text, hostile text)"
    )
    with conn.cursor().copy("COPY fuzz.pool FROM STDIN") as copy:
        for i, values in enumerate(_pool(int(bind["seed"]))):
            copy.write_row((i, *values))
    conn.execute("ANALYZE fuzz.pool")
    for statement in _TENANTS.split(";"):
        conn.execute(statement, bind if "%(" in statement else None)
    for number in range(1, min(WITH_KEYS, int(bind["tenants"])) + 1):
        for role in ("customer", "staff", "manager"):
            conn.execute(
                "INSERT INTO tenancy_private.api_key "
                "(id, tenant_id, digest, kind, role, actor_id, expires_at) "
                "SELECT fuzz.id(%(seed)s, 'key' || m.role, %(n)s, 0), m.tenant_id, sha256(%(key)s), "
                "'secret', m.role, m.user_id, now() + interval '1 year' "
                "FROM tenancy_private.member AS m JOIN fuzz.tenant AS t ON t.id = m.tenant_id "
                "WHERE t.n = %(n)s AND m.role = %(role)s",
                {
                    "seed": bind["seed"],
                    "n": number,
                    "role": role,
                    "key": credential(int(bind["seed"]), number, role).encode(),
                },
            )


def _pool(seed: int) -> list[tuple[str, ...]]:
    """Return 2,000 rows of names, cities and hostile text; the same for the same seed."""
    from faker import Faker  # noqa: PLC0415

    Faker.seed(seed)
    locales = ("en_US", "de_DE", "pl_PL", "ja_JP", "ar_AA", "fr_FR")
    fakers = [Faker(locale, use_weighting=False) for locale in locales]
    rows: list[tuple[str, ...]] = []
    for i in range(POOL):
        fake, tag = fakers[i % len(fakers)], locales[i % len(locales)].replace("_", "-")
        last = HOSTILE[i % len(HOSTILE)][:100] if i % 20 == 0 else fake.last_name()
        # Faker sometimes joins with a comma or an article: the domain is made here.
        domain = f"mail{i % 211}.example"
        hostile = HOSTILE[i % len(HOSTILE)] if i % 5 == 0 else fake.city()
        rows.append((fake.first_name(), last, fake.city(), fake.company(), domain, tag, hostile))
    return rows


def _rows(conn: Connection, dsn: str, bind: dict[str, Any], workers: int) -> None:
    if workers == 1:
        _load(conn, bind, 0, 1)
        return
    failures: list[BaseException] = []

    def work(part: int) -> None:
        try:
            with psycopg.connect(dsn, application_name="tenancy_loader") as own:
                own.execute("SET session_replication_role = replica")
                own.execute("SET synchronous_commit = off")
                _load(own, bind, part, workers)
        except BaseException as error:  # reported by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _load(conn: Connection, bind: dict[str, Any], part: int, parts: int) -> None:
    """Insert the rows of every tenant whose number falls to this part."""
    who = (
        "FROM (SELECT n, k FROM fuzz.tenant AS x CROSS JOIN LATERAL "
        "generate_series(1, x.customers) AS k "
        f"WHERE x.n %% {parts} = {part} ORDER BY x.id) AS w JOIN fuzz.tenant AS t USING (n)"
    )
    for table, body in _ROWS.items():
        statement = body.replace("%", "%%").replace("%%(", "%(").replace("FROM who", who)
        conn.execute(f"INSERT INTO app.{table} {statement}", bind)
        if parts > 1:
            conn.commit()


def _close(conn: Connection, *, superuser: bool) -> None:
    conn.execute("DROP SCHEMA fuzz CASCADE")
    if not superuser:
        for table in _ROWS:
            name = sql.Identifier("app", table)
            conn.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))
            conn.execute("SELECT tenancy_private.end_maintenance(%s)", [f"app.{table}"])
        _script(conn, "return")
    conn.commit()
    conn.autocommit = True
    conn.execute("ANALYZE")


_FOREIGN_KEYS = """
SELECT f.conrelid::regclass::text, f.confrelid::regclass::text,
    ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY AS u (n, i)
          JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = u.n ORDER BY u.i),
    ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY AS u (n, i)
          JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = u.n ORDER BY u.i)
FROM pg_constraint AS f WHERE f.contype = 'f' AND f.connamespace = 'app'::regnamespace
"""


def _verify(dsn: str, report: Report) -> None:
    with psycopg.connect(dsn) as conn:
        if report.triggers_off.startswith("user"):
            _script(conn, "borrow")
            for table in _ROWS:  # rolled back below: a look at all tenants, nothing else
                conn.execute("SELECT tenancy_private.begin_maintenance(%s)", [f"app.{table}"])
        check(conn, report)
        conn.rollback()


def check(conn: Connection, report: Report) -> None:
    """Count rows, anti-join every foreign key of schema app and recompute every counter."""
    for child, parent, columns, keys in conn.execute(_FOREIGN_KEYS).fetchall():
        pairs = [(sql.Identifier(c), sql.Identifier(k)) for c, k in zip(columns, keys, strict=True)]
        query = sql.SQL(
            "SELECT count(*) FROM {child} AS c WHERE {filled} AND NOT EXISTS "
            "(SELECT FROM {parent} AS p WHERE {joined})"
        ).format(
            child=sql.SQL(child),
            parent=sql.SQL(parent),
            filled=sql.SQL(" AND ").join(sql.SQL("c.{} IS NOT NULL").format(c) for c, _ in pairs),
            joined=sql.SQL(" AND ").join(sql.SQL("p.{} = c.{}").format(k, c) for c, k in pairs),
        )
        row = conn.execute(query).fetchone()
        report.orphans += row[0] if row else 0
        report.foreign_keys += 1
    row = conn.execute(
        "SELECT count(*) FROM app.pins AS p LEFT JOIN ("
        "SELECT tenant_id, pin_id, count(*) AS n FROM app.pin_comments GROUP BY 1, 2) AS c "
        "ON c.tenant_id = p.tenant_id AND c.pin_id = p.id "
        "WHERE p.comment_count <> coalesce(c.n, 0)"
    ).fetchone()
    report.counters_wrong = row[0] if row else -1
    for table in _ROWS:
        row = conn.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("app", table))
        ).fetchone()
        report.rows[table] = row[0] if row else 0


@click.command("fuzz")
@console.options
@click.option("--tenants", default=1000, show_default=True)
@click.option("--seed", default=2026, show_default=True)
@click.option("--customers", type=int, help="In all; 100 per tenant by default.")
def command(
    *, dsn: str | None, as_json: bool, tenants: int, seed: int, customers: int | None
) -> None:
    """Fill a database with hostile, deterministic tenants (default: the development server)."""
    from tenancy import dev, servers  # noqa: PLC0415

    if not dsn and not servers.running():
        raise ServerUnavailable("nothing to fill: make up first, or pass --dsn")
    began = time.monotonic()
    target = dsn or dev._dsn("dba")
    report = fill(target, tenants=tenants, seed=seed, customers=customers)
    rows = sum(report.rows.values())
    console.emit(
        ok=report.ok,
        summary=(
            f"{tenants} tenants, {report.rows['customers']} customers, {rows} rows in "
            f"{time.monotonic() - began:.1f} s; off during the load: {report.triggers_off}; "
            f"afterwards {report.foreign_keys} foreign keys anti-joined: {report.orphans} orphans, "
            f"{report.counters_wrong} wrong counters"
        ),
        counts={"tenants": tenants, "rows": rows, "orphans": report.orphans},
        as_json=as_json,
        seconds=report.seconds,
        rows=report.rows,
    )
