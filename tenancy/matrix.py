"""The policy matrix: every table, role, action and context, tried as the real role.

Tables come from the registry, columns and keys from the catalog, expectations from
tenancy.access_matrix. Each cell is one transaction of the application's own login, rolled back.
A cell that was not executed counts as failed.
"""

import secrets
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from tenancy import console, paths

Connection = psycopg.Connection[Any]

ROLES = ("customer", "staff", "manager", "admin", "login")
CONTEXTS = ("own", "other", "none", "suspended", "forged")
ACTIONS = (
    "select",
    "insert",
    "insert_forge",
    "update",
    "update_hijack",
    "delete",
    "upsert",
    "merge",
    "truncate",
    "copy_out",
    "copy_in",
    "foreign_key",
    "lock",
)
_NOT_RUN = "not run"


@dataclass(frozen=True)
class Cell:
    """One attempt: what was expected, and what the database answered."""

    table: str
    role: str
    action: str
    context: str
    expected: str
    verdict: str

    @property
    def ok(self) -> bool:
        """Whether the database answered as the access matrix says."""
        return self.verdict == self.expected


@dataclass
class Result:
    """All cells of a run."""

    cells: list[Cell] = field(default_factory=list)

    @property
    def unexpected(self) -> list[Cell]:
        """Cells that were executed and answered otherwise."""
        return [c for c in self.cells if not c.ok and not c.verdict.startswith(_NOT_RUN)]

    @property
    def not_run(self) -> list[Cell]:
        """Cells that could not be executed: they count as failed."""
        return [c for c in self.cells if c.verdict.startswith(_NOT_RUN)]


@dataclass
class Table:
    """A protected table, as the registry and the catalog describe it."""

    schema: str
    name: str
    subject: str | None
    key: str
    columns: list[str]
    unique_text: list[str]
    one_row: bool
    foreign: list[tuple[str, str]]
    rules: dict[tuple[str, str], tuple[str, list[str]]]
    own: dict[str, Any] | None = None
    other: dict[str, Any] | None = None

    @property
    def label(self) -> str:
        """schema.table."""
        return f"{self.schema}.{self.name}"

    @property
    def ident(self) -> sql.Identifier:
        """The quoted name."""
        return sql.Identifier(self.schema, self.name)

    def may(self, role: str, *commands: str) -> bool:
        """Whether the access matrix gives a role all these commands."""
        return all((role, command) in self.rules for command in commands)


# What the matrix reads ----------------------------------------------------------------------------

_TABLES = """
SELECT
    p.schema_name, p.table_name, p.subject_column,
    (SELECT a.attname FROM pg_index AS i
     JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[i.indnkeyatts - 1]
     WHERE i.indrelid = c.oid AND i.indisprimary),
    ARRAY(SELECT a.attname::text FROM pg_attribute AS a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attgenerated = '' AND NOT a.attname = ANY (p.server_columns) ORDER BY a.attnum),
    ARRAY(SELECT DISTINCT a.attname::text FROM pg_index AS i
          JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.atttypid IN ('text'::regtype)
          WHERE i.indrelid = c.oid AND i.indisunique AND NOT i.indisprimary
          AND pg_get_indexdef(i.indexrelid) ~ ('\\m' || a.attname || '\\M')),
    EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisunique
            AND i.indnkeyatts = 1),
    ARRAY(SELECT ARRAY[a.attname::text, f.confrelid::regclass::text]
          FROM pg_constraint AS f
          JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = f.conkey[2]
          WHERE f.conrelid = c.oid AND f.contype = 'f' ORDER BY a.attname),
    (SELECT jsonb_agg(jsonb_build_array(m.role, m.command, m.row_scope, m.columns))
     FROM tenancy.access_matrix AS m
     WHERE m.resource = p.schema_name || '.' || p.table_name)
FROM tenancy.protected_table AS p
JOIN pg_namespace AS n ON n.nspname = p.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
ORDER BY p.schema_name, p.table_name
"""


