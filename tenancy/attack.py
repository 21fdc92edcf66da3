"""`tenancy attack`: the catalogue of attacks, run against a database and against a naive copy of it.

A vector is a file in tests/attacks/<group>/. Its header says who attacks, what must be answered and
why; its statements are run by real logins, and what decides is what came back: another tenant's
canary, a changed row, an accepted statement, two answers that differ. The two tenants are made for
the run and removed after it; every other effect is rolled back.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import checks, console, fuzz, paths

Connection = psycopg.Connection[Any]

FOLDER = paths.ROOT / "tests" / "attacks"
GROUPS = {
    "context": "Context forgery, loss, inheritance, replay",
    "owners": "Owners and role attributes",
    "objects": "Objects row security does not cover",
    "definers": "Definer hygiene",
    "constraints": "Constraints as oracles",
    "channels": "Side channels",
    "pools": "Residue on pooled connections",
    "plans": "Plan caching and known CVEs of row security",
    "evidence": "Tampering with evidence",
    "secrets": "Secrets in logs and statement texts",
    "denial": "Denial of service by one tenant",
    "escalation": "Escalation inside a tenant",
}
ATTACKERS = ("user", "injected", "login", "staff", "insider")
LEAST = 120
#: An attack that stops here is misspelt, not refused, unless its header expects the code.
_BROKEN = re.compile(r"^(42(?!501)|22|26|34|08|3D|XX|0LP|25P)")
_MARK = re.compile(r"canary-[0-9a-f]{16}")


@dataclass(frozen=True)
class Step:
    """One statement, who runs it, and on which side."""

    actor: str
    option: str
    statement: str
    side: str = ""
    keep: str = ""
    tries: bool = False
    #: One of the two answers that are compared.
    compared: bool = False


@dataclass(frozen=True)
class Vector:
    """One attack of the catalogue, as its file says."""

    id: str
    group: str
    title: str
    attacker: str
    expect: str
    why: str
    #: What decides that the attack succeeded: canary, rows, any, done, true, differs, error or ~ regex.
    wins: str
    #: What our database answers when it holds: SQLSTATEs, or `nothing` (of another's).
    answer: tuple[str, ...]
    role: str
    #: Whether the naive copy leaks; blocked where PostgreSQL itself refuses (and `why` says so).
    naive: str
    remedy: str
    #: First minor of each major that is not known to leak.
    floor: tuple[str, ...]
    #: What it depends on, such as app.orders or tenancy.tenant_id: a mutant of it runs it first.
    objects: tuple[str, ...]
    #: Only where nobody is disturbed: not on a given DSN.
    throwaway: bool
    #: Held by sql/harden.sql: without it PostgreSQL gives everybody what the attack needs.
    hardened: bool
    steps: tuple[Step, ...] = field(repr=False)

    @property
    def text(self) -> str:
        """The statements as a reader should see them."""
        lines, actor = [], ""
        for step in self.steps:
            who = f"{step.actor} {step.option}".strip()
            if who != actor:
                lines.append(f"-- {who}")
                actor = who
            lines.append((f"/* {step.side} */ " if step.side else "") + step.statement)
        return "\n".join(lines)


@dataclass
class Outcome:
    """What our database, and the naive copy, answered to a vector."""

    vector: Vector
    #: blocked, detected, residual; or leaks, broken, not run, which nobody expects.
    verdict: str
    answer: str
    naive: str = ""
    naive_answer: str = ""
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether both sides answered as the header says."""
        return not self.problem


# The catalogue ------------------------------------------------------------------------------------

_HEADER = re.compile(r"^-- ([a-z]+): (.*)$")
_NOTE = re.compile(r"^-- (ours|naive|try|hit|miss|keep [a-z_]+)$")


@cache
def _all() -> tuple[Vector, ...]:
    files = sorted(FOLDER.glob("*/*.sql"))
    return tuple(_parse(path) for path in files)


