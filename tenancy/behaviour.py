"""Probes of behaviour: what the cells of the matrix cannot see, because it needs a story.

Each is an attack or a promise of the functions, run as the real logins on a copy that is thrown
away. A probe that finds something else than the promise raises Broken.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from tenancy import dev, paths
from tenancy.matrix import Table

Connection = psycopg.Connection[Any]


class Broken(Exception):
    """A promise that the database does not keep."""


def expect(got: object, want: object, what: str) -> None:
    """Compare an answer with the promise."""
    if got != want:
        raise Broken(f"{what}: expected {want}, got {got}")


def one(conn: Connection, query: str, *bind: object) -> Any:  # noqa: ANN401
    """Return the only value of a query, None without a row."""
    row = conn.execute(query, bind).fetchone()
    return row[0] if row else None


def refused(conn: Connection, state: str, what: str, query: str, *bind: object) -> None:
    """Expect an error with exactly this SQLSTATE; the transaction goes on."""
    try:
        with conn.transaction():
            conn.execute(query, bind)
    except psycopg.Error as error:
        expect(error.sqlstate, state, f"{what} ({error.diag.message_primary})")
    else:
        raise Broken(f"{what}: expected {state}, and it was allowed")


@dataclass
class World:
    """A filled database, two tenants, and credentials of every sort."""

    dba: str
    tables: list[Table] = field(default_factory=list)
    ids: dict[str, uuid.UUID] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    #: Built-ins that sql/harden.sql revokes, columns of each unique key beside tenant_id, and tables
    #: with a foreign key to the tenants: as they were before anything was weakened.
    revoked: list[str] = field(default_factory=list)
    unique: dict[str, list[list[str]]] = field(default_factory=dict)
    of_tenants: list[str] = field(default_factory=list)
    #: Of these, those whose rows are deleted with their tenant.
    go_along: frozenset[str] = frozenset()
    #: Settings of every connection, as a libpq option.
    options: str = "-c statement_timeout=20s"

    def connect(self, user: str, **more: Any) -> Connection:  # noqa: ANN401
        """Connect as one of our logins, or as the DBA."""
        login = {} if user == "dba" else {"user": f"tenancy_{user}"}
        return psycopg.connect(make_conninfo(self.dba, options=self.options, **login), **more)

    @contextmanager
    def inside(self, key: str, request: Mapping[str, str] | None = None) -> Iterator[Connection]:
        """Open a transaction inside the tenant of a credential; rolled back at the end."""
        with self.connect("gateway") as conn:
            conn.execute("SELECT tenancy.enter(%s, %s)", [self.keys[key], Jsonb(request or {})])
            yield conn
            conn.rollback()

    @contextmanager
    def admin(self) -> Iterator[Connection]:
        """Open a transaction as tenancy_admin outside any tenant; rolled back at the end."""
        with self.connect("console") as conn:
            conn.execute("SET LOCAL ROLE tenancy_admin")
            yield conn
            conn.rollback()


Probe = Callable[[World], None]
PROBES: dict[str, Probe] = {}
#: Which functions, triggers and constraints each probe is about: it is tried first for those.
ABOUT: dict[str, str] = {}
#: Probes that mean something only on a hardened database, and those repeated on a hostile path.
HARDENED: set[str] = set()
ON_HOSTILE_PATH: set[str] = set()


def probe(about: str, *, hostile: bool = True, hardened: bool = False) -> Callable[[Probe], Probe]:
    """Register a probe under its name."""

    def register(function: Probe) -> Probe:
        name = function.__name__.replace("_", " ").strip()
        PROBES[name], ABOUT[name] = function, about
        if hardened:
            HARDENED.add(name)
        elif hostile:
            ON_HOSTILE_PATH.add(name)
        return function

    return register


# The world ----------------------------------------------------------------------------------------

SECRET = b"a secret of the prover, of 32 bytes or more"
_ISSUER = "https://prover.test"


def prepare(dba: str, own: uuid.UUID, other: uuid.UUID, tables: list[Table]) -> World:
    """Make credentials of every sort in a database that is thrown away afterwards."""
    w = World(dba, tables, {"own": own, "other": other})
    for name in ("far", "suspended", "read_only", "purged"):
        w.ids[name] = uuid.uuid4()
    for name in ("person", "colleague", "guest", "wanderer"):
        w.ids[name] = uuid.uuid4()
    with psycopg.connect(dba) as conn:
        for table in tables:
            found = conn.execute(UNIQUE, [table.ident.as_string(conn)])
            w.unique[table.label] = [columns for (columns,) in found]
        references = conn.execute(OF_TENANTS).fetchall()
        w.of_tenants = [name for name, _ in references]
        w.go_along = frozenset(name for name, cascades in references if cascades)
        w.ids["stranger"] = uuid.uuid4()
        conn.execute(
            "INSERT INTO tenancy.region (code, name) VALUES ('zz', 'Elsewhere') ON CONFLICT DO NOTHING"
        )
        for name in ("far", "suspended", "read_only", "purged"):
            conn.execute(
                "INSERT INTO tenancy_private.tenant (id, slug, name, industry, status, region) "
                "SELECT %s, %s, 'Prover', 'hotel', %s, CASE %s WHEN 'far' THEN 'zz' ELSE region END "
                "FROM tenancy_private.node",
                [w.ids[name], f"prover-{name.replace('_', '-')}",
                 "active" if name == "far" else name, name],
            )  # fmt: skip
        conn.execute(
            "UPDATE tenancy_private.tenant SET custom_domain = 'other.prover.test' WHERE id = %s",
            [other],
        )
        for tenant, person, role in (
            ("own", "person", "manager"), ("own", "guest", "customer"), ("own", "wanderer", "staff"),
            ("other", "wanderer", "staff"), ("own", "colleague", "staff"),
            ("read_only", "person", "staff"),
        ):  # fmt: skip
            conn.execute(
                "INSERT INTO tenancy_private.member (tenant_id, user_id, role) VALUES (%s, %s, %s)",
                [w.ids[tenant], w.ids[person], role],
            )
        for name, tenant, role, actor, life, gone in (
            ("manager", "own", "manager", "person", "1 day", False),
            ("same person as staff", "own", "staff", "person", "1 day", False),
            ("colleague", "own", "staff", "colleague", "1 day", False),
            ("staff", "own", "staff", None, "1 day", False),
            ("customer", "own", "customer", "guest", "1 day", False),
            ("other manager", "other", "manager", None, "1 day", False),
            ("other staff", "other", "staff", None, "1 day", False),
            ("wanderer", "own", "staff", "wanderer", "1 day", False),
            ("expired", "own", "staff", None, "-1 day", False),
            ("revoked", "own", "staff", None, "1 day", True),
            ("far", "far", "staff", None, "1 day", False),
            ("suspended", "suspended", "staff", None, "1 day", False),
            ("read only", "read_only", "staff", "person", "1 day", False),
        ):
            w.keys[name] = "sk_prover_" + secrets.token_urlsafe(24)
            _key(conn, w, name, tenant, role, actor, life, gone=gone)
        w.keys["public"] = "pk_prover_" + secrets.token_urlsafe(24)
        _key(conn, w, "public", "own", "customer", None, "1 day", gone=False)
        for kid, gone in (("live", False), ("gone", True)):
            secret = SECRET + kid.encode()
            conn.execute(
                "INSERT INTO tenancy_private.jwt_issuer "
                "(issuer, kid, audience, ipad, opad, revoked_at) "
                "SELECT %s, %s, 'prover', p.ipad, p.opad, CASE WHEN %s THEN now() END "
                "FROM tenancy_private.hmac_pads(%s) AS p",
                [_ISSUER, kid, gone, secret],
            )
    return w


def _key(
    conn: Connection, w: World, name: str, tenant: str, role: str, actor: str | None, life: str,
    *, gone: bool,
) -> None:  # fmt: skip
    conn.execute(
        "INSERT INTO tenancy_private.api_key "
        "(id, tenant_id, digest, kind, role, actor_id, expires_at, revoked_at) VALUES "
        "(%s, %s, sha256(%s), %s, %s, %s, now() + %s::interval, CASE WHEN %s THEN now() END)",
        [w.ids.setdefault(f"key {name}", uuid.uuid4()), w.ids[tenant], w.keys[name].encode(),
         "public" if name == "public" else "secret", role, w.ids[actor] if actor else None, life, gone],
    )  # fmt: skip


def make_hostile(dba: str) -> None:
    """Make schema hostile: look-alikes of the built-ins that our functions call.

    A tenant cannot; whoever may create in any schema can. Called from a function of ours, each
    raises; called otherwise, it answers as the original, so that the probes themselves work.
    """
    text = "\n".join(
        path.read_text()
        for schema in ("tenancy", "tenancy_private", "app")
        for path in (paths.ROOT / "functions" / schema).glob("*.sql")
    )
    with psycopg.connect(dba) as conn:
        conn.execute(_HOSTILE)
        conn.execute("SELECT hostile.shadow(%s)", [text])


_HOSTILE = r"""
CREATE SCHEMA hostile;
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
CREATE FUNCTION hostile.bite() RETURNS void LANGUAGE plpgsql AS $$
DECLARE v_stack text;
BEGIN
    GET DIAGNOSTICS v_stack = PG_CONTEXT;
    IF pg_catalog.current_setting('hostile.strict', true) OPERATOR(pg_catalog.=) 'on'
        OR v_stack OPERATOR(pg_catalog.~) 'function (tenancy|tenancy_private|app)\.'
        OR v_stack OPERATOR(pg_catalog.~) 'SQL function "'
    THEN
        RAISE EXCEPTION 'a look-alike was called' USING ERRCODE = 'XX777';
    END IF;
