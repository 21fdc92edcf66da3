"""What nobody was promised: every other table, every function, schema and the database itself.

The policy matrix tries the registered tables row by row. These cells try each object of the catalog
with each privilege, as each of our roles: 42501, unless the design grants it. The design is here
and in the GRANT EXECUTE lines of functions/, never in the database that is being tried.
"""

import re
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from tenancy import paths

if TYPE_CHECKING:
    from tenancy.matrix import Probe, Table

Connection = psycopg.Connection[Any]

#: The application's roles, the two owners that hold USAGE on more than they own, and a role that is
#: none of ours: what PUBLIC may do.
ROLES = (
    "customer", "staff", "manager", "admin", "gateway", "console", "operator", "builder",
    "owner", "auditor", "nobody",
)  # fmt: skip
OURS = ("tenancy", "tenancy_private", "app")


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
        """Whether the database answered as promised."""
        return self.verdict == self.expected


@dataclass(frozen=True)
class Thing:
    """A table, function, schema or database, with the statement that uses each privilege."""

    label: str
    owner: str
    attempts: dict[str, str]
    #: Roles that the design grants an action to.
    granted: dict[str, frozenset[str]]


_RELATIONS = """
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), c.relkind::text, c.relpersistence::text,
    ARRAY(SELECT quote_ident(a.attname) FROM pg_attribute AS a WHERE a.attrelid = c.oid
          AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum),
    ARRAY(SELECT ARRAY[quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)]
          FROM pg_index AS i
          CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS u (attnum, place)
          JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = u.attnum
          WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY u.place)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname = ANY (%s)
ORDER BY n.nspname, c.relname
"""

_FUNCTIONS = """
SELECT n.nspname, p.proname, pg_get_userbyid(p.proowner), p.oid::regprocedure::text,
    ARRAY(SELECT format('NULL::%%s', t::regtype) FROM unnest(p.proargtypes) AS t)
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = ANY (%s) AND p.prokind IN ('f', 'p')
ORDER BY n.nspname, p.proname
"""

_TRIGGER = "pg_catalog.suppress_redundant_updates_trigger()"


def read(conn: Connection, protected: set[str]) -> list[Thing]:
    """Return everything of our schemas, and of those with protected tables."""
    schemas = sorted(protected | set(OURS))
    found: list[Thing] = []
    inside: dict[str, str] = {}
    for schema, name, owner, kind, lasts, columns, key in conn.execute(_RELATIONS, [schemas]):
        table = sql.Identifier(schema, name).as_string(conn)
        inside.setdefault(schema, table)
        attempts = _on_table(table, kind, columns, key)
        if lasts == "u" and "references" in attempts:  # only an unlogged table may refer to one
            attempts["references"] = attempts["references"].replace("CREATE", "CREATE UNLOGGED", 1)
        found.append(Thing(f"{schema}.{name}", owner, attempts, {}))
    for schema, name, owner, signature, arguments in conn.execute(_FUNCTIONS, [list(OURS)]):
        call = sql.Identifier(schema, name).as_string(conn)
        attempts = {"execute": f"SELECT {call}({', '.join(arguments)}) WHERE false"}
        granted = {"execute": _granted(schema, name)}
        found.append(Thing(signature, owner, attempts, granted))
    for schema in schemas:
        row = conn.execute("SELECT %s::regnamespace, %s", [schema, schema]).fetchone()
        attempts = {"create": f"CREATE TABLE {row[0] if row else ''}.mine (id int)"}
        if schema in inside:
            attempts["usage"] = f"SELECT '{inside[schema]}'::regclass"
        found.append(Thing(f"schema {schema}", _owner(conn, schema), attempts, _usage(schema)))
    attempts = {"temporary": "CREATE TEMPORARY TABLE mine (id int)", "create": "CREATE SCHEMA mine"}
    granted = {"create": frozenset({"owner"})}  # of schemas for tenants of their own
    return [*found, Thing("database", "", attempts, granted)]


def _owner(conn: Connection, schema: str) -> str:
    row = conn.execute(
        "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = %s", [schema]
    ).fetchone()
    return str(row[0]) if row else ""


