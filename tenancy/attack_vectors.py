"""The catalogue of attacks: one file per vector in tests/attacks/<group>/.

Below the header, `-- @actor [option]` says whose session runs the statements that follow; a line before
a statement says `ours` or `naive` (only on that side), `try` (a refusal does not end the attack), `hit`
and `miss` (the two answers that are compared) or `keep name` (the first value, for later statements).
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import click

from tenancy import paths

FOLDER = paths.ROOT / "tests" / "attacks"
GROUPS = {
    "context": "Context forgery, loss, inheritance, replay",
    "owners": "Owners and role attributes",
    "objects": "Objects row security does not cover",
    "definers": "Definer hygiene",
    "constraints": "Constraints as oracles",
    "channels": "Side channels",
    "pools": "Residue on pooled connections",
    "plans": "Plan caching and known CVEs of row security",
    "evidence": "Tampering with evidence",
    "secrets": "Secrets in logs and statement texts",
    "denial": "Denial of service by one tenant",
    "escalation": "Escalation inside a tenant",
    "placement": "Schemas of tenants' own",
}
ATTACKERS = ("user", "injected", "login", "staff", "insider")
#: The actors, in words.
_WHO = {
    "attacker": "attacker, in A",
    "attacker none": "attacker, without entering",
    "login": "the application's login, without a context",
    "next": "the same connection, next client: in B",
    "next none": "the same connection, next client: without a context",
    "victim": "victim, in B",
    "console": "the console's login",
    "operator": "the login of jobs",
    "insider": "owner of the tables",
    "kernel": "owner of the credentials",
    "superuser": "superuser",
    "builder": "stage: owner of the tables",
    "dba": "stage: superuser",
    "inside": "attacker in A, in the stage's transaction",
    "inside none": "attacker in A, still inside",
    "app": "the application's login, in the stage's transaction",
    "judge": "who looks: superuser",
    "evidence": "evidence",
}


@dataclass(frozen=True)
class Step:
    """One statement, who runs it, and on which side."""

    actor: str
    option: str
    statement: str
    side: str = ""
    keep: str = ""
    tries: bool = False
    #: One of the two answers that are compared.
    compared: bool = False


@dataclass(frozen=True)
class Vector:
    """One attack of the catalogue, as its file says."""

    id: str
    group: str
    title: str
    attacker: str
    expect: str
    why: str
    #: What decides that the attack succeeded: canary, rows, any, done, true, differs, error or ~ regex.
    wins: str
    #: What our database answers when it holds: SQLSTATEs, or `nothing` (of another's).
    answer: tuple[str, ...]
    role: str
    #: Whether the naive copy leaks; blocked where PostgreSQL itself refuses (and `why` says so).
    naive: str
    remedy: str
    #: First minor of each major that is not known to leak.
    floor: tuple[str, ...]
    #: What it depends on, such as app.orders or tenancy.tenant_id: a mutant of it runs it first.
    objects: tuple[str, ...]
    #: Only where nobody is disturbed: not on a given DSN.
    throwaway: bool
    #: Held by sql/harden.sql: without it PostgreSQL gives everybody what the attack needs.
    hardened: bool
    steps: tuple[Step, ...] = field(repr=False)

    @property
    def text(self) -> str:
        """The statements as a reader should see them."""
        lines, actor = [], ""
        for step in self.steps:
            who = _WHO.get(f"{step.actor} {step.option}".strip(), f"{step.actor} {step.option}")
            if who != actor:
                lines.append(f"-- {who}")
                actor = who
            lines.append((f"/* {step.side} */ " if step.side else "") + step.statement)
        return "\n".join(lines)


# The catalogue ------------------------------------------------------------------------------------

_HEADER = re.compile(r"^-- ([a-z]+): (.*)$")
_NOTE = re.compile(r"^-- (ours|naive|try|hit|miss|keep [a-z_]+)$")


@cache
def _all() -> tuple[Vector, ...]:
    files = sorted(FOLDER.glob("*/*.sql"))
    return tuple(_parse(path) for path in files)


def catalogue(only: str | Collection[str] | None = None) -> list[Vector]:
    """Return the vectors, all or those of some ids, prefixes of ids or groups."""
    wanted = {only} if isinstance(only, str) else set(only or ())
    names = {w.lower() for w in wanted}
    return [
        v
        for v in _all()
        if not names or v.group in names or any(_fits(v.id.lower(), n) for n in names)
    ]


def _fits(vector: str, name: str) -> bool:
    return vector == name or vector.startswith(name.rstrip("-") + "-")


def _parse(path: Path) -> Vector:
    header: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    key = ""
    while lines and lines[0].startswith("--"):
        if found := _HEADER.match(lines[0]):
            key = found[1]
            header[key] = found[2].strip()
        elif lines[0].startswith("--  ") and key:
            header[key] += " " + lines[0][2:].strip()
        else:
            break
        lines.pop(0)
    try:
        vector = Vector(
            id=header.pop("id"),
            group=path.parent.name,
            title=header.pop("title"),
            attacker=header.pop("attacker"),
            expect=header.pop("expect"),
            why=header.pop("why"),
            wins=header.pop("wins"),
            answer=tuple(header.pop("answer", "").split()),
            role=header.pop("as", "staff"),
            naive=header.pop("naive", "leaks"),
            remedy=header.pop("remedy", ""),
            floor=tuple(header.pop("floor", "").split()),
            objects=tuple(header.pop("objects", "").split()),
            throwaway=header.pop("only", "") == "throwaway",
            hardened=header.pop("needs", "") == "harden",
            steps=tuple(_steps(lines)),
        )
    except KeyError as error:
        raise click.ClickException(f"{path}: the header lacks {error}") from error
    if header:
        raise click.ClickException(f"{path}: unknown in the header: {', '.join(header)}")
    return vector


def _steps(lines: list[str]) -> Iterator[Step]:
    actor, option = "attacker", ""
    notes: list[str] = []
    statement: list[str] = []
    for line in lines:
        if not statement and line.startswith("-- @"):
            actor, _, option = line[4:].strip().partition(" ")
        elif not statement and (note := _NOTE.match(line)):
            notes.append(note[1])
        elif line.strip():
            statement.append(line)
            text = "\n".join(statement)
            if line.rstrip().endswith(";") and text.count("$$") % 2 == 0:
                side = next((n for n in notes if n in {"ours", "naive"}), "")
                keep = next((n[5:] for n in notes if n.startswith("keep ")), "")
                compared = bool({"hit", "miss"} & set(notes))
                yield Step(actor, option, text, side, keep, compared or "try" in notes, compared)
                notes, statement = [], []
    if statement:
        raise click.ClickException(f"a statement does not end: {statement[0]}")
