"""Random sequences over several connections, against a model that knows what each may see.

TENANCY_STATEFUL_EXAMPLES sequences (60 by default, 120 in CI) of 40 steps; TENANCY_STATEFUL_SEED is
printed. The model is exact: which rows of app.pins each connection reads at each moment, which SQLSTATE
each refusal has, and what is committed in the end.
"""

import os
import re
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from tenancy import fuzz
from tests.fix_tenants import Tenant, make_tenant

IN_CI = os.environ.get("CI") == "true"
EXAMPLES = int(os.environ.get("TENANCY_STATEFUL_EXAMPLES") or (120 if IN_CI else 60))
SEED = int(os.environ.get("TENANCY_STATEFUL_SEED") or 2026)
STEPS, CONNECTIONS = 40, 3

KEYS = {"customer": "customer", "public": "customer", "staff": "staff", "manager": "manager"}
INSERT = "INSERT INTO app.pins (tenant_id, id, title) VALUES (%s, %s, %s)"
ROLES = ("none", "customer", "staff", "manager")
FLOW = ("savepoint", "rollback to", "release", "error", "commit", "rollback")
WRITERS = {"staff", "manager"}


@dataclass(frozen=True)
class Token:
    """A signed context: whose it is, and the one connection and transaction in which it verifies."""

    tenant: int
    key: str
    connection: int
    transaction: int
    left: bool = False


@dataclass(frozen=True)
class Moment:
    """What a savepoint brings back."""

    token: Token | None = None
    role: str = "none"
    #: The role after COMMIT: SET outlives the transaction, SET LOCAL does not.
    session_role: str = "none"
    #: Rows written and not committed; None is a deleted one.
    pending: dict[uuid.UUID, tuple[int, str] | None] = field(default_factory=dict)


@dataclass
class Modelled:
    """A connection, and what the model knows of it."""

    conn: psycopg.Connection[Any]
    number: int
    now: Moment = Moment()
    began_as: str = "none"
    savepoints: list[Moment] = field(default_factory=list)
    #: Rows it holds a lock on.
    touched: set[uuid.UUID] = field(default_factory=set)
    transaction: int = 0
    failed: bool = False

    @property
    def verified(self) -> Token | None:
        """The token, if it is of this connection and this transaction."""
        token = self.now.token
        here = (self.number, self.transaction)
        return token if token and (token.connection, token.transaction) == here else None

    @property
    def tenant(self) -> int | None:
        """The tenant whose rows are visible now."""
        token = self.verified
        in_force = token and not token.left and KEYS[token.key] == self.now.role
        return token.tenant if token and in_force else None

    def set(self, **changes: Any) -> None:
        """Change what is so now."""
        self.now = replace(self.now, **changes)