END $$;
CREATE FUNCTION hostile.shadow(p_source text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v record;
    v_types text[] := '{text,uuid,name,bytea,boolean,oid,jsonb,"\"char\""}';
BEGIN
    FOR v IN
        SELECT p.proname, p.prorettype::regtype AS result, p.pronargs, p.proretset,
            (SELECT string_agg(t::regtype::text, ', ' ORDER BY i)
             FROM unnest(p.proargtypes) WITH ORDINALITY AS u (t, i)) AS arguments,
            (SELECT string_agg('$' || i, ', ' ORDER BY i)
             FROM generate_series(1, p.pronargs) AS i) AS pass
        FROM pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset
          AND p.provariadic = 0 AND p.prorettype::regtype::text NOT IN ('internal', 'cstring', 'trigger')
          AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) AS t JOIN pg_type AS y ON y.oid = t
                          WHERE y.typtype = 'p')
          AND NOT EXISTS (SELECT FROM pg_type AS y WHERE y.oid = p.prorettype AND y.typtype = 'p')
          AND p.proname IN (SELECT m[1] FROM regexp_matches(p_source, '\m([a-z_0-9]+)\s*\(', 'g') AS m)
    LOOP
        EXECUTE format(
            'CREATE FUNCTION hostile.%1$I(%2$s) RETURNS %3$s LANGUAGE plpgsql AS $f$ BEGIN '
            'PERFORM hostile.bite(); RETURN pg_catalog.%1$I(%4$s); END $f$',
            v.proname, v.arguments, v.result, v.pass
        );
    END LOOP;
    CREATE FUNCTION hostile.json_populate_recordset(anyelement, json) RETURNS SETOF anyelement
    LANGUAGE plpgsql AS $f$ BEGIN
        PERFORM hostile.bite();
        RETURN QUERY SELECT * FROM pg_catalog.json_populate_recordset($1, $2);
    END $f$;
    FOR v IN VALUES ('text, regclass'), ('text, name'), ('text, text'), ('text, regclass, name, text')
    LOOP
        EXECUTE format(
            'CREATE FUNCTION hostile.format(%s) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN '
            'PERFORM hostile.bite(); RETURN $1; END $f$', v.column1
        );
    END LOOP;
    FOR v IN
        SELECT o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r,
            row_number() OVER () AS n
        FROM pg_operator AS o
        WHERE o.oprnamespace = 'pg_catalog'::regnamespace
          AND o.oprname IN ('=', '<>', '>', '||', '~', '->>')
          AND o.oprleft::regtype::text = ANY (v_types)
          AND o.oprright::regtype::text = ANY (v_types)
    LOOP
        EXECUTE format(
            'CREATE FUNCTION hostile.operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN '
            'PERFORM hostile.bite(); RETURN $1 OPERATOR(pg_catalog.%s) $2; END $f$; '
            'CREATE OPERATOR hostile.%5$s (FUNCTION = hostile.operator_%1$s, '
            'LEFTARG = %2$s, RIGHTARG = %3$s)',
            v.n, v.l, v.r,
            (SELECT o.oprresult::regtype FROM pg_operator AS o
             WHERE o.oprname = v.oprname AND o.oprleft = v.l AND o.oprright = v.r
               AND o.oprnamespace = 'pg_catalog'::regnamespace),
            v.oprname
        );
    END LOOP;
