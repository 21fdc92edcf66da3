"""`tenancy proof`: all mutants, every cell and every attack, with a dated result that goes stale.

The result names the digest of each folder of sources it covers. tests/mutants says which changed.
"""

import hashlib
import importlib
import importlib.util
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from tenancy import console, matrix, mutate, paths, servers

COVERED = ("functions", "policies", "sql", "migrations")
RESULT = paths.ROOT / "docs/proof.json"
PAGE = paths.ROOT / "docs/proof.md"


def digests() -> dict[str, str]:
    """Return the SHA-256 of each folder of sources: of the names and contents of its files."""
    found: dict[str, Any] = {}
    for root in COVERED:
        for path in sorted((paths.ROOT / root).rglob("*")):
            if path.is_file():
                name = path.relative_to(paths.ROOT)
                digest = found.setdefault(str(name.parent), hashlib.sha256())
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{content}  {name.name}\n".encode())
    return {folder: digest.hexdigest() for folder, digest in sorted(found.items())}


def stale() -> list[str]:
    """Return the folders that changed since the proof was made; none while there is no proof."""
    if not RESULT.exists():
        return []
    proven: Mapping[str, str] = json.loads(RESULT.read_text(encoding="utf-8"))["covers"]
    now = digests()
    return sorted(f for f in {*now, *proven} if now.get(f) != proven.get(f))


def _attacks(dba: str) -> dict[str, int]:
    """Run the attack catalogue, where this checkout has it."""
    if not importlib.util.find_spec("tenancy.attack"):
        return {}
    attack: Any = importlib.import_module("tenancy.attack")
    outcomes = attack.run(dba, naive=False)
    return {"vectors": len(outcomes), "unexpected": sum(not o.ok for o in outcomes)}


def page(result: Mapping[str, Any]) -> str:
    """Return the result for people."""
    figures, cells = result["mutants"], result["matrix"]
    rows = "\n".join(
        f"| {kind} | " + " | ".join(f"{row.get(c, 0):g}" for c in _COLUMNS) + " |"
        for kind, row in sorted(result["kinds"].items())
    )
    proofs = "\n".join(f"- {mutant}: {proof}" for mutant, proof in result["equivalents"].items())
    attacks = result["attacks"]
    tried = (
        f", {attacks['vectors']} attacks ({attacks['unexpected']} unexpected)" if attacks else ""
    )
    return f"""# Proof of {result["date"]}

Made by `make proof` in {result["seconds"]:.0f} s on {result["server"]}, {result["cpus"]} CPUs.

- {figures["mutants"]} mutants, each a copy of the database with one protection taken away:
  **{figures["killed"]} killed by behaviour, {figures["survived"]} survived**, {figures["check_only"]}
  seen by `tenancy check` alone, {figures["equivalent"]} equivalent (below).
- {cells["cells"]} cells of the policy matrix: {cells["unexpected"]} unexpected, {cells["not_run"]} not
  run{tried}.

| kind | {" | ".join(_COLUMNS)} |
|{" --- |" * (len(_COLUMNS) + 1)}
{rows}

*matrix*, *attack* and *check* say what killed first; seconds are of two workers together.

## Equivalent: nothing anybody can observe changes

Each was tried like the others, and survived.

{proofs}
"""


_COLUMNS = ("mutants", "matrix", "attack", "check", "equivalent", "survived", "seconds")


@click.command("proof")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(as_json: bool) -> None:
    """Run everything on a throw-away server and write docs/proof.json and docs/proof.md."""
    import os  # noqa: PLC0415

    began, covers = time.monotonic(), digests()
    with mutate.staged() as stage:
        version = servers.start(stage.server).source
        with stage.copy(None) as dba:
            cells = matrix.run(dba)
            attacks = _attacks(dba)
        found = mutate.run(stage)
    result = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "server": version.removeprefix("given DSN ").strip("()"),
        "cpus": os.cpu_count(),
        "seconds": round(time.monotonic() - began, 1),
        "covers": covers,
        "mutants": found.counts(),
        "kinds": found.kinds(),
        "matrix": matrix.counts(cells),
        "attacks": attacks,
        "equivalents": {
            o.mutant: found.equivalents[o.mutant]
            for o in sorted(found.outcomes, key=lambda o: o.mutant)
            if o.mutant in found.equivalents
        },
    }
    if not as_json:
        mutate.show(found)
    bad = cells.unexpected or cells.not_run or attacks.get("unexpected")
    if ok := found.ok and not bad:
        RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        PAGE.write_text(page(result), encoding="utf-8")
    console.emit(
        ok=ok,
        summary=mutate.summary(found) + ("; docs/proof.json written" if ok else "; NOT proven"),
        counts={**found.counts(), **{f"matrix_{k}": v for k, v in matrix.counts(cells).items()}},
        as_json=as_json,
    )