def tables(conn: Connection) -> list[Table]:
    """Return every table of the registry, with keys, columns and the rules of its grid."""
    found = []
    for schema, name, subject, key, columns, texts, one_row, foreign, rules in conn.execute(
        _TABLES
    ):
        grid = {(r, c): (scope, cols or columns) for r, c, scope, cols in rules or []}
        links = [(column, parent) for column, parent in foreign]
        found.append(Table(schema, name, subject, key, columns, texts, one_row, links, grid))
    return found


class Probe:
    """Credentials made for one run, and taken back at its end."""

    def __init__(self, dba: str) -> None:
        self.dba = dba
        self.keys: list[uuid.UUID] = []
        self.suspended = uuid.uuid4()
        self.own = self.other = uuid.UUID(int=0)

    @contextmanager
    def kernel(self) -> Iterator[Connection]:
        """Open a transaction of the DBA that holds the owner roles for its length only."""
        borrow, give_back = ((paths.ROOT / "sql" / f"{n}.sql").read_text() for n in _BORROW)
        with psycopg.connect(self.dba) as conn:
            conn.execute(borrow)
            yield conn
            conn.execute(give_back)

    def key(self, tenant: uuid.UUID, role: str, actor: object = None) -> str:
        """Issue a secret key that lasts an hour."""
        text, key_id = "sk_matrix_" + secrets.token_urlsafe(32), uuid.uuid4()
        with self.kernel() as conn:
            conn.execute(
                "INSERT INTO tenancy_private.api_key "
                "(id, tenant_id, digest, kind, role, actor_id, expires_at) VALUES "
                "(%s, %s, sha256(%s), 'secret', %s, %s, now() + interval '1 hour')",
                [key_id, tenant, text.encode(), role, actor],
            )
        self.keys.append(key_id)
        return text

    def ticket(self, tenant: uuid.UUID) -> str:
        """Open an admin session, as the console does."""
        with psycopg.connect(make_conninfo(self.dba, user="tenancy_console")) as conn:
            row = conn.execute(
                "SELECT tenancy.open_admin_session(%s, 'policy matrix: probing', 60)", [tenant]
            ).fetchone()
            return str(row[0]) if row else ""

    def choose(self, candidates: list[Table]) -> None:
        """Find two tenants with a row in every table, read as their own managers."""
        with self.kernel() as conn:
            conn.execute(
                "INSERT INTO tenancy_private.tenant (id, slug, name, industry, status, region) "
                "SELECT %s, %s, 'Matrix probe', 'hotel', 'suspended', region "
                "FROM tenancy_private.node",
                [self.suspended, f"matrix-{self.suspended.hex[:8]}"],
            )
            ids = conn.execute(
                "SELECT t.id FROM tenancy_private.tenant AS t JOIN tenancy_private.node AS n "
                "ON n.region = t.region WHERE t.status = 'active' ORDER BY t.created_at LIMIT 12"
            ).fetchall()
        best: list[tuple[int, uuid.UUID, dict[str, Any]]] = []
        for (tenant,) in ids:
            rows = self._sample(tenant, candidates)
            best.append((len(rows), tenant, rows))
            if sum(count == len(candidates) for count, *_ in best) == 2:
                break
        if len(best) < 2:
            raise click.ClickException("the matrix needs two active tenants: tenancy fuzz first")
        (_, self.own, mine), (_, self.other, theirs) = sorted(best, key=lambda b: -b[0])[:2]
        for table in candidates:
            table.own, table.other = mine.get(table.label), theirs.get(table.label)

    def _sample(self, tenant: uuid.UUID, candidates: list[Table]) -> dict[str, Any]:
        rows = {}
        credential = self.key(tenant, "manager")
        with psycopg.connect(make_conninfo(self.dba, user="tenancy_gateway")) as conn:
            conn.execute("SELECT tenancy.enter(%s)", [credential])
            for table in candidates:
                order: sql.Composable = sql.SQL("")
                if table.subject:
                    order = sql.SQL("ORDER BY ({} IS NULL)").format(sql.Identifier(table.subject))
                query = sql.SQL("SELECT to_jsonb(_row.*) FROM {} AS _row {} LIMIT 1")
                if row := conn.execute(query.format(table.ident, order)).fetchone():
                    rows[table.label] = row[0]
            conn.rollback()
        return rows

    def withdraw(self) -> None:
        """Delete what the run issued; the tickets stay, as evidence."""
        with self.kernel() as conn:
            conn.execute("DELETE FROM tenancy_private.api_key WHERE id = ANY (%s)", [self.keys])
            conn.execute(
                "UPDATE tenancy_private.access_ticket SET closed_at = clock_timestamp() "
                "WHERE reason = 'policy matrix: probing' AND closed_at IS NULL"
            )
            conn.execute(
                "DELETE FROM tenancy_private.access_ticket WHERE tenant_id = %s", [self.suspended]
            )
            conn.execute("DELETE FROM tenancy_private.tenant WHERE id = %s", [self.suspended])