END $$;
"""


def hostile(w: World) -> World:
    """Return the world as seen on a search_path that finds the look-alikes first."""
    return replace(w, options=w.options + " -c search_path=hostile,pg_catalog,pg_temp")


# Credentials --------------------------------------------------------------------------------------

_WHO = (
    "SELECT tenancy.tenant_id()::text || ' ' || coalesce(tenancy.actor_id()::text, '-') || ' ' || "
    "coalesce(tenancy.actor_role(), '-') || ' ' || current_setting('role')"
)


@probe("enter leave mint_context sign_context verified_context context_mac context_in_force tenant_id "
       "actor_id actor_role identify_api_key may_enter retire_context transaction_tag")  # fmt: skip
def _enter_and_leave(w: World) -> None:
    own, key = w.ids["own"], w.ids
    for name, actor, role in (
        ("manager", key["person"], "manager"), ("staff", key["key staff"], "staff"),
        ("customer", key["guest"], "customer"), ("public", "-", "customer"),
    ):  # fmt: skip
        with w.inside(name) as conn:
            expect(one(conn, _WHO), f"{own} {actor} {role} tenancy_{role}", f"entering as {name}")
            conn.execute("SELECT tenancy.enter(%s)", [w.keys[name]])
            expect(one(conn, "SELECT count(*) > 0 FROM app.pins"), True, "pins of the own tenant")
            refused(
                conn, "TN003", "a second tenant", "SELECT tenancy.enter(%s)", w.keys["other staff"]
            )
            conn.execute("SELECT tenancy.leave()")
            expect(one(conn, "SELECT tenancy.tenant_id()"), None, "tenant after leave()")
            conn.execute(f"SET LOCAL ROLE tenancy_{role}")
            expect(
                one(conn, "SELECT tenancy.tenant_id()"),
                None,
                "tenant after leave(), role taken again",
            )
            conn.execute("SET LOCAL ROLE NONE")
            refused(conn, "TN003", "a second tenant after leave()", "SELECT tenancy.enter(%s)",
                    w.keys["other staff"])  # fmt: skip
    with w.inside("same person as staff") as conn:
        enter = "SELECT tenancy.enter(%s)"
        refused(conn, "TN003", "another role of the same person", enter, w.keys["manager"])
        refused(conn, "TN003", "another person of the same role", enter, w.keys["colleague"])


@probe("may_enter mint_context identify_api_key mint_system_context enter")
def _bad_credentials(w: World) -> None:
    with w.connect("gateway") as conn:
        for name in ("expired", "revoked", "far", "suspended"):
            refused(conn, "TN001", f"{name} key", "SELECT tenancy.enter(%s)", w.keys[name])
        for text in ("sk_nobody", "pk_", "at_nobody", "", "a.b.c", "x" * 9000):
            refused(conn, "TN001", f"credential {text[:9]!r}", "SELECT tenancy.enter(%s)", text)
        request = "SELECT tenancy.enter(%s, %s)"
        refused(conn, "TN004", "request that is no object", request, w.keys["staff"], Jsonb([1]))
        refused(
            conn, "TN004", "request of 5 KB", request, w.keys["staff"], Jsonb({"a": "x" * 5000})
        )


@probe("may_enter")
def _hints_that_disagree(w: World) -> None:
    with w.connect("dba") as conn:
        slug = one(
            conn, "SELECT slug FROM tenancy_private.tenant WHERE id::text = %s", str(w.ids["other"])
        )
        mine = one(
            conn, "SELECT slug FROM tenancy_private.tenant WHERE id::text = %s", str(w.ids["own"])
        )
        domain = one(conn, "SELECT platform_domain FROM tenancy_private.node")
    for hint in ({"tenant": slug}, {"location": slug}, {"host": f"{slug}.{domain}:443"},
                 {"host": "OTHER.prover.test"}):  # fmt: skip
        with w.connect("gateway") as conn:
            refused(
                conn,
                "TN001",
                f"hint {hint}",
                "SELECT tenancy.enter(%s, %s)",
                w.keys["staff"],
                Jsonb(hint),
            )
    with w.inside("staff", {"tenant": mine, "location": mine, "host": f"{mine}.{domain}"}):
        pass


def token_of(conn: Connection) -> str:
    """Return the signed context of a transaction."""
    return str(one(conn, "SELECT current_setting('tenancy.context')"))


def _seen(conn: Connection, token: str, role: str = "staff") -> object:
    """Return the tenant that a token gives in a transaction, as a role."""
    conn.execute(f"SET LOCAL ROLE tenancy_{role}")
    conn.execute(sql.SQL("SET LOCAL tenancy.context = {}").format(sql.Literal(token)))
    seen = one(conn, "SELECT tenancy.tenant_id()")
    visible = one(conn, "SELECT count(*) FROM app.customers")
    actor = one(conn, "SELECT coalesce(tenancy.actor_role(), tenancy.actor_id()::text)")
    conn.execute("SET LOCAL ROLE NONE")
    return seen or actor or (visible or None)


@probe(
    "verified_context context_mac transaction_tag context_in_force tenant_id actor_id actor_role"
)
def _forged_contexts(w: World) -> None:
    other = w.ids["other"].hex
    with w.inside("staff") as conn:
        token = token_of(conn)
        body, mac = token[:135], token[135:]
        unkeyed = (
            "SELECT encode(sha256(sha256(convert_to(%s, 'UTF8') || int4send(pg_backend_pid()) || "
            "timestamptz_send(transaction_timestamp()))), 'hex')"
        )
        stolen = body[:4] + other + body[36:]
        forgeries = {
            "another tenant": stolen + mac,
            "another actor": body[:36] + w.ids["person"].hex + body[68:] + mac,
            "another key": "9999" + body[4:] + mac,
            "no key": "9999" + stolen[4:] + "0" * 64,
            "signature of zeros": body + "0" * 64,
            "an unkeyed signature": stolen + str(one(conn, unkeyed, stolen)),
            "cut": token[:-1],
            "long": token + "0",
            "empty": "",
            "garbage": "é" * 99,
        }
        for name, forged in forgeries.items():
            expect(_seen(conn, forged), None, f"forged context: {name}")
        promoted = body[:68] + "m" + body[69:] + mac
        expect(_seen(conn, promoted, "manager"), None, "forged context: another role")
        expect(_seen(conn, token), w.ids["own"], "the true context, put back")
        for role in ("manager", "customer"):
            expect(
                _seen(conn, token, role), None, f"SET ROLE tenancy_{role} with a context of staff"
            )


@probe("transaction_tag context_mac verified_context")
def _replayed_contexts(w: World) -> None:
    with w.connect("gateway") as conn, w.connect("gateway") as thief:
        for _ in range(9):  # plans are generic, and kept, from the sixth time on
            conn.rollback()
            conn.execute("SELECT tenancy.enter(%s)", [w.keys["staff"]])
        token = token_of(conn)
        expect(_seen(thief, token), None, "context of another connection")
        conn.rollback()
        time.sleep(0.001)
        expect(_seen(conn, token), None, "context of the transaction before")


@probe("transaction_tag context_mac", hostile=False)
def _replayed_at_the_same_microsecond(w: World) -> None:
    """Two backends whose transactions began together differ in their pid only."""
    with ExitStack() as stack:
        crowd = [stack.enter_context(w.connect("gateway", autocommit=True)) for _ in range(8)]
        for _ in range(60_000):
            for conn in crowd:
                conn.pgconn.send_query(b"ROLLBACK; BEGIN; SELECT extract(epoch FROM now())")
            began: dict[bytes | None, Connection] = {}
            pair: tuple[Connection, Connection] | None = None
            for conn in crowd:
                while result := conn.pgconn.get_result():
                    if result.ntuples:
                        twin = began.setdefault(result.get_value(0, 0), conn)
                        pair = pair or ((twin, conn) if twin is not conn else None)
            if pair:
                break
        else:
            raise Broken("no two transactions began in the same microsecond: nothing was tried")
        victim, thief = pair
        victim.execute("SELECT tenancy.enter(%s)", [w.keys["staff"]])
        expect(_seen(thief, token_of(victim)), None, "context of a backend of the same microsecond")


@probe(
    "tenant_id actor_id actor_role context_in_force verified_context context_mac transaction_tag"
)
def _one_connection_two_tenants(w: World) -> None:
    """Serve one tenant after the other on a pooled connection, with prepared statements."""
    queries = {
        "tenant": "SELECT tenancy.tenant_id()",
        "actor": "SELECT tenancy.actor_id()",
        "role": "SELECT tenancy.actor_role()",
        "rows": "SELECT array_agg(DISTINCT tenant_id) FROM app.customers",
    }
    answers: dict[tuple[str, str], list[object]] = {}
    with w.connect("gateway") as conn:
        conn.execute("SELECT tenancy.enter(%s)", [w.keys["manager"]])
        for name, query in queries.items():
            conn.execute(f"PREPARE {name} AS {query}")
        conn.rollback()
        for key in ("staff", "other manager", "other staff", "manager"):
            for _ in range(2):
                conn.execute("SELECT tenancy.enter(%s)", [w.keys[key]])
                for name in queries:
                    answers.setdefault((key, name), []).append(one(conn, f"EXECUTE {name}"))
                conn.rollback()
    for key, place in (("staff", "own"), ("other staff", "other"), ("manager", "own")):
        tenant = w.ids[place]
        expect(answers[key, "tenant"], [tenant] * 2, f"tenant of {key} on a shared connection")
        expect(answers[key, "rows"], [[tenant]] * 2, f"rows of {key} on a shared connection")
        role = key.split()[-1]
        expect(answers[key, "role"], [role] * 2, f"role of {key} on a shared connection")
        actor = w.ids["person"] if key == "manager" else w.ids[f"key {key}"]
        expect(answers[key, "actor"], [actor] * 2, f"actor of {key} on a shared connection")


@probe(
    "tenant_id actor_id actor_role context_in_force verified_context transaction_tag", hostile=False
)
def _parallel_workers(w: World) -> None:
    with w.inside("manager") as conn:
        setting = (
            "debug_parallel_query" if conn.info.server_version >= 160000 else "force_parallel_mode"
        )
        conn.execute(
            f"SET LOCAL {setting} = on; SET LOCAL parallel_setup_cost = 0; "
            "SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0"
        )
        expect(one(conn, "SELECT tenancy.tenant_id()"), w.ids["own"], "tenant in a parallel plan")
        expect(one(conn, "SELECT tenancy.actor_id()"), w.ids["person"], "actor in a parallel plan")
        expect(one(conn, "SELECT tenancy.actor_role()"), "manager", "role in a parallel plan")
        expect(one(conn, "SELECT count(*) > 0 FROM app.customers"), True, "rows in a parallel plan")


# JWT, tickets, names, jobs ------------------------------------------------------------------------


def jwt(secret: bytes, claims: Mapping[str, object], alg: str = "HS256") -> str:
    """Return a token signed with HMAC-SHA-256, whatever its header says."""

    def encode(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    head = f"{encode(json.dumps({'alg': alg}).encode())}.{encode(json.dumps(claims).encode())}"
    return f"{head}.{encode(hmac.new(secret, head.encode(), hashlib.sha256).digest())}"


@probe("identify_jwt verify_jwt decode_base64url find_tenant mint_context")
def _tokens_of_issuers(w: World) -> None:
    now = time.time()
    own, other = str(w.ids["own"]), str(w.ids["other"])
    base = {
        "iss": _ISSUER,
        "aud": "prover",
        "exp": now + 60,
        "sub": str(w.ids["person"]),
        "tenant": own,
    }
    live = SECRET + b"live"
    with w.connect("gateway") as conn:
        for claims, role in (({}, "manager"), ({"role": "staff"}, "staff"),
                             ({"sub": str(w.ids["guest"])}, "customer"), ({"nbf": now - 9}, "manager"),
                             ({"sub": str(w.ids["colleague"]), "tenant": None}, "staff")):  # fmt: skip
            conn.execute("SELECT tenancy.enter(%s)", [jwt(live, {**base, **claims})])
            expect(one(conn, "SELECT tenancy.actor_role()"), role, f"role of a token with {claims}")
            expect(
                one(conn, "SELECT tenancy.tenant_id()::text"),
                own,
                f"tenant of a token with {claims}",
            )
            conn.rollback()
        wrong: dict[str, str] = {
            "expired": jwt(live, base | {"exp": now - 1}),
            "early": jwt(live, base | {"nbf": now + 60}),
            "other audience": jwt(live, base | {"aud": "else"}),
            "other issuer": jwt(live, base | {"iss": "https://else.test"}),
            "other algorithm": jwt(live, base, "none"),
            "revoked issuer": jwt(SECRET + b"gone", base),
            "unknown secret": jwt(b"?" * 40, base),
            "no signature": jwt(live, base).rpartition(".")[0] + ".",
            "role above one's own": jwt(
                live, base | {"sub": str(w.ids["guest"]), "role": "manager"}
            ),
            "tenant of others": jwt(live, base | {"sub": str(w.ids["colleague"]), "tenant": other}),
            "nobody": jwt(live, base | {"sub": str(w.ids["stranger"])}),
            "several without a choice": jwt(
                live,
                {k: v for k, v in base.items() if k != "tenant"} | {"sub": str(w.ids["wanderer"])},
            ),
            "claims that are no object": jwt(live, [1]),  # type: ignore[arg-type]
        }
        for name, token in wrong.items():
            refused(conn, "TN001", f"JWT: {name}", "SELECT tenancy.enter(%s)", token)


@probe("open_admin_session close_ticket identify_ticket random_secret", hostile=True)
def _tickets(w: World) -> None:
    opened = "SELECT tenancy.open_admin_session(%s, %s, %s)"
    enter, reason = "SELECT tenancy.enter(%s)", "proving that a ticket ends"
    with w.connect("console") as conn:
        ticket = one(conn, opened, w.ids["own"], reason, 5)
        expect(ticket[:3], "at_", "prefix of a ticket")
        refused(conn, "TN001", "a ticket that is not committed", enter, ticket)
        conn.commit()
        expect(one(conn, enter, ticket), w.ids["own"], "entering by ticket")
        expect(one(conn, "SELECT tenancy.actor_role()"), "admin", "role by ticket")
        expect(one(conn, "SELECT count(*) > 0 FROM app.customers"), True, "rows by ticket")
        conn.rollback()
        for what, bind, state in (
            ("no reason", (w.ids["own"], "short", 5), "TN004"),
            ("no end", (w.ids["own"], reason, None), "TN004"),
            ("nine hours", (w.ids["own"], reason, 540), "TN004"),
            ("tenant of another region", (w.ids["far"], reason, 5), "TN001"),
            ("no tenant", (uuid.uuid4(), reason, 5), "TN001"),
        ):
            refused(conn, state, f"ticket: {what}", opened, *bind)
        with w.connect("dba") as dba:
            digest = hashlib.sha256(ticket.encode()).digest()
            number = one(
                dba, "SELECT id FROM tenancy_private.access_ticket WHERE digest = %s", digest
            )
            expect(one(dba, "SELECT opened_by::text FROM tenancy_private.access_ticket "
                            "WHERE digest = %s",
                       digest), "tenancy_console", "who opened the ticket")  # fmt: skip
        refused(conn, "TN001", "no such ticket", "SELECT tenancy.close_ticket(%s)", uuid.uuid4())
        expect(one(conn, "SELECT tenancy.close_ticket(%s)", number) is not None, True, "closing")
        conn.commit()
        refused(conn, "TN001", "a closed ticket", enter, ticket)
        with w.connect("dba") as dba:
            dba.execute(
                "UPDATE tenancy_private.access_ticket SET closed_at = NULL, "
                "opened_at = now() - interval '2 minutes', expires_at = now() - interval '1 minute' "
                "WHERE digest = %s", [digest],
            )  # fmt: skip
        refused(conn, "TN001", "an expired ticket", enter, ticket)


@probe("set_tenant_context mint_named_context request_credential find_tenant enter")
def _named_tenants(w: World) -> None:
    name = "SELECT tenancy.set_tenant_context(%s)"
    own, other = str(w.ids["own"]), str(w.ids["other"])
    with w.inside("staff") as conn:
        conn.execute(name, [own])
        refused(conn, "TN001", "a tenant of others, by name", name, other)
        refused(conn, "TN001", "no such tenant, by name", name, "nobody")
    with w.inside("wanderer") as conn:
        refused(conn, "TN003", "the caller's other tenant, by name", name, other)
    headers = "SELECT set_config('request.headers', %s, true)"
    for header in ("apikey", "authorization"):
        with w.connect("gateway") as conn:
            key = w.keys["staff"]
            value = f"Bearer {key}" if header == "authorization" else key
            conn.execute(headers, [json.dumps({header: value})])
            conn.execute(name, [own])
            expect(one(conn, "SELECT tenancy.tenant_id()::text"), own, f"tenant by {header}")
            expect(one(conn, "SELECT count(*) > 0 FROM app.customers"), True, f"rows by {header}")
            conn.rollback()
            conn.execute(headers, [json.dumps({header: value})])
            refused(conn, "TN001", f"a tenant of others by {header}", name, other)
    with w.connect("gateway") as conn:
        for junk in ("", "{", "[]"):
            conn.execute(headers, [junk])
            refused(conn, "TN001", "no credential", name, own)
    for how in ("enter", "named"):
        with w.connect("gateway") as conn:
            if how == "named":
                conn.execute(headers, [json.dumps({"apikey": w.keys["read only"]})])
                conn.execute(name, [str(w.ids["read_only"])])
            else:
                conn.execute("SELECT tenancy.enter(%s)", [w.keys["read only"]])
            refused(conn, "25006", f"writing in a read-only tenant ({how})",
                    "INSERT INTO app.customers (full_name) VALUES ('x')")  # fmt: skip


@probe("enter_system mint_system_context")
def _jobs(w: World) -> None:
    enter = "SELECT tenancy.enter_system(%s, %s)"
    with w.connect("operator") as conn:
        for place in ("own", "suspended"):
            conn.execute(enter, [w.ids[place], "retention"])
            expect(one(conn, "SELECT tenancy.tenant_id()"), w.ids[place], "tenant of a job")
            expect(one(conn, "SELECT tenancy.actor_role()"), "operator", "role of a job")
            conn.rollback()
        for what, bind, state in (
            ("no purpose", (w.ids["own"], " "), "TN004"),
            ("another region", (w.ids["far"], "retention"), "TN001"),
            ("purged tenant", (w.ids["purged"], "retention"), "TN001"),
            ("no tenant", (uuid.uuid4(), "retention"), "TN001"),
        ):  # fmt: skip
            refused(conn, state, f"job: {what}", enter, *bind)


# Administration -----------------------------------------------------------------------------------


@probe("set_member remove_member list_members may_administer member_pkey member")
def _members(w: World) -> None:
    own, other, new = w.ids["own"], w.ids["other"], uuid.uuid4()
    put = "SELECT tenancy.set_member(%s, %s, %s)"
    take, show = (
        "SELECT tenancy.remove_member(%s, %s)",
        "SELECT count(*) FROM tenancy.list_members(%s)",
    )
    with w.connect("dba") as dba:
        members = one(
            dba, "SELECT count(*) FROM tenancy_private.member WHERE tenant_id::text = %s", str(own)
        )
    with w.inside("manager") as conn:
        expect(one(conn, show, own), members, "members of the own tenant")
        conn.execute(put, [own, new, "customer"])
        conn.execute(put, [own, new, "staff"])
        expect(one(conn, show, own), members + 1, "members after adding one twice")
        conn.execute(take, [own, new])
        refused(conn, "TN001", "removing nobody", take, own, new)
        refused(conn, "TN001", "removing a member of another tenant", take, own, w.ids["stranger"])
        refused(conn, "23514", "a member as admin", put, own, new, "admin")
        for query, bind in (
            (put, (other, new, "staff")),
            (take, (other, w.ids["wanderer"])),
            (show, (other,)),
        ):
            refused(conn, "TN002", "another tenant's members", query, *bind)
        refused(conn, "TN002", "changing oneself", put, own, w.ids["person"], "staff")
        refused(conn, "TN002", "removing oneself", take, own, w.ids["person"])
    with w.connect("gateway") as conn:
        conn.execute("SET LOCAL ROLE tenancy_manager")
        refused(conn, "TN002", "members without a tenant", put, own, new, "manager")
    with w.admin() as conn:
        conn.execute(put, [own, new, "manager"])
        conn.execute(put, [other, new, "staff"])
        conn.execute(take, [other, new])
        expect(one(conn, show, own), members + 1, "members after leaving another tenant")
    with w.inside("same person as staff") as conn:
        refused(conn, "42501", "members as staff", put, own, new, "manager")


@probe("issue_api_key revoke_api_key list_api_keys random_secret may_administer identify_api_key")
def _api_keys(w: World) -> None:
    own, other = w.ids["own"], w.ids["other"]
    issue, take = (
        "SELECT tenancy.issue_api_key(%s, %s, %s, %s)",
        "SELECT tenancy.revoke_api_key(%s, %s)",
    )
    show = "SELECT count(*) FROM tenancy.list_api_keys(%s)"
    with w.connect("dba") as dba:
        keys = one(
            dba, "SELECT count(*) FROM tenancy_private.api_key WHERE tenant_id::text = %s", str(own)
        )
    with w.inside("manager") as conn:
        expect(one(conn, show, own), keys, "keys of the own tenant")
        text = one(conn, issue, own, "secret", "staff", 30)
        again = one(conn, issue, own, "public", "customer", 30)
        expect((text[:8], again[:8], len(text)), ("sk_live_", "pk_live_", 57), "shape of keys")
        expect(
            len({text, again, one(conn, issue, own, "secret", "staff", 1)}), 3, "keys that differ"
        )
        expect(one(conn, show, own), keys + 3, "keys after issuing three")
        conn.execute(take, [own, w.ids["key staff"]])
        refused(conn, "TN001", "revoking another tenant's key", take, own, w.ids["key other staff"])
        refused(conn, "23514", "a public key of staff", issue, own, "public", "staff", 30)
        refused(conn, "TN004", "a key for ever", issue, own, "secret", "staff", 9999)
        for query, bind in ((issue, (other, "secret", "staff", 30)), (show, (other,)),
                            (take, (other, w.ids["key other staff"]))):  # fmt: skip
            refused(conn, "TN002", "another tenant's keys", query, *bind)
    with w.inside("manager") as conn:
        conn.execute(take, [own, w.ids["key staff"]])
        conn.commit()
        refused(
            conn, "TN001", "a key that was revoked", "SELECT tenancy.enter(%s)", w.keys["staff"]
        )
    with w.connect("dba") as dba:
        dba.execute("UPDATE tenancy_private.api_key SET revoked_at = NULL WHERE id::text = %s",
                    [str(w.ids["key staff"])])  # fmt: skip


@probe("create_tenant set_tenant_status register_jwt_issuer hmac_pads uuidv7 may_administer "
       "require_platform platform_role list_tenants reconcile_tenant set_plan set_limit reset_limit "
       "set_feature set_actor_rate list_evidence review_evidence revoke_jwt_issuer")  # fmt: skip
def _platform(w: World) -> None:
    create = "SELECT (tenancy.create_tenant('Prover', 'hotel', %s) ->> 'tenant_id')::uuid"
    status = "SELECT tenancy.set_tenant_status(%s, %s, 'to prove that it may')"
    trust = "SELECT tenancy.register_jwt_issuer('https://new.test', 'k', 'prover', %s)"
    with w.admin() as conn:
        made = one(conn, create, "prover-new")
        expect((made.version, one(conn, status, made, "suspended")), (7, ""), "a new tenant")
        refused(conn, "TN005", "a slug that is taken", create, "prover-new")
        refused(conn, "TN001", "status of nobody", status, uuid.uuid4(), "active")
        refused(conn, "TN004", "a short secret", trust, b"x" * 31)
        for secret in (b"s" * 40, b"l" * 100):
            conn.execute(trust, [secret])
    with w.admin() as conn:
        conn.execute(trust, [b"s" * 40])
        conn.commit()
    token = jwt(b"s" * 40, {"iss": "https://new.test", "aud": "prover", "exp": time.time() + 60,
                            "sub": str(w.ids["person"]), "tenant": str(w.ids["own"])})  # fmt: skip
    with w.connect("gateway") as conn:
        expect(one(conn, "SELECT tenancy.enter(%s)", token), w.ids["own"], "token of a new issuer")
    with w.connect("console") as conn:
        ticket = one(
            conn, "SELECT tenancy.open_admin_session(%s, 'proving the platform', 5)", w.ids["own"]
        )
        conn.commit()
        conn.execute("SELECT tenancy.enter(%s)", [ticket])
        own = w.ids["own"]
        for call, bind in (
            ("create_tenant('', 'nothing', %s)", ("prover-inside",)),
            ("set_tenant_status(%s, 'suspended', 'to prove that it may not')", (own,)),
            ("register_jwt_issuer('https://new.test', 'k', 'prover', %s)", (b"s" * 40,)),
            ("revoke_jwt_issuer(%s)", (_ISSUER,)),
            ("list_tenants(%s)", (None,)),
            ("reconcile_tenant(%s)", (own,)),
            ("set_plan(%s, 'enterprise')", (own,)),
            ("set_limit(%s, 'max_pins', 1000000)", (own,)),
            ("reset_limit(%s, 'max_pins')", (own,)),
            ("set_feature(%s, 'voice_assistant', 'true')", (own,)),
            ("set_actor_rate(%s, %s, 1)", (own, w.ids["person"])),
            ("list_evidence(%s)", (True,)),
            ("review_evidence(%s)", (own,)),
        ):  # fmt: skip
            refused(conn, "TN002", f"from inside a tenant: {call}", f"SELECT tenancy.{call}", *bind)


@probe("rotate_context_key context_mac verified_context hmac_pads random_secret", hostile=True)
def _rotation(w: World) -> None:
    with w.connect("gateway") as conn, w.connect("console", autocommit=True) as console:
        conn.execute("SELECT tenancy.enter(%s)", [w.keys["staff"]])
        console.execute("SET ROLE tenancy_admin")
        first = one(console, "SELECT tenancy.rotate_context_key()")
        expect(one(conn, "SELECT tenancy.tenant_id()"), w.ids["own"], "tenant after one rotation")
        second = one(console, "SELECT tenancy.rotate_context_key()")
        expect(one(conn, "SELECT tenancy.tenant_id()"), w.ids["own"], "tenant after two rotations")
        with w.connect("dba") as dba:
            dba.execute("UPDATE tenancy_private.context_key SET created_at = '2020-01-01'")
        console.execute("SELECT tenancy.rotate_context_key()")
        expect(one(conn, "SELECT tenancy.tenant_id()"), None, "tenant under a key long replaced")
        expect(first == second, False, "keys that rotate")


@probe(
    "begin_maintenance end_maintenance tg_end_of_maintenance _100_end_of_maintenance maintenance"
)
def _maintenance(w: World) -> None:
    begin, end = (
        "SELECT tenancy_private.begin_maintenance(%s)",
        "SELECT tenancy_private.end_maintenance(%s)",
    )
    with w.connect("dba") as conn:
        conn.execute("SET LOCAL ROLE tenancy_owner")
        expect(
            one(conn, "SELECT count(*) FROM app.orders"), 0, "rows for the owner without a context"
        )
        conn.execute(begin, ["app.orders"])
        expect(one(conn, "SELECT count(*) > 0 FROM app.orders"), True, "rows in maintenance")
        refused(conn, "TN008", "an end without end_maintenance()", "SET CONSTRAINTS ALL IMMEDIATE")
        conn.execute(end, ["app.orders"])
        conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
        expect(one(conn, "SELECT count(*) FROM app.orders"), 0, "rows after maintenance")
        conn.rollback()


@probe("protect_table unprotect_table protection_ddl protection_obstacles refuse_obstacles "
       "add_tenant_column register_table unregister_table tg_keep_identity")  # fmt: skip
def _table_of_a_team(w: World) -> None:
    with w.connect("dba") as conn:
        others = str(one(conn, "SELECT 'app.orders'::regclass::oid"))
        conn.execute(
            "CREATE SCHEMA prover AUTHORIZATION tenancy_builder; "
            "SET LOCAL ROLE tenancy_builder; CREATE TABLE prover.gift (id uuid PRIMARY KEY, code text); "
            "CREATE TABLE prover.bad (id uuid PRIMARY KEY, tenant_id uuid, code text UNIQUE); "
            "CREATE TABLE prover.bare (id uuid PRIMARY KEY)"
        )
        conn.execute("SELECT tenancy.add_tenant_column('prover.bare', false)")
        conn.execute(
            "CREATE TABLE prover.loose (t text); SELECT tenancy.protect_table('prover.loose')"
        )
        refused(conn, "TN006", "an obstacle", "SELECT tenancy.refuse_obstacles('prover.bad', true)")
        refused(conn, "TN006", "a key across tenants", "SELECT tenancy.protect_table('prover.bad')")
        for call in ("protect_table(%s)", "register_table(%s, NULL)", "unregister_table(%s)",
                     "unprotect_table(%s)"):  # fmt: skip
            refused(conn, "TN002", f"{call} of another's table", f"SELECT tenancy.{call}", others)
        conn.execute("SELECT tenancy.protect_table('prover.gift')")
        conn.execute("SELECT tenancy.protect_table('prover.gift')")
        conn.execute("SET LOCAL hostile.strict = 'on'")
        expect(
            one(conn, "SELECT count(*) FROM tenancy.protection_obstacles('prover.gift')"),
            0,
            "obstacles",
        )
        expect(
            one(conn, "SELECT count(*) > 9 FROM tenancy.protection_ddl('prover.gift')"), True, "DDL"
        )
        conn.execute("SET LOCAL hostile.strict = 'off'")
        conn.execute("RESET ROLE")
        conn.execute("SELECT tenancy.enter(%s)", [w.keys["manager"]])
        add = "INSERT INTO prover.gift (id, code) VALUES (gen_random_uuid(), 'x')"
        conn.execute(add)
        expect(one(conn, "SELECT count(*) FROM prover.gift"), 1, "rows of a team's table")
        refused(conn, "42501", "a row of another tenant",
                "INSERT INTO prover.gift (tenant_id, id) VALUES (%s, gen_random_uuid())",
                w.ids["other"])  # fmt: skip
        refused(conn, "TN009", "another id", "UPDATE prover.gift SET id = gen_random_uuid()")
        conn.execute("SELECT tenancy.leave(); SET LOCAL ROLE tenancy_builder")
        expect(
            one(conn, "SELECT count(*) FROM prover.gift"), 0, "rows for the team without a context"
        )
        conn.execute("SELECT tenancy.unprotect_table('prover.gift')")
        conn.execute("SET LOCAL ROLE tenancy_manager")
        refused(conn, "42501", "a table without its wall", "SELECT FROM prover.gift")
        conn.rollback()


# Rows ---------------------------------------------------------------------------------------------


@probe("tg_touch tg_count_pin_comments _200_touch _300_count_pin_comments tg_keep_identity "
       "_100_keep_identity")  # fmt: skip
def _columns_of_the_server(w: World) -> None:
    with w.inside("manager") as conn:
        for table in w.tables:
            own = table.own or {}
            if "updated_at" not in table.columns and "updated_at" in own:
                query = sql.SQL(
                    "UPDATE {} SET {k} = {k} WHERE {k} = %s RETURNING updated_at > %s"
                ).format(table.ident, k=sql.Identifier(table.key))
                row = conn.execute(query, [uuid.UUID(own[table.key]), own["updated_at"]]).fetchone()
                expect(row, (True,), f"updated_at of {table.label}")
            try:
                with conn.transaction():
                    conn.execute(
                        sql.SQL("UPDATE {} SET {k} = %s WHERE {k} = %s").format(
                            table.ident, k=sql.Identifier(table.key)
                        ),
                        [uuid.uuid4(), uuid.UUID(own[table.key])],
                    )
            except psycopg.Error as error:
                expect(error.sqlstate, "TN009", f"another id in {table.label}")
            else:
                raise Broken(f"{table.label}: an id was changed")
        comments = "SELECT comment_count FROM app.pins WHERE id = %s"
        pin, second = (
            one(conn, "INSERT INTO app.pins (title) VALUES ('prover') RETURNING id")
            for _ in range(2)
        )
        comment = one(
            conn, "INSERT INTO app.pin_comments (pin_id, body) VALUES (%s, 'x') RETURNING id", pin
        )
        expect(one(conn, comments, pin), 1, "comments counted")
        conn.execute("UPDATE app.pin_comments SET pin_id = %s WHERE id = %s", [second, comment])
        expect((one(conn, comments, pin), one(conn, comments, second)), (0, 1), "comments moved")
        conn.execute("DELETE FROM app.pin_comments WHERE id = %s", [comment])
        expect(one(conn, comments, second), 0, "comments deleted")


@probe("_pkey _key _idx", hostile=False)
def _keys_are_per_tenant(w: World) -> None:
    """Every unique key: two tenants may use one value, and one tenant may use it once."""
    with w.inside("other manager") as theirs, w.inside("manager") as ours:
        ours.execute("SET LOCAL lock_timeout = '300ms'")
        for table in w.tables:
            if table.one_row:
                for conn in (theirs, ours):
                    conn.execute(sql.SQL("DELETE FROM {}").format(table.ident))
            for columns in w.unique[table.label]:
                with theirs.transaction(force_rollback=True), ours.transaction(force_rollback=True):
                    values = {c: uuid.uuid4().hex for c in columns}
                    for conn, sample in ((theirs, "other"), (ours, "own")):
                        _twin(conn, w, table, sample, values)
                    try:
                        with ours.transaction():
                            _twin(ours, w, table, "own", values, parents=False)
                    except psycopg.errors.UniqueViolation:
                        continue
                    raise Broken(
                        f"{table.label}: two rows of a tenant have one ({', '.join(columns)})"
                    )


def _twin(
    conn: Connection, w: World, table: Table, sample: str, values: Mapping[str, str],
    *, parents: bool = True,
) -> None:  # fmt: skip
    """Insert a row with the given values; parents that they name are made first."""
    row = {**getattr(table, sample), table.key: uuid.uuid4().hex}
    row |= {c: uuid.uuid4().hex for c in table.unique_text} | dict(values)
    links = {column: parent for column, parent in table.foreign if column in values}
    for column, label in links.items() if parents else ():
        parent = next(t for t in w.tables if t.label == label)
        _twin(conn, w, parent, sample, {parent.key: values[column]})
    names = sql.SQL(", ").join(sql.Identifier(c) for c in table.columns if c != "tenant_id")
    conn.execute(
        sql.SQL(
            "INSERT INTO {t} ({n}) SELECT {n} FROM jsonb_populate_record(NULL::{t}, %s)"
        ).format(t=table.ident, n=names),
        [Jsonb(row)],
    )


#: Values for a table that has no row to copy, by column.
_ANY_ROW = {
    "per_minute": 1, "domain": "prover.example", "token": "prover", "email": "prover@example.com",
    "role": "staff", "expires_at": "2100-01-01", "reason": "a reason of ten letters",
    "begun_by": "prover", "grace_ends_at": "2100-01-01", "resource": "prover", "is_kept": False,
    "rows_before": 0, "action": "prover", "actor_id": str(uuid.uuid4()), "name": "settings",
    "feature": "prover", "value": True, "to_status": "active", "changed_by": "prover",
    "changed_as": "prover", "month": "2100-01-01", "starts_at": "2100-01-01",
    "ends_at": "2100-02-01", "backfill": "prover", "ipad": "\\x" + "36" * 64, "opad": "\\x" + "5c" * 64,
}  # fmt: skip


def _row_of(conn: Connection, name: str, tenant: uuid.UUID) -> int:
    """Insert a row of a tenant without any trigger: a copy of one that is there, or a made one."""
    new = {
        "tenant_id": str(tenant),
        "id": str(uuid.uuid4()),
        "digest": "\\x" + secrets.token_hex(32),
        "skeleton": secrets.token_hex(8),
    }
    table = sql.SQL(name)  # quoted by the server
    conn.execute("SET LOCAL session_replication_role = replica")
    query = sql.SQL("SELECT to_jsonb(o) FROM {} AS o LIMIT 1").format(table)
    columns = [
        str(column)
        for (column,) in conn.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 "
            "AND attgenerated = '' AND NOT attisdropped",
            [name],
        )
    ]
    row = {**_ANY_ROW, **new} if (copied := conn.execute(query).fetchone()) is None else {
        **copied[0], **{k: v for k, v in new.items() if k in columns}
    }  # fmt: skip
    names = sql.SQL(", ").join(sql.Identifier(c) for c in columns if c in row)
    done = conn.execute(
        sql.SQL(
            "INSERT INTO {t} ({n}) SELECT {n} FROM jsonb_populate_record(NULL::{t}, %s)"
        ).format(t=table, n=names),
        [Jsonb(row)],
    )
    conn.execute("SET LOCAL session_replication_role = origin")
    return done.rowcount


@probe("tenant_fkey tenant_id_fkey", hostile=False)
def _a_tenant_with_rows_stays(w: World) -> None:
    """Every foreign key to the tenant: its rows keep a tenant from being deleted, or go with it."""
    with w.connect("dba") as conn:
        for name in w.of_tenants:
            table = sql.SQL(name)  # quoted by the server
            with conn.transaction(force_rollback=True):
                tenant = uuid.uuid4()
                conn.execute(
                    "INSERT INTO tenancy_private.tenant (id, slug, name, industry, region) "
                    "SELECT %s, 'prover-gone', 'x', 'hotel', region FROM tenancy_private.node", [tenant],
                )  # fmt: skip
                expect(_row_of(conn, name, tenant), 1, f"rows of {name} to try with")
                end = "DELETE FROM tenancy_private.tenant WHERE id = %s"
                if name not in w.go_along:
                    refused(conn, "23503", f"deleting a tenant with rows in {name}", end, tenant)
                    continue
                conn.execute(end, [tenant])
                left = sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = %s").format(table)
                expect(conn.execute(left, [tenant]).fetchone(), (0,), f"rows that stay in {name}")


UNIQUE = """
SELECT ARRAY(SELECT a.attname::text FROM pg_attribute AS a
             WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND a.attname <> 'tenant_id'
             AND pg_get_indexdef(i.indexrelid) ~ ('[(, ]' || a.attname || '[), ]'))
