"""The policy matrix: every table, role, action and context, tried as the real role.

Registered tables come from the registry, columns and keys from the catalog, expectations from
tenancy.access_matrix; tenancy/surface.py adds every other table, function and schema. Each cell is
undone. A cell that was not executed counts as failed.
"""

import secrets
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import click
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from tenancy import console, paths, surface
from tenancy.surface import Cell

Connection = psycopg.Connection[Any]

GRID = ("customer", "staff", "manager", "admin")
#: login, console and operator are the three logins without a tenant role; owner is a definer
#: function of the table's owner.
ROLES = (*GRID, "login", "console", "operator", "owner")
#: stranger is another person of the own tenant.
CONTEXTS = ("own", "other", "none", "suspended", "forged", "stranger")
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
    "reassign",
    "blind_update",
    "blind_delete",
)
_OWNERS = frozenset(
    ("select", "insert", "insert_forge", "update", "update_hijack", "delete", "upsert", "merge")
)
_INSERTS = frozenset(("insert", "insert_forge", "upsert"))
#: Blind: the statement reads no column, so that only its own policy applies, not that of SELECT.
_BLIND = frozenset(("blind_update", "blind_delete"))
_STRANGERS = _BLIND | {"select", "insert", "update", "delete", "upsert", "merge"}
_NOT_RUN = "not run"


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
    owner: str
    subject: str | None
    key: str
    columns: list[str]
    unique_text: list[str]
    one_row: bool
    foreign: list[tuple[str, str]]
    rules: dict[tuple[str, str], tuple[str, list[str]]]
    every_column: list[str]
    #: Columns that any UPDATE may set to their default.
    free: list[str]
    #: Whose table it is, a name in Probe: own (any tenant) or dedicated.
    place: str = "own"
    own: dict[str, Any] | None = None
    other: dict[str, Any] | None = None
    stranger: dict[str, Any] | None = None
    #: Key of the other tenant's row in each table: what a foreign key must not reach.
    others: dict[str, str] = field(default_factory=dict)

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

    def free_for(self, role: str) -> str:
        """Return a column that a role may set to its default, else any; empty if there is none."""
        columns = self.rules.get((role, "update"), ("", []))[1]
        return next((c for c in self.free if c in columns), self.free[0] if self.free else "")


# What the matrix reads ----------------------------------------------------------------------------

_TABLES = """
SELECT
    p.schema_name, p.table_name, pg_get_userbyid(c.relowner), p.subject_column,
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
     WHERE m.resource = p.resource),
    ARRAY(SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = c.oid
          AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum),
    ARRAY(SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = c.oid
          AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
          AND (a.atthasdef OR NOT a.attnotnull) AND NOT a.attname = ANY (p.server_columns)
          AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid
                          AND a.attnum = ANY (i.indkey))
          AND NOT EXISTS (SELECT FROM pg_constraint AS f WHERE f.conrelid = c.oid
                          AND a.attnum = ANY (f.conkey)) ORDER BY a.attnum)
FROM tenancy.registered_table AS p
JOIN pg_namespace AS n ON n.nspname = p.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
WHERE p.tenant_id IS NULL OR p.tenant_id = %s
ORDER BY p.schema_name, p.table_name
"""

#: The oldest tenant in a schema of its own stands for all of these.
_DEDICATED = """
SELECT t.id FROM tenancy_private.tenant AS t
JOIN tenancy_private.node AS n ON n.region = t.region
WHERE t.status = 'active' AND t.placement = 'dedicated' ORDER BY t.created_at LIMIT 1
"""


def tables(conn: Connection, dedicated: uuid.UUID | None = None) -> list[Table]:
    """Return every shared table of the registry, and those of one tenant's own schema.

    With keys, columns and the rules of the grid.
    """
    found = []
    for schema, name, owner, subject, key, columns, *more in conn.execute(_TABLES, [dedicated]):
        texts, one_row, foreign, rules, every, free = more
        grid = {(r, c): (scope, cols or columns) for r, c, scope, cols in rules or []}
        links = [(column, parent) for column, parent in foreign]
        found.append(
            Table(
                schema, name, owner, subject, key, columns, texts, one_row, links, grid, every, free
            )
        )
        if dedicated and schema == f"t_{dedicated.hex}":
            found[-1].place = "dedicated"
    return found


