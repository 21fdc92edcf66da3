"""The known holes of row security, tried as an attacker would, in a transaction that is rolled back.

A version number proves nothing: distributions backport, and published binaries lag behind.
"""

from collections.abc import Callable
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

# Everything is rolled back, the roles included.
_STAGE = """
CREATE ROLE tenancy_probe;
GRANT tenancy_probe TO CURRENT_USER;
CREATE SCHEMA probe;
GRANT USAGE ON SCHEMA probe TO tenancy_probe;
CREATE TABLE probe.row (id int PRIMARY KEY, owner name, secret text, figure numeric);
INSERT INTO probe.row VALUES (1, 'nobody', 'not a number', 1e400);
ALTER TABLE probe.row ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE ON probe.row TO tenancy_probe;
"""
_AS_PROBE = ";SET LOCAL ROLE tenancy_probe"


def _fails(conn: Connection, statement: str) -> str | None:
    try:
        conn.execute(statement)
    except psycopg.Error as error:
        return error.sqlstate
    return None


def _conflict_reads_below_the_policy(conn: Connection) -> bool:
    conn.execute("CREATE POLICY p ON probe.row USING (owner = current_user)" + _AS_PROBE)
    state = _fails(
        conn,
        "INSERT INTO probe.row AS t VALUES (1, current_user) "
        "ON CONFLICT (id) DO UPDATE SET secret = '' WHERE t.secret::int = 1",
    )
    return state == "22P02"  # the cast met the other row's text


def _conflict_passes_a_view(conn: Connection) -> bool:
    conn.execute(
        "ALTER TABLE probe.row DISABLE ROW LEVEL SECURITY;"
        "CREATE VIEW probe.mine AS SELECT id, owner, secret FROM probe.row "
        "WHERE owner = current_user; GRANT SELECT, INSERT, UPDATE ON probe.mine TO tenancy_probe"
        + _AS_PROBE
    )
    state = _fails(
        conn,
        "INSERT INTO probe.mine VALUES (1, current_user, 'x') "
        "ON CONFLICT (id) DO UPDATE SET secret = 'taken'",
    )
    return state is None


def _drop_owned_opens_a_wall(conn: Connection) -> bool:
    conn.execute(
        "CREATE POLICY door ON probe.row USING (true);"
        "CREATE POLICY wall ON probe.row AS RESTRICTIVE TO tenancy_probe, tenancy_probe_other "
        "USING (false)" + _AS_PROBE
    )
    _fails(conn, "DROP OWNED BY tenancy_probe; RESET ROLE")
    row = conn.execute(
        "SELECT NOT to_regrole('tenancy_probe')::oid = ANY (polroles) FROM pg_policy "
        "WHERE polname = 'wall' AND polrelid = 'probe.row'::regclass"
    ).fetchone()
    return row != (False,)


def _plan_outlives_a_membership(conn: Connection) -> bool:
    conn.execute(
        "GRANT tenancy_probe_other TO tenancy_probe;"
        "CREATE POLICY door ON probe.row TO tenancy_probe_other USING (true)" + _AS_PROBE
    )
    try:
        conn.execute("PREPARE tenancy_probe AS SELECT FROM probe.row; EXECUTE tenancy_probe")
        conn.execute("RESET ROLE; REVOKE tenancy_probe_other FROM tenancy_probe" + _AS_PROBE)
        return conn.execute("EXECUTE tenancy_probe").rowcount > 0
    finally:
        conn.execute("DEALLOCATE ALL")


def _case_is_taken_for_leakproof(conn: Connection) -> bool:
    conn.execute(
        "CREATE FUNCTION probe.is_mine(name) RETURNS boolean LANGUAGE plpgsql STABLE COST 10000 "
        "AS 'BEGIN RETURN $1 = current_user; END';"
        "CREATE POLICY p ON probe.row USING (probe.is_mine(owner))" + _AS_PROBE
    )
    state = _fails(conn, "SELECT FROM probe.row WHERE CASE figure WHEN 1::float8 THEN true END")
    return state == "22003"  # the cast met the other row's number


#: By CVE: the probe, what the hole does, and what holds on a server that has it.
PROBES: dict[str, tuple[Callable[[Connection], bool], str, str]] = {
    "CVE-2026-14666": (
        _plan_outlives_a_membership,
        "a cached plan outlives the membership that its policies were chosen for",
        "our wall names no role, so that no plan is without it",
    ),
    "CVE-2026-16237": (
        _conflict_passes_a_view,
        "ON CONFLICT through a view updates rows that its WHERE hides",
        "our views are security_invoker, over tables with a wall",
    ),
    "CVE-2026-116311": (
        _drop_owned_opens_a_wall,
        "DROP OWNED takes a role out of restrictive policies of tables that it does not own",
        "our wall is TO PUBLIC, which it does not reach",
    ),
    "CVE-2026-116327": (
        _case_is_taken_for_leakproof,
        "CASE with a cast runs below the policy, and its error prints the row's value",
        "our wall costs less than any such cast, so that it is compared first",
    ),
    "CVE-2026-120154": (
        _conflict_reads_below_the_policy,
        "the WHERE of ON CONFLICT reads the row before the policy does",
        "keys that start with tenant_id never meet another tenant's row",
    ),
}

#: Minor release that fixed them, where that is known. For 16 to 18 it is not: the probes decide.
FIXED = {15: {"CVE-2026-14666": 19} | dict.fromkeys(PROBES.keys() - {"CVE-2026-14666"}, 20)}


def is_open(conn: Connection, name: str) -> bool:
    """Try one hole. Raises an SQL error where the role may not set the stage."""
    with conn.transaction(force_rollback=True):
        conn.execute(_STAGE + "CREATE ROLE tenancy_probe_other;")
        return PROBES[name][0](conn)


def floor(version: int) -> str:
    """Say what the minor release of a server tells about these holes; empty when all are fixed."""
    major, minor = divmod(version, 10_000)
    if major not in FIXED:
        return f"which minor of {major} fixed {', '.join(PROBES)} is not known: the probes decide"
    behind = [f"{name} in {major}.{m}" for name, m in FIXED[major].items() if minor < m]
    return "fixed later: " + ", ".join(sorted(behind)) if behind else ""
