"""`tenancy mutate`: weaken a copy of the database in every way there is, and see that it is noticed.

One mutant is one copy with one weakening. The cells of what it touches are tried first, then the
probes that are about it, then everything else, and the first answer that is not as promised kills
it. A kill counts by behaviour only: what `tenancy check` alone would see is a column of its own.
"""

import importlib
import importlib.util
import multiprocessing
import os
import random
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import (
    behaviour,
    behaviour_life,  # noqa: F401  (registers its probes)
    behaviour_place,  # noqa: F401
    checks,
    console,
    demo,
    dev,
    fuzz,
    matrix,
    paths,
    placement,
    servers,
    surface,
)
from tenancy.mutants import BY_BEHAVIOUR, Mutant, derive, own_schemas, revoked

EQUIVALENT = paths.ROOT / "tests/mutants/equivalent.toml"
WORKERS = 2
_HARDENED = "tenancy_hardened"
_SOME = ("staff", "gateway", "builder", "owner")


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: killed by what, or survived."""

    mutant: str
    kind: str
    #: matrix, attack, or check; empty for a survivor.
    by: str
    detail: str
    seconds: float

    @property
    def killed(self) -> bool:
        """Whether behaviour gave it away."""
        return self.by in {"matrix", "attack"}


@dataclass
class Stage:
    """A server with a filled database to copy, and everything that was promised about it."""

    server: str
    probe: matrix.Probe
    world: behaviour.World
    templates: tuple[str, str] = (dev.DATABASE, _HARDENED)

    @cached_property
    def still(self) -> str:
        """A copy of this process in which nothing is ever committed."""
        name = f"still_{os.getpid()}"
        with psycopg.connect(self.server, autocommit=True) as conn:
            self._create(conn, name, self.templates[0])
        return make_conninfo(self.server, dbname=name)

    def _create(self, conn: psycopg.Connection[Any], name: str, template: str) -> None:
        """Copy a database; CREATE DATABASE does not copy who may connect."""
        conn.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
                *map(sql.Identifier, (name, dev.OWNER, template))
            )
        )
        with psycopg.connect(make_conninfo(self.server, dbname=name), autocommit=True) as clone:
            clone.execute((paths.ROOT / "sql/database.sql").read_bytes())
            if template == _HARDENED:
                clone.execute(f"GRANT CONNECT ON DATABASE {name} TO tenancy_backup")

    @contextmanager
    def copy(self, mutant: Mutant | None, *, hardened: bool = False) -> Iterator[str]:
        """Yield the DSN of a copy with one weakening; drop it, and undo what is not in it."""
        name = f"mutant_{os.getpid()}"
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        with psycopg.connect(self.server, autocommit=True) as conn:
            try:
                conn.execute(drop)
                self._create(conn, name, self.templates[hardened])
                dsn = make_conninfo(self.server, dbname=name)
                if mutant:
                    with psycopg.connect(dsn, autocommit=True) as clone:
                        statement = mutant.statement.replace("{database}", name)
                        clone.execute(statement.encode())
                yield dsn
            finally:
                conn.execute(drop)
                if mutant and mutant.undo:
                    conn.execute(mutant.undo.encode())


@contextmanager
def staged(tenants: int = 8) -> Iterator[Stage]:
    """Start a server, migrate, fill, make credentials and look-alikes, and harden a second copy."""
    with servers.start() as server:
        if not server.throwaway:
            raise click.ClickException(
                "mutants change roles: unset TENANCY_DSN, use TENANCY_SERVER=wheel"
            )
        dev.build(server)
        dba = server.dsn_for(dbname=dev.DATABASE)
        fuzz.fill(dba, tenants=tenants, seed=demo.SEED)
        placement.move(
            server.dsn_for(dbname=dev.DATABASE, user="tenancy_operator"), "fuzz-3", "dedicated"
        )
        probe = matrix.prepare(dba)
        list(matrix.cells(probe))  # makes every credential
        behaviour.make_hostile(dba)
        shared = [t for t in probe.tables if t.place == "own"]
        world = behaviour.prepare(dba, probe.own, probe.other, shared)
        assert probe.dedicated  # noqa: S101
        world.ids["dedicated"] = probe.dedicated
        world.keys["dedicated"] = probe.key(probe.dedicated, "manager")
        with psycopg.connect(dba) as conn:
            world.revoked = revoked(conn)
        stage = Stage(server.dsn, probe, world)
        with server.connect() as conn:
            conn.execute(
                f"CREATE DATABASE {_HARDENED} OWNER {dev.OWNER} TEMPLATE {dev.DATABASE} "
                "STRATEGY file_copy"
            )
        with server.connect(dbname=_HARDENED) as conn:
            conn.execute((paths.ROOT / "sql/database.sql").read_bytes())
            conn.execute((paths.ROOT / "sql/harden.sql").read_bytes())
        yield stage


# What is tried, and in which order ----------------------------------------------------------------


def reds(stage: Stage, dba: str, mutant: Mutant | None) -> Iterator[tuple[str, str]]:
    """Yield (matrix or attack, what was answered) for everything that is not as promised.

    Without a mutant, everything is tried in order: that must yield nothing.
    """
    probe, world = stage.probe.at(dba), replace(stage.world, dba=dba)
    labels, roles = (mutant.labels, mutant.roles) if mutant else ((), ())
    tables = {t.label for t in probe.tables}
    if mutant and mutant.kind == "role":
        yield from _cells(surface.cells(probe, roles=roles))
    if mutant and tables & set(labels) and roles != ("none",):
        yield from _cells(matrix.cells(probe, tables=labels, roles=roles or matrix.ROLES))
    yield from _probes(world, mutant)
    # What is left: all cells of the table, or for what no table has to itself those of two tables.
    some = tables & set(labels) or set(sorted(tables)[:2])
    yield from _cells(matrix.cells(probe, tables=some if mutant else None))
    yield from _cells(surface.cells(probe, roles=_SOME if mutant else surface.ROLES))
    yield from _attacks(dba, labels)


def _cells(cells: Iterable[surface.Cell]) -> Iterator[tuple[str, str]]:
    for cell in cells:
        if not cell.ok:
            where = f"{cell.table} {cell.role} {cell.action} {cell.context}"
            yield "matrix", f"{where}: expected {cell.expected}, got {cell.verdict}"


def _probes(world: behaviour.World, mutant: Mutant | None) -> Iterator[tuple[str, str]]:
    about = [n for n, words in behaviour.ABOUT.items() if mutant and _is_about(words, mutant)]
    order = [*about, *(n for n in behaviour.PROBES if n not in about)]
    hardened = mutant is not None and mutant.kind == "harden"
    plain = [(n, world) for n in order if (n in behaviour.HARDENED) == hardened]
    hostile = [(n, behaviour.hostile(world)) for n in order if n in behaviour.ON_HOSTILE_PATH]
    if mutant is None:
        plain += hostile
    elif mutant.kind == "search_path":
        plain = hostile
    for name, its_world in plain:
        try:
            behaviour.PROBES[name](its_world)
        except behaviour.Broken as broken:
            yield "attack", f"{name}: {broken}"
        except psycopg.Error as error:
            if error.sqlstate is None:  # the connection, not the database's answer
                raise
            yield "attack", f"{name}: {error.sqlstate} {error.diag.message_primary}"


def _is_about(words: str, mutant: Mutant) -> bool:
    return any(word in mutant.name for word in words.split())


def _attacks(dba: str, labels: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Run the attack catalogue, where this checkout has it: first what depends on these things."""
    if not importlib.util.find_spec("tenancy.attack"):
        return
    attack: Any = importlib.import_module("tenancy.attack")
    ids = {v.id: bool(set(v.objects) & set(labels)) for v in attack.catalogue()}
    for first in (True, False):
        chosen = [name for name, is_first in ids.items() if is_first is first]
        for outcome in attack.run(dba, only=chosen, naive=False) if chosen else ():
            if not outcome.ok:
                yield "attack", f"{outcome.vector.id}: {outcome.problem}"


