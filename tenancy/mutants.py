"""Every mutant of a database that weakens protection, derived from its live catalog."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from tenancy import checks, paths, surface
from tenancy.weakenings import CONTEXT, WEAKENINGS

Connection = psycopg.Connection[Any]

#: Roles that a mutant grants to: the application's, and everybody.
GRANTEES = (*surface.ROLES[:8], "PUBLIC")
#: Kinds for which a catalog check alone is no kill.
BY_BEHAVIOUR = ("policy", "rls", "force", "grant", "context")


@dataclass(frozen=True)
class Mutant:
    """One weakening: a statement for a copy of the database, and where to look first."""

    kind: str
    name: str
    statement: str
    #: Things whose cells are tried first, and as whom.
    labels: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    #: For what belongs to the whole cluster: the statement that takes it back.
    undo: str = ""
    #: For a copy that sql/harden.sql was applied to.
    hardened: bool = False

    @property
    def id(self) -> str:
        """Kind and name, as in tests/mutants/equivalent.toml."""
        return f"{self.kind}: {self.name}"


def derive(conn: Connection) -> list[Mutant]:
    """Return every mutant of the database that a superuser's connection is in."""
    conn.execute("SET search_path = pg_catalog")
    schemas = [row[0] for row in conn.execute("SELECT schema_name FROM tenancy.protected_table")]
    ours = sorted({*schemas, *surface.OURS})
    found = [
        mutant
        for source in (_policies, _tables, _grants, _triggers)
        for mutant in source(conn, [*ours, *own_schemas(conn)])
    ]
    # Keys of an own schema that lack tenant_id are no weaker, for there is one tenant in it.
    found += [m for source in (_constraints, _functions) for m in source(conn, ours)]
    return [*found, *_hardening(conn), *_roles(conn)]


def own_schemas(conn: Connection) -> list[str]:
    """Return the schema of one dedicated tenant: the same walls, weakened in the same ways."""
    query = (
        "SELECT id FROM tenancy_private.tenant WHERE placement = 'dedicated' ORDER BY id LIMIT 1"
    )
    return [f"t_{tenant.hex}" for (tenant,) in conn.execute(query)]


# Policies and tables ------------------------------------------------------------------------------

_POLICIES = """
SELECT format('%%I.%%I', n.nspname, c.relname), n.nspname || '.' || c.relname, p.polname,
    NOT p.polpermissive,
    coalesce((SELECT r.rolname FROM pg_roles AS r WHERE r.oid = ANY (p.polroles)
              ORDER BY r.rolname DESC LIMIT 1), 'tenancy_staff'),
    pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid)
FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%s) ORDER BY 1, 3
"""


def _policies(conn: Connection, ours: list[str]) -> Iterator[Mutant]:
    for table, label, name, restrictive, role, using, check in conn.execute(_POLICIES, [ours]):
        policy = sql.Identifier(name).as_string(conn)

        def mutant(
            how: str,
            statement: str,
            label: str = label,
            name: str = name,
            role: str = role,
        ) -> Mutant:
            roles = (role.removeprefix("tenancy_"),)
            return Mutant("policy", f"{label} {name}: {how}", statement, (label,), roles)

        yield mutant("drop", f"DROP POLICY {policy} ON {table}")
        if restrictive:
            yield mutant(
                "permissive",
                f"DROP POLICY {policy} ON {table}; CREATE POLICY {policy} ON {table} "
                f"USING ({using}) WITH CHECK ({check or using})",
            )
        if using not in {None, "true"}:
            yield mutant("USING (true)", f"ALTER POLICY {policy} ON {table} USING (true)")
        if check not in {None, "true"}:
            yield mutant("WITH CHECK (true)", f"ALTER POLICY {policy} ON {table} WITH CHECK (true)")


_TABLES = """
SELECT format('%%I.%%I', n.nspname, c.relname), n.nspname || '.' || c.relname,
    c.relrowsecurity, c.relforcerowsecurity
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p') ORDER BY 1
"""


def _tables(conn: Connection, ours: list[str]) -> Iterator[Mutant]:
    for table, label, enabled, forced in conn.execute(_TABLES, [ours]):
        if enabled:
            off = f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
            yield Mutant("rls", f"{label}: disable", off, (label,), ("staff",))
        if forced:
            off = f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"
            yield Mutant("force", f"{label}: no force", off, (label,), ("owner",))


