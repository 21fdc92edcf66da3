"""Stamp changed sources into the next migration.

functions/, sql/triggers/, sql/views/, policies/ and seeds/reference/ hold today's text of each
object. `make migration m=slug` copies what changed, verbatim, into the next migration, and the text
it replaces into the rollback: history cannot move, and a reviewer reads a one-function diff.

What CREATE OR REPLACE cannot do is written out before the copies, under `-- clear:`: a changed head
or view is dropped after whatever pg_depend says hangs on it, and a removed GRANT is revoked. So a
throw-away server stands behind each stamp, and the migration has gone up and down before it stays.

Markers in a migration: `-- include: PATH` (a verbatim source follows), `-- clear: PATH`,
`-- drop: PATH` (the source is gone), `-- by hand` (what follows has no source).
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tenancy import paths

if TYPE_CHECKING:
    from psycopg import Connection

    from tenancy.servers import Server

Texts = Mapping[str, str]

#: Before anything is borrowed: the roles must exist first.
FIRST = ("sql/roles.sql", "sql/database.sql")
#: The order of loading, unless one source needs another.
FOLDERS = ("functions", "sql/triggers", "sql/views", "policies", "seeds/reference")

_MARK = re.compile(r"^-- (?:(include|clear|drop): (\S+)|(by hand))$\n?", re.M)
_REQUIRES = re.compile(r"^-- Requires: +(\S+)$", re.M)
_STAMPED = "-- stamped from the sources: make migration\n"


class StampError(click.ClickException):
    """A change that must be written by hand; the message says why."""


# Files --------------------------------------------------------------------------------------------


def migrations(root: Path) -> list[Path]:
    """Every migration, oldest first, without the rollbacks."""
    found = (root / "migrations").glob("*.sql")
    return sorted(p for p in found if not p.name.endswith(".rollback.sql"))


def rollback_of(migration: Path) -> Path:
    """Return the rollback beside a migration."""
    return migration.with_name(migration.name.removesuffix(".sql") + ".rollback.sql")


def sources(root: Path) -> dict[str, str]:
    """Return today's text of each source in the order in which they are loaded."""
    found = [root / name for name in FIRST if (root / name).exists()]
    found += [p for folder in FOLDERS for p in sorted((root / folder).rglob("*.sql"))]
    return ordered({p.relative_to(root).as_posix(): p.read_text().strip() + "\n" for p in found})


def pieces(text: str) -> Iterator[tuple[str, str, str]]:
    """Split a migration at its markers: verb, path (empty for `by hand`) and text of each."""
    marks = list(_MARK.finditer(text))
    ends = [m.start() for m in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        yield mark[1] or mark[3], mark[2] or "", text[mark.end() : end].strip() + "\n"


def stamped(root: Path, until: str | None = None) -> dict[str, str]:
    """Return the last stamped text of each source, as of a migration."""
    seen: dict[str, str] = {}
    for migration in migrations(root):
        if until is not None and migration.stem > until:
            break
        for verb, path, text in pieces(migration.read_text()):
            if verb == "include" and path.startswith((*FIRST, *FOLDERS)):
                seen[path] = text
            elif verb == "drop":
                seen.pop(path, None)
    return seen


def is_stamped(text: str) -> bool:
    """Return whether a migration has only copies of sources in it.

    In one written by hand without `-- by hand`, statements follow the one of sql/borrow.sql.
    """
    from tenancy import migrate  # noqa: PLC0415

    found = {path or verb: body for verb, path, body in pieces(text)}
    return "by hand" not in found and len(migrate.statements(found.get("sql/borrow.sql", ""))) == 1


# What a source makes and needs --------------------------------------------------------------------

# Comments, literals and quoted bodies, in which a name is no reference.
_OPAQUE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.S)
_NAME = re.compile(r"\b[a-z_]\w*\.[a-z_]\w*\b")
_HEAD = re.compile(
    r"CREATE (?:OR REPLACE )?((?:FUNCTION|PROCEDURE)\s.*?)(?=^\s*LANGUAGE\b|\Z)", re.M | re.S
)
_CREATED = re.compile(r"\bCREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\s")
_ROUTINE = re.compile(r"\bALTER (FUNCTION|PROCEDURE)\s+([\w.]+\s*\([^;]*?\))\s+OWNER TO\b")
_VIEW = re.compile(r"\bCREATE (?:OR REPLACE )?(VIEW)\s+([\w.]+)")
_TRIGGER = re.compile(
    r"\bCREATE (?:OR REPLACE )?(?:CONSTRAINT )?(TRIGGER)\s+(\w+)\s[^;]*?\sON\s+([\w.]+)"
)
_POLICY = re.compile(r"\bCREATE (POLICY)\s+(\w+)\s+ON\s+([\w.]+)")
_GRANT = re.compile(r"\bGRANT\s[^;]*?\sON\s+([^;]+?)\s+TO\s+([^;]+?)(?:\s+WITH GRANT OPTION)?\s*;")
_COMMENT = re.compile(r"\bCOMMENT ON ((?:FUNCTION|PROCEDURE|VIEW|COLUMN|TRIGGER)\s[^;]+?)\s+IS\b")
_SECURED = re.compile(r"\bALTER TABLE\s+([\w.]+)\s+ENABLE ROW LEVEL SECURITY")