def catalogue(only: str | Collection[str] | None = None) -> list[Vector]:
    """Return the vectors, all or those of some ids, prefixes of ids or groups."""
    wanted = {only} if isinstance(only, str) else set(only or ())
    names = {w.lower() for w in wanted}
    return [
        v
        for v in _all()
        if not names or v.group in names or any(_fits(v.id.lower(), n) for n in names)
    ]


def _fits(vector: str, name: str) -> bool:
    return vector == name or vector.startswith(name.rstrip("-") + "-")


def _parse(path: Path) -> Vector:
    header: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    key = ""
    while lines and lines[0].startswith("--"):
        if found := _HEADER.match(lines[0]):
            key = found[1]
            header[key] = found[2].strip()
        elif lines[0].startswith("--  ") and key:
            header[key] += " " + lines[0][2:].strip()
        else:
            break
        lines.pop(0)
    try:
        vector = Vector(
            id=header.pop("id"),
            group=path.parent.name,
            title=header.pop("title"),
            attacker=header.pop("attacker"),
            expect=header.pop("expect"),
            why=header.pop("why"),
            wins=header.pop("wins"),
            answer=tuple(header.pop("answer", "").split()),
            role=header.pop("as", "staff"),
            naive=header.pop("naive", "leaks"),
            remedy=header.pop("remedy", ""),
            floor=tuple(header.pop("floor", "").split()),
            objects=tuple(header.pop("objects", "").split()),
            throwaway=header.pop("only", "") == "throwaway",
            hardened=header.pop("needs", "") == "harden",
            steps=tuple(_steps(lines)),
        )
    except KeyError as error:
        raise click.ClickException(f"{path}: the header lacks {error}") from error
    if header:
        raise click.ClickException(f"{path}: unknown in the header: {', '.join(header)}")
    return vector


def _steps(lines: list[str]) -> Iterator[Step]:
    actor, option = "attacker", ""
    notes: list[str] = []
    statement: list[str] = []
    for line in lines:
        if not statement and line.startswith("-- @"):
            actor, _, option = line[4:].strip().partition(" ")
        elif not statement and (note := _NOTE.match(line)):
            notes.append(note[1])
        elif line.strip():
            statement.append(line)
            text = "\n".join(statement)
            if line.rstrip().endswith(";") and text.count("$$") % 2 == 0:
                side = next((n for n in notes if n in {"ours", "naive"}), "")
                keep = next((n[5:] for n in notes if n.startswith("keep ")), "")
                compared = bool({"hit", "miss"} & set(notes))
                yield Step(actor, option, text, side, keep, compared or "try" in notes, compared)
                notes, statement = [], []
    if statement:
        raise click.ClickException(f"a statement does not end: {statement[0]}")


# Two sides: our database, and the naive copy ------------------------------------------------------