class Machine(RuleBasedStateMachine):
    """The rules; the database, its tenants and connections are set from outside."""

    dba: ClassVar[psycopg.Connection[Any]]
    tenants: ClassVar[list[Tenant]]
    lines: ClassVar[list[psycopg.Connection[Any]]]
    #: What happened in all examples: the positive control.
    seen: ClassVar[Counter[str]] = Counter()

    rows = Bundle("rows")
    connections = st.integers(0, CONNECTIONS - 1)
    mostly = st.sampled_from([True, True, True, False])
    somebody = st.integers(0, 2)

    @initialize(target=rows)
    def begin(self) -> Any:
        """Start with one row per tenant, and connections that did nothing yet."""
        self.kept: list[tuple[str, Token]] = []
        self.all = [Modelled(conn, i) for i, conn in enumerate(self.lines)]
        self.committed: dict[uuid.UUID, Any] = {
            uuid.uuid4(): (i, self.title(i)) for i in range(len(self.tenants))
        }
        self.dba.execute("DELETE FROM app.pins")
        for row, (tenant, title) in self.committed.items():
            self.dba.execute(INSERT, [self.tenants[tenant].id, row, title])
        return multiple(*self.committed)

    def title(self, tenant: int) -> str:
        """Make a text with the tenant's canary, like no other."""
        return f"{fuzz.canary(self.tenants[tenant].id)}/{uuid.uuid4()}"

    def run(
        self, c: Modelled, query: str, values: Any = None, *, refused: str | None = None
    ) -> psycopg.Cursor[Any] | None:
        """Run a statement that ends as the model says; return nothing when it was refused.

        After an error everything is refused: one statement tries that, then the connection recovers.
        """
        if c.failed:
            refused = "25P02"
        try:
            cursor = c.conn.execute(query, values)
        except psycopg.Error as error:
            assert error.sqlstate == refused, f"{query}: {error}"
            self.seen[f"refused {refused}"] += 1
            self.error = str(error)
            if c.failed:
                self.recover(c)
            else:
                c.failed = True
            return None
        assert refused is None, f"{query}: not refused with {refused}"
        return cursor

    def recover(self, c: Modelled) -> None:
        """Go back to the last savepoint, else to the beginning."""
        if not c.savepoints:
            self.finish(c, commit=False)
            return
        c.conn.execute("ROLLBACK TO s")
        if c.tenant is not None and c.savepoints[-1].token is None:
            self.seen["context rolled back"] += 1
        c.now, c.failed = c.savepoints[-1], False

    def finish(self, c: Modelled, *, commit: bool) -> None:
        """COMMIT, which is a ROLLBACK after an error, or ROLLBACK."""
        (c.conn.commit if commit else c.conn.rollback)()
        role = c.began_as
        if commit and not c.failed:
            self.committed |= c.now.pending
            role = c.now.session_role
        c.now, c.began_as = Moment(role=role, session_role=role), role
        c.savepoints, c.failed, c.touched = [], False, set()
        c.transaction += 1

    def pick(self, number: int, inside: bool) -> Modelled:
        """Choose a connection: this one, or the next one inside a tenant; none is: this enters."""
        order = self.all[number:] + self.all[:number]
        found = [c for c in order if c.tenant is not None and not c.failed]
        if inside and not found:
            self.finish(order[0], commit=False)
            self.enter(number, number, ("manager", "staff", "customer")[number])
        return found[0] if inside and found else order[0]

    def visible(self, c: Modelled) -> dict[uuid.UUID, str]:
        """Return what a connection reads now."""
        rows = {**self.committed, **c.now.pending}
        return {i: row[1] for i, row in rows.items() if row and row[0] == c.tenant}

    def locked(self, c: Modelled, row: uuid.UUID) -> bool:
        """Whether another connection has changed a committed row and not ended yet."""
        return row in self.committed and any(row in o.touched for o in self.all if o is not c)

    # Contexts -------------------------------------------------------------------------------------

    @rule(number=connections, tenant=somebody, key=st.sampled_from([*KEYS]))
    def enter(self, number: int, tenant: int, key: str) -> None:
        """Enter: once per transaction, or the same again."""
        c = self.all[number]
        before = c.verified
        same = before is None or (before.tenant, before.key) == (tenant, key)
        credential = self.tenants[tenant].keys[key]
        refused = None if same else "TN003"
        if self.run(c, "SELECT tenancy.enter(%s)", [credential], refused=refused):
            c.set(token=Token(tenant, key, number, c.transaction), role=KEYS[key])

    @rule(
        number=connections,
        tenant=somebody,
        key=st.sampled_from([*KEYS]),
        savepoint=st.booleans(),
        write=st.booleans(),
    )
    def request(self, number: int, tenant: int, key: str, savepoint: bool, write: bool) -> None:
        """Begin anew, as an application does: a savepoint perhaps, the context, a look."""
        c = self.all[number]
        self.finish(c, commit=True)
        if savepoint:
            self.savepoint(c)
        self.enter(number, tenant, key)
        if write:
            self.insert(number, inside=False, own=True, tenant=tenant)
        self.read(number, inside=False)

    @rule(number=connections, inside=mostly, again=st.booleans())
    def leave(self, number: int, inside: bool, again: bool) -> None:
        """Leave, with a context or without; take its role again, perhaps."""
        c = self.pick(number, inside)
        token, role = c.verified, c.now.role
        if self.run(c, "SELECT tenancy.leave()"):
            c.set(token=replace(token, left=True) if token else c.now.token, role="none")
            if again:
                self.set_role(c.number, role, local=True)

    @rule(number=connections, role=st.sampled_from(ROLES), local=st.booleans())
    def set_role(self, number: int, role: str, local: bool) -> None:
        """Take any role that the login may take."""
        c = self.all[number]
        name = role if role == "none" else f"tenancy_{role}"
        if self.run(c, f"SET {'LOCAL' if local else 'SESSION'} ROLE {name}"):
            c.set(role=role, session_role=c.now.session_role if local else role)

    @rule(number=connections, thief=connections, age=st.integers(0, 3), local=st.booleans())
    def replay(self, number: int, thief: int, age: int, local: bool) -> None:
        """Copy a context, put it or an older one on a connection, with its role, and read."""
        c = self.pick(number, inside=True)
        if c.tenant is not None and (
            cursor := self.run(c, "SELECT current_setting('tenancy.context')")
        ):
            self.kept.append((cursor.fetchone()[0], c.now.token))
        if self.kept:
            text, token = self.kept[-1 - age % len(self.kept)]
            c = self.all[thief]
            if self.run(c, "SELECT set_config('tenancy.context', %s, %s)", [text, local]):
                c.set(token=token)
                self.seen["own token" if c.verified else "stale token"] += 1
                self.set_role(thief, KEYS[token.key], local=True)
                self.read(thief, inside=False)

    # Rows -----------------------------------------------------------------------------------------

    @rule(number=connections, inside=mostly)
    def read(self, number: int, inside: bool) -> None:
        """Read all there is."""
        c = self.pick(number, inside)
        query = "SELECT id, title FROM app.pins"
        cursor = self.run(c, query, refused="42501" if c.now.role == "none" else None)
        if cursor:
            expected = self.visible(c)
            assert dict(cursor.fetchall()) == expected
            self.seen["rows" if expected else "no rows"] += 1

    @rule(number=connections, inside=mostly)
    def quote_in_an_error(self, number: int, inside: bool) -> None:
        """Let the error quote a row."""
        c = self.pick(number, inside)
        titles = {*self.visible(c).values()}
        refused = "42501" if c.now.role == "none" else "22P02" if titles else None
        failed = c.failed
        if not self.run(c, "SELECT title::int FROM app.pins", refused=refused):
            quoted = re.findall(r"canary-[^\"]*", self.error)
            assert {*quoted} <= titles
            assert bool(quoted) == (refused == "22P02" and not failed)

    @rule(target=rows, number=connections, inside=mostly, own=mostly, tenant=somebody)
    def insert(self, number: int, inside: bool, own: bool, tenant: int) -> uuid.UUID:
        """Write a row, for the own tenant or for another."""
        c, row = self.pick(number, inside), uuid.uuid4()
        tenant = c.tenant if own and c.tenant is not None else tenant
        title = self.title(tenant)
        allowed = c.tenant == tenant and c.now.role in WRITERS
        values = [self.tenants[tenant].id, row, title]
        if self.run(c, INSERT, values, refused=None if allowed else "42501"):
            c.set(pending={**c.now.pending, row: (tenant, title)})
            self.seen["inserted"] += 1
        return row

    @rule(number=connections, inside=mostly, row=rows, own=st.booleans(), delete=st.booleans())
    def change(self, number: int, inside: bool, row: uuid.UUID, own: bool, delete: bool) -> None:
        """UPDATE or DELETE a row by its id: an own one, or whosever it is."""
        c = self.pick(number, inside)
        if own:
            row = next(iter(self.visible(c)), row)
        if self.locked(c, row):
            return
        role, title = c.now.role, self.title(c.tenant or 0)
        forbidden = role == "none" or (delete and role == "staff")
        query, values = "UPDATE app.pins SET title = %s WHERE id = %s", [title, row]
        if delete:
            query, values = "DELETE FROM app.pins WHERE id = %s", [row]
        if cursor := self.run(c, query, values, refused="42501" if forbidden else None):
            hit = role in WRITERS and row in self.visible(c)
            assert cursor.rowcount == int(hit), query
            self.seen["changed" if hit else "not changed"] += 1
            if hit and c.tenant is not None:
                c.set(pending={**c.now.pending, row: None if delete else (c.tenant, title)})
                c.touched.add(row)

    # Savepoints, errors and ends ------------------------------------------------------------------

    @rule(number=connections, step=st.sampled_from(FLOW))
    def flow(self, number: int, step: str) -> None:
        """Make, use or forget a savepoint, make an error, or end the transaction."""
        c = self.all[number]
        if step == "error":
            self.run(c, "SELECT 1 / 0", refused="22012")
        elif step == "savepoint":
            self.savepoint(c)
        elif step in {"commit", "rollback"}:
            self.finish(c, commit=step == "commit")
        elif c.savepoints and step == "rollback to":
            self.recover(c)
        elif c.savepoints and self.run(c, "RELEASE s"):
            c.savepoints.pop()

    def savepoint(self, c: Modelled) -> None:
        """Remember this moment."""
        if self.run(c, "SAVEPOINT s"):
            c.savepoints.append(c.now)

    @invariant()
    def every_connection_is_who_it_may_be(self) -> None:
        """Ask each that is in a transaction, whatever was done to another."""
        self.seen["steps"] += 1
        for c in self.all:
            active = c.conn.info.transaction_status == TransactionStatus.INTRANS
            if active and (cursor := self.run(c, "SELECT tenancy.tenant_id()")):
                expected = None if c.tenant is None else self.tenants[c.tenant].id
                assert cursor.fetchone() == (expected,)

    def teardown(self) -> None:
        """Roll back, and compare what is committed."""
        for conn in self.lines:
            conn.rollback()
            conn.execute("RESET ROLE")
            conn.execute("RESET ALL")
            conn.commit()
        rows = self.dba.execute("SELECT id, tenant_id, title FROM app.pins").fetchall()
        index = {tenant.id: i for i, tenant in enumerate(self.tenants)}
        expected = {row: value for row, value in self.committed.items() if value}
        assert {row: (index[t], title) for row, t, title in rows} == expected