# Privileges ---------------------------------------------------------------------------------------

# Each privilege this server knows for a kind of object, minus what the grantee has. Without USAGE of
# the schema a grant would be inert, so the mutant brings that with it.
_GRANTS = """
WITH object AS (
    SELECT 'r'::"char" AS kind, 'TABLE' AS word, format('%%I.%%I', n.nspname, c.relname) AS name,
        n.nspname || '.' || c.relname AS label, c.relacl AS acl, c.relowner AS owner,
        n.oid AS schema
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (%(ours)s) AND c.relkind IN ('r', 'p')
    UNION ALL
    SELECT 'n', 'SCHEMA', format('%%I', n.nspname), 'schema ' || n.nspname, n.nspacl, n.nspowner, NULL
    FROM pg_namespace AS n WHERE n.nspname = ANY (%(ours)s)
    UNION ALL
    SELECT 'd', 'DATABASE', '{database}', 'database', d.datacl, d.datdba, NULL
    FROM pg_database AS d WHERE d.datname = current_database()
)
SELECT o.word, o.name, o.label, g.role, p.privilege_type,
    (SELECT nspname FROM pg_namespace AS n WHERE n.oid = o.schema
     AND NOT EXISTS (SELECT FROM aclexplode(n.nspacl) AS a WHERE a.grantee = coalesce(r.oid, 0)
                     AND a.privilege_type = 'USAGE'))
FROM object AS o
CROSS JOIN unnest(%(grantees)s::text[]) AS g (role)
LEFT JOIN pg_roles AS r ON r.rolname = 'tenancy_' || g.role
CROSS JOIN LATERAL aclexplode(acldefault(o.kind, o.owner)) AS p
WHERE p.grantee = o.owner AND p.privilege_type <> 'CONNECT' AND NOT EXISTS (
    SELECT FROM aclexplode(o.acl) AS a
    WHERE a.grantee = coalesce(r.oid, 0) AND a.privilege_type = p.privilege_type
)
ORDER BY 1, 2, 4, 5
"""

_TENANT_COLUMNS = """
SELECT format('%%I.%%I', n.nspname, c.relname), n.nspname || '.' || c.relname, n.nspname, g.role
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
CROSS JOIN unnest(%(grantees)s::text[]) AS g (role)
WHERE n.nspname = ANY (%(ours)s) AND c.relkind IN ('r', 'p') ORDER BY 1, 4
"""


def _grants(conn: Connection, ours: list[str]) -> Iterator[Mutant]:
    bind = {"ours": ours, "grantees": list(GRANTEES)}
    usage: dict[tuple[str, str], str] = {}
    for word, name, label, role, privilege, closed in conn.execute(_GRANTS, bind):
        to = role if role == "PUBLIC" else f"tenancy_{role}"
        first = f'GRANT USAGE ON SCHEMA "{closed}" TO {to}; ' if closed else ""
        if closed:
            usage[closed, role] = first
        statement = f"{first}GRANT {privilege} ON {word} {name} TO {to}"
        roles = surface.ROLES if role == "PUBLIC" else (role,)
        yield Mutant("grant", f"{privilege} on {label} to {to}", statement, (label,), roles)
    for name, label, schema, role in conn.execute(_TENANT_COLUMNS, bind):
        to = role if role == "PUBLIC" else f"tenancy_{role}"
        statement = f"{usage.get((schema, role), '')}GRANT UPDATE (tenant_id) ON {name} TO {to}"
        roles = surface.ROLES if role == "PUBLIC" else (role,)
        yield Mutant("grant", f"UPDATE (tenant_id) on {label} to {to}", statement, (label,), roles)


# Triggers and constraints -------------------------------------------------------------------------

_TRIGGERS = """
SELECT format('%%I.%%I', n.nspname, c.relname), n.nspname || '.' || c.relname, t.tgname
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND n.nspname = ANY (%s)
    -- Those that count are the same functions as in app, where they are taken away.
    AND (n.nspname !~ '^t_' OR t.tgname ~ '_(keep_identity|refuse_misplaced)$')
ORDER BY 1, 3
"""