@dataclass
class Answer:
    """What came back for one statement."""

    rows: list[tuple[Any, ...]]
    count: int
    state: str = ""
    text: str = ""

    def __str__(self) -> str:
        if self.state:
            return f"{self.state} {self.text.splitlines()[0]}"
        if self.rows:
            shown = ", ".join("" if v is None else str(v) for v in self.rows[0])
            return f"{self.count} row{'s' * (self.count != 1)}: {' '.join(shown.split())[:160]}"
        return f"{max(self.count, 0)} rows" if self.count >= 0 else "done"


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
    "customer order walkin pin comment event survey patient booking guest stay settings bucket object "
    "staff manager key_customer key_staff key_manager"
).split()


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
        self.hardened = lines["set_config revoked"] or lines["plpgsql revoked"]
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
        borrow, give_back = ((paths.ROOT / f"sql/{n}.sql").read_text() for n in ("borrow", "return"))
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
        self._keep()

    def _keep(self) -> None:
        """Keep a transaction of B open, whose context others may steal."""
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
        conn.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)) if role else "RESET ROLE")

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
        self.names |= {
            "token": "tenant-b",  # that is the whole proof
            "a_ticket": "none",
            "app_role": f"{self.prefix}_app",
            "owner": self.owner,
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
            conn.execute(f"DROP ROLE IF EXISTS "
                f"{self.prefix}_app, {self.owner}, {self.prefix}_service")


# One attack ---------------------------------------------------------------------------------------

#: Which connection an actor uses. The last ones share the DBA's, in one transaction.
_SLOTS = {
    "attacker": "attacker",
    "next": "attacker",
    "victim": "victim",
    "login": "login",
    "console": "console",
    "operator": "operator",
    "insider": "dba",
    "kernel": "dba",
    "superuser": "dba",
    "builder": "dba",
    "inside": "dba",
    "app": "dba",
    "dba": "dba",
    "judge": "dba",
    "evidence": "dba",
}
#: What they do is part of the stage, not of the attack: an error there is a broken vector.
_STAGE = {"victim", "builder", "dba", "evidence"}
#: They take roles that only a superuser may take.
_SUPERUSER = {"superuser", "builder", "inside", "app", "dba", "judge"}


_CLEAN = """
CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; DEALLOCATE ALL; UNLISTEN *; DISCARD TEMP;
DISCARD SEQUENCES
"""


class _Broken(Exception):
    """The attack could not be tried."""


class Scene:
    """One vector on one side."""

    def __init__(self, side: Side, vector: Vector) -> None:
        self.side, self.vector = side, vector
        self.actors: dict[str, str] = {}
        self.seen: list[str] = []
        self.answers: list[Answer] = []
        self.compared: list[Answer] = []
        self.evidence = 0
        self.finished = False

    def play(self) -> tuple[bool, str]:
        """Return whether the attack succeeded, and the answer that decided it."""
        self.side.notices.clear()
        before = dict(self.side.names)
        try:
            self._run()
            return self._judge()
        finally:
            self.side.names = before
            self._leave()

    def _run(self) -> None:
        for step in self.vector.steps:
            if step.side not in {"", self.side.name}:
                continue
            if step.actor == "evidence" and self.side.name == "naive":
                continue
            self.finished = False
            conn = self._stand(step)
            answer = self._ask(conn, step)
            if step.actor == "evidence":
                if answer.state:
                    raise _Broken(f"evidence: {answer}")
                self.evidence += len(answer.rows)
                self.finished = True
                continue
            if answer.state:
                fails = step.tries or (self.vector.wins == "error" and step is self.vector.steps[-1])
                if not fails and step.actor in _STAGE:
                    raise _Broken(f"{step.actor}: {answer}")
                known = self.side.name == "ours" and answer.state in self.vector.answer
                told = _MARK.search(answer.text)
                if not known and not told and not step.tries and _BROKEN.match(answer.state):
                    raise _Broken(str(answer))
            if step.compared:
                self.compared.append(answer)
            if step.actor not in _STAGE or self.vector.wins == "error":
                self.answers.append(answer)
            if step.actor not in {*_STAGE, "judge"} and (step.actor, step.option) != ("next", ""):
                self.seen.append(f"{answer.rows} {answer.text}")
            if answer.state and not step.tries:
                self.finished = step is self.vector.steps[-1]
                return
            self.finished = True
            if step.keep:
                if not answer.rows:
                    raise _Broken(f"nothing to keep as {step.keep}")
                self.side.names[step.keep] = str(answer.rows[0][0])

    def _stand(self, step: Step) -> Connection:
        """Return the connection of a step's actor, in the state the actor has."""
        if step.actor not in _SLOTS:
            raise _Broken(f"nobody is called {step.actor}")
        slot = _SLOTS[step.actor]
        conn = self.side.connection(slot)
        who = f"{step.actor} {step.option}"
        if self.actors.get(slot) == who:
            return conn
        self.actors[slot] = who
        try:
            if step.actor == "next":
                conn.rollback()
            if slot == "dba":
                owner = {
                    "insider": self.side.owner,
                    "builder": self.side.owner,
                    "kernel": self.side.kernel,
                    "evidence": "" if step.option else self.side.kernel,
                    "app": self.side.logins["login"],
                    "inside": self.side.names["app_role"],
                }
                self.side.become(conn, owner.get(step.actor, ""))
            if step.actor in {"attacker", "inside"} and step.option != "none":
                self.side.enter(conn, "a", step.option or self.vector.role)
            elif (step.actor, step.option) in {("next", ""), ("victim", "")}:
                self.side.enter(conn, "b", "manager")
        except psycopg.Error as error:
            raise _Broken(f"{step.actor}: {error.sqlstate} {error}") from error
        return conn

    def _ask(self, conn: Connection, step: Step) -> Answer:
        statement = step.statement
        if step.actor == "evidence" and step.option:
            statement = (paths.ROOT / f"sql/checks/{step.option}.sql").read_text()
        statement = self.side.fill(statement)
        if step.tries:
            conn.execute("SAVEPOINT attack_try")
        try:
            return _answer(conn, statement)
        except psycopg.Error as error:
            if step.tries:
                conn.execute("ROLLBACK TO SAVEPOINT attack_try")
            d = error.diag
            parts = (d.message_primary or str(error), d.message_detail, d.message_hint, d.context)
            return Answer([], -1, error.sqlstate or "08006", "\n".join(p for p in parts if p))

    def _judge(self) -> tuple[bool, str]:
        if not self.answers:
            raise _Broken("nobody attacked")
        last, wins = self.answers[-1], self.vector.wins
        if wins == "canary":
            self._listen()
            text = " ".join([*self.seen, *self.side.notices])
            foreign = set(_MARK.findall(text)) - {self.side.names["a_mark"]}
            if foreign:
                shown = next((a for a in self.answers if _MARK.search(f"{a.rows}{a.text}")), last)
                return True, f"{shown}" if _MARK.search(str(shown)) else f"{shown} [{foreign.pop()}]"
            return False, str(last)
        if wins.startswith("~ "):
            found = re.search(wins[2:], " ".join(self.seen))
            return bool(found), f"…{found[0]}…" if found else str(last)
        if wins == "any":
            # DDL counts -1; a constraint is asked only after the policy let the row pass.
            hits = [a for a in self.answers if a.state[:2] == "23" or (not a.state and a.count)]
            return bool(hits), str((hits or self.answers)[-1])
        if not self.finished:
            return False, str(last)
        if wins == "error":
            return bool(last.state), str(last)
        if wins == "differs":
            return self._compare()
        if last.state:
            return False, str(last)
        if wins == "rows":
            return last.count > 0, str(last)
        if wins == "done":
            return True, str(last)
        if wins == "true":
            return bool(last.rows and last.rows[0][0]), str(last)
        raise _Broken(f"wins: {wins}?")

    def _compare(self) -> tuple[bool, str]:
        hit, miss = self.compared
        same = self._plain(hit) == self._plain(miss)
        return not same, f"both: {hit}" if same else f"hit: {hit} · miss: {miss}"

    def _plain(self, answer: Answer) -> str:
        """An answer without what the question already contained."""
        text = f"{answer.state}|{answer.text}|{answer.count}|{answer.rows}"
        for name, value in self.side.names.items():
            if len(value) > 6:
                text = text.replace(value, "?" if name[:2] in {"a_", "b_"} else name)
        return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|nobody", "?", text)

    def _listen(self) -> None:
        if any("LISTEN" in s.statement for s in self.vector.steps):
            conn = self.side.connection("attacker")
            conn.rollback()
            for note in conn.notifies(timeout=1, stop_after=1):
                self.side.notices.append(note.payload)

    def _leave(self) -> None:
        """Undo what was done, and clean the connections as a careful pool would."""
        for slot in self.actors:
            conn = self.side.connection(slot)
            try:
                conn.rollback()
                conn.autocommit = True
                # DISCARD ALL would drop the plans of our functions, too: ten milliseconds each time.
                conn.execute("DISCARD ALL" if "advisory" in self.vector.text else _CLEAN)
                conn.autocommit = False
            except psycopg.Error:
                conn.close()


def _answer(conn: Connection, statement: str) -> Answer:
    upper = statement.upper()
    if upper.startswith("COPY"):
        with conn.cursor().copy(statement) as copy:  # type: ignore[arg-type]
            rows = list(copy.rows()) if "STDOUT" in upper else []
        return Answer(rows, len(rows))
    cursor = conn.execute(statement)
    while cursor.nextset():  # of several in one message the last
        pass
    rows = cursor.fetchall() if cursor.description else []
    return Answer(rows, cursor.rowcount)


# All attacks --------------------------------------------------------------------------------------


def run(
    dba: str,
    only: str | Collection[str] | None = None,
    naive: bool = True,
    live: bool = False,
) -> list[Outcome]:
    """Attack the database of a DBA's DSN, and with `naive` a naive copy beside it.

    `live` leaves out what would disturb others. Statements that need sql/harden.sql expect it.
    """
    chosen = catalogue(only)
    with ExitStack() as stack, console.progress() as bars:
        sides: list[Side] = []
        for kind in (Ours, Naive) if naive else (Ours,):
            side = kind(dba)
            stack.callback(side.withdraw)
            side.make()
            side.hold()
            sides.append(side)
        outcomes = []
        task = bars.add_task("attack", total=len(chosen))
        for vector in chosen:
            bars.update(task, description=vector.id)
            outcomes.append(_outcome(vector, sides, live=live))
            bars.advance(task)
        return outcomes


def _outcome(vector: Vector, sides: list[Side], *, live: bool) -> Outcome:
    if live and vector.throwaway:
        return Outcome(vector, "not run", "it would disturb a server that others use")
    if not sides[0].superuser and {s.actor for s in vector.steps} & _SUPERUSER:
        return Outcome(vector, "not run", "it needs a superuser's DSN")
    found = Outcome(vector, "broken", "")
    scene = Scene(sides[0], vector)
    try:
        won, found.answer = _play(scene)
    except _Broken as error:
        found.answer = str(error)
        found.problem = f"could not be tried: {error}"
        won = False
    else:
        found.verdict, found.problem = _verdict(vector, won, found.answer, scene.evidence)
        if vector.hardened and not sides[0].hardened:
            found.verdict, found.problem = "residual" if won else "blocked", ""
            found.answer += " (sql/harden.sql is not applied)"
    for side in sides[1:]:
        control = Scene(side, vector)
        try:
            leaked, found.naive_answer = _play(control)
            found.naive = "leaks" if leaked else "blocked"
        except _Broken as error:
            found.naive, found.naive_answer = "broken", str(error)
        if not found.problem:
            found.problem = _control(vector, found.naive, side)
    return found


def _play(scene: Scene) -> tuple[bool, str]:
    """Play, and once more when somebody else changed a cluster-wide role in the same moment."""
    try:
        return scene.play()
    except _Broken as error:
        if "concurrently updated" not in str(error):
            raise
    again = Scene(scene.side, scene.vector)
    won = again.play()
    scene.evidence = again.evidence
    return won


def _verdict(vector: Vector, won: bool, answer: str, evidence: int | None) -> tuple[str, str]:
    if not won:
        state = answer.removeprefix("both: ").split(" ")[0]
        state = state if re.fullmatch(r"[0-9A-Z]{5}", state) else "nothing"
        if vector.expect != "blocked":
            return "blocked", f"expected {vector.expect}, and it was blocked"
        if state not in vector.answer:
            return "blocked", f"expected {' or '.join(vector.answer)}, answered {state}"
        return "blocked", ""
    if vector.expect == "residual":
        return "residual", ""
    if vector.expect == "detected":
        return ("detected", "") if evidence else ("leaks", "it succeeded and left no evidence")
    return "leaks", "it succeeded"


def _control(vector: Vector, verdict: str, side: Side) -> str:
    """Say what is wrong with the positive control, if anything."""
    expected = vector.naive
    if vector.floor:
        version = side.connection("dba").info.server_version
        floors = dict(f.split(".") for f in vector.floor)
        first = floors.get(str(version // 10_000))
        if first is None or version % 10_000 >= int(first):
            return "" if verdict != "broken" else "the naive copy could not be attacked"
        expected = "leaks"
    return "" if verdict == expected else f"the naive copy should say {expected}: {verdict}"


def counts(outcomes: list[Outcome]) -> dict[str, int]:
    """Return the figures that others read."""
    verdicts = Counter(o.verdict for o in outcomes)
    return {
        "vectors": len(outcomes),
        "unexpected": sum(not o.ok for o in outcomes),
        "residual": verdicts["residual"],
        "detected": verdicts["detected"],
        "blocked": verdicts["blocked"],
        "not_run": verdicts["not run"],
        "naive_leaks": sum(o.naive == "leaks" for o in outcomes),
    }


def harden(dba: str) -> None:
    """Apply sql/harden.sql, one at a time in the cluster: it changes roles."""
    catalogs = "pg_authid, pg_auth_members, pg_db_role_setting"
    with psycopg.connect(dba) as conn:
        conn.execute(f"LOCK TABLE {catalogs} IN SHARE ROW EXCLUSIVE MODE")
        conn.execute((paths.ROOT / "sql/harden.sql").read_text())


@contextmanager
def _target(dsn: str | None) -> Iterator[str]:
    """Yield a DBA's DSN; a server of ours is hardened first, as docs tell a DBA to do."""
    from tenancy import demo  # noqa: PLC0415

    with demo.filled(dsn) as dba:
        if not dsn:
            harden(dba)
        yield dba


@click.command("attack")
@console.options
@click.option("--only", multiple=True, help="A group, an id or the beginning of ids, such as CTX.")
@click.option("--html", type=click.Path(path_type=Path), help="Write one page for a reviewer.")
@click.option("--naive/--no-naive", default=None, help="The naive copy, too (default: without --dsn).")
def command(
    dsn: str | None, as_json: bool, only: tuple[str, ...], html: Path | None, naive: bool | None
) -> None:
    """Run the attack catalogue, and show that each attack works on a naive copy."""
    from tenancy import attack_report  # noqa: PLC0415

    if not catalogue(only):
        raise click.ClickException(f"no vector or group is called {' or '.join(only)}")
    began = time.monotonic()
    with _target(dsn) as dba:
        with psycopg.connect(dba) as conn:
            version = conn.execute("SHOW server_version").fetchone()
        outcomes = run(dba, only, naive=not dsn if naive is None else naive, live=bool(dsn))
    figures = counts(outcomes)
    if html:
        page = attack_report.html(outcomes, server=f"PostgreSQL {(version or [''])[0]}")
        html.write_text(page, encoding="utf-8")
    if not as_json:
        attack_report.table(outcomes)
    least = 1 if only else LEAST
    console.emit(
        ok=not figures["unexpected"] and figures["vectors"] - figures["not_run"] >= least,
        summary="{vectors} vectors, {unexpected} unexpected, {residual} residual, {detected} "
        "detected; the naive copy leaks in {naive_leaks}".format(**figures),
        counts=figures,
        as_json=as_json,
        seconds=round(time.monotonic() - began, 1),
        outcomes=[_json(o) for o in outcomes],
    )


def _json(outcome: Outcome) -> dict[str, object]:
    found = asdict(outcome)
    found["vector"] = {
        k: getattr(outcome.vector, k) for k in ("id", "group", "title", "attacker", "expect")
    }
    return {**found, "ok": outcome.ok}