def _noticed_by_check(dba: str) -> str:
    with psycopg.connect(dba, autocommit=True) as conn:
        failures = [f for f in checks.invariants(conn) if f.level == "failure"]
    return f"{failures[0].check}: {failures[0].object}" if failures else ""


def _granted(stage: Stage, mutant: Mutant) -> str:
    """Try a grant in a transaction: nothing else would show in its cells, and it needs no copy."""
    with psycopg.connect(stage.still) as conn:
        statement = mutant.statement.replace("{database}", conn.info.dbname)
    cells = surface.cells(
        stage.probe.at(stage.still),
        labels=mutant.labels,
        roles=mutant.roles or surface.ROLES,
        first=statement,
    )
    return next(_cells(cells), ("", ""))[1]


def trial(stage: Stage, mutant: Mutant) -> Outcome:
    """Make a mutant and find the first thing that gives it away."""
    began = time.monotonic()
    try:
        if mutant.kind in {"grant", "execute"} and (found := _granted(stage, mutant)):
            return Outcome(
                mutant.id, mutant.kind, "matrix", found, round(time.monotonic() - began, 3)
            )
        with stage.copy(mutant, hardened=mutant.hardened) as dba:
            by, detail = next(reds(stage, dba, mutant), ("", ""))
            if not by and (found := _noticed_by_check(dba)):
                by, detail = "check", found
    except psycopg.Error as error:
        # sql/harden.sql that needs the missing block says so to whoever runs it. Any other mutant
        # that does not apply proves nothing: it counts as a survivor.
        # A key that the rows of two tenants break was broken by their behaviour.
        by = "attack" if mutant.kind in {"harden", "constraint"} else ""
        detail = f"does not apply: {error}"
    return Outcome(mutant.id, mutant.kind, by, detail, round(time.monotonic() - began, 3))