def bare(text: str) -> str:
    """Return the text without what is opaque."""
    return _OPAQUE.sub(" ", text)


def _names(text: str) -> list[str]:
    """Return what must be there first: a body in SQL is checked when it is created."""
    in_sql = re.search(r"^\s*LANGUAGE sql\b", text, re.M | re.I)
    seen = _OPAQUE.sub(lambda m: m[0] if m[0].startswith("$") and in_sql else " ", text)
    return _NAME.findall(seen)


def _flat(words: Iterable[str]) -> str:
    return re.sub(r"\s+", " ", " ".join(words)).replace("( ", "(").replace(" )", ")")


def objects(text: str) -> list[str]:
    """Return what a source makes, each as DROP names it: `POLICY tenant_wall ON app.orders`."""
    seen = bare(text)
    if len(_ROUTINE.findall(seen)) < len(_CREATED.findall(seen)):
        raise StampError("a function file ends with ALTER FUNCTION … OWNER TO one of our owners")
    found = [_flat(made) for pattern in (_ROUTINE, _VIEW) for made in pattern.findall(seen)]
    for pattern in (_TRIGGER, _POLICY):
        found += [f"{kind} {name} ON {table}" for kind, name, table in pattern.findall(seen)]
    return found


def ordered(texts: Texts) -> dict[str, str]:
    """Return sources in the order of loading: by kind and name, but what another needs before it.

    What one needs is what its `-- Requires: path` lines say and what its text names: of a function
    its head and a body in SQL; one in PL/pgSQL is looked at only when it runs.
    """
    makers: dict[str, set[str]] = {}
    for path, text in texts.items():
        for made in objects(text):
            if made.startswith(("FUNCTION", "PROCEDURE", "VIEW")):
                makers.setdefault(made.split(" ")[1].partition("(")[0], set()).add(path)
    loaded: dict[str, str] = {}

    def load(path: str, waiting: tuple[str, ...]) -> None:
        if path in waiting:
            raise StampError("these need each other: " + ", ".join(waiting[waiting.index(path) :]))
        if path in loaded:
            return
        named = {p for name in _names(texts[path]) for p in makers.get(name, ())}
        required = set(_REQUIRES.findall(texts[path]))
        if missing := sorted(required - texts.keys()):
            raise StampError(f"{path} requires {missing[0]}, which there is not")
        for needed in sorted((named | required) - {path}, key=_place):
            load(needed, (*waiting, path))
        loaded[path] = texts[path]

    for path in sorted(texts, key=_place):
        load(path, ())
    return loaded


def _place(path: str) -> tuple[int, str]:
    return next(n for n, start in enumerate((*FIRST, *FOLDERS)) if path.startswith(start)), path


def _head(text: str) -> str:
    """Return what CREATE OR REPLACE cannot change: name, parameters with names, result."""
    return _flat(_HEAD.findall(_OPAQUE.sub(lambda m: m[0] if m[0][0] == "'" else " ", text)))


# From one set of texts to another -----------------------------------------------------------------

