"""A small tree of sources, one of each kind, in a database of its own."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenancy import dev, migrate, paths, servers, stamp
from tenancy.inventory import inventory

_count = itertools.count()

TABLE = """
CREATE SCHEMA toy AUTHORIZATION tenancy_kernel;
GRANT ALL ON SCHEMA toy TO tenancy_owner;
GRANT USAGE ON SCHEMA toy TO tenancy_staff;
CREATE TABLE toy.item (id integer PRIMARY KEY, tenant text NOT NULL, note text);
ALTER TABLE toy.item OWNER TO tenancy_owner;
"""

TENANT = """
CREATE OR REPLACE FUNCTION toy.tenant(p_key text DEFAULT 'none, or; two')
RETURNS text
LANGUAGE sql
STABLE
RETURN p_key;

ALTER FUNCTION toy.tenant(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION toy.tenant(text) FROM public;
GRANT EXECUTE ON FUNCTION toy.tenant(text) TO tenancy_owner, tenancy_staff;
"""

# By name before what it calls, and bound to it by pg_depend.
CALLER = """
CREATE OR REPLACE FUNCTION toy.caller()
RETURNS text
LANGUAGE sql
STABLE
BEGIN ATOMIC
SELECT toy.tenant('x');
END;

COMMENT ON FUNCTION toy.caller() IS 'Calls; toy.nothing() is only named here.';
ALTER FUNCTION toy.caller() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION toy.caller() FROM public;
GRANT EXECUTE ON FUNCTION toy.caller() TO tenancy_staff, tenancy_manager;
"""

TRIGGER_FUNCTION = """
CREATE OR REPLACE FUNCTION toy.tg_note()
RETURNS trigger
LANGUAGE plpgsql
AS $function$
BEGIN
    new.note := toy.caller();
    RETURN new;
END;
$function$;

ALTER FUNCTION toy.tg_note() OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION toy.tg_note() FROM public;
"""

TRIGGER = """
CREATE OR REPLACE TRIGGER _100_note
BEFORE UPDATE OF id ON toy.item
FOR EACH ROW EXECUTE FUNCTION toy.tg_note();

CREATE OR REPLACE TRIGGER _200_note
BEFORE UPDATE OF tenant ON toy.item
FOR EACH ROW EXECUTE FUNCTION toy.tg_note();
"""

VIEW = """
CREATE OR REPLACE VIEW toy.seen WITH (security_invoker = true) AS
SELECT id, toy.tenant(note) AS tenant FROM toy.item;

COMMENT ON COLUMN toy.seen.tenant IS 'Whose it is.';
ALTER VIEW toy.seen OWNER TO tenancy_owner;
GRANT SELECT ON toy.seen TO tenancy_staff;
"""

POLICY = """
DROP POLICY IF EXISTS wall ON toy.item;
DROP POLICY IF EXISTS door ON toy.item;
ALTER TABLE toy.item ENABLE ROW LEVEL SECURITY;
ALTER TABLE toy.item FORCE ROW LEVEL SECURITY;
CREATE POLICY wall ON toy.item AS RESTRICTIVE TO public USING (tenant = (SELECT toy.tenant()));
COMMENT ON POLICY wall ON toy.item IS 'The wall.';
CREATE POLICY door ON toy.item TO tenancy_staff, tenancy_owner USING (true);
REVOKE ALL ON toy.item FROM public;
GRANT SELECT (id, tenant), UPDATE (note) ON toy.item TO tenancy_staff;
GRANT DELETE ON toy.item TO tenancy_manager;
"""

SEED = """
INSERT INTO toy.item (id, tenant) VALUES (1, 'none, or; two')
ON CONFLICT (id) DO UPDATE SET note = 'seeded';
"""

SOURCES = {
    "functions/toy/caller.sql": CALLER,
    "functions/toy/tenant.sql": TENANT,
    "functions/toy/tg_note.sql": TRIGGER_FUNCTION,
    "sql/triggers/toy/item.sql": TRIGGER,
    "sql/views/toy/seen.sql": VIEW,
    "policies/toy/item.sql": POLICY,
    "seeds/reference/1-item.sql": SEED,
}


@dataclass
class Tree:
    """A project on disk, and a database that its owner, who is no superuser, migrates."""

    root: Path
    server: servers.Server
    database: str

    @property
    def dsn(self) -> str:
        """The owner's DSN."""
        return self.server.dsn_for(dbname=self.database, user=dev.OWNER)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the tree."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace what must be in a file."""
        file = self.root / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def by_hand(self, slug: str, up: str, down: str) -> Path:
        """Write a migration by hand into the frame that we give for it."""
        target = stamp.empty(slug, self.root)
        for file, text in ((target, up), (stamp.rollback_of(target), down)):
            file.write_text(file.read_text().replace("-- by hand\n", f"-- by hand\n{text}\n"))
        stamp.write_sums(self.root)
        return target

    def stamp(self, slug: str) -> Path:
        """Stamp, as `make migration` does, on the server of the test."""
        target = stamp.stamp(slug, self.root, server=self.server)
        assert target is not None
        return target

    def up(self) -> list[str]:
        """Apply."""
        return migrate.apply(self.dsn, self.root)

    def down(self, to: str | None = None) -> list[str]:
        """Roll back."""
        return migrate.rollback(self.dsn, self.root, to=to)

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask as the superuser."""
        with self.server.connect(dbname=self.database) as conn:
            return conn.execute(query, parameters).fetchall()

    def value(self, query: str, *parameters: object) -> Any:
        """Ask for one value."""
        return self.rows(query, *parameters)[0][0]

    def inventory(self) -> list[str]:
        """List every object of the database."""
        with self.server.connect(dbname=self.database) as conn:
            return inventory(conn)


def _name() -> str:
    return f"toy_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{next(_count)}"


def planted(root: Path, server: servers.Server) -> Tree:
    """Return a tree with everything in it stamped and applied."""
    tree = Tree(root, server, _name())
    dev.create_database(server, tree.database)
    for part in ("roles", "borrow", "return"):
        tree.write(f"sql/{part}.sql", (paths.ROOT / f"sql/{part}.sql").read_text())
    roles = (root / "sql/roles.sql").read_text()
    tree.write("migrations/0001.create-roles.sql", f"-- include: sql/roles.sql\n{roles}")
    tree.write("migrations/0001.create-roles.rollback.sql", "-- Roles stay.\n")
    tree.by_hand("create-items", TABLE, "DROP TABLE toy.item;\nDROP SCHEMA toy;")
    for path, text in SOURCES.items():
        tree.write(path, text)
    tree.stamp("add-everything")
    tree.up()
    return tree


@contextmanager
def copied(original: Tree, root: Path) -> Iterator[Tree]:
    """Yield a copy of a tree and its database, which takes a tenth of planting one."""
    shutil.copytree(original.root, root)
    tree = Tree(root, original.server, _name())
    with tree.server.connect() as conn:
        conn.execute(
            f"CREATE DATABASE {tree.database} OWNER {dev.OWNER} "
            f"TEMPLATE {original.database} STRATEGY file_copy"
        )
    try:
        yield tree
    finally:
        with tree.server.connect() as conn:
            conn.execute(f"DROP DATABASE {tree.database} WITH (FORCE)")