FROM pg_index AS i
WHERE i.indrelid = to_regclass(%s) AND i.indisunique ORDER BY i.indexrelid::regclass::text
"""

OF_TENANTS = """
SELECT conrelid::regclass::text, confdeltype = 'c' FROM pg_constraint
WHERE contype = 'f' AND confrelid = 'tenancy_private.tenant'::regclass ORDER BY 1
"""


# Hardened -----------------------------------------------------------------------------------------


@probe("harden", hardened=True)
def _built_ins_taken_away(w: World) -> None:
    with w.inside("manager") as conn:
        conn.execute("SAVEPOINT staged")
        for signature in w.revoked:
            name, _, types = signature.rstrip(")").partition("(")
            bind = ", ".join(
                f"current_setting('prover.none', true)::{t}" for t in types.split(",") if t
            )
            try:
                conn.execute(f"ROLLBACK TO staged; SELECT {name}({bind}) WHERE false".encode())
            except psycopg.Error as error:
                expect(error.sqlstate, "42501", f"built-in {signature}")
            else:
                raise Broken(f"built-in {signature} may be called")
        conn.execute("ROLLBACK TO staged")
        refused(conn, "42501", "a DO block", "DO $$ BEGIN END $$")
    with psycopg.connect(make_conninfo(w.dba, user=dev.OWNER)) as owner:
        owner.execute("SELECT 'tenancy_private.tenant'::regclass")  # as vacuumdb names it


@probe("harden", hardened=True)
def _settings_and_backups(w: World) -> None:
    with w.inside("manager") as conn:
        expect(one(conn, "SHOW temp_file_limit"), "1GB", "temp_file_limit of the gateway")
        expect(one(conn, "SHOW log_parameter_max_length_on_error"), "0", "parameters in the log")
        expect(one(conn, "SELECT count(*) > 0 FROM app.customers"), True, "rows when hardened")
    try:
        backup = w.connect("backup")
    except psycopg.OperationalError as error:
        raise Broken(f"no login for backups: {error}") from error
    with backup as conn:
        expect(
            one(conn, "SELECT count(DISTINCT tenant_id) > 1 FROM app.customers"),
            True,
            "a whole backup",
        )
        expect(
            one(conn, "SELECT set_config('search_path', '', false)"), "", "what pg_dump calls first"
        )