def _triggers(conn: Connection, ours: list[str]) -> Iterator[Mutant]:
    for table, label, name in conn.execute(_TRIGGERS, [ours]):
        statement = f'DROP TRIGGER "{name}" ON {table}'
        roles = ("owner",) if "identity" in name else ("none",)
        yield Mutant("trigger", f"{label} {name}: drop", statement, (label,), roles)


_CONSTRAINTS = """
SELECT format('%%I.%%I', n.nspname, c.relname), n.nspname || '.' || c.relname, k.conname,
    k.contype::text, array_length(k.conkey, 1), k.confrelid::regclass::text,
    pg_get_constraintdef(k.oid),
    EXISTS (SELECT FROM pg_attribute AS t WHERE t.attrelid = c.oid AND t.attname = 'created_at')
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE n.nspname = ANY (%(ours)s) AND k.contype IN ('p', 'u', 'f', 'x')
    AND a.attnum = ANY (k.conkey)
UNION ALL
SELECT format('%%I.%%I', n.nspname, c.relname), n.nspname || '.' || c.relname, x.relname, 'i',
    i.indnkeyatts, NULL, pg_get_indexdef(x.oid),
    EXISTS (SELECT FROM pg_attribute AS t WHERE t.attrelid = c.oid AND t.attname = 'created_at')
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
JOIN pg_class AS x ON x.oid = i.indexrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE n.nspname = ANY (%(ours)s) AND i.indisunique AND a.attnum = ANY (i.indkey)
    AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = x.oid)
ORDER BY 1, 3
"""


def _constraints(conn: Connection, ours: list[str]) -> Iterator[Mutant]:
    # Rows that the loader made may collide; only new ones have to.
    now = conn.execute("SELECT clock_timestamp()::text").fetchone()
    since = f" WHERE created_at >= '{now[0] if now else ''}'"
    found = conn.execute(_CONSTRAINTS, {"ours": ours}).fetchall()
    for table, label, name, kind, columns, parent, text, dated in found:
        roles = ("manager",) if kind == "f" and columns > 1 else ("none",)
        drop = f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE'
        if kind == "i":
            drop = f'DROP INDEX {table.split(".")[0]}."{name}"'
        yield Mutant("constraint", f"{label} {name}: drop", drop, (label,), roles)
        if columns < 2:
            continue
        rest = text[text.index("(tenant_id, ") :].replace("(tenant_id, ", "(")
        if kind == "f":
            key = rest[: rest.index(")") + 1]
            target = rest[rest.index("REFERENCES") :]
            unique = f"CREATE UNIQUE INDEX ON {parent} {target[target.index('(') :].split(')')[0]})"
            narrow = f"{unique}; {drop}; ALTER TABLE {table} ADD FOREIGN KEY {key} {target}"
        else:
            narrow = f"CREATE UNIQUE INDEX ON {table} {rest}" + (since if dated else "")
        name_ = f"{label} {name}: without tenant_id"
        yield Mutant("constraint", name_, narrow, (label,), roles)


# Functions ----------------------------------------------------------------------------------------

_FUNCTIONS = """
SELECT n.nspname || '.' || p.proname, p.oid::regprocedure::text, p.prosecdef,
    EXISTS (SELECT FROM unnest(p.proconfig) AS c WHERE c LIKE 'search_path=%%'),
    EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
            WHERE a.grantee = 0),
    EXISTS (SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee <> p.proowner),
    n.nspname, pg_get_functiondef(p.oid)
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = ANY (%s) AND p.prokind = 'f' ORDER BY 2
"""


class StaleError(Exception):
    """A named replacement no longer fits the source of its function."""