_BORROW = ("borrow", "return")


# What is tried ------------------------------------------------------------------------------------


def attempt(conn: Connection, table: Table, role: str, action: str, context: str) -> int:
    """Run one action and return how many rows it saw or changed."""
    other = context == "other"
    row = dict((table.other if other else table.own) or {})
    foreign_tenant = (table.other or {})["tenant_id"]
    key, target = sql.Identifier(table.key), table.ident
    where = sql.SQL("tenant_id = %(tenant)s AND {key}::text = %(key)s").format(key=key)
    bind: dict[str, Any] = {"tenant": row["tenant_id"], "key": str(row[table.key])}

    if action == "select":
        query = sql.SQL("SELECT tenant_id FROM {} WHERE {}").format(target, where)
        return len(conn.execute(query, bind).fetchall())
    if action == "copy_out":
        statement = sql.SQL("COPY {} (tenant_id) TO STDOUT").format(target)
        with conn.cursor().copy(statement) as copy:
            return sum(r == (row["tenant_id"],) for r in copy.rows())
    if action == "copy_in":
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(target, key)
        with conn.cursor().copy(statement) as copy:
            copy.write_row([bind["key"]])
        return 1
    if action == "truncate":
        return _count(conn, sql.SQL("TRUNCATE {}").format(target))
    if action == "lock":
        return _count(conn, sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(target))
    if action == "update":
        query = sql.SQL("UPDATE {} SET {} = {} WHERE {}").format(target, key, key, where)
        return conn.execute(query, bind).rowcount
    if action == "update_hijack":
        query = sql.SQL("UPDATE {} SET tenant_id = %(thief)s WHERE {}").format(target, where)
        return conn.execute(query, {**bind, "thief": foreign_tenant}).rowcount
    if action == "delete":
        return conn.execute(sql.SQL("DELETE FROM {} WHERE {}").format(target, where), bind).rowcount
    if action == "merge":
        query = sql.SQL(
            "MERGE INTO {target} AS t USING (SELECT %(tenant)s::uuid AS tenant_id, %(key)s AS key) "
            "AS s ON t.tenant_id = s.tenant_id AND t.{key}::text = s.key "
            "WHEN MATCHED THEN UPDATE SET {key} = t.{key}"
        ).format(target=target, key=key)
        return conn.execute(query, bind).rowcount
    return _insert(conn, table, role, action, context, row, str(foreign_tenant))


def _count(conn: Connection, statement: sql.Composed) -> int:
    conn.execute(statement)
    return 1


