"""Fill a database with hostile, deterministic tenants.

Faker fills pools of 2,000 values, which travel by COPY; PostgreSQL combines them by hashing row
numbers with the seed, so that any number of workers makes the same rows.

COPY and bulk inserts of many tenants are refused under row security, rightly. As a superuser the
loader's sessions turn triggers off (session_replication_role); as the owner it uses maintenance, in
one transaction. Either way nothing stays granted, and afterwards every foreign key is anti-joined and
every counter recomputed, because nothing checked them during the load.
"""

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import click
import psycopg
from psycopg import sql

from tenancy import console, paths, pools
from tenancy.binaries import ServerUnavailable

Connection = psycopg.Connection[Any]

#: Tenants that have rows in every table, and tenants that have credentials.
COMPLETE, WITH_KEYS = 9, 20
ROLES = ("customer", "staff", "manager")


@dataclass
class Report:
    """What a load made, and what was checked afterwards."""

    tenants: int
    switched_off: str
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    foreign_keys_checked: int = 0
    orphans: int = 0
    counters_wrong: int = 0
    #: One line per foreign key or counter that does not hold.
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every foreign key and counter was checked and held."""
        return self.foreign_keys_checked > 0 and not self.faults


def canary(tenant_id: uuid.UUID) -> str:
    """Return the mark that every row of a tenant carries in metadata."""
    return "canary-" + hashlib.md5(str(tenant_id).encode(), usedforsecurity=False).hexdigest()[:16]


def credential(seed: int, tenant: int, role: str) -> str:
    """Return the API key of a role (customer, staff, manager) in one of the first twenty tenants."""
    return "sk_test_" + hashlib.sha256(f"{seed}/{tenant}/{role}".encode()).hexdigest()


def slug(tenant: int) -> str:
    """Return the slug of a tenant by its number, which starts at 1."""
    digits = ""
    while tenant:
        tenant, digit = divmod(tenant, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return "fuzz-" + digits


def fill(
    dsn: str, *, tenants: int, seed: int, customers: int | None = None, workers: int = 2
) -> Report:
    """Load tenants into a database the harness made, as its superuser or its owner.

    All rows commit together at the end, or none does. The owner has one worker: its loosened tables
    belong to one transaction.
    Raises click.ClickException when the database has tenants already.
    """
    if tenants < 1:
        raise click.ClickException("at least one tenant")
    total = customers if customers is not None else tenants * 100
    with _loader(dsn) as conn, console.progress() as bars:
        superuser = _is_superuser(conn)
        parts = min(workers, tenants) if superuser else 1
        report = Report(
            tenants,
            "triggers and foreign keys, in the loader's sessions"
            if superuser
            else "user triggers and FORCE, in one transaction",
        )
        task = bars.add_task("fuzz", total=parts * len(pools.ROWS))

        @contextmanager
        def stage(name: str) -> Iterator[None]:
            bars.update(task, description=f"fuzz: {name}")
            began = time.monotonic()
            yield
            report.seconds[name] = round(time.monotonic() - began, 2)

        if not superuser:
            _script(conn, "borrow")
        _refuse_tenants(conn)
        with stage("pools"):
            if not superuser:
                _loosen(conn)
            _scratch(conn, seed=seed, tenants=tenants, customers=total)
            if superuser:
                conn.commit()  # the other workers must see it
        try:
            with stage("rows"), ExitStack() as others:
                loaders = [conn, *(others.enter_context(_loader(dsn)) for _ in range(parts - 1))]
                for loader in loaders if superuser else ():
                    loader.execute("SET session_replication_role = replica")
                _members(conn, seed=seed, tenants=tenants)
                _rows(loaders, tenants, lambda: bars.advance(task))
                if superuser:
                    conn.commit()
            with stage("verify"):
                for table in pools.ROWS:
                    conn.execute(sql.SQL("ANALYZE {}").format(sql.Identifier("app", table)))
                conn.execute("ANALYZE tenancy_private.tenant, tenancy_private.member")
                check(conn, report)
            conn.execute("DROP SCHEMA fuzz CASCADE")
            if not superuser:
                _tighten(conn)
                _script(conn, "return")
        except BaseException:
            conn.rollback()
            if superuser:
                conn.execute("DROP SCHEMA fuzz CASCADE")
                conn.commit()
            raise
    return report


def _loader(dsn: str) -> Connection:
    conn = psycopg.connect(dsn, application_name="tenancy_loader")
    conn.execute("SET timezone = 'UTC'")  # the rows must not depend on the server's
    return conn


def _is_superuser(conn: Connection) -> bool:
    row = conn.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return row == (True,)


def _script(conn: Connection, name: str) -> None:
    conn.execute((paths.ROOT / "sql" / f"{name}.sql").read_text())


def _refuse_tenants(conn: Connection) -> None:
    """Keep keys that anybody can compute away from a database with tenants of its own."""
    row = conn.execute("SELECT bool_and(slug LIKE 'fuzz-%') FROM tenancy_private.tenant").fetchone()
    if row == (False,):
        raise click.ClickException("this database has tenants that are not ours: use another one")
    if row == (True,):
        raise click.ClickException("this database is filled already: use an empty one")


def _loosen(conn: Connection) -> None:
    for table in pools.ROWS:
        conn.execute("SELECT tenancy_private.begin_maintenance(%s)", [f"app.{table}"])
        name = sql.Identifier("app", table)
        conn.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))


def _tighten(conn: Connection) -> None:
    for table in pools.ROWS:
        name = sql.Identifier("app", table)
        conn.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))
        conn.execute("SELECT tenancy_private.end_maintenance(%s)", [f"app.{table}"])


def _run(conn: Connection, text: str, **values: int) -> None:
    """Run statements with numbers in place of {names}; there are no other parameters."""
    literals = {name: sql.Literal(value) for name, value in values.items()}
    conn.execute(sql.SQL(text).format(**literals))


def _scratch(conn: Connection, *, seed: int, tenants: int, customers: int) -> None:
    """Make schema fuzz: the pools, and every tenant with its size."""
    conn.execute("CREATE SCHEMA fuzz")
    _run(conn, pools.FUNCTIONS, seed=seed)
    columns = ", ".join(f"{column} text" for column in pools.COLUMNS)
    _run(conn, f"CREATE UNLOGGED TABLE fuzz.pool (i int PRIMARY KEY, {columns})")
    _run(conn, "CREATE UNLOGGED TABLE fuzz.number (n bigint, slug text)")
    with conn.cursor().copy("COPY fuzz.pool FROM STDIN") as copy:
        for i, values in enumerate(pools.pool(seed)):
            copy.write_row((i, *values))
    with conn.cursor().copy("COPY fuzz.number FROM STDIN") as copy:
        for n in range(1, tenants + 1):
            copy.write_row((n, slug(n)))
    conn.execute("ANALYZE fuzz.pool")
    sizes = {"tenants": tenants, "customers": customers, "complete": COMPLETE}
    _run(conn, pools.TENANTS, keys=WITH_KEYS, **sizes)


def _members(conn: Connection, *, seed: int, tenants: int) -> None:
    """Insert the tenants, their members, and keys for the members of the first tenants."""
    _run(conn, pools.MEMBERS, size=pools.SIZE)
    keys = [
        (role, n, hashlib.sha256(credential(seed, n, role).encode()).digest())
        for n in range(1, min(WITH_KEYS, tenants) + 1)
        for role in ROLES
    ]
    conn.cursor().executemany(
        "INSERT INTO tenancy_private.api_key "
        "(id, tenant_id, digest, kind, role, actor_id, expires_at) "
        "SELECT fuzz.id('key' || m.role, t.n, 0), t.id, k.digest, 'secret', m.role, m.user_id, "
        "now() + interval '1 year' "
        "FROM (SELECT %s::text AS role, %s::bigint AS n, %s::bytea AS digest) AS k "
        "INNER JOIN fuzz.tenant AS t ON t.n = k.n "
        "INNER JOIN tenancy_private.member AS m ON m.tenant_id = t.id AND m.role = k.role",
        keys,
    )


def _rows(loaders: list[Connection], tenants: int, advance: Callable[[], object]) -> None:
    """Insert the rows of every tenant, one range of tenants per connection."""

    def load(part: int) -> None:
        first, last = (1 + tenants * edge // len(loaders) for edge in (part, part + 1))
        for table in pools.ROWS:
            _run(
                loaders[part],
                pools.insert(table),
                first=first,
                last=last - 1,
                size=pools.SIZE,
                hostile=len(pools.HOSTILE),
                complete=COMPLETE,
            )
            advance()
        _run(loaders[part], pools.USAGE, first=first, last=last - 1)

    with ThreadPoolExecutor(len(loaders)) as threads:
        try:
            for done in as_completed([threads.submit(load, i) for i in range(len(loaders))]):
                done.result()
        except BaseException:
            for loader in loaders:
                loader.cancel_safe()
            raise


_FOREIGN_KEYS = """
SELECT f.conname, cn.nspname, c.relname, pn.nspname, p.relname,
    ARRAY(SELECT a.attname FROM unnest(f.conkey) WITH ORDINALITY AS u (number, i)
          INNER JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = u.number
          ORDER BY u.i)::text[],
    ARRAY(SELECT a.attname FROM unnest(f.confkey) WITH ORDINALITY AS u (number, i)
          INNER JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = u.number
          ORDER BY u.i)::text[]