class Probe:
    """The tables as they were promised, sample rows, and credentials made for one run."""

    def __init__(self, dba: str) -> None:
        self.dba = dba
        self.keys: list[uuid.UUID] = []
        self.credentials: dict[tuple[str, str, str], str] = {}
        self.suspended = uuid.uuid4()
        self.own = self.other = uuid.UUID(int=0)
        self.dedicated: uuid.UUID | None = None
        with psycopg.connect(dba) as conn:
            with suppress(psycopg.errors.InsufficientPrivilege), conn.transaction():
                self.dedicated = (conn.execute(_DEDICATED).fetchone() or (None,))[0]
            self.tables = tables(conn, self.dedicated)
            self.surface = surface.read(conn, {t.schema for t in self.tables})

    def at(self, dba: str) -> Self:
        """Return this probe for a copy of its database, where its credentials are valid too."""
        other = copy(self)
        other.dba = dba
        return other

    @contextmanager
    def backstage(self, roles: Collection[str]) -> Iterator[tuple[Connection, sql.Identifier]]:
        """Open a transaction of the DBA, to be rolled back, that may take roles.

        In it is a schema where every role may create: whoever holds REFERENCES needs a table of
        their own to use it, and a definer function has to be somewhere.
        """
        stage = sql.Identifier(f"matrix_{secrets.token_hex(4)}")
        with psycopg.connect(self.dba) as conn:
            for role in roles:
                if conn.execute(
                    "SELECT NOT pg_has_role(%s::text, 'MEMBER') FROM pg_roles "
                    "WHERE rolname = current_user AND NOT rolsuper",
                    [role],
                ).fetchone() == (True,):
                    conn.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
            conn.execute(
                sql.SQL("CREATE SCHEMA {0}; GRANT ALL ON SCHEMA {0} TO PUBLIC").format(stage)
            )
            yield conn, stage
            conn.rollback()

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

    def choose(self) -> None:
        """Find two tenants with a row in every table, read as their own managers."""
        candidates = [t for t in self.tables if t.place == "own"]
        with self.kernel() as conn:
            conn.execute(
                "INSERT INTO tenancy_private.tenant (id, slug, name, industry, status, region) "
                "SELECT %s, %s, 'Matrix probe', 'hotel', 'suspended', region "
                "FROM tenancy_private.node",
                [self.suspended, f"matrix-{self.suspended.hex[:8]}"],
            )
            ids = conn.execute(
                "SELECT t.id FROM tenancy_private.tenant AS t JOIN tenancy_private.node AS n "
                "ON n.region = t.region WHERE t.status = 'active' AND t.placement = 'shared' "
                "ORDER BY t.created_at LIMIT 12"
            ).fetchall()
        best: list[tuple[int, uuid.UUID, dict[str, list[Any]]]] = []
        full = sum(2 if t.subject else 1 for t in candidates)
        for (tenant,) in ids:
            rows = self._sample(tenant, candidates)
            best.append((sum(map(len, rows.values())), tenant, rows))
            if sum(count == full for count, *_ in best) == 2:
                break
        if len(best) < 2:
            raise click.ClickException("the matrix needs two active tenants: tenancy fuzz first")
        (_, self.own, mine), (_, self.other, theirs) = sorted(best, key=lambda b: -b[0])[:2]
        for table in candidates:
            table.own, table.stranger = (*mine[table.label], None, None)[:2]
            table.other = (*theirs[table.label], None)[0]
        self._choose_dedicated(theirs)
        others = {t.label: str(t.other[t.key]) for t in self.tables if t.other is not None}
        for table in self.tables:
            table.others = others

    def _choose_dedicated(self, theirs: dict[str, list[Any]]) -> None:
        """Give the tables of an own schema their rows; the other tenant's are in the shared ones."""
        tables = [t for t in self.tables if t.place == "dedicated"]
        mine = self._sample(self.dedicated, tables) if self.dedicated else {}
        for table in tables:
            table.own, table.stranger = (*mine[table.label], None, None)[:2]
            table.other = (*theirs[f"app.{table.name}"], None)[0]

    def _sample(self, tenant: uuid.UUID, candidates: list[Table]) -> dict[str, list[Any]]:
        rows = {}
        credential = self.key(tenant, "manager")
        with psycopg.connect(make_conninfo(self.dba, user="tenancy_gateway")) as conn:
            conn.execute("SELECT tenancy.enter(%s)", [credential])
            for table in candidates:
                text = "SELECT to_jsonb(_row.*) FROM {} AS _row LIMIT 1"
                if table.subject:  # two people's rows, where there are two
                    text = (
                        "SELECT to_jsonb(_row.*) FROM (SELECT DISTINCT ON ({1}) * FROM {0} "
                        "ORDER BY {1} NULLS LAST LIMIT 2) AS _row"
                    )
                query = sql.SQL(text).format(table.ident, sql.Identifier(table.subject or ""))
                rows[table.label] = [row for (row,) in conn.execute(query)]
                if table.subject:
                    rows[table.label][1:] = [
                        row for row in rows[table.label][1:] if row[table.subject]
                    ]
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
    aims = {"other": table.other, "stranger": table.stranger}
    if table.place == "dedicated":  # where the other tenant is the one who acts
        del aims["other"]
    aim = aims.get(context, table.own)
    row = dict(aim or {})
    foreign_tenant = (table.other or {})["tenant_id"]
    key, target = sql.Identifier(table.key), table.ident
    where = sql.SQL("tenant_id = %(tenant)s AND {key}::text = %(key)s").format(key=key)
    bind: dict[str, Any] = {"tenant": row["tenant_id"], "key": str(row[table.key])}

    if action == "select":
        query = sql.SQL("SELECT tenant_id FROM {} WHERE {}").format(target, where)
        return conn.execute(query, bind).rowcount
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
    if action == "blind_delete":
        return conn.execute(sql.SQL("DELETE FROM {}").format(target)).rowcount
    if action == "blind_update":
        free = sql.Identifier(table.free_for(role))
        return conn.execute(sql.SQL("UPDATE {} SET {} = DEFAULT").format(target, free)).rowcount
    if action == "reassign":
        query = sql.SQL("UPDATE {} SET {} = %(heir)s").format(
            target, sql.Identifier(table.subject or "")
        )
        if role != "customer":
            query += sql.SQL(" WHERE {}").format(where)
        heir = (table.stranger or {})[table.subject or ""]
        return conn.execute(query, {**bind, "heir": heir}).rowcount
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
            aim = table.stranger if context == "stranger" else table.own
            row[table.key] = (aim or {})[table.key]
    if action == "insert" and context != "other":
        columns.remove("tenant_id")
    if action == "insert_forge":
        row["tenant_id"] = foreign_tenant
    if action == "foreign_key" and not _links(table, role):
        statement = sql.SQL("ALTER TABLE {} ADD FOREIGN KEY (tenant_id) REFERENCES {}")
        return _count(conn, statement.format(table.ident, table.ident))
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    conflict: sql.Composable = sql.SQL("")
    if action == "upsert":
        conflict = sql.SQL("ON CONFLICT (tenant_id, {k}) DO UPDATE SET {k} = excluded.{k}").format(
            k=sql.Identifier(table.key)
        )
    query = sql.SQL(
        "INSERT INTO {t} ({names}) SELECT {names} FROM jsonb_populate_record(NULL::{t}, %s) {conflict}"
    ).format(t=table.ident, names=names, conflict=conflict)
    if action != "foreign_key":
        return conn.execute(query, [Jsonb(row)]).rowcount
    refused: psycopg.Error | None = None
    for column, parent in _links(table, role):
        value = table.others.get(parent, str(uuid.uuid4()))
        try:
            with conn.transaction():
                conn.execute(query, [Jsonb({**row, column: value})])
                return 1
        except psycopg.errors.ForeignKeyViolation as error:
            refused = error
    raise refused or AssertionError