_STAGE: list[Stage] = []


def _enter(stage: Stage) -> None:
    _STAGE.append(stage)


def _work(mutant: Mutant) -> Outcome:
    return trial(_STAGE[0], mutant)


# A run --------------------------------------------------------------------------------------------


@dataclass
class Result:
    """All outcomes of a run, judged against the list of equivalents."""

    outcomes: list[Outcome]
    equivalents: dict[str, str]
    derived: int
    seed: int
    seconds: float = 0
    stale: list[str] = field(default_factory=list)

    @property
    def survivors(self) -> list[Outcome]:
        """Mutants that nothing gave away, and that no proof calls equivalent."""
        return [o for o in self.outcomes if not o.by and o.mutant not in self.equivalents]

    @property
    def wrong_equivalents(self) -> list[Outcome]:
        """Mutants that are listed as equivalent and were killed all the same."""
        return [o for o in self.outcomes if o.killed and o.mutant in self.equivalents]

    @property
    def by_check_alone(self) -> list[Outcome]:
        """Mutants that only a look into the catalog gives away."""
        return [o for o in self.outcomes if o.by == "check" and o.mutant not in self.equivalents]

    @property
    def ok(self) -> bool:
        """Whether every mutant was killed by behaviour, or is rightly called equivalent."""
        bad = [o for o in self.by_check_alone if o.kind in BY_BEHAVIOUR]
        return bool(self.outcomes) and not (
            self.survivors or self.wrong_equivalents or bad or self.stale
        )

    def counts(self) -> dict[str, int]:
        """Return the figures that others read."""
        return {
            "mutants": len(self.outcomes),
            "killed": sum(o.killed for o in self.outcomes),
            "survived": len(self.survivors),
            "equivalent": sum(o.mutant in self.equivalents for o in self.outcomes),
            "check_only": len(self.by_check_alone),
            "derived": self.derived,
        }

    def kinds(self) -> dict[str, dict[str, float]]:
        """Return for each kind: mutants, killed by what, survivors, equivalents, seconds."""
        table: dict[str, dict[str, float]] = {}
        for outcome in self.outcomes:
            row = table.setdefault(outcome.kind, defaultdict(float))
            row["mutants"] += 1
            equivalent = outcome.mutant in self.equivalents
            row["equivalent" if equivalent else outcome.by or "survived"] += 1
            row["seconds"] = round(row["seconds"] + outcome.seconds, 2)
        return {kind: dict(row) for kind, row in table.items()}


#: Functions that only our owners may execute, so that only definers of ours call them; and whether
#: all of these are of the function's own owner.
_OWN = """
SELECT p.oid::regprocedure::text, p.prosecdef, p.proconfig IS NOT NULL, a.is_own
FROM pg_proc AS p
CROSS JOIN LATERAL (
    SELECT bool_and(a.grantee = p.proowner) AS is_own,
        bool_and(pg_get_userbyid(a.grantee) ~ '^tenancy_(kernel|owner|auditor)$') AS is_ours
    FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
) AS a
WHERE p.pronamespace IN ('tenancy_private'::regnamespace, 'app'::regnamespace)
    AND p.prorettype <> 'trigger'::regtype AND a.is_ours
"""


