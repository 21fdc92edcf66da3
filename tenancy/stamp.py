"""Stamp changed sources into the next migration.

functions/, sql/triggers/, sql/views/, policies/ and seeds/reference/ hold today's text of each
object. `make migration m=slug` copies what changed, verbatim, into the next migration, and the text
it replaces into the rollback: history cannot move, and a reviewer reads a one-function diff.
"""

import hashlib
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import click

from tenancy import paths

FOLDERS = ("functions", "sql/triggers", "sql/views", "policies", "seeds/reference")
_INCLUDE = re.compile(r"^-- include: (\S+)\n", re.M)
_SIGNATURE = re.compile(r"^ALTER FUNCTION (\S+?\([^()]*\))\s+OWNER TO", re.M | re.S)
_RETURNS = re.compile(r"^CREATE OR REPLACE FUNCTION (.*?)^LANGUAGE ", re.M | re.S)
_GRANT = re.compile(r"^GRANT [^;]*? ON (?:FUNCTION )?(\S+?(?:\([^)]*\))?)\s+TO ([^;]+);", re.M)


class StampError(click.ClickException):
    """A change that must be written by hand; the message says why."""


def migrations(root: Path) -> list[Path]:
    """Every migration, oldest first, without the rollbacks."""
    found = (root / "migrations").glob("*.sql")
    return sorted(p for p in found if not p.name.endswith(".rollback.sql"))


def rollback_of(migration: Path) -> Path:
    """Return the rollback beside a migration."""
    return migration.with_name(migration.name.removesuffix(".sql") + ".rollback.sql")


def blocks(text: str) -> dict[str, str]:
    """Return the included sources of a migration, by path."""
    parts = _INCLUDE.split(text)
    return dict(zip(parts[1::2], (b.strip() + "\n" for b in parts[2::2]), strict=True))