def _links(table: Table, role: str) -> list[tuple[str, str]]:
    """Return the foreign keys a role may fill in: a customer's own subject column is fixed."""
    scope = table.rules.get((role, "insert"), ("", []))[0]
    return [link for link in table.foreign if not (scope == "subject" and link[0] == table.subject)]


def expectation(table: Table, role: str, action: str, context: str) -> str:
    """Say what the access matrix promises for a cell: allowed, empty, or an SQLSTATE."""
    if context == "suspended":
        return "TN001"
    if role == "owner":
        return _of_owner(table, action, context)
    if role not in GRID or action in {"truncate", "update_hijack"}:
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
        "reassign": ("update", "select"),
        "blind_update": ("update",),
        "blind_delete": ("delete",),
        # A fact about PostgreSQL: DELETE exists per table only, and brings LOCK TABLE with it.
        "lock": ("delete",),
    }[action]
    if not table.may(role, *needs):
        return "42501"
    if action in {"lock", "copy_in"}:
        return {"lock": "allowed", "copy_in": "0A000"}[action]
    inserts = action in _INSERTS or (action == "foreign_key" and bool(_links(table, role)))
    if table.place == "dedicated" and context == "other" and inserts:
        return "TN040"
    if action in {"insert_forge"}:
        return "42501"
    if action == "foreign_key":
        fills = bool(_links(table, role)) and context == "own"
        return "23503" if fills else "42501"
    scopes = {table.rules[role, command][0] for command in needs}
    writes = action in {"insert", "upsert"}
    if action == "reassign" and context == "own":
        if table.subject not in table.rules[role, "update"][1]:
            return "42501"
        if table.subject == table.key:
            return "TN009"
        return "42501" if "subject" in scopes else "allowed"
    if context == "own" or (context == "stranger" and scopes == {"tenant"}):
        return "allowed"
    if action == "merge" and context == "stranger" and table.rules[role, "select"][0] == "tenant":
        return "42501"  # MERGE refuses a row that is seen and may not be changed
    return "42501" if writes else "empty"


