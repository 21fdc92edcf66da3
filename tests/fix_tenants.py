"""Two tenants with people, keys and rows: a diner and a spa."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

Connection = psycopg.Connection[Any]
SECRET = b"an issuer's secret of at least 32 bytes!"


@contextmanager
def refused(code: str) -> Iterator[None]:
    """Expect an error with exactly this SQLSTATE."""
    with pytest.raises(psycopg.Error) as caught:
        yield
    assert caught.value.sqlstate == code, caught.value


@dataclass
class Tenant:
    """A tenant as a test sees it: credentials, people and one row in app.orders."""

    dsn: str
    slug: str
    id: uuid.UUID
    keys: dict[str, str] = field(default_factory=dict)
    people: dict[str, uuid.UUID] = field(default_factory=dict)
    order: uuid.UUID | None = None

    @contextmanager
    def enter(self, role: str = "staff", *, login: str = "tenancy_gateway") -> Iterator[Connection]:
        """A connection of the application inside the tenant; rolled back at the end."""
        with psycopg.connect(make_conninfo(self.dsn, user=login)) as conn:
            conn.execute("SELECT tenancy.enter(%s)", [self.keys[role]])
            yield conn
            conn.rollback()


def make_tenant(dsn: str, slug: str, industry: str = "restaurant") -> Tenant:
    """Create a tenant through the public functions, and its rows as its own staff."""
    with psycopg.connect(make_conninfo(dsn, user="tenancy_console")) as conn:
        conn.execute("SET ROLE tenancy_admin")
        row = conn.execute("SELECT tenancy.create_tenant(%s, %s, %s)", [slug, industry, slug])
        tenant = Tenant(dsn, slug, uuid.UUID(row.fetchone()[0]["tenant_id"]))
        for role in ("customer", "staff", "manager"):
            kind = "secret"
            key = conn.execute(
                "SELECT tenancy.issue_api_key(%s, %s, %s)", [tenant.id, kind, role]
            ).fetchone()
            tenant.keys[role] = key[0]
            tenant.people[role] = uuid.uuid4()
            conn.execute(
                "SELECT tenancy.set_member(%s, %s, %s)", [tenant.id, tenant.people[role], role]
            )
        key = conn.execute("SELECT tenancy.issue_api_key(%s, 'public')", [tenant.id]).fetchone()
        tenant.keys["public"] = key[0]
    with psycopg.connect(make_conninfo(dsn, user="tenancy_gateway")) as conn:
        conn.execute("SELECT tenancy.enter(%s)", [tenant.keys["manager"]])
        conn.execute(
            "INSERT INTO app.customers (id, full_name, email) VALUES (%s, %s, %s)",
            [tenant.people["customer"], f"Customer of {slug}", f"c@{slug}.test"],
        )
        tenant.order = conn.execute(
            "INSERT INTO app.orders (customer_id, order_number, total) VALUES (%s, '1', 12.50) "
            "RETURNING id",
            [tenant.people["customer"]],
        ).fetchone()[0]
        conn.execute("INSERT INTO app.pins (title, customer_id) VALUES ('Here', NULL)")
        conn.execute('UPDATE app.settings SET branding = \'{"logo": "x"}\'')
    return tenant


@pytest.fixture
def diner(database: str) -> Tenant:
    return make_tenant(database, "diner")


@pytest.fixture
def spa(database: str) -> Tenant:
    return make_tenant(database, "spa", "medspa")


@pytest.fixture
def gateway(database: str) -> Iterator[Connection]:
    """The application's login without a context; rolled back at the end."""
    with psycopg.connect(make_conninfo(database, user="tenancy_gateway")) as conn:
        yield conn
        conn.rollback()


@pytest.fixture
def admin(database: str) -> Iterator[Connection]:
    """The platform's console as tenancy_admin; autocommit."""
    with psycopg.connect(make_conninfo(database, user="tenancy_console"), autocommit=True) as conn:
        conn.execute("SET ROLE tenancy_admin")
        yield conn


@pytest.fixture
def dba(database: str) -> Iterator[Connection]:
    """The superuser, for looking behind the wall: positive controls only."""
    with psycopg.connect(database, autocommit=True) as conn:
        yield conn


@pytest.fixture
def issuer(admin: Connection) -> Callable[..., str]:
    """A registered JWT issuer; call it with claims to get a signed token."""
    from tests.tokens import jwt

    admin.execute(
        "SELECT tenancy.register_jwt_issuer('https://id.test', 'k1', 'engageos', %s)", [SECRET]
    )
    return lambda secret=SECRET, **claims: jwt(secret, **claims)