def _functions(conn: Connection, _: list[str]) -> Iterator[Mutant]:
    sources = {}
    for name, signature, definer, has_path, public, granted, schema, text in conn.execute(
        _FUNCTIONS, [list(surface.OURS)]
    ):
        sources[name] = (signature, text)
        change = f"ALTER FUNCTION {signature}"
        to = "INVOKER" if definer else "DEFINER"
        how = f"{change} SECURITY {to}"
        yield Mutant("definer", f"{signature} {to.lower()}", how, (name,), ("none",))
        if has_path:
            unset = f"{change} RESET search_path"
            yield Mutant("search_path", f"{signature} unset", unset, (name,), ("none",))
        if not public:
            # Whoever uses the schema already has a function that is granted to somebody.
            usage = f'GRANT USAGE ON SCHEMA "{schema}" TO PUBLIC; ' if granted else ""
            grant = usage + f"GRANT EXECUTE ON FUNCTION {signature} TO PUBLIC"
            yield Mutant("execute", f"{signature} to PUBLIC", grant, (signature,))
    for name in CONTEXT:
        for how in ("IMMUTABLE", "PARALLEL SAFE"):
            change = f"ALTER FUNCTION {sources[name][0]} {how}"
            yield Mutant("context", f"{name}: {how}", change, (name,), ("none",))
    for name, how, pattern, replacement in WEAKENINGS:
        text, count = re.subn(pattern, replacement, sources[name][1], flags=re.S)
        if not count:
            raise StaleError(f"{name}: {how}: its pattern is not in the source any more")
        yield Mutant("context", f"{name}: {how}", text, (name,), ("none",))


# The cluster --------------------------------------------------------------------------------------


def _roles(conn: Connection) -> Iterator[Mutant]:
    """Attributes and memberships: they belong to the whole cluster and are taken back."""
    modern = conn.info.server_version >= 160000
    for role in surface.ROLES[:10]:
        name = f"tenancy_{role}"
        for attribute in ("SUPERUSER", "BYPASSRLS"):
            statement = f"ALTER ROLE {name} {attribute}"
            undo = f"ALTER ROLE {name} NO{attribute}"
            yield Mutant("role", f"{name} {attribute}", statement, ("app.orders",), (role,), undo)
    for member, group in (
        ("staff", "manager"), ("customer", "staff"), ("gateway", "admin"), ("gateway", "owner"),
        ("console", "manager"), ("operator", "manager"), ("builder", "owner"), ("manager", "admin"),
    ):  # fmt: skip
        option = (
            " WITH INHERIT TRUE" if modern and member in {"gateway", "console", "operator"} else ""
        )
        statement = f"GRANT tenancy_{group} TO tenancy_{member}{option}"
        undo = f"REVOKE tenancy_{group} FROM tenancy_{member}"
        if member in {"gateway", "console", "operator"} and not modern:
            statement += f"; ALTER ROLE tenancy_{member} INHERIT"
            undo += f"; ALTER ROLE tenancy_{member} NOINHERIT"
        yield Mutant(
            "role",
            f"tenancy_{member} in tenancy_{group}",
            statement,
            ("app.orders",),
            (member,),
            undo,
        )


_UNHARDEN = "ALTER ROLE tenancy_gateway RESET ALL; DROP ROLE IF EXISTS tenancy_backup"

_REVOKED = """
SELECT p.oid::regprocedure::text FROM pg_proc AS p
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND NOT EXISTS (
    SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
    WHERE a.grantee = 0
) ORDER BY 1
"""


def harden_blocks() -> dict[str, str]:
    """Return the blocks of sql/harden.sql by name, else by their first comment."""
    if named := getattr(checks, "harden_blocks", None):
        blocks: dict[str, str] = named()
        return blocks
    text = (paths.ROOT / "sql/harden.sql").read_text()
    parts = [part for part in re.split(r"\n\n(?=-- )", text) if ";" in part]
    return {part.splitlines()[0].removeprefix("-- "): part for part in parts}


def revoked(conn: Connection) -> list[str]:
    """Return the built-ins that sql/harden.sql takes from PUBLIC, by what it does."""
    before = {row[0] for row in conn.execute(_REVOKED)}
    with conn.transaction(force_rollback=True):
        conn.execute((paths.ROOT / "sql/harden.sql").read_bytes())
        after = [row[0] for row in conn.execute(_REVOKED)]
    return [name for name in after if name not in before]


def _hardening(conn: Connection) -> Iterator[Mutant]:
    """sql/harden.sql without each of its blocks, and without each built-in that it revokes."""
    blocks = harden_blocks()
    for name in blocks:
        rest = "\n".join(text for other, text in blocks.items() if other != name)
        yield Mutant("harden", f"without {name}", rest, ("harden",), ("none",), _UNHARDEN)
    for function in revoked(conn):
        grant = f"GRANT EXECUTE ON FUNCTION pg_catalog.{function} TO PUBLIC"
        yield Mutant("harden", f"without {function}", grant, ("harden",), ("none",), hardened=True)