def sources(root: Path) -> dict[str, str]:
    """Return today's text of each source in the order in which they are loaded."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.sql")):
            found[str(path.relative_to(root))] = path.read_text().strip() + "\n"
    return found


def stamped(root: Path) -> dict[str, str]:
    """Return the last stamped text of each source; an empty text is a dropped one."""
    seen: dict[str, str] = {}
    for migration in migrations(root):
        seen |= blocks(migration.read_text())
        for name in re.findall(r"^-- drop: (\S+)$", migration.read_text(), re.M):
            seen.pop(name, None)
    return {name: text for name, text in seen.items() if name.startswith(FOLDERS)}


def _signature(text: str) -> str | None:
    found = _SIGNATURE.search(text)
    return re.sub(r"\s+", " ", found[1]) if found else None


def _head(text: str) -> str:
    """Return what CREATE OR REPLACE cannot change: name, parameters with names, result."""
    found = _RETURNS.search(text)
    return re.sub(r"\s+", " ", found[1]) if found else ""


def drop(text: str) -> str:
    """Return statements that remove the objects a source makes; none for seeds."""
    if signature := _signature(text):
        return f"DROP FUNCTION {signature};\n"
    if "CREATE OR REPLACE FUNCTION" in text:
        raise StampError("a function file ends with ALTER FUNCTION … OWNER TO one of our owners")
    if views := re.findall(r"CREATE OR REPLACE VIEW (\S+)", text):
        return "".join(f"DROP VIEW {view};\n" for view in reversed(views))
    if triggers := re.findall(r"CREATE OR REPLACE TRIGGER (\S+)\s[^;]*?\sON (\S+)", text):
        return "".join(f"DROP TRIGGER {name} ON {table};\n" for name, table in reversed(triggers))
    if policies := re.findall(r"CREATE POLICY (\S+) ON (\S+)", text):
        table = policies[0][1]
        lines = [f"DROP POLICY {name} ON {table};\n" for name, _ in reversed(policies)]
        lines.append(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;\n")
        lines.append(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;\n")
        return "".join([*lines, _reset(text)])
    return ""


def _reset(text: str) -> str:
    """Return REVOKEs for every grant of a text: CREATE OR REPLACE keeps grants that were removed."""
    what = "FUNCTION " if _signature(text) else ""
    grants = {(target, " ".join(to.split())) for target, to in _GRANT.findall(text)}
    return "".join(f"REVOKE ALL ON {what}{on} FROM {to};\n" for on, to in sorted(grants))


def _replace(old: str, new: str) -> str:
    """Return what turns the objects of one text into those of another."""
    if not new:
        return drop(old)
    if not old:
        return new
    if _signature(old) and _head(old) != _head(new):
        return drop(old) + "\n" + new
    obsolete = set(re.findall(r"CREATE POLICY (\S+ ON \S+)", old)) - set(
        re.findall(r"CREATE POLICY (\S+ ON \S+)", new)
    )
    gone = "".join(f"DROP POLICY {policy};\n" for policy in sorted(obsolete))
    # The old text's own DROP POLICY IF EXISTS lines already remove what a policy file makes.
    gone = "" if all(f"DROP POLICY IF EXISTS {p};" in new for p in obsolete) else gone
    prefix = gone + _reset(old)
    return prefix + ("\n" if prefix else "") + new


def _wrap(root: Path, parts: Iterable[str]) -> str:
    borrow, give_back = ((root / "sql" / n).read_text() for n in ("borrow.sql", "return.sql"))
    body = "\n".join(part.rstrip() + "\n" for part in parts)
    return f"-- include: sql/borrow.sql\n{borrow}\n{body}\n-- include: sql/return.sql\n{give_back}"


def stamp(slug: str, root: Path = paths.ROOT, only: tuple[str, ...] = ()) -> Path | None:
    """Write the next migration from the sources that changed; None when nothing did."""
    old, new = stamped(root), sources(root)
    changed = [n for n in new if old.get(n) != new[n]] + [n for n in old if n not in new]
    if only:
        changed = [name for name in changed if name.startswith(only)]
    if not changed:
        return None
    existing = migrations(root)
    number = int(existing[-1].name[:4]) + 1 if existing else 1
    target = root / "migrations" / f"{number:04d}.{slug}.sql"
    depends = f"-- depends: {existing[-1].stem}\n" if existing else ""
    ups, downs = [], []
    for name in changed:
        before, after = old.get(name, ""), new.get(name, "")
        label = f"-- include: {name}\n" if after else f"-- drop: {name}\n"
        prefix = _replace(before, after)
        if after and prefix.endswith(after):  # resets and drops stand before the verbatim copy
            head = prefix.removesuffix(after).rstrip()
            ups.append((head + "\n\n" if head else "") + label + after)
        else:
            ups.append(label + prefix)
        downs.append(f"-- undo: {name}\n" + _replace(after, before))
    title = f"-- {slug.replace('-', ' ').capitalize()}.\n{depends}\n"
    target.write_text(title + _wrap(root, ups))
    rollback_of(target).write_text(_wrap(root, reversed(downs)))
    write_sums(root)
    return target


def checksums(root: Path) -> dict[str, str]:
    """SHA-256 of every file in migrations/, by name."""
    files = sorted((root / "migrations").glob("*.sql"))
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def write_sums(root: Path = paths.ROOT) -> None:
    """Rewrite SHA256SUMS; refuse when a released migration changed."""
    changed = sorted(set(_released(root).items()) - set(checksums(root).items()))
    if changed:
        raise StampError(f"{changed[0][0]} is released and must not change: write a new migration")
    lines = (f"{digest}  {name}\n" for name, digest in checksums(root).items())
    (root / "migrations" / "SHA256SUMS").write_text("".join(lines))


def read_sums(text: str) -> dict[str, str]:
    """Parse SHA256SUMS: digest by file name."""
    return {name: digest for digest, name in (line.split("  ", 1) for line in text.splitlines())}


def _released(root: Path) -> dict[str, str]:
    """Return the sums of the newest release: the last tag of git, none before the first."""
    run = ["git", "-C", str(root), "describe", "--tags", "--abbrev=0"]
    tag = subprocess.run(run, capture_output=True, text=True, check=False).stdout.strip()
    show = ["git", "-C", str(root), "show", f"{tag}:migrations/SHA256SUMS"]
    text = subprocess.run(show, capture_output=True, text=True, check=False).stdout if tag else ""
    return read_sums(text)


@click.command("migration")
@click.argument("slug")
@click.option("--only", multiple=True, help="Only sources whose path starts with this.")
def command(slug: str, only: tuple[str, ...]) -> None:
    """Stamp changed sources into the next migration, named NNNN.SLUG."""
    if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", slug):
        raise StampError("name a migration verb-object, for example add-loyalty-tiers")
    target = stamp(slug, only=only)
    click.echo(f"wrote {target.name} and its rollback" if target else "nothing changed")
