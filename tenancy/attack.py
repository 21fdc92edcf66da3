"""`tenancy attack`: the catalogue of attacks, run against a database and against a naive copy of it.

Real logins run the statements of each vector; what decides is what came back: another tenant's canary,
a changed row, an accepted statement, two answers that differ. The two tenants are made for the run and
removed after it; every other effect is rolled back.
"""

import re
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import psycopg

from tenancy import console, paths
from tenancy.attack_sides import Connection, Naive, Ours, Side
from tenancy.attack_vectors import ATTACKERS, FOLDER, GROUPS, Step, Vector, catalogue

__all__ = ["ATTACKERS", "FOLDER", "GROUPS", "Outcome", "Vector", "catalogue", "harden", "run"]

LEAST = 120
#: An attack that stops here is misspelt, not refused, unless its header expects the code.
_BROKEN = re.compile(r"^(42(?!501)|22|26|34|08|3D|XX|0LP|25P)")
_MARK = re.compile(r"canary-[0-9a-f]{16}")


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


# One attack ---------------------------------------------------------------------------------------


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


#: Which connection an actor uses. The last ones share the DBA's, in one transaction: `inside` and `app`
#: are a tenant and the application's login there, who see what the stage has not committed.
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
        last = self.vector.steps[-1]
        for step in self.vector.steps:
            naive = self.side.name == "naive"
            if step.side not in {"", self.side.name} or (naive and step.actor == "evidence"):
                continue
            self.finished = False
            answer = self._ask(self._stand(step), step)
            if step.actor == "evidence":
                if answer.state:
                    raise _Broken(f"evidence: {answer}")
                self.evidence += len(answer.rows)
            else:
                self._take(step, answer, may_fail=self.vector.wins == "error" and step is last)
                if answer.state and not step.tries:
                    self.finished = step is last
                    return
            self.finished = True

    def _take(self, step: Step, answer: Answer, *, may_fail: bool) -> None:
        """Keep an answer as what it is: of the stage, of the victim, or of the attacker."""
        if answer.state and not step.tries:
            if step.actor in _STAGE and not may_fail:
                raise _Broken(f"{step.actor}: {answer}")
            known = self.side.name == "ours" and answer.state in self.vector.answer
            if not known and not _MARK.search(answer.text) and _BROKEN.match(answer.state):
                raise _Broken(str(answer))
        if step.compared:
            self.compared.append(answer)
        if step.actor not in _STAGE or self.vector.wins == "error":
            self.answers.append(answer)
        if step.actor not in {*_STAGE, "judge"} and (step.actor, step.option) != ("next", ""):
            self.seen.append(f"{answer.rows} {answer.state} {answer.text}")
        if step.keep and not answer.state:
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
            if step.tries and not conn.closed:
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
                shown = str(
                    next((a for a in self.answers if _MARK.search(f"{a.rows}{a.text}")), last)
                )
                return True, shown if _MARK.search(shown) else f"{shown} [{foreign.pop()}]"
            return False, str(last)
        if wins.startswith("~ "):
            found = re.search(wins[2:], " ".join(self.seen))
            return bool(found), f"…{found[0]}…" if found else str(last)
        if wins == "any":
            # DDL counts -1; constraints are asked after the policy let the row pass, TRUNCATE's
            # foreign keys (0A000) after the privilege.
            hits = [
                a for a in self.answers if a.state[:2] in {"23", "0A"} or (not a.state and a.count)
            ]
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
        """Return an answer without what the question already contained."""
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
        with conn.cursor().copy(statement) as copy:
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
            try:
                side.make()
                side.hold()
            except psycopg.Error as error:  # nobody can enter: of no use, and not safe either
                problem = f"no tenants to attack: {error}"
                return [Outcome(v, "broken", str(error), problem=problem) for v in chosen]
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
    """Apply sql/harden.sql as a superuser."""
    from tenancy import checks  # noqa: PLC0415

    with psycopg.connect(dba) as conn:
        checks.apply_hardening(conn)


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
@click.option(
    "--naive/--no-naive", default=None, help="The naive copy, too (default: without --dsn)."
)
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
