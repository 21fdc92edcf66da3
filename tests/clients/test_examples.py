"""Every example of docs/clients.md, executed for two tenants of a filled database."""

import asyncio
import io
import re
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import fuzz, paths
from tests.clients.conftest import SEED
from tests.fix_tenants import refused

DOCUMENT = paths.ROOT / "docs/clients.md"
BLOCK = re.compile(
    r"^## (?P<title>.+?)\n(?:(?!^## ).*\n)*?```python\n(?P<code>(?:.*\n)*?)```", re.M
)

#: What a connection still has when it comes back from a pool.
LEFT = (
    "SELECT tenancy.tenant_id(), current_user, "
    "(SELECT count(*) FROM pg_cursors WHERE name = 'kept')"
)


def load(*titles):
    """Execute the code under these headings, in one namespace; tracebacks name the document's lines."""
    text = DOCUMENT.read_text()
    names = {"__name__": "example"}
    for title in titles:
        (found,) = [m for m in BLOCK.finditer(text) if m["title"] == title]
        code = "\n" * text.count("\n", 0, found.start("code")) + found["code"]
        exec(compile(code, str(DOCUMENT), "exec"), names)  # noqa: S102
    return names


@dataclass
class Known:
    """A tenant as the superuser sees it."""

    dba: str
    number: int
    id: UUID

    @property
    def key(self):
        """Return the key of its staff."""
        return fuzz.credential(SEED, self.number, "staff")

    def all(self, column, table):
        """Return a column of its rows, ordered by id."""
        query = sql.SQL("SELECT {} FROM {} WHERE tenant_id = %s ORDER BY id")
        names = sql.Identifier(column), sql.Identifier("app", table)
        with psycopg.connect(self.dba) as conn:
            return [row[0] for row in conn.execute(query.format(*names), [self.id])]


@pytest.fixture
def two(filled):
    with psycopg.connect(filled) as conn:
        query = "SELECT id FROM tenancy_private.tenant WHERE slug = %s"
        return [Known(filled, n, conn.execute(query, [fuzz.slug(n)]).fetchone()[0]) for n in (1, 2)]


@pytest.fixture
def dsn(filled):
    return make_conninfo(filled, user="tenancy_gateway")


@pytest.fixture
def url(filled):
    """The same as an SQLAlchemy URL."""
    from psycopg.conninfo import conninfo_to_dict
    from sqlalchemy import URL

    given = conninfo_to_dict(filled)
    query = {k: str(v) for k, v in given.items() if k in {"host", "port", "password"}}
    return URL.create(
        "postgresql+psycopg", "tenancy_gateway", database=given["dbname"], query=query
    )


def test_psycopg_writes_in_the_own_tenant_and_finds_no_other_row(two, dsn):
    run = load("psycopg")["complete_order"]
    for mine, other in (two, two[::-1]):
        order, foreign = mine.all("id", "orders")[0], other.all("id", "orders")[-1]
        before = other.all("status", "orders")
        assert run(dsn, mine.key, order, "r1")
        assert mine.all("status", "orders")[0] == "completed"
        assert not run(dsn, mine.key, foreign, "r2")
        assert other.all("status", "orders") == before
    with refused("TN001"):
        run(dsn, "sk_test_wrong", order, "r3")


def test_async_tasks_read_their_own(two, dsn):
    run = load("psycopg, async")["order_ids"]

    async def at_once():
        return await asyncio.gather(*(run(dsn, t.key) for t in two * 5))

    assert asyncio.run(at_once()) == [t.all("id", "orders") for t in two * 5]


def test_the_pool_serves_both_on_one_connection_and_discards_what_a_session_keeps(two, dsn):
    names = load("psycopg, pool")
    with names["make_pool"](dsn, size=1) as pool:
        backends = set()
        for tenant in two * 4:  # more often than psycopg's prepare_threshold
            with names["tenant"](pool, tenant.key) as conn:
                backends.add(conn.info.backend_pid)
                rows = conn.execute("SELECT id FROM app.orders ORDER BY id").fetchall()
                assert [row[0] for row in rows] == tenant.all("id", "orders")
                assert conn.execute(
                    "SELECT count(*) FROM pg_cursors WHERE name = 'kept'"
                ).fetchone() == (0,)
                conn.execute("DECLARE kept CURSOR WITH HOLD FOR SELECT id FROM app.orders")
        assert len(backends) == 1
        with pytest.raises(ZeroDivisionError), names["tenant"](pool, two[0].key):
            raise ZeroDivisionError
        with pool.connection() as conn:
            assert conn.execute(LEFT).fetchone() == (None, "tenancy_gateway", 0)


def test_discarding_what_psycopg_prepared_fails_as_the_document_says_26000(two, dsn):
    discard = load("psycopg, pool")["discard"]
    with psycopg.connect(dsn) as conn, refused("26000"):
        for _ in range(10):
            conn.execute("SELECT tenancy.enter(%s)", [two[0].key])
            conn.commit()
            discard(conn)