def equivalents(conn: psycopg.Connection[Any]) -> dict[str, str]:
    """Return the mutants that change nothing anybody can observe, each with its proof."""
    found: dict[str, str] = {}
    for name, is_definer, has_path, is_own in conn.execute(_OWN):
        runs = "only our owners may execute it, and each function of theirs that calls it"
        if is_own:
            after = "invoker" if is_definer else "definer"
            found[f"definer: {name} {after}"] = f"{runs} is a definer of its own owner"
        if has_path and (is_own or is_definer):
            found[f"search_path: {name} unset"] = f"{runs} has set this very search_path"
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    found |= {mutant: entry["proof"] for entry in listed for mutant in entry["mutants"]}
    for schema in own_schemas(conn):  # the same policies stand there
        here = {m: p for m, p in found.items() if m.startswith("policy: app.")}
        found |= {m.replace("app.", f"{schema}.", 1): proof for m, proof in here.items()}
    return found


def choose(mutants: list[Mutant], sample: int | None, seed: int, only: str | None) -> list[Mutant]:
    """Return the mutants to try: of one kind or name, and a sample with something of each kind."""
    chosen = [m for m in mutants if not only or m.kind == only]
    chosen = chosen or [m for m in mutants if only in m.id]  # type: ignore[operator]
    if not chosen:
        kinds = ", ".join(sorted({m.kind for m in mutants}))
        raise click.ClickException(f"no mutant is called {only}; kinds are {kinds}")
    random.Random(seed).shuffle(chosen)  # noqa: S311  (a sample, not a secret)
    if sample is None or sample >= len(chosen):
        return chosen
    first = {m.kind: m for m in reversed(chosen)}
    rest = [m for m in chosen if m is not first[m.kind]]
    return [*first.values(), *rest][: max(sample, 1)]


def run(
    stage: Stage, *, sample: int | None = None, seed: int = 0, only: str | None = None,
    known: dict[str, str] | None = None,
) -> Result:  # fmt: skip
    """Try mutants, two at a time; those of the whole cluster one after the other, at the end."""
    began = time.monotonic()
    _baseline(stage)
    with psycopg.connect(stage.probe.dba) as conn:
        mutants = derive(conn)
        known = equivalents(conn) if known is None else known
    result = Result([], known, len(mutants), seed)
    result.stale = sorted(set(known) - {m.id for m in mutants})
    chosen = choose(mutants, sample, seed, only)
    apart = [m for m in chosen if not m.undo]
    context = multiprocessing.get_context("spawn")
    with console.progress(eta=True) as bars:
        task = bars.add_task("mutants", total=len(chosen))

        def note(outcome: Outcome) -> None:
            result.outcomes.append(outcome)
            bars.update(task, advance=1, description=f"mutants: {len(result.survivors)} survived")

        with ProcessPoolExecutor(
            WORKERS, mp_context=context, initializer=_enter, initargs=(stage,)
        ) as pool:
            for outcome in pool.map(_work, apart, chunksize=4):
                note(outcome)
        together = [m for m in chosen if m.undo]
        for mutant in sorted(together, key=lambda m: m.kind, reverse=True):  # roles, then harden
            if mutant.kind == "harden":
                _forget_hardening(stage, mutant)
            note(trial(stage, mutant))
    result.seconds = round(time.monotonic() - began, 1)
    return result