FROM pg_constraint AS f
INNER JOIN pg_class AS c ON c.oid = f.conrelid INNER JOIN pg_namespace AS cn ON cn.oid = c.relnamespace
INNER JOIN pg_class AS p ON p.oid = f.confrelid INNER JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
WHERE f.contype = 'f' AND cn.nspname = 'app'
ORDER BY f.conname
"""

_COUNTERS = {
    "pins.comment_count": """
        SELECT count(*) FROM app.pins AS p LEFT JOIN (
            SELECT tenant_id, pin_id, count(*) AS comments
            FROM app.pin_comments GROUP BY tenant_id, pin_id
        ) AS c ON c.tenant_id = p.tenant_id AND c.pin_id = p.id
        WHERE p.comment_count <> coalesce(c.comments, 0)""",
    "usage_counter": """
        SELECT count(*) FROM tenancy_private.usage_counter AS u
        FULL JOIN (SELECT tenant_id, count(*) AS pins FROM app.pins GROUP BY tenant_id) AS p
            ON p.tenant_id = u.tenant_id
        FULL JOIN (
            SELECT tenant_id, sum(size_bytes) AS bytes FROM app.storage_objects GROUP BY tenant_id
        ) AS o ON o.tenant_id = coalesce(u.tenant_id, p.tenant_id)
        WHERE coalesce(u.pins, 0) <> coalesce(p.pins, 0)
            OR coalesce(u.storage_bytes, 0) <> coalesce(o.bytes, 0)""",
    "usage_month": """
        SELECT count(*) FROM tenancy_private.usage_month AS m LEFT JOIN LATERAL (
            SELECT count(*) AS orders FROM app.orders AS o WHERE o.tenant_id = m.tenant_id
            AND o.created_at >= m.starts_at AND o.created_at < m.ends_at
        ) AS n ON true
        WHERE m.orders <> n.orders""",
}


def check(conn: Connection, report: Report) -> None:
    """Count rows, anti-join every foreign key of schema app and recompute every counter.

    Only for a connection that row security does not limit: others would find nothing wrong.
    """

    def count(query: sql.SQL | sql.Composed) -> int:
        row = conn.execute(query).fetchone()
        assert row is not None  # noqa: S101  (an aggregate has one row)
        return int(row[0])

    for name, *tables, columns, keys in conn.execute(_FOREIGN_KEYS).fetchall():
        pairs = [(sql.Identifier(c), sql.Identifier(k)) for c, k in zip(columns, keys, strict=True)]
        orphans = count(
            sql.SQL(
                "SELECT count(*) FROM {child} AS c WHERE {filled} AND NOT EXISTS "
                "(SELECT FROM {parent} AS p WHERE {joined})"
            ).format(
                child=sql.Identifier(*tables[:2]),
                parent=sql.Identifier(*tables[2:]),
                filled=sql.SQL(" AND ").join(
                    sql.SQL("c.{} IS NOT NULL").format(c) for c, _ in pairs
                ),
                joined=sql.SQL(" AND ").join(sql.SQL("p.{} = c.{}").format(k, c) for c, k in pairs),
            )
        )
        report.foreign_keys_checked += 1
        report.orphans += orphans
        if orphans:
            report.faults.append(f"{name}: {orphans} orphans")
    for name, text in _COUNTERS.items():
        if wrong := count(sql.SQL(text)):
            report.counters_wrong += wrong
            report.faults.append(f"{name}: {wrong} wrong")
    for table in pools.ROWS:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("app", table))
        report.rows[table] = count(query)


@click.command("fuzz")
@console.options
@click.option("--tenants", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--seed", default=2026, show_default=True)
@click.option("--customers", type=click.IntRange(1), help="In all; 100 per tenant by default.")
def command(
    *, dsn: str | None, as_json: bool, tenants: int, seed: int, customers: int | None
) -> None:
    """Fill a database with hostile, deterministic tenants (default: the development server)."""
    from tenancy import dev, servers  # noqa: PLC0415

    if not dsn and not servers.running():
        raise ServerUnavailable("nothing to fill: make up first, or pass --dsn")
    began = time.monotonic()
    report = fill(dsn or dev._dsn("dba"), tenants=tenants, seed=seed, customers=customers)
    rows = sum(report.rows.values())
    console.emit(
        ok=report.ok,
        summary=(
            f"{tenants} tenants, {report.rows['customers']} customers, {rows} rows in "
            f"{time.monotonic() - began:.1f} s; off during the load: {report.switched_off}; "
            f"afterwards {report.foreign_keys_checked} foreign keys anti-joined: {report.orphans} "
            f"orphans, {report.counters_wrong} wrong counters"
        ),
        counts={"tenants": tenants, "rows": rows, "orphans": report.orphans},
        as_json=as_json,
        seconds=report.seconds,
        rows=report.rows,
        foreign_keys_checked=report.foreign_keys_checked,
        counters_wrong=report.counters_wrong,
        faults=report.faults,
    )
