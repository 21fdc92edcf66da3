"""A stamped migration does what its sources say, and its rollback what they said before."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tenancy import servers, stamp
from tests.migrations.toy import CALLER, TENANT, Tree, copied, planted

TENANT_FILE = "functions/toy/tenant.sql"
POLICY_FILE = "policies/toy/item.sql"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, server: servers.Server) -> Tree:
    """Hold one source of each kind, stamped and applied."""
    return planted(tmp_path_factory.mktemp("toy"), server)


@pytest.fixture
def tree(original: Tree, tmp_path: Path) -> Iterator[Tree]:
    """Copy it, to be changed."""
    with copied(original, tmp_path / "a tree") as found:
        yield found


@pytest.fixture
def there_and_back(tree: Tree) -> Callable[[str], Path]:
    """Stamp, apply, undo, apply: undone means as before. Returns the migration."""

    def act(slug: str) -> Path:
        before = tree.inventory()
        target = tree.stamp(slug)
        tree.up()
        after = tree.inventory()
        assert before != after
        tree.down()
        assert tree.inventory() == before
        tree.up()
        assert tree.inventory() == after
        return target

    return act


def included(migration: Path) -> list[str]:
    return [path for verb, path, _ in stamp.pieces(migration.read_text()) if verb == "include"]


def may_execute(tree: Tree, role: str, function: str) -> bool:
    found = tree.value("SELECT has_function_privilege(%s, %s, 'EXECUTE')", role, function)
    return bool(found)


# Order --------------------------------------------------------------------------------------------


def test_sources_are_copied_verbatim_in_the_order_in_which_they_need_each_other(tree):
    newest = stamp.migrations(tree.root)[-1]
    assert included(newest) == [
        "sql/borrow.sql",
        "functions/toy/tenant.sql",
        "functions/toy/caller.sql",
        "functions/toy/tg_note.sql",
        "sql/triggers/toy/item.sql",
        "sql/views/toy/seen.sql",
        "policies/toy/item.sql",
        "seeds/reference/1-item.sql",
        "sql/return.sql",
    ]
    assert stamp.stamped(tree.root) == stamp.sources(tree.root)


def test_nothing_changed_writes_nothing(tree):
    assert stamp.stamp("change-nothing", tree.root, server=tree.server) is None


def test_a_requires_line_goes_before_the_name():
    texts = {"functions/a.sql": "-- Requires: functions/z.sql\n", "functions/z.sql": "\n"}
    assert list(stamp.ordered(texts)) == ["functions/z.sql", "functions/a.sql"]
    with pytest.raises(stamp.StampError, match=r"a\.sql requires functions/z\.sql, which there"):
        stamp.ordered({"functions/a.sql": "-- Requires: functions/z.sql\n"})


def test_sources_that_need_each_other_are_refused_by_name():
    texts = {
        "functions/a.sql": "-- Requires: functions/b.sql\n",
        "functions/b.sql": "-- Requires: functions/a.sql\n",
    }
    with pytest.raises(stamp.StampError, match=r"need each other: functions/a\.sql, functions/b"):
        stamp.ordered(texts)


@pytest.mark.parametrize(("language", "first"), [("plpgsql", "a"), ("sql", "z")])
def test_a_name_in_a_comment_a_literal_or_a_plpgsql_body_is_no_need(language, first):
    text = f"""-- toy.tenant()