def _of_owner(table: Table, action: str, context: str) -> str:
    """Say what a definer function of the table's owner may do: work, and only inside the tenant."""
    if table.place == "dedicated" and context == "other" and action in _INSERTS:
        return "TN040"
    if action == "insert_forge" or (action in {"insert", "upsert"} and context != "own"):
        return "42501"
    if context != "own":
        return "empty"
    return "TN009" if action == "update_hijack" else "allowed"


def is_cell(table: Table, role: str, action: str, context: str) -> bool:
    """Whether a combination means anything."""
    if action == "reassign" and (not table.subject or context not in {"own", "none", "forged"}):
        return False
    if action == "blind_update" and not table.free_for(role):
        return False
    if context == "stranger" or action in _BLIND:
        if context != "stranger":
            return False
        return role == "customer" and bool(table.subject) and action in _STRANGERS
    if role == "owner":
        return action in _OWNERS and context != "suspended"
    return role not in {"console", "operator"} or context in {"own", "none", "forged"}


class _Session:
    """Connections of the logins, and how each context is put in place."""

    def __init__(self, probe: Probe, stack: list[Connection]) -> None:
        self.probe = probe
        self.stack = stack
        self.logins: dict[str, Connection] = {}

    @cached_property
    def stolen(self) -> str:
        """The context of another connection, which stays open: the other tenant's manager's."""
        victim = self.login("manager", fresh=True)
        victim.execute("SELECT tenancy.enter(%s)", [self._credential("other", "manager")])
        row = victim.execute("SELECT current_setting('tenancy.context')").fetchone()
        return str(row[0]) if row else ""

    def login(self, role: str, *, fresh: bool = False) -> Connection:
        name = {"admin": "console", "console": "console", "operator": "operator"}.get(
            role, "gateway"
        )
        if fresh or name not in self.logins:
            conn = psycopg.connect(make_conninfo(self.probe.dba, user=f"tenancy_{name}"))
            self.stack.append(conn)
            if fresh:
                return conn
            self.logins[name] = conn
        return self.logins[name]

    def _credential(self, place: str, role: str, actor: object = None) -> str:
        """Return a credential of the probe, made when it is first needed."""
        cache, name = self.probe.credentials, (place, role, str(actor))
        if name not in cache:
            tenant: uuid.UUID = getattr(self.probe, place)  # own, dedicated, other, suspended
            cache[name] = (
                self.probe.ticket(tenant)
                if role == "admin"
                else self.probe.key(tenant, role, actor)
            )
        return cache[name]

    def enter(self, conn: Connection, table: Table, role: str, context: str) -> None:
        """Enter the own, or the suspended, tenant; a customer is the person of the sample row."""
        place = "suspended" if context == "suspended" else table.place
        mine = table.own or {}
        if table.place == "dedicated" and context == "other":
            place, mine = "other", table.other or {}
        if role == "operator":
            tenant = getattr(self.probe, place)
            conn.execute("SELECT tenancy.enter_system(%s, 'policy matrix')", [tenant])
            return
        actor = mine.get(table.subject or "") if role == "customer" else None
        if context == "nobody":  # a customer without a row of their own
            actor = self.probe.suspended
        grid_role = {"login": "staff", "console": "admin", "owner": "manager"}.get(role, role)
        credential = self._credential(place, grid_role, actor)
        conn.execute("SELECT tenancy.enter(%s)", [credential])

    def put(self, conn: Connection, table: Table, role: str, context: str) -> None:
        """Put a context in place on a fresh transaction."""
        grid_role = "manager" if role == "owner" else role
        if context not in {"none", "forged"}:
            self.enter(conn, table, role, context)
            if role in {"login", "console"}:
                conn.execute("SET LOCAL ROLE NONE")
            return
        if grid_role in GRID:
            conn.execute(
                sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(f"tenancy_{grid_role}"))
            )
        if context == "forged":
            conn.execute(sql.SQL("SET LOCAL tenancy.context = {}").format(sql.Literal(self.stolen)))