def _on_table(table: str, kind: str, columns: list[str], key: list[list[str]]) -> dict[str, str]:
    """Return statements that need one privilege each on the whole table, and touch no row."""
    first = "tenant_id" if "tenant_id" in columns else key[0][0] if key else columns[0]
    names, nothing = ", ".join(columns), ", ".join("NULL" for _ in columns)
    attempts = {"select": f"SELECT tableoid FROM {table} WHERE false"}
    if kind not in {"r", "p"}:
        return attempts
    attempts |= {
        "insert": f"INSERT INTO {table} ({names}) SELECT {nothing} WHERE false",
        "update": f"UPDATE {table} SET {first} = NULL WHERE false",
        "delete": f"DELETE FROM {table} WHERE false",
        "truncate": f"TRUNCATE {table}",
        "trigger": f"CREATE TRIGGER mine BEFORE UPDATE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {_TRIGGER}",
        "maintain": f"REINDEX TABLE {table}",
    }
    if key:
        target = ", ".join(name for name, _ in key)
        typed = ", ".join(f"{name} {kind}" for name, kind in key)
        attempts["references"] = (
            f"CREATE TABLE {{stage}}.mine ({typed}, FOREIGN KEY ({target}) "
            f"REFERENCES {table} ({target}))"
        )
    return attempts


# The design ---------------------------------------------------------------------------------------

_KERNEL_GRANTS: dict[tuple[str, str], set[str]] = {
    ("tenancy_private.maintenance", "owner"): {"select", "insert", "delete"},
    ("tenancy_private.tenant", "owner"): {"references"},
}


def expectation(thing: Thing, role: str, action: str, tables: dict[str, "Table"]) -> str:
    """Say what the design gives a role: allowed, or 42501."""
    if table := tables.get(thing.label):
        if role == "owner":  # of a team's table: what export, import and purge need
            is_granted = action in {"select", "insert", "delete"}
        elif action == "delete":
            is_granted = table.may(role, "delete")
        else:  # a grant by column never reaches what only the server writes
            columns = table.rules.get((role, "insert"), ("", []))[1]
            is_granted = action == "insert" and set(table.every_column) <= set(columns)
    elif thing.label.startswith("tenancy.") and "select" in thing.attempts:
        is_granted = action == "select" and role in {"admin", "builder", "owner"}
    else:
        is_granted = role in thing.granted.get(action, ()) or action in _KERNEL_GRANTS.get(
            (thing.label, role), ()
        )
    return "allowed" if is_granted else "42501"


def _usage(schema: str) -> dict[str, frozenset[str]]:
    if schema == "tenancy":
        return {"usage": frozenset(ROLES) - {"nobody"}}
    if schema == "tenancy_private":
        return {"usage": frozenset({"owner"})}
    # Jobs call functions of app; the tables of a team are exported and purged by tenancy_owner.
    also = {"app": {"operator"}, "api": set()}.get(schema, {"owner"})
    return {"usage": frozenset(ROLES[:4]) | also}


def _granted(schema: str, name: str) -> frozenset[str]:
    """Return the roles that the source of a function grants EXECUTE to."""
    path = paths.ROOT / "functions" / schema / f"{name}.sql"
    if not path.exists():
        return frozenset()
    grants = re.findall(r"^GRANT EXECUTE ON FUNCTION [^;]*?\sTO ([^;]*);", path.read_text(), re.M)
    return frozenset(re.findall(r"\btenancy_(\w+)", " ".join(grants)))


# What is tried ------------------------------------------------------------------------------------


def cells(
    probe: "Probe",
    *,
    labels: Collection[str] | None = None,
    roles: Collection[str] = ROLES,
    first: str = "",
) -> Iterator[Cell]:
    """Use each privilege on some things (default: all) as some roles; everything is undone.

    So is the statement that comes first: a grant is tried without a copy of the database.
    """
    tables = {table.label: table for table in probe.tables}
    chosen = [t for t in probe.surface if labels is None or t.label in labels]
    names = [f"tenancy_{role}" for role in ROLES if role in roles and role != "nobody"]
    with probe.backstage(names) as (conn, stage):
        conn.execute(first.encode())
        if "nobody" in roles:
            nobody = f"nobody_{secrets.token_hex(4)}"
            conn.execute(f"CREATE ROLE {nobody}; GRANT {nobody} TO CURRENT_USER".encode())
            names.append(nobody)
        for name in names:
            role = name.removeprefix("tenancy_").partition("_")[0]
            conn.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(name)))
            conn.execute("SAVEPOINT staged")
            for thing in chosen:
                if thing.owner == name:
                    continue
                for action, statement in thing.attempts.items():
                    verdict = _verdict(conn, statement.replace("{stage}", stage.as_string(conn)))
                    expected = expectation(thing, role, action, tables)
                    yield Cell(thing.label, role, action, "privilege", expected, verdict)
            conn.execute("ROLLBACK TO staged; RESET ROLE")


def _verdict(conn: Connection, statement: str) -> str:
    """Try one statement in one message: what the one before did is undone first."""
    try:
        conn.execute(f"ROLLBACK TO staged; {statement}".encode())
    except psycopg.Error as error:
        return error.sqlstate or "not run"
    return "allowed"
