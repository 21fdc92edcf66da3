"""`tenancy check`: invariants, hardening in force, and known holes of the server, by behaviour.

A check is a file in sql/checks/ whose rows are the objects that break it. A probe does what an
attacker would, in a transaction that is rolled back, because a version number proves nothing.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import click
import psycopg

from tenancy import console, paths

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be: failure, warning or note."""

    level: str
    check: str
    object: str
    remedy: str


def invariants(conn: Connection) -> list[Finding]:
    """Run every file of sql/checks/; each row is a failure."""
    found = []
    for path in sorted((paths.ROOT / "sql/checks").glob("*.sql")):
        text = path.read_text()
        remedy = re.search(r"^-- Remedy: (.*)$", text, re.M)
        found += [
            Finding("failure", path.stem, str(row[0]), remedy[1] if remedy else "")
            for row in conn.execute(text)
        ]
    return found


_HARDENING = {
    "role tenancy_backup": "to_regrole('tenancy_backup') IS NOT NULL",
    "set_config revoked": "NOT EXISTS (SELECT FROM pg_proc, aclexplode(coalesce(proacl, "
    "acldefault('f', proowner))) AS a WHERE proname = 'set_config' AND a.grantee = 0)",
    "dangerous built-ins revoked": "NOT EXISTS (SELECT FROM pg_proc, aclexplode(coalesce(proacl, "
    "acldefault('f', proowner))) AS a WHERE a.grantee = 0 AND pronamespace = "
    "'pg_catalog'::regnamespace AND proname IN ('query_to_xml', 'pg_terminate_backend', "
    "'pg_advisory_lock', 'pg_notify', 'pg_stat_get_activity'))",
    "plpgsql revoked": "NOT EXISTS (SELECT FROM pg_language, aclexplode(coalesce(lanacl, "
    "acldefault('l', lanowner))) AS a WHERE lanname = 'plpgsql' AND a.grantee = 0)",
    "temp_file_limit of the gateway": "EXISTS (SELECT FROM pg_db_role_setting WHERE setrole = "
    "to_regrole('tenancy_gateway') AND array_to_string(setconfig, ',') ~ 'temp_file_limit')",
}


def hardening(conn: Connection) -> dict[str, bool]:
    """Return which lines of sql/harden.sql are in force."""
    return {
        name: conn.execute(f"SELECT {query}").fetchone() == (True,)
        for name, query in _HARDENING.items()
    }


def _conflict_leak(conn: Connection) -> bool:
    """CVE-2026-120154: a WHERE of ON CONFLICT sees the row before the policy does."""
    conn.execute(
        "INSERT INTO probe.row VALUES (1, 'nobody', 'not a number');"
        "CREATE POLICY p ON probe.row USING (owner = current_user);"
        "GRANT SELECT, INSERT, UPDATE ON probe.row TO tenancy_probe;"
        "SET LOCAL ROLE tenancy_probe"
    )
    try:
        conn.execute(
            "INSERT INTO probe.row AS t VALUES (1, current_user, 'x') "
            "ON CONFLICT (id) DO UPDATE SET secret = '' WHERE t.secret::int = 1"
        )
    except psycopg.errors.InvalidTextRepresentation:
        return True
    except psycopg.errors.InsufficientPrivilege:
        return False
    return False


def _drop_owned_leak(conn: Connection) -> bool:
    """CVE-2026-116311: DROP OWNED takes a role out of restrictive policies of others' tables."""
    conn.execute(
        "CREATE POLICY wall ON probe.row AS RESTRICTIVE TO tenancy_probe, tenancy_staff "
        "USING (false);"
        "SET LOCAL ROLE tenancy_probe"
    )
    try:
        conn.execute("DROP OWNED BY tenancy_probe; RESET ROLE")
    except psycopg.errors.InsufficientPrivilege:
        return False
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM pg_policy WHERE polname = 'wall' "
        "AND polrelid = 'probe.row'::regclass "
        "AND to_regrole('tenancy_probe')::oid = ANY (polroles))"
    ).fetchone()
    return row != (True,)


# Everything is rolled back, the role included; the lock keeps two probes from making it at once.
_STAGE = """
SELECT pg_advisory_xact_lock(7402);
CREATE ROLE tenancy_probe;
GRANT tenancy_probe TO CURRENT_USER;
CREATE SCHEMA probe;
GRANT USAGE ON SCHEMA probe TO tenancy_probe;
CREATE TABLE probe.row (id int PRIMARY KEY, owner name, secret text);
ALTER TABLE probe.row ENABLE ROW LEVEL SECURITY;
"""

_PROBES: dict[str, tuple[Callable[[Connection], bool], str]] = {
    "CVE-2026-120154 (ON CONFLICT reads below the policy)": (
        _conflict_leak,
        "Update PostgreSQL; keys that start with tenant_id make it harmless on our tables.",
    ),
    "CVE-2026-116311 (DROP OWNED widens restrictive policies)": (
        _drop_owned_leak,
        "Update PostgreSQL; our wall is TO PUBLIC, which it does not reach.",
    ),
}


def probes(conn: Connection, *, throwaway: bool) -> list[Finding]:
    """Try the known holes of row security: a warning on a throw-away server, else a failure."""
    level, found = "warning" if throwaway else "failure", []
    for name, (leaks, remedy) in _PROBES.items():
        try:
            with conn.transaction(force_rollback=True):
                conn.execute(_STAGE)
                is_open = leaks(conn)
        except psycopg.errors.InsufficientPrivilege:
            found.append(Finding("warning", name, "not probed", "Run the check as a superuser."))
            continue
        if is_open:
            found.append(Finding(level, name, "server", remedy))
    return found


def run(dsn: str, *, throwaway: bool) -> tuple[list[Finding], dict[str, bool]]:
    """Return findings and the state of hardening of one database."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        return invariants(conn) + probes(conn, throwaway=throwaway), hardening(conn)


@click.command("check")
@console.options
def command(dsn: str | None, as_json: bool) -> None:
    """Say what of the isolation promise a database does not keep; exit 1 on a failure."""
    from tenancy import demo  # noqa: PLC0415

    with demo.filled(dsn, tenants=0) as target:
        findings, hardened = run(target, throwaway=not dsn)
    failures = [f for f in findings if f.level == "failure"]
    if not as_json:
        for finding in findings:
            click.echo(f"{finding.level}: {finding.check}: {finding.object}. {finding.remedy}")
        for name, in_force in hardened.items():
            click.echo(f"{'in force' if in_force else 'not in force'}: harden: {name}")
    checks = len(list((paths.ROOT / "sql/checks").glob("*.sql"))) + len(_PROBES)
    console.emit(
        ok=not failures,
        summary=f"{checks} checks, {len(failures)} failures, {len(findings) - len(failures)} warnings",
        counts={"checks": checks, "failures": len(failures)},
        as_json=as_json,
        findings=[asdict(f) for f in findings],
        hardening=hardened,
    )


@click.command("harden")
@console.options
def harden(dsn: str | None, as_json: bool) -> None:
    """Apply sql/harden.sql as a superuser (default: to the development server)."""
    from tenancy import dev  # noqa: PLC0415

    target = dsn or dev._dsn("dba")
    with psycopg.connect(target, autocommit=True) as conn:
        conn.execute((paths.ROOT / "sql/harden.sql").read_text())
        state = hardening(conn)
    ok = all(state.values())
    summary = f"{sum(state.values())} of {len(state)} lines in force"
    counts = {"in_force": sum(state.values())}
    console.emit(ok=ok, summary=summary, counts=counts, as_json=as_json, hardening=state)