def _insert(
    conn: Connection,
    table: Table,
    role: str,
    action: str,
    context: str,
    row: dict[str, Any],
    foreign_tenant: str,
) -> int:
    _, allowed = table.rules.get((role, "insert"), ("", table.columns))
    columns = [c for c in table.columns if c in allowed]
    if action != "upsert":
        row[table.key] = str(uuid.uuid4())
        for column in table.unique_text:
            row[column] = f"{row[column]}-{row[table.key][:8]}"
        if table.subject == table.key and role == "customer":
            row[table.key] = (table.own or {})[table.key]
    if action == "insert" and context != "other":
        columns.remove("tenant_id")
    if action == "insert_forge":
        row["tenant_id"] = foreign_tenant
    if action == "foreign_key":
        if not _links(table, role):
            statement = sql.SQL("ALTER TABLE {} ADD FOREIGN KEY (tenant_id) REFERENCES {}")
            return _count(conn, statement.format(table.ident, table.ident))
        column, parent = _links(table, role)[0]
        row[column] = _key_of(table, parent)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    conflict: sql.Composable = sql.SQL("")
    if action == "upsert":
        conflict = sql.SQL("ON CONFLICT (tenant_id, {k}) DO UPDATE SET {k} = excluded.{k}").format(
            k=sql.Identifier(table.key)
        )
    query = sql.SQL(
        "INSERT INTO {t} ({names}) SELECT {names} FROM jsonb_populate_record(NULL::{t}, %s) {conflict}"
    ).format(t=table.ident, names=names, conflict=conflict)
    return conn.execute(query, [Jsonb(row)]).rowcount


_PARENT_KEYS: dict[str, str] = {}


def _key_of(table: Table, parent: str) -> str:
    """Return the key of a row of the other tenant in a parent table."""
    return _PARENT_KEYS.get(parent, str(uuid.uuid4()))


def _links(table: Table, role: str) -> list[tuple[str, str]]:
    """Return the foreign keys a role may fill in: a customer's own subject column is fixed."""
    scope = table.rules.get((role, "insert"), ("", []))[0]
    return [link for link in table.foreign if not (scope == "subject" and link[0] == table.subject)]


def expectation(table: Table, role: str, action: str, context: str) -> str:
    """Say what the access matrix promises for a cell: allowed, empty, or an SQLSTATE."""
    if context == "suspended":
        return "TN001"
    if role == "login" or action in {"truncate", "update_hijack"}:
        return "42501"
    needs = {
        "select": ("select",),
        "copy_out": ("select",),
        "insert": ("insert",),
        "insert_forge": ("insert",),
        "copy_in": ("insert",),
        "update": ("update", "select"),
        "merge": ("update", "select"),
        "delete": ("delete", "select"),
        "upsert": ("insert", "update", "select"),
        "foreign_key": ("insert",),
        # A fact about PostgreSQL: DELETE exists per table only, and brings LOCK TABLE with it.
        "lock": ("delete",),
    }[action]
    if not table.may(role, *needs):
        return "42501"
    if action in {"lock", "copy_in"}:
        return {"lock": "allowed", "copy_in": "0A000"}[action]
    if action in {"insert_forge"}:
        return "42501"
    if action == "foreign_key":
        fills = bool(_links(table, role)) and context == "own"
        return "23503" if fills else "42501"
    if context == "own":
        return "allowed"
    writes = action in {"insert", "upsert"}
    return "42501" if writes else "empty"