@pytest.fixture
def machine(database):
    """A machine on a database of its own, with three tenants and three connections."""
    tenants = [make_tenant(database, slug) for slug in ("diner", "spa", "hotel")]
    login = make_conninfo(database, user="tenancy_gateway")
    lines = [psycopg.connect(login) for _ in range(CONNECTIONS)]
    dba = psycopg.connect(database, autocommit=True)
    # max_pins makes a tenant's inserts wait for each other; here one thread has all connections.
    for trigger in ("_050_lock_usage", "_400_count_inserted", "_400_count_deleted"):
        dba.execute(f"ALTER TABLE app.pins DISABLE TRIGGER {trigger}")
    given = {"dba": dba, "tenants": tenants, "lines": lines, "seen": Counter()}
    yield seed(SEED)(type("Run", (Machine,), given))
    for conn in (dba, *lines):
        conn.close()


def run(machine, examples):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=True,
            report_multiple_bugs=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_each_connection_sees_what_the_model_says_and_no_other_canary(machine):
    print(f"seed {SEED}")
    run(machine, EXAMPLES)
    seen = machine.seen
    print(f"{EXAMPLES} sequences of {STEPS} steps: {dict(seen)}")
    # Positive controls: what the model is about did happen.
    for happened in (
        "rows", "no rows", "inserted", "changed", "not changed", "stale token", "own token",
        "context rolled back", "refused TN003", "refused 42501", "refused 22P02", "refused 25P02",
    ):  # fmt: skip
        assert seen[happened] > 0, happened


MUTANTS = {
    "a wall is dropped": "DROP POLICY tenant_wall ON app.pins",
    "a wall does not check what is written": (
        "ALTER POLICY tenant_wall ON app.pins WITH CHECK (true)"
    ),
    "the context is not bound to its transaction": (
        "CREATE OR REPLACE FUNCTION tenancy_private.transaction_tag() RETURNS bytea STABLE "
        "RETURN pg_catalog.int4send(pg_catalog.pg_backend_pid())"
    ),
    "the context is not bound to its backend": (
        "CREATE OR REPLACE FUNCTION tenancy_private.transaction_tag() RETURNS bytea STABLE "
        "RETURN ''::bytea"
    ),
    "the signed role need not be in force": (
        "CREATE OR REPLACE FUNCTION tenancy_private.context_in_force() RETURNS text STABLE "
        "SECURITY DEFINER RETURN tenancy_private.verified_context()"
    ),
    "leave does not end the context": (
        "CREATE OR REPLACE FUNCTION tenancy.retire_context() RETURNS void LANGUAGE sql "
        "SECURITY DEFINER AS ''"
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_caught(machine, mutant):
    machine.dba.execute(MUTANTS[mutant])
    with pytest.raises(AssertionError):
        run(machine, 200)