CREATE OR REPLACE FUNCTION toy.a() RETURNS void
LANGUAGE {language}
AS $b$ SELECT toy.tenant('x'); $b$;
COMMENT ON FUNCTION toy.a() IS 'as toy.tenant()';
ALTER FUNCTION toy.a() OWNER TO tenancy_owner;
"""
    loaded = stamp.ordered({"functions/a.sql": text, "functions/z.sql": TENANT})
    assert next(iter(loaded)) == f"functions/{first}.sql"


def test_a_function_file_without_an_owner_is_refused():
    text = TENANT.replace("OWNER TO tenancy_kernel", "STABLE")
    with pytest.raises(stamp.StampError, match="OWNER TO one of our owners"):
        stamp.ordered({"functions/a.sql": text})


# What CREATE OR REPLACE can do --------------------------------------------------------------------


def test_a_changed_body_is_replaced_and_its_rollback_holds_the_old_text(tree, there_and_back):
    tree.edit(TENANT_FILE, "RETURN p_key;", "RETURN upper(p_key);")
    target = there_and_back("shout-tenant")
    assert "DROP" not in target.read_text()
    assert included(target)[1:-1] == [TENANT_FILE]
    assert TENANT.strip() in stamp.rollback_of(target).read_text()
    assert tree.value("SELECT toy.tenant('a')") == "A"


def test_only_the_chosen_sources_are_stamped(tree):
    tree.edit(TENANT_FILE, "RETURN p_key;", "RETURN upper(p_key);")
    tree.edit("functions/toy/caller.sql", "'x'", "'y'")
    only = ("functions/toy/caller",)
    target = stamp.stamp("change-caller", tree.root, only, server=tree.server)
    assert target is not None
    assert included(target)[1:-1] == ["functions/toy/caller.sql"]
    assert stamp.stamped(tree.root)[TENANT_FILE] == TENANT.strip() + "\n"


def test_a_changed_seed_is_loaded_again_and_undone_to_what_it_was(tree):
    tree.edit("seeds/reference/1-item.sql", "'seeded'", "'sown'")
    tree.stamp("sow-item")
    tree.up()
    assert tree.value("SELECT note FROM toy.item") == "sown"
    tree.down()
    assert tree.value("SELECT note FROM toy.item") == "seeded"


def test_a_changed_roles_file_goes_first_and_its_rollback_touches_no_role(tree):
    tree.edit("sql/roles.sql", "-- The cluster-wide", "-- All cluster-wide")
    target = tree.stamp("reword-roles")
    assert included(target) == ["sql/roles.sql", "sql/borrow.sql", "sql/return.sql"]
    assert "roles.sql" not in stamp.rollback_of(target).read_text()


# What CREATE OR REPLACE cannot do -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(p_key text DEFAULT", "(p_name text DEFAULT"),
        ("RETURNS text", "RETURNS varchar"),
        ("p_key text DEFAULT 'none, or; two'", "p_key text DEFAULT 'one'"),
    ],
    ids=["parameter renamed", "result changed", "default changed"],
)
def test_a_changed_head_takes_caller_view_and_policy_down_and_up_again(
    tree, there_and_back, old, new
):
    tree.edit(TENANT_FILE, old, new)
    if "p_name" in new:
        tree.edit(TENANT_FILE, "RETURN p_key", "RETURN p_name")
    target = there_and_back("change-head")
    text = target.read_text()
    assert text.index("DROP FUNCTION toy.caller()") < text.index("DROP FUNCTION toy.tenant(text)")
    assert "DROP VIEW toy.seen;" in text
    assert "DROP POLICY wall ON toy.item;" in text
    assert "DROP POLICY door" not in text.partition("-- include: functions")[0]
    assert included(target)[1:-1] == [
        "functions/toy/tenant.sql",
        "functions/toy/caller.sql",
        "sql/views/toy/seen.sql",
        "policies/toy/item.sql",
    ]
    assert may_execute(tree, "tenancy_staff", "toy.caller()")


def test_changed_argument_types_leave_no_overload(tree, there_and_back):
    for path, text in {TENANT_FILE: TENANT, "functions/toy/caller.sql": CALLER}.items():
        tree.write(path, text.replace("toy.tenant('x')", "toy.tenant('x'::varchar)"))
    tree.edit(TENANT_FILE, "(p_key text", "(p_key varchar")
    tree.edit(TENANT_FILE, "toy.tenant(text)", "toy.tenant(varchar)")
    there_and_back("change-type")
    found = tree.rows("SELECT oid::regprocedure::text FROM pg_proc WHERE proname = 'tenant'")
    assert found == [("toy.tenant(character varying)",)]


def test_a_view_may_lose_a_column(tree, there_and_back):
    tree.edit("sql/views/toy/seen.sql", "SELECT id, toy", "SELECT toy")
    there_and_back("hide-id")
    assert tree.value("SELECT has_table_privilege('tenancy_staff', 'toy.seen', 'SELECT')")


def test_a_removed_grant_on_a_function_is_gone(tree, there_and_back):
    assert may_execute(tree, "tenancy_manager", "toy.caller()")
    tree.edit("functions/toy/caller.sql", "tenancy_staff, tenancy_manager", "tenancy_staff")
    there_and_back("close-caller")
    assert not may_execute(tree, "tenancy_manager", "toy.caller()")
    assert may_execute(tree, "tenancy_staff", "toy.caller()")


def test_a_removed_grant_on_a_table_is_gone(tree, there_and_back):
    tree.edit(POLICY_FILE, "GRANT DELETE ON toy.item TO tenancy_manager;\n", "")
    tree.edit(POLICY_FILE, "SELECT (id, tenant)", "SELECT (id)")
    there_and_back("close-items")
    column = "SELECT has_column_privilege('tenancy_staff', 'toy.item', %s, 'SELECT')"
    assert not tree.value("SELECT has_table_privilege('tenancy_manager', 'toy.item', 'DELETE')")
    assert (tree.value(column, "id"), tree.value(column, "tenant")) == (True, False)


def test_a_grant_in_the_text_of_a_body_is_no_grant(tree, there_and_back):
    body = "AS $b$ SELECT format('GRANT SELECT ON %s TO %s;', 'toy.item', p_key); $b$"
    tree.edit(TENANT_FILE, "RETURN p_key;", f"{body};")
    there_and_back("write-grants")
    tree.edit(TENANT_FILE, body, "AS $b$ SELECT p_key; $b$")
    target = there_and_back("read-again")
    assert "REVOKE ALL ON %s" not in target.read_text()


def test_a_policy_a_trigger_and_a_comment_that_left_their_file_are_gone(tree, there_and_back):
    tree.edit(POLICY_FILE, "DROP POLICY IF EXISTS door ON toy.item;\n", "")
    tree.edit(
        POLICY_FILE, "CREATE POLICY door ON toy.item TO tenancy_staff, tenancy_owner USING", "--"
    )
    text = (tree.root / "sql/triggers/toy/item.sql").read_text()
    tree.write("sql/triggers/toy/item.sql", text.partition("CREATE OR REPLACE TRIGGER _200")[0])
    comment = "COMMENT ON FUNCTION toy.caller() IS 'Calls; toy.nothing() is only named here.';\n"
    tree.edit("functions/toy/caller.sql", comment, "")
    there_and_back("close-door")
    assert tree.rows("SELECT polname FROM pg_policy") == [("wall",)]
    assert tree.rows("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal") == [("_100_note",)]
    assert tree.value("SELECT obj_description('toy.caller()'::regprocedure)") is None


def test_a_deleted_source_is_dropped_and_its_rollback_restores_it(tree, there_and_back):
    for path in ("functions/toy/caller.sql", POLICY_FILE, "seeds/reference/1-item.sql"):
        (tree.root / path).unlink()
    target = there_and_back("drop-caller")
    assert "-- drop: seeds/reference/1-item.sql" in target.read_text()
    assert tree.value("SELECT to_regprocedure('toy.caller()') IS NULL")
    secured = "SELECT relrowsecurity OR relforcerowsecurity FROM pg_class WHERE relname = 'item'"
    assert tree.value(secured) is False
    assert stamp.stamped(tree.root) == stamp.sources(tree.root)


def test_a_source_that_moved_to_another_file_is_not_dropped(tree, there_and_back):
    (tree.root / TENANT_FILE).rename(tree.root / "functions/toy/who.sql")
    target = tree.stamp("move-tenant")
    tree.up()
    tree.down()
    assert "DROP" not in target.read_text() + stamp.rollback_of(target).read_text()


# What must be written by hand ---------------------------------------------------------------------


def test_what_hangs_on_a_column_default_is_refused_with_the_way_out(tree):
    tree.by_hand(
        "default-tenant",
        "ALTER TABLE toy.item ALTER tenant SET DEFAULT toy.tenant();",
        "ALTER TABLE toy.item ALTER tenant DROP DEFAULT;",
    )
    tree.edit(TENANT_FILE, "RETURNS text", "RETURNS varchar")
    with pytest.raises(stamp.StampError) as refused:
        tree.stamp("change-result")
    assert "default value for toy.item.tenant uses it: write that migration by hand" in str(refused)
    assert len(stamp.migrations(tree.root)) == 4


def test_a_source_that_does_not_load_is_refused_and_leaves_no_file(tree):
    tree.edit("functions/toy/caller.sql", "toy.tenant('x')", "toy.nobody('x')")
    before = sorted((tree.root / "migrations").iterdir())
    with pytest.raises(
        Exception, match=r"0004\.call-nobody\.sql, statement \d: function toy.nobody"
    ):
        tree.stamp("call-nobody")
    assert sorted((tree.root / "migrations").iterdir()) == before
    # and the owner has not kept what was borrowed
    assert not tree.value("SELECT pg_has_role('tenancy_dba', 'tenancy_owner', 'USAGE')")


def test_a_source_in_a_migration_by_hand_counts_as_stamped(tree):
    tree.edit(TENANT_FILE, "RETURN p_key;", "RETURN upper(p_key);")
    copy = (tree.root / TENANT_FILE).read_text()
    up = f"SELECT 1;\n\n-- include: {TENANT_FILE}\n{copy}\n-- by hand\nSELECT 2;"
    target = tree.by_hand("shout-tenant", up, TENANT)
    assert stamp.stamp("shout-more", tree.root, server=tree.server) is None
    assert not stamp.is_stamped(target.read_text())
    tree.up()


def test_a_name_that_is_no_verb_and_object_is_refused(tree):
    with pytest.raises(stamp.StampError, match="verb-object"):
        stamp.empty("Fix", tree.root)


# History ------------------------------------------------------------------------------------------


def git(tree: Tree, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(tree.root), *who, *arguments]
    subprocess.run(command, check=True, capture_output=True)


def test_an_uncommitted_stamp_is_amended_in_place(tree):
    tree.edit(TENANT_FILE, "RETURN p_key;", "RETURN upper(p_key);")
    tree.stamp("shout-tenant")
    tree.edit(TENANT_FILE, "upper", "lower")
    target = stamp.amend(tree.root, server=tree.server)
    assert target is not None
    assert target.name == "0004.shout-tenant.sql"
    assert "RETURN lower(p_key)" in target.read_text()
    assert stamp.read_sums((tree.root / "migrations/SHA256SUMS").read_text()) == stamp.checksums(
        tree.root
    )


def test_what_must_not_be_amended_is_refused_and_stays(tree):
    target = tree.root / "migrations/0003.add-everything.sql"
    tree.edit(TENANT_FILE, "RETURN p_key;", "RETURN nobody(p_key);")
    text = target.read_text()
    with pytest.raises(Exception, match="function nobody"):
        stamp.amend(tree.root, server=tree.server)
    assert target.read_text() == text
    target.write_text(text + "-- mine\n")
    with pytest.raises(stamp.StampError, match="was edited since it was stamped"):
        stamp.amend(tree.root, server=tree.server)
    target.write_text(text)
    git(tree, "init")
    git(tree, "add", ".")
    git(tree, "commit", "-m", "x")
    with pytest.raises(stamp.StampError, match=r"0003\.add-everything\.sql is committed"):
        stamp.amend(tree.root, server=tree.server)
    tree.by_hand("add-nothing", "SELECT 1;", "SELECT 1;")
    with pytest.raises(stamp.StampError, match="was written by hand"):
        stamp.amend(tree.root, server=tree.server)


def test_after_a_release_a_committed_migration_must_not_change(tree):
    target = tree.root / "migrations/0003.add-everything.sql"
    git(tree, "init")
    git(tree, "add", ".")
    git(tree, "commit", "-m", "x")
    text = target.read_text()
    target.write_text(text + "-- early\n")
    stamp.write_sums(tree.root)  # before the first release history may be made shorter
    target.write_text(text)
    stamp.write_sums(tree.root)
    git(tree, "tag", "v1")
    tree.by_hand("add-nothing", "SELECT 1;", "SELECT 1;")  # uncommitted: free
    target.write_text(text + "-- late\n")
    with pytest.raises(stamp.StampError, match=r"0003\.add-everything\.sql is released"):
        stamp.write_sums(tree.root)
