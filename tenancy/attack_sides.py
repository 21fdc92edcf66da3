"""The two databases of an attack: ours, and a naive copy; each with tenants A and B of its own."""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import checks, fuzz, paths
from tenancy.attack_vectors import FOLDER

Connection = psycopg.Connection[Any]


class Side:
    """A database with tenants A and B, and the connections an attack uses."""

    name = ""
    hardened = superuser = True
    #: Login of each kind of session.
    logins: dict[str, str]
    owner = kernel = ""

    def __init__(self, dba: str) -> None:
        self.dba = dba
        self.names: dict[str, str] = {}
        self._open: dict[str, Connection] = {}
        self.notices: list[str] = []
        for tenant in "ab":
            for thing in _THINGS:
                self.names[f"{tenant}_{thing}"] = str(uuid.uuid4())
            self._name(tenant, "id", str(uuid.uuid4()))
            self.names[f"{tenant}_day"] = {"a": "2030-01-01", "b": "2030-02-01"}[tenant]

    def _name(self, tenant: str, thing: str, value: str) -> None:
        self.names[tenant if thing == "id" else f"{tenant}_{thing}"] = value
        if thing == "id":
            digest = hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()
            self.names[f"{tenant}_mark"] = f"canary-{digest[:16]}"
            self.names[f"{tenant}_slug"] = f"attack-{digest[:12]}"
            self.names[f"{tenant}_schema"] = f"t_{value.replace('-', '')}"

    def fill(self, text: str, **more: str) -> str:
        """Put values in place of {names}; other braces stay."""
        known = {**self.names, **more}
        return re.sub(r"\{([a-z_]+)\}", lambda m: known.get(m[1], m[0]), text)

    def rows(self, tenant: str) -> str:
        """Return the statements that give a tenant a row in every table."""
        mine = {k[2:]: v for k, v in self.names.items() if k.startswith(f"{tenant}_")}
        return self.fill((FOLDER / "rows.sql").read_text(), tenant=self.names[tenant], **mine)

    def connection(self, slot: str) -> Connection:
        """Return the open connection of a slot, or a new one."""
        conn = self._open.get(slot)
        if conn is None or conn.closed:
            login = self.logins.get(slot)
            dsn = make_conninfo(self.dba, user=login) if login else self.dba
            conn = psycopg.connect(dsn, prepare_threshold=None, application_name="tenancy_attack")
            conn.add_notice_handler(lambda d: self.notices.append(d.message_primary or ""))
            self._open[slot] = conn
        return conn

    def close(self) -> None:
        """Close every connection."""
        for conn in self._open.values():
            conn.close()
        self._open.clear()

    def enter(self, conn: Connection, tenant: str, role: str) -> None:
        """Put a context in place on a fresh transaction."""
        raise NotImplementedError

    def become(self, conn: Connection, role: str) -> None:
        """Turn the DBA's transaction into one of the owner (empty: back again)."""
        raise NotImplementedError


_THINGS = (
    *("customer", "order", "walkin", "pin", "comment", "event", "survey", "patient", "booking"),
    *("guest", "stay", "settings", "bucket", "object", "staff", "manager"),
    *("key_customer", "key_staff", "key_manager"),
)


