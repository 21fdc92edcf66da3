"""Run statements inside a tenant and look for other tenants' marks in all that comes back.

A mark is a canary or any uuid that stands in a protected table or names a tenant, a person or a key.
Results, every field of an error, and notices are searched. What a statement was given as a parameter
is not a find.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import make_conninfo
from psycopg.pq import DiagnosticField, ExecStatus

from tenancy import fuzz

#: A statement with $1, $2 … and the values for them.
Statement = tuple[str, list[str]]

MARK = re.compile(
    rb"canary-[0-9a-f]{16}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
HEX = re.compile(rb"\\x((?:[0-9a-f]{2})+)")
TEXTS = [
    getattr(DiagnosticField, name)
    for name in ("MESSAGE_PRIMARY", "MESSAGE_DETAIL", "MESSAGE_HINT", "CONTEXT", "INTERNAL_QUERY")
]
BATCH = 50  # statements in a transaction; each is rolled back to a savepoint


def marks(dsn: str) -> dict[bytes, str]:
    """Return the tenant of every mark, read by a superuser."""
    found: dict[bytes, str] = {}
    with psycopg.connect(dsn) as conn:
        for (tenant,) in conn.execute("SELECT id FROM tenancy_private.tenant").fetchall():
            found[fuzz.canary(tenant).encode()] = found[str(tenant).encode()] = str(tenant)
        columns = conn.execute(
            "SELECT c.table_schema, c.table_name, c.column_name FROM information_schema.columns AS c "
            "WHERE c.data_type = 'uuid' AND (c.table_schema = 'app' OR (c.table_schema, c.table_name) "
            "IN (('tenancy_private', 'member'), ('tenancy_private', 'api_key')))"
        ).fetchall()
        for schema, table, column in columns:
            query = sql.SQL("SELECT DISTINCT tenant_id, {c} FROM {t} WHERE {c} IS NOT NULL")
            where = {"c": sql.Identifier(column), "t": sql.Identifier(schema, table)}
            for tenant, value in conn.execute(query.format(**where)):
                found[str(value).encode()] = str(tenant)
    return found


@dataclass
class Findings:
    """What a run saw."""

    executed: int = 0
    succeeded: int = 0
    reconnects: int = 0
    rows: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    #: How often a mark of the own tenant was seen in a result, error or notice; how many are canaries.
    own: Counter[str] = field(default_factory=Counter)
    #: Channel, mark and statement of each mark of another tenant.
    foreign: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        """Add the findings of another session."""
        self.executed += other.executed
        self.succeeded += other.succeeded
        self.reconnects += other.reconnects
        self.rows += other.rows
        self.errors.update(other.errors)
        self.own.update(other.own)
        self.foreign += other.foreign

    @property
    def share(self) -> float:
        """The share of statements that ended without an error."""
        return self.succeeded / max(1, self.executed)

    def __str__(self) -> str:
        return (
            f"{self.executed} statements, {self.share:.0%} without an error, {self.rows} rows; own "
            f"marks {dict(self.own)}, foreign marks {len(self.foreign)}; {self.reconnects} reconnects"
        )


class Session:
    """One connection of the application, always inside the same tenant."""

    def __init__(self, dsn: str, credential: str, tenant: str, known: dict[bytes, str]) -> None:
        self.dsn = make_conninfo(dsn, user="tenancy_gateway")
        self.credential, self.tenant, self.known = credential, tenant, known
        self.found = Findings()
        self.now: Statement = ("", [])
        self.connect()

    def connect(self) -> None:
        """Connect, and search every notice from then on."""
        self.conn = psycopg.connect(self.dsn)
        self.conn.add_notice_handler(lambda d: self.search_texts("notice", self.notice_texts(d)))

    def run(self, statements: Iterable[Statement]) -> Findings:
        """Run statements, in transactions of BATCH, and undo each."""
        for i, statement in enumerate(statements):
            try:
                if i % BATCH == 0 or self.conn.info.transaction_status.name == "IDLE":
                    self.enter()
                self.one(statement)
            except psycopg.OperationalError:  # it ended its own backend
                if not self.conn.broken:
                    raise
                self.connect()
                self.found.reconnects += 1
        self.conn.close()
        return self.found

    def enter(self) -> None:
        """Begin a transaction inside the tenant."""
        self.conn.rollback()
        self.conn.execute("SELECT tenancy.enter(%s)", [self.credential])
        self.conn.execute("SET LOCAL statement_timeout = '250ms'; SET LOCAL lock_timeout = '100ms'")

    def one(self, statement: Statement) -> None:
        """Run one statement, search what came back, and undo it."""
        self.now = text, values = statement
        self.conn.execute("SAVEPOINT before")
        self.found.executed += 1
        result = self.conn.pgconn.exec_params(text.encode(), [v.encode() for v in values])
        if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            self.found.succeeded += 1
            self.found.rows += result.ntuples
            cells = (
                result.get_value(row, column)
                for row in range(result.ntuples)
                for column in range(result.nfields)
            )
            self.search_texts("result", cells)
        else:
            state = result.error_field(DiagnosticField.SQLSTATE) or b"none"
            self.found.errors[state.decode()] += 1
            self.search_texts("error", map(result.error_field, TEXTS))
        if self.conn.pgconn.status == pq.ConnStatus.BAD:
            raise psycopg.OperationalError("the connection is gone")
        self.conn.execute("ROLLBACK TO before")

    @staticmethod
    def notice_texts(d: psycopg.errors.Diagnostic) -> list[bytes | None]:
        """Return the texts of a notice."""
        texts = (d.message_primary, d.message_detail, d.message_hint, d.context, d.internal_query)
        return [text.encode() if text else None for text in texts]

    def search_texts(self, channel: str, texts: Iterable[bytes | None]) -> None:
        """Look for marks in texts, and in the bytes that a text spells in hexadecimal."""
        for given in texts:
            text = given.lower() if given else b""
            if len(text) < 23:  # a canary's length, and no mark is shorter
                continue
            for digits in HEX.findall(text):
                text += b" " + bytes.fromhex(digits.decode()).lower()
            for mark in MARK.findall(text):
                self.judge(channel, mark)

    def judge(self, channel: str, mark: bytes) -> None:
        """Count an own mark; keep a foreign one, and a canary that nobody has."""
        owner = self.known.get(mark)
        text, values = self.now
        if owner == self.tenant:
            self.found.own.update([channel, "canary"] if mark.startswith(b"canary") else [channel])
        elif (owner or mark.startswith(b"canary")) and mark.decode() not in values:
            self.found.foreign.append((channel, mark.decode(), text))


def in_parallel(sessions: list[Session], statements: list[list[Statement]]) -> Findings:
    """Run each session's statements in a thread of its own and add up what they saw."""
    total = Findings()
    with ThreadPoolExecutor(len(sessions)) as threads:
        for found in threads.map(Session.run, sessions, statements):
            total.add(found)
    return total


@contextmanager
def no_crash(dsn: str) -> Iterator[None]:
    """Fail unless a superuser's connection lives on: the postmaster ends all when one crashes."""
    query = "SELECT pg_postmaster_start_time()"
    with psycopg.connect(dsn, autocommit=True) as conn:
        started = conn.execute(query).fetchone()
        yield
        assert conn.execute(query).fetchone() == started