def _verdict(
    conn: Any,  # noqa: ANN401
    table: Table,
    role: str,
    action: str,
    context: str,
) -> str:
    try:
        return "allowed" if attempt(conn, table, role, action, context) else "empty"
    except psycopg.Error as error:
        return _state(error, table, action)


def _state(error: psycopg.Error, table: Table, action: str) -> str:
    state = error.sqlstate or _NOT_RUN
    # The policy let the row through and a constraint stopped it afterwards: that is access.
    passed = {("delete", "23503")}
    if table.one_row or table.subject == table.key:
        passed |= {("insert", "23505"), ("delete", "23503")}
    return "allowed" if (action, state) in passed else state


def _grid_cells(
    session: _Session, table: Table, role: str, chosen: list[tuple[str, str]]
) -> Iterator[Cell]:
    """Try actions as the real login: one transaction per context, each action undone in it."""
    conn = session.login(role)
    # Who acts blindly is a customer without a row of their own.
    places = {pair: "nobody" if pair[0] in _BLIND else pair[1] for pair in chosen}
    for place in dict.fromkeys(places.values()):
        staged = False
        for action, context in (pair for pair in chosen if places[pair] == place):
            try:
                if staged:
                    conn.execute("ROLLBACK TO staged")
                else:
                    session.put(conn, table, role, place)
                    conn.execute("SAVEPOINT staged")
                    staged = True
                verdict = _verdict(conn, table, role, action, context)
            except psycopg.Error as error:
                verdict = _state(error, table, action)
                conn.rollback()
            expected = expectation(table, role, action, context)
            yield Cell(table.label, role, action, context, expected, verdict)
        conn.rollback()