# Who depends on a function or view. A view's own rule and row type stand for the view.
_DEPENDENTS = """
WITH edge AS (
    SELECT CASE WHEN r.oid IS NULL AND tc.oid IS NULL THEN d.classid
            ELSE 'pg_class'::regclass END AS classid,
        coalesce(r.ev_class, tc.typrelid, d.objid) AS objid,
        CASE WHEN t.oid IS NULL THEN d.refclassid ELSE 'pg_class'::regclass END AS refclassid,
        coalesce(t.typrelid, d.refobjid) AS refobjid
    FROM pg_depend AS d
    LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    LEFT JOIN pg_type AS tc
        ON d.classid = 'pg_type'::regclass AND tc.oid = d.objid AND tc.typrelid <> 0
    LEFT JOIN pg_type AS t
        ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid AND t.typrelid <> 0
    WHERE d.objid >= 16384 AND d.refobjid >= 16384 AND d.deptype IN ('n', 'a', 'i')
)
SELECT DISTINCT ref.type || ' ' || ref.identity, dep.type || ' ' || dep.identity
FROM edge
CROSS JOIN LATERAL pg_identify_object(refclassid, refobjid, 0) AS ref
CROSS JOIN LATERAL pg_identify_object(classid, objid, 0) AS dep
WHERE ref.type IN ('function', 'procedure', 'view')
    AND (classid, objid) <> (refclassid, refobjid)
    AND dep.type NOT IN ('type', 'rule')
"""


def script(
    conn: "Connection[Any]", before: Texts, after: Texts, root: Path, *, everything: bool = False
) -> str:
    """Return what turns the objects of some texts, which the database has, into those of others.

    With `everything`, sources that did not change are loaded again too.
    """
    maker = {made: path for path, text in before.items() for made in objects(text)}
    changed = {p for p in before.keys() | after.keys() if before.get(p) != after.get(p)}
    kept = {made for text in after.values() for made in objects(text)}
    heads = {_head(text) for text in after.values()}
    doomed = [
        made
        for made, path in maker.items()
        if path in changed
        and (
            made not in kept
            or made.startswith("VIEW")  # its columns cannot be replaced
            or (made.startswith(("FUNCTION", "PROCEDURE")) and _head(before[path]) not in heads)
        )
    ]
    dropped = _with_dependents(conn, doomed, list(maker))
    again = {maker[made] for made in dropped} | changed
    cleared = [(maker[made], f"DROP {made};\n") for made in dropped]
    cleared += [
        (path, line)
        for path in before
        if path in changed
        for line in _leftovers(before[path], after.get(path, ""), dropped)
    ]
    loaded = [p for p in ordered(after) if p in again or everything]

    parts = [f"-- include: {p}\n{after[p]}" for p in loaded if p in FIRST]
    parts.append(_include(root, "sql/borrow.sql"))
    # A source that is gone is said to be, even when nothing is to be cleared: seeds leave no object.
    cleared += [(p, "") for p in sorted(before.keys() - after.keys()) if p not in dict(cleared)]
    last = ""
    for path, line in cleared:
        if path != last:
            parts.append(f"-- {'clear' if path in after else 'drop'}: {path}\n")
        parts[-1] += line
        last = path
    parts += [f"-- include: {p}\n{after[p]}" for p in loaded if p not in FIRST]
    parts.append(_include(root, "sql/return.sql"))
    return "\n".join(parts)


def _include(root: Path, path: str) -> str:
    return f"-- include: {path}\n{(root / path).read_text().strip()}\n"


def _with_dependents(conn: "Connection[Any]", doomed: list[str], known: list[str]) -> list[str]:
    """Return what must go so that `doomed` can, dependents first."""
    if not doomed:
        return []
    named = {_identity(conn, made): made for made in known}
    dependents: dict[str, list[str]] = {}
    for referenced, dependent in conn.execute(_DEPENDENTS).fetchall():
        dependents.setdefault(referenced, []).append(dependent)
    order: list[str] = []

    def visit(identity: str, why: str) -> None:
        if identity not in named:
            raise StampError(
                f"{why} cannot be replaced, {identity} uses it: write that migration by hand "
                "(tenancy migration --empty verb-object)"
            )
        if named[identity] not in order:
            for dependent in sorted(dependents.get(identity, [])):
                visit(dependent, identity)
            order.append(named[identity])

    for made in doomed:
        identity = _identity(conn, made)
        if identity.endswith(" None"):
            raise StampError(f"{made} is not in the database: name it by its types alone")
        visit(identity, made)
    return order