class Ours(Side):
    """The database under attack, with two tenants made for the occasion."""

    name = "ours"
    owner, kernel = "tenancy_owner", "tenancy_kernel"
    logins = {  # noqa: RUF012
        "attacker": "tenancy_gateway",
        "victim": "tenancy_gateway",
        "login": "tenancy_gateway",
        "holder": "tenancy_gateway",
        "console": "tenancy_console",
        "operator": "tenancy_operator",
    }

    def __init__(self, dba: str) -> None:
        super().__init__(dba)
        self.secret = secrets.token_hex(24)
        self.names |= {
            "app_role": "tenancy_staff",
            "owner": "tenancy_owner",
            "kernel": "tenancy_kernel",
            "service": "tenancy_owner",
        }
        self.names["issuer"] = "https://attack.invalid/" + secrets.token_hex(4)
        self.names["issuer_secret"] = self.secret
        self._ticket = ""
        with psycopg.connect(dba) as conn:
            row = conn.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            self.superuser = row.fetchone() == (True,)
            lines = checks.hardening(conn)
        # By the lines of this database: one that lost a single line is not "without".
        self.hardened = lines["set_config"] or lines["plpgsql"]
        self._jwts()

    def key(self, tenant: str, role: str) -> str:
        """Return the API key of a role, made for this run."""
        return "sk_attack_" + self.names[f"{tenant}_key_{role}"].replace("-", "") + self.secret

    def _jwts(self) -> None:
        """Tokens: a good one of A's staff, and every way of spoiling it."""
        good = {
            "iss": self.names["issuer"],
            "aud": "attack",
            "sub": self.names["a_staff"],
            "exp": int(time.time()) + 3600,
        }
        key, head = self.secret.encode(), {"alg": "HS256"}
        signed = _jwt(key, head, good)
        other = _jwt(key, head, {**good, "tenant": self.names["b"]})
        parts, forged = signed.split("."), other.split(".")
        self.names |= {
            "jwt_good": signed,
            "jwt_none": ".".join([*_jwt(b"", {"alg": "none"}, good).split(".")[:2], ""]),
            "jwt_edited": ".".join([parts[0], forged[1], parts[2]]),
            "jwt_stranger": _jwt(b"x" * 32, head, {**good, "sub": self.names["b_manager"]}),
            "jwt_expired": _jwt(key, head, {**good, "exp": int(time.time()) - 5}),
            "jwt_audience": _jwt(key, head, {**good, "aud": "another service"}),
            "jwt_manager": _jwt(key, head, {**good, "role": "manager"}),
            "jwt_tenant": other,
        }

    @contextmanager
    def _kernel(self) -> Iterator[Connection]:
        borrow, give_back = (
            (paths.ROOT / f"sql/{n}.sql").read_text() for n in ("borrow", "return")
        )
        with psycopg.connect(self.dba) as conn:
            conn.execute(borrow)
            yield conn
            conn.execute(give_back)

    def make(self) -> None:
        """Make the tenants, their members and keys, and a row in every table."""
        with self._kernel() as conn:
            for tenant in "ab":
                conn.execute(self.fill(_TENANT, **self._of(tenant)))
                for role in fuzz.ROLES:
                    actor = self.names[f"{tenant}_{role}"]
                    conn.execute(
                        "INSERT INTO tenancy_private.member (tenant_id, user_id, role) "
                        "VALUES (%s, %s, %s)",
                        [self.names[tenant], actor, role],
                    )
                    conn.execute(
                        "INSERT INTO tenancy_private.api_key "
                        "(id, tenant_id, digest, kind, role, actor_id, expires_at) VALUES (%s, %s, "
                        "sha256(%s), 'secret', %s, %s, now() + interval '2 hours')",
                        [
                            self.names[f"{tenant}_key_{role}"],
                            self.names[tenant],
                            self.key(tenant, role).encode(),
                            role,
                            actor,
                        ],
                    )
                if self.superuser:
                    conn.execute(self.rows(tenant))
        for tenant in "" if self.superuser else "ab":
            conn = self.connection("holder")
            self.enter(conn, tenant, "manager")
            conn.execute(self.rows(tenant))
            conn.commit()
        for tenant in "ab":
            for role in fuzz.ROLES:
                self.names[f"{tenant}_{role}_key"] = self.key(tenant, role)

    def _of(self, tenant: str) -> dict[str, str]:
        return {"tenant": self.names[tenant], "slug": self.names[f"{tenant}_slug"]}

    def hold(self) -> None:
        """Open an access ticket; keep a transaction of B open, whose context others may steal."""
        self.names["a_ticket"] = self.ticket()
        conn = self.connection("holder")
        self.enter(conn, "b", "manager")
        row = conn.execute("SELECT current_setting('tenancy.context')").fetchone()
        self.names["token"] = str(row[0]) if row else ""

    def enter(self, conn: Connection, tenant: str, role: str) -> None:
        """Enter by an API key, or by an access ticket as an administrator."""
        credential = self.ticket() if role == "admin" else self.key(tenant, role)
        conn.execute("SELECT tenancy.enter(%s)", [credential])

    def ticket(self) -> str:
        """Open an access ticket for A, as the console does, once."""
        if not self._ticket:
            with psycopg.connect(make_conninfo(self.dba, user="tenancy_console")) as conn:
                row = conn.execute(
                    "SELECT tenancy.open_admin_session(%s, 'attack catalogue', 60)",
                    [self.names["a"]],
                ).fetchone()
                self._ticket = str(row[0]) if row else ""
        return self._ticket

    def become(self, conn: Connection, role: str) -> None:
        """Take an owner role for the rest of the transaction, as somebody with its rights can."""
        if role and not self.superuser:
            conn.execute((paths.ROOT / "sql/borrow.sql").read_text())
        conn.execute(
            sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)) if role else "RESET ROLE"
        )

    def withdraw(self) -> None:
        """Remove the tenants and all that belongs to them."""
        self.close()
        ids = [self.names["a"], self.names["b"]]
        for tenant in "" if self.superuser else "ab":
            conn = self.connection("holder")
            self.enter(conn, tenant, "manager")
            self._delete(conn, [self.names[tenant]])
            conn.commit()
        with self._kernel() as conn:
            if self.superuser:
                self._delete(conn, ids)
            for table in ("access_ticket", "api_key", "member"):
                conn.execute(
                    f"DELETE FROM tenancy_private.{table} WHERE tenant_id = ANY (%s::uuid[])", [ids]
                )
            conn.execute("DELETE FROM tenancy_private.tenant WHERE id = ANY (%s::uuid[])", [ids])
        self.close()

    @staticmethod
    def _delete(conn: Connection, ids: list[str]) -> None:
        found = re.findall(r"INSERT INTO (app\.\w+)", (FOLDER / "rows.sql").read_text())
        for table in dict.fromkeys(reversed(found)):
            conn.execute(f"DELETE FROM {table} WHERE tenant_id = ANY (%s::uuid[])", [ids])