def _forget_hardening(stage: Stage, mutant: Mutant) -> None:
    """Take back what sql/harden.sql gave to the cluster: each block has to do it by itself."""
    with psycopg.connect(stage.server, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {_HARDENED} WITH (FORCE)")
        conn.execute(mutant.undo.encode())


def _baseline(stage: Stage) -> None:
    """Try everything on copies that nobody weakened: otherwise anything would kill everything."""
    with stage.copy(None) as dba:
        found = list(reds(stage, dba, None))
    whole = Mutant("harden", "nothing left out", "SELECT", ("harden",), hardened=True)
    with stage.copy(None, hardened=True) as dba:
        found += list(_probes(replace(stage.world, dba=dba), whole))
    if found:
        raise click.ClickException(f"red without any mutant: {found[0][1]} ({len(found)} in all)")


def show(result: Result) -> None:
    """Print a table of kinds, then everything that is not as it should be."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    columns = ("mutants", "matrix", "attack", "check", "equivalent", "survived", "seconds")
    grid = Table("kind", *columns, title="Policy mutants, killed by the first wrong answer")
    for kind, row in sorted(result.kinds().items()):
        grid.add_row(kind, *(f"{row.get(c, 0):g}" for c in columns))
    Console().print(grid)
    for title, outcomes in (
        ("survived", result.survivors), ("equivalent, yet killed", result.wrong_equivalents),
        ("seen by tenancy check alone", result.by_check_alone),
    ):  # fmt: skip
        for outcome in outcomes:
            click.echo(f"{title}: {outcome.mutant} {outcome.detail}")
    for name in result.stale:
        click.echo(f"listed as equivalent, but not derived: {name}")


def html(result: Result) -> str:
    """Return one page: figures per kind, and every mutant with what gave it away."""
    import html as markup  # noqa: PLC0415

    def rows(cells: Iterable[Iterable[object]]) -> str:
        return "".join(
            "<tr>" + "".join(f"<td>{markup.escape(str(c))}</td>" for c in row) + "</tr>"
            for row in cells
        )

    figures = result.counts()
    columns = ("mutants", "matrix", "attack", "check", "equivalent", "survived", "seconds")
    kinds = rows(
        [k, *(f"{row.get(c, 0):g}" for c in columns)] for k, row in sorted(result.kinds().items())
    )
    order = sorted(result.outcomes, key=lambda o: (bool(o.by), o.mutant))
    every = rows(
        (o.mutant, o.by or ("equivalent" if o.mutant in result.equivalents else "SURVIVED"),
         o.detail or result.equivalents.get(o.mutant, ""), o.seconds)
        for o in order
    )  # fmt: skip
    head = "".join(f"<th>{c}</th>" for c in ("kind", *columns))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Policy mutants</title><style>'
        "body{font:14px/1.4 system-ui,sans-serif;margin:2rem;color:#222}td,th{padding:2px 10px 2px 0;"
        "text-align:left;vertical-align:top}td:nth-child(3){color:#555}</style>"
        f"<h1>{figures['mutants']} mutants, {figures['killed']} killed, {figures['survived']} survived, "
        f"{figures['equivalent']} equivalent</h1><p>Each is a copy of the database with one protection "
        "taken away. It is killed by the first cell of the policy matrix, or the first attack, that is "
        f"answered otherwise than promised. {result.seconds} s in all, seed {result.seed}.</p>"
        f"<table><tr>{head}</tr>{kinds}</table><h2>Every mutant</h2>"
        f"<table><tr><th>mutant</th><th>killed by</th><th>what was answered</th><th>s</th></tr>{every}"
        "</table></html>"
    )


def summary(result: Result) -> str:
    """Say in one line what a run found."""
    figures = result.counts()
    score = 100 * figures["killed"] / max(1, figures["mutants"] - figures["equivalent"])
    return (
        "{mutants} of {derived} mutants: {killed} killed by behaviour, {check_only} by a check alone, "
        "{equivalent} equivalent, {survived} survived".format(**figures)
        + f"; score {score:.1f} %, {result.seconds:.0f} s, seed {result.seed}"
    )


@click.command("mutate")
@click.option("--sample", type=click.IntRange(1), help="Try only so many, some of each kind.")
@click.option("--seed", type=int, help="Of the sample (default: a new one, which is printed).")
@click.option("--only", help="A kind, such as grant, or a piece of a mutant's name.")
@click.option("--html", "page", type=click.Path(path_type=Path), help="Write one page.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(
    sample: int | None, seed: int | None, only: str | None, page: Path | None, as_json: bool
) -> None:
    """Weaken a throw-away database in every way there is; exit 1 when one goes unnoticed."""
    seed = random.randrange(1_000_000) if seed is None else seed  # noqa: S311
    with staged() as stage:
        result = run(stage, sample=sample, seed=seed, only=only)
    if page:
        page.write_text(html(result), encoding="utf-8")
    if not as_json:
        show(result)
    console.emit(
        ok=result.ok,
        summary=summary(result),
        counts=result.counts(),
        as_json=as_json,
        seed=seed,
        seconds=result.seconds,
        kinds=result.kinds(),
        survivors=[asdict(o) for o in result.survivors],
        wrong_equivalents=[asdict(o) for o in result.wrong_equivalents],
        stale_equivalents=result.stale,
    )