def _identity(conn: "Connection[Any]", made: str) -> str:
    """Return the name that PostgreSQL gives an object of a source."""
    kind, _, name = made.partition(" ")
    if kind in ("FUNCTION", "PROCEDURE"):
        # None when a migration by hand dropped it, or when it is named by more than its types.
        found = conn.execute(
            "SELECT identity FROM pg_identify_object('pg_proc'::regclass, to_regprocedure(%s), 0)",
            [name],
        ).fetchone()
        name = str(found[0] if found else None)
    return f"{kind.lower()} {name.replace(' ON ', ' on ')}"


def _leftovers(before: str, after: str, dropped: list[str]) -> Iterator[str]:
    """Yield what undoes the grants, comments and row security that a text no longer has."""
    old, new = bare(before), bare(after)
    gone = {name for made in dropped for name in (made, made.partition(" ")[2])}
    grants = {_flat([m[0]]): (_flat([m[1]]), _flat([m[2]])) for m in _GRANT.finditer(old)}
    kept = {_flat([m[0]]) for m in _GRANT.finditer(new)}
    for target, roles in dict.fromkeys(to for text, to in grants.items() if text not in kept):
        if target not in gone:
            yield f"REVOKE ALL ON {target} FROM {roles};\n"
    described = {_flat([target]) for target in _COMMENT.findall(new)}
    for target in dict.fromkeys(_flat([target]) for target in _COMMENT.findall(old)):
        name = target.partition(" ")[2]
        owner = name.rpartition(".")[0] if target.startswith("COLUMN") else ""
        if not {target, name, owner} & gone and target not in described:
            yield f"COMMENT ON {target} IS NULL;\n"
    if not after:
        for table in _SECURED.findall(old):
            yield f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;\n"
            yield f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;\n"


# Stamping -----------------------------------------------------------------------------------------


def stamp(
    slug: str,
    root: Path = paths.ROOT,
    only: tuple[str, ...] = (),
    *,
    server: "Server | None" = None,
) -> Path | None:
    """Write the next migration from the sources that changed; None when nothing did.

    It has run, up and down, on a throw-away database (of `server`, else of a server of its own).
    """
    from tenancy import migrate  # noqa: PLC0415
    from tenancy.inventory import difference, inventory  # noqa: PLC0415

    before, after = stamped(root), sources(root)
    if only:
        after = {p: t for p, t in after.items() if p.startswith(only)}
        after |= {p: t for p, t in before.items() if not p.startswith(only)}
    if before == after:
        return None
    target, title = _next(root, slug)
    back = rollback_of(target)
    # Roles belong to the cluster: no rollback touches them.
    restored = {**before, **{p: after[p] for p in FIRST[:1] if p in after}}
    try:
        with _trial(root, server) as (conn, dba):
            was = inventory(conn)
            target.write_text(title + _STAMPED + "\n" + script(dba, before, after, root))
            with conn.transaction():
                migrate.run(conn, target.name, target.read_text())
            back.write_text(script(dba, after, restored, root))
            with conn.transaction():
                migrate.run(conn, back.name, back.read_text())
            if left := difference(was, inventory(conn)):
                raise StampError(f"{back.name} does not restore what was:\n{left}")
    except BaseException:
        target.unlink(missing_ok=True)
        back.unlink(missing_ok=True)
        raise
    write_sums(root)
    return target


def amend(root: Path = paths.ROOT, *, server: "Server | None" = None) -> Path | None:
    """Stamp the newest migration anew, as long as nobody else can have it."""
    newest = migrations(root)[-1]
    files = {p: p.read_bytes() for p in (newest, rollback_of(newest))}
    if _STAMPED not in newest.read_text():
        raise StampError(f"{newest.name} was written by hand: edit it, then --sums")
    if _git(root, "cat-file", "-e", f"HEAD:./migrations/{newest.name}") is not None:
        raise StampError(f"{newest.name} is committed: stamp a new migration")
    listed = read_sums((root / "migrations" / "SHA256SUMS").read_text())
    if edited := [p.name for p in files if listed.get(p.name) != checksum(p)]:
        raise StampError(f"{edited[0]} was edited since it was stamped: that would be lost")
    try:
        for file in files:
            file.unlink()
        write_sums(root)
        return stamp(newest.stem.partition(".")[2], root, server=server)
    except BaseException:
        for file, text in files.items():
            file.write_bytes(text)
        write_sums(root)
        raise