_TENANT = """
INSERT INTO tenancy_private.tenant (id, slug, name, industry, region)
SELECT '{tenant}', '{slug}', 'Attack catalogue', 'hotel', region FROM tenancy_private.node
"""


def _jwt(secret: bytes, header: dict[str, Any], claims: dict[str, Any]) -> str:
    def encode(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    signed = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{encode(hmac.digest(secret, signed.encode(), 'sha256'))}"


class Naive(Side):
    """The product document's own sketch in a database beside ours: tests/attacks/naive.sql."""

    name = "naive"

    def __init__(self, dba: str) -> None:
        super().__init__(dba)
        self.prefix = f"naive_{secrets.token_hex(4)}"
        self.owner = self.kernel = f"{self.prefix}_owner"
        self.logins = dict.fromkeys(Ours.logins, f"{self.prefix}_app")
        for tenant in "ab":
            self._name(tenant, "id", f"tenant-{tenant}")
            for role in fuzz.ROLES:
                self.names[f"{tenant}_{role}_key"] = f"sk_live_tenant-{tenant}_s3cr3t"
            self.names[f"{tenant}_slug"] = f"tenant-{tenant}"
            self.names[f"{tenant}_schema"] = f"tenant_tenant_{tenant}"
        self.names |= {
            "token": "tenant-b",  # that is the whole proof
            "a_ticket": "none",
            "app_role": f"{self.prefix}_app",
            "owner": self.owner,
            "kernel": self.kernel,
            "service": f"{self.prefix}_service",
        }
        self._main = dba
        self.dba = make_conninfo(dba, dbname=self.prefix)

    def make(self) -> None:
        """Make roles, a database, the sketch and the same rows as ours."""
        script = (FOLDER / "naive.sql").read_text().replace("naive_", self.prefix + "_")
        with psycopg.connect(self._main, autocommit=True) as conn:
            conn.execute(
                f"CREATE ROLE {self.owner} LOGIN; CREATE ROLE {self.prefix}_app LOGIN NOINHERIT; "
                f"CREATE ROLE {self.prefix}_service BYPASSRLS; "
                f"GRANT {self.owner}, {self.prefix}_service TO {self.prefix}_app"
            )
            conn.execute(f"CREATE DATABASE {self.prefix} OWNER {self.owner}")
        with psycopg.connect(self.dba) as conn:
            conn.execute(self.fill(script))
            for tenant in "ab":
                conn.execute(self.rows(tenant))
            conn.execute("ANALYZE")

    def enter(self, conn: Connection, tenant: str, role: str) -> None:
        """Say which tenant one would like to be."""
        conn.execute("SELECT public.set_tenant_context(%s)", [self.names[tenant]])

    def become(self, conn: Connection, role: str) -> None:
        """Be the owner of the tables."""
        conn.execute(f"SET LOCAL ROLE {role}" if role else "RESET ROLE")

    def hold(self) -> None:
        """Nothing: the name of a tenant is all there is to steal."""

    def withdraw(self) -> None:
        """Drop the database and its roles."""
        self.close()
        with psycopg.connect(self._main, autocommit=True) as conn:
            conn.execute(f"DROP DATABASE IF EXISTS {self.prefix} WITH (FORCE)")
            conn.execute(
                f"DROP ROLE IF EXISTS {self.prefix}_app, {self.owner}, {self.prefix}_service"
            )