class _Definer:
    """Runs statements as a SECURITY DEFINER function of the table's owner does."""

    def __init__(self, conn: Connection, stage: sql.Identifier, owner: str) -> None:
        self.conn = conn
        self.call = sql.SQL("SELECT {}.as_owner(%s)").format(stage)
        conn.execute(
            sql.SQL(
                "SET LOCAL ROLE {1}; CREATE FUNCTION {0}.as_owner(text) RETURNS bigint "
                "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS "
                "'DECLARE n bigint; BEGIN EXECUTE $1; GET DIAGNOSTICS n = ROW_COUNT; RETURN n; END';"
                "RESET ROLE"
            ).format(stage, sql.Identifier(owner))
        )
        self.rowcount = 0

    def execute(self, query: sql.Composed, bind: Any = None) -> "_Definer":  # noqa: ANN401
        text = psycopg.ClientCursor(self.conn).mogrify(query, bind)
        row = self.conn.execute(self.call, [text]).fetchone()
        self.rowcount = row[0] if row else 0
        return self


def _owner_cells(session: _Session, table: Table, chosen: list[tuple[str, str]]) -> Iterator[Cell]:
    """Try what a definer function of the owner can reach, in each context."""
    with session.probe.backstage([table.owner, "tenancy_manager"]) as (conn, stage):
        definer = _Definer(conn, stage, table.owner)
        conn.execute("SAVEPOINT staged")
        for action, context in chosen:
            conn.execute("ROLLBACK TO staged")
            try:
                # "other" is the own context and a row of the other tenant.
                if context != "none":
                    session.put(conn, table, "owner", context)
                verdict = _verdict(definer, table, "owner", action, context)
            except psycopg.Error as error:
                verdict = _state(error, table, action)
            yield Cell(
                table.label, "owner", action, context, _of_owner(table, action, context), verdict
            )


def _table_cells(session: _Session, table: Table, roles: Collection[str]) -> Iterator[Cell]:
    for role in (r for r in ROLES if r in roles):
        chosen = [(a, c) for a in ACTIONS for c in CONTEXTS if is_cell(table, role, a, c)]
        missing = [None for row in (table.own, table.other) if row is None]
        needs_stranger = {(a, c) for a, c in chosen if c == "stranger" or a == "reassign"}
        ready = [
            pair
            for pair in chosen
            if not missing and (table.stranger is not None or pair not in needs_stranger)
        ]
        for action, context in chosen:
            if (action, context) not in ready:
                expected = expectation(table, role, action, context)
                why = f"{_NOT_RUN}: no row of both tenants" + (
                    "" if missing else ", or of two people"
                )
                yield Cell(table.label, role, action, context, expected, why)
        if role == "owner":
            yield from _owner_cells(session, table, ready) if ready else ()
            continue
        yield from _grid_cells(session, table, role, ready)


def prepare(dba: str) -> Probe:
    """Read what is promised, choose two tenants and make credentials; `withdraw` takes them back."""
    probe = Probe(dba)
    probe.choose()
    return probe


def cells(
    probe: Probe, *, tables: Collection[str] | None = None, roles: Collection[str] = ROLES
) -> Iterator[Cell]:
    """Try the cells of some registered tables (default: all) and roles, one after the other."""
    stack: list[Connection] = []
    try:
        session = _Session(probe, stack)
        for table in probe.tables:
            if tables is None or table.label in tables:
                yield from _table_cells(session, table, roles)
    finally:
        for conn in stack:
            conn.close()


def run(dba: str) -> Result:
    """Try every cell on the database of a DBA's DSN and compare with the access matrix."""
    probe, result = Probe(dba), Result()
    try:
        probe.choose()
        with console.progress() as bars:
            task = bars.add_task("policy matrix", total=len(probe.tables) + 1)
            for table in probe.tables:
                bars.update(task, description=table.label)
                result.cells += cells(probe, tables=[table.label])
                bars.advance(task)
            bars.update(task, description="everything else")
            result.cells += surface.cells(probe)
            bars.advance(task)
    finally:
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