def empty(slug: str, root: Path = paths.ROOT) -> Path:
    """Write the frame of a migration by hand: tables are born in these."""
    target, title = _next(root, slug)
    borrow, give_back = (_include(root, f"sql/{name}.sql") for name in ("borrow", "return"))
    frame = f"{borrow}\n-- by hand\n\n{give_back}"
    target.write_text(f"{title}\n{frame}")
    rollback_of(target).write_text(frame)
    write_sums(root)
    return target


def _next(root: Path, slug: str) -> tuple[Path, str]:
    """Return the file of the next migration, and its first lines."""
    if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", slug):
        raise StampError("name a migration verb-object, for example add-loyalty-tiers")
    existing = migrations(root)
    number = int(existing[-1].name[:4]) + 1 if existing else 1
    depends = f"-- depends: {existing[-1].stem}\n" if existing else ""
    title = f"-- {slug.replace('-', ' ').capitalize()}.\n{depends}"
    return root / "migrations" / f"{number:04d}.{slug}.sql", title


@contextmanager
def _trial(
    root: Path, server: "Server | None"
) -> "Iterator[tuple[Connection[Any], Connection[Any]]]":
    """Yield two connections to a throw-away database with every migration applied.

    The owner's runs migrations; the superuser's asks for names, which takes USAGE on their schemas.
    """
    import psycopg  # noqa: PLC0415

    from tenancy import binaries, dev, migrate, servers  # noqa: PLC0415

    name = f"stamp_{os.getpid()}"
    # The binaries by path: TENANCY_DSN may name a server that is somebody's.
    started = nullcontext(server) if server else servers.start(str(binaries.find("auto")))
    with started as running:
        dev.create_database(running, name)
        try:
            dsn = running.dsn_for(dbname=name, user=dev.OWNER)
            migrate.apply(dsn, root)
            with psycopg.connect(dsn, autocommit=True) as conn, running.connect(dbname=name) as dba:
                yield conn, dba
        finally:
            with running.connect() as conn:
                conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


# Checksums ----------------------------------------------------------------------------------------


def checksum(file: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def checksums(root: Path) -> dict[str, str]:
    """SHA-256 of every file in migrations/, by name."""
    return {p.name: checksum(p) for p in sorted((root / "migrations").glob("*.sql"))}


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
    """Return the sums that must not change: what is committed, once there has been a release.

    Before the first tag nobody has applied anything, and history may still be made shorter.
    """
    if _git(root, "describe", "--tags", "--abbrev=0") is None:
        return {}
    return read_sums(_git(root, "show", "HEAD:./migrations/SHA256SUMS") or "")


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git says; None when it fails, or there is no repository."""
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout


# Command ------------------------------------------------------------------------------------------


@click.command("migration")
@click.argument("slug", required=False)
@click.option("--only", multiple=True, help="Only sources whose path starts with this.")
@click.option("--empty", "by_hand", is_flag=True, help="Write the frame of one by hand.")
@click.option("--amend", "again", is_flag=True, help="Stamp the newest one anew, if uncommitted.")
@click.option("--sums", is_flag=True, help="Rewrite SHA256SUMS after an edit by hand.")
def command(
    slug: str | None, only: tuple[str, ...], *, by_hand: bool, again: bool, sums: bool
) -> None:
    """Stamp changed sources into the next migration, named NNNN.SLUG."""
    if sum((slug is not None, again, sums)) != 1:
        raise click.UsageError("give a SLUG, or --amend, or --sums")
    if sums:
        write_sums()
        click.echo("wrote SHA256SUMS")
        return
    write = empty if by_hand else lambda name: stamp(name, only=only)
    target = amend() if slug is None else write(slug)
    click.echo(f"wrote {target.name} and its rollback" if target else "nothing changed")