def test_a_pipeline_enters_without_a_round_trip_and_a_refusal_skips_the_rest_TN001(two, dsn):
    run = load("psycopg, pipeline")["place_order"]
    for tenant in two:
        before = len(tenant.all("id", "orders"))
        assert run(dsn, tenant.key, f"P-{uuid4()}", 12) == before + 1
    counts = [len(t.all("id", "orders")) for t in two]
    with refused("TN001"):
        run(dsn, "sk_test_wrong", "nobody's", 1)
    assert [len(t.all("id", "orders")) for t in two] == counts


def test_server_side_cursors_of_two_tenants_interleave(two, dsn):
    run = load("psycopg, server-side cursor")["all_customers"]
    left, right = (run(dsn, t.key) for t in two)
    first = [next(left), next(right)]
    rest = [[first[0], *left], [first[1], *right]]
    assert [[id_ for id_, _ in rows] for rows in rest] == [t.all("id", "customers") for t in two]


def test_copy_exports_the_own_rows_and_arrays_import_them(two, dsn):
    names = load("psycopg, COPY")
    for mine, other in (two, two[::-1]):
        before, file = len(other.all("id", "pins")), io.BytesIO()
        rows = [("A", 1.5, 2.0), ('B, "b"', 3.0, 4.0)]
        assert names["import_pins"](dsn, mine.key, rows) == 2
        names["export_pins"](dsn, mine.key, file)
        text = file.getvalue().decode()
        assert all(str(id_) in text for id_ in mine.all("id", "pins"))
        assert not any(str(id_) in text for id_ in other.all("id", "pins"))
        assert len(other.all("id", "pins")) == before


def test_copy_from_is_refused_as_the_document_says_0A000(two, dsn):
    for role in ("staff", "manager"):
        with psycopg.connect(dsn) as conn:
            conn.execute("SELECT tenancy.enter(%s)", [fuzz.credential(SEED, 1, role)])
            with refused("0A000"), conn.cursor().copy("COPY app.pins (title) FROM STDIN") as copy:
                copy.write_row(["x"])


def test_sqlalchemy_enters_in_every_transaction_of_a_session(two, url):
    names = load("SQLAlchemy")
    engine = names["make_engine"](url)
    opened = {}
    for tenant in two * 4:
        opened[tenant.number] = names["open_orders"](engine, tenant.key)
        assert {order.tenant_id for order in opened[tenant.number]} == {tenant.id}
        assert len(opened[tenant.number]) == tenant.all("status", "orders").count("open")
    assert engine.pool.checkedin() == 1  # both were served by one connection
    with pytest.raises(LookupError), names["TenantSession"](engine) as session:
        session.execute(names["text"]("SELECT 1"))
    names["credential"].set(two[0].key)
    with names["TenantSession"](engine) as session:
        for _ in range(2):
            order = session.scalars(names["select"](names["Order"]).limit(1)).one()
            with session.begin_nested() as savepoint:
                order.order_number = "changed"
                session.flush()
                savepoint.rollback()
            assert session.scalars(names["select"](names["Order"])).first() is not None
            session.commit()
    engine.dispose()


def test_sqlalchemy_discards_what_a_session_keeps(two, url):
    names = load("SQLAlchemy")
    engine = names["make_engine"](url)
    names["credential"].set(two[0].key)
    with names["TenantSession"](engine) as session:
        session.execute(
            names["text"]("DECLARE kept CURSOR WITH HOLD FOR SELECT id FROM app.orders")
        )
        session.commit()
    with engine.connect() as conn:
        assert conn.execute(names["text"](LEFT)).one() == (None, "tenancy_gateway", 0)
    engine.dispose()


def test_sqlalchemy_async_tasks_write_in_their_own_tenant(two, url):
    names = load("SQLAlchemy", "SQLAlchemy, async")
    engine = names["make_async_engine"](url)
    numbers = [f"A-{uuid4()}" for _ in range(6)]

    async def at_once():
        made = await asyncio.gather(
            *(
                names["place_order"](engine, tenant.key, number)
                for tenant, number in zip(two * 3, numbers, strict=True)
            )
        )
        await engine.dispose()
        return made

    made = asyncio.run(at_once())
    assert [order.tenant_id for order in made] == [t.id for t in two * 3]
    for i, tenant in enumerate(two):
        own = {number for number in numbers if number in tenant.all("order_number", "orders")}
        assert own == set(numbers[i::2])


def test_every_example_is_executed():
    text = DOCUMENT.read_text()
    titles = {found["title"] for found in BLOCK.finditer(text)}
    assert len(titles) == text.count("```python")
    calls = re.findall(
        r"load\((.+?)\)", (paths.ROOT / "tests/clients/test_examples.py").read_text()
    )
    assert {title for call in calls for title in re.findall(r'"(.+?)"', call)} >= titles