class _Session:
    """Connections of the two logins, and how each context is put in place."""

    def __init__(self, probe: Probe, stack: list[Connection]) -> None:
        self.probe = probe
        self.logins = {
            name: psycopg.connect(make_conninfo(probe.dba, user=f"tenancy_{name}"))
            for name in ("gateway", "console")
        }
        stack += self.logins.values()
        victim = psycopg.connect(make_conninfo(probe.dba, user="tenancy_gateway"))
        stack.append(victim)
        self.credentials: dict[tuple[str, str, str], str] = {}
        victim.execute("SELECT tenancy.enter(%s)", [probe.key(probe.other, "manager")])
        row = victim.execute("SELECT current_setting('tenancy.context')").fetchone()
        self.stolen = str(row[0]) if row else ""

    def login(self, role: str) -> Connection:
        return self.logins["console" if role == "admin" else "gateway"]

    def credential(self, table: Table, role: str, context: str) -> str:
        """Return a credential; a customer's names the person of the table's sample row."""
        place = "suspended" if context == "suspended" else "own"
        actor = (table.own or {}).get(table.subject or "") if role == "customer" else None
        cached = self.credentials.get((place, role, str(actor)))
        if cached is None:
            tenant = self.probe.suspended if place == "suspended" else self.probe.own
            grid_role = "staff" if role == "login" else role
            cached = (
                self.probe.ticket(tenant)
                if role == "admin"
                else self.probe.key(tenant, grid_role, actor)
            )
            self.credentials[place, role, str(actor)] = cached
        return cached

    def put(self, conn: Connection, table: Table, role: str, context: str) -> None:
        """Put a context in place on a fresh transaction."""
        if context in {"own", "other", "suspended"}:
            conn.execute("SELECT tenancy.enter(%s)", [self.credential(table, role, context)])
            if role == "login":
                conn.execute("SET LOCAL ROLE NONE")
            return
        if role != "login":
            conn.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(f"tenancy_{role}")))
        if context == "forged":
            conn.execute(sql.SQL("SET LOCAL tenancy.context = {}").format(sql.Literal(self.stolen)))


def _cell(session: _Session, table: Table, role: str, action: str, context: str) -> str:
    if table.own is None or table.other is None:
        return f"{_NOT_RUN}: no row of both tenants"
    conn = session.login(role)
    try:
        session.put(conn, table, role, context)
        return "allowed" if attempt(conn, table, role, action, context) else "empty"
    except psycopg.Error as error:
        state = error.sqlstate or _NOT_RUN
        # The policy let the row through and a constraint stopped it afterwards: that is access.
        passed = {("delete", "23503")}
        if table.one_row or table.subject == table.key:
            passed |= {("insert", "23505"), ("delete", "23503")}
        return "allowed" if (action, state) in passed else state
    finally:
        conn.rollback()


def run(dba: str) -> Result:
    """Try every cell on the database of a DBA's DSN and compare with the access matrix."""
    probe, result = Probe(dba), Result()
    with psycopg.connect(dba) as conn:
        found = tables(conn)
    stack: list[Connection] = []
    try:
        probe.choose(found)
        _PARENT_KEYS.clear()
        _PARENT_KEYS.update({t.label: str(t.other[t.key]) for t in found if t.other is not None})
        session = _Session(probe, stack)
        with console.progress() as bars:
            task = bars.add_task("policy matrix", total=len(found))
            for table in found:
                bars.update(task, description=table.label)
                result.cells += [
                    Cell(
                        table.label,
                        role,
                        action,
                        context,
                        expectation(table, role, action, context),
                        _cell(session, table, role, action, context),
                    )
                    for role in ROLES
                    for action in ACTIONS
                    for context in CONTEXTS
                ]
                bars.advance(task)
    finally:
        for conn in stack:
            conn.close()
        probe.withdraw()
    return result


def counts(result: Result) -> Mapping[str, int]:
    """Return the figures that others read."""
    return {
        "cells": len(result.cells),
        "unexpected": len(result.unexpected),
        "not_run": len(result.not_run),
    }


@click.command("matrix")
@console.options
@click.option("--html", type=click.Path(path_type=Path), help="Write a heat map.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML.")
def command(dsn: str | None, as_json: bool, html: Path | None, junit: Path | None) -> None:
    """Try every table, role, action and context, and compare with the access matrix."""
    from tenancy import demo, report  # noqa: PLC0415

    with demo.filled(dsn) as dba:
        result = run(dba)
    for path, render in ((html, report.html), (junit, report.junit)):
        if path:
            path.write_text(render(result), encoding="utf-8")
    if not as_json:
        report.table(result)
    figures = counts(result)
    console.emit(
        ok=bool(result.cells) and not result.unexpected and not result.not_run,
        summary="{cells} cells, {unexpected} unexpected, {not_run} not run".format(**figures),
        counts=figures,
        as_json=as_json,
        failures=[asdict(c) for c in result.unexpected + result.not_run],
    )
