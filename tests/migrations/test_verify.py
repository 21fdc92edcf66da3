"""Each guard of `make verify` fails on the damage it is there for, and says what is damaged."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenancy import servers, stamp, verify
from tests.migrations.toy import Tree, copied, planted

TENANT_FILE = "functions/toy/tenant.sql"
NEWEST = "migrations/0003.add-everything.sql"


@pytest.fixture(scope="module", params=["wheel", "system:15"])
def cluster(request: pytest.FixtureRequest) -> Iterator[servers.Server]:
    """The major that writes sql/schema.sql, and one that can only load it."""
    try:
        server = servers.start(request.param)
    except servers.ServerUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    with server:
        yield server


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, cluster: servers.Server) -> Tree:
    """Hold a tree on which every guard holds."""
    tree = planted(tmp_path_factory.mktemp("toy"), cluster)
    tree.write("sql/schema.sql", verify.dump(cluster, tree.database))
    return tree


@pytest.fixture
def tree(original: Tree, tmp_path: Path) -> Iterator[Tree]:
    """Copy it, to be damaged."""
    with copied(original, tmp_path / "a tree") as found:
        yield found


def lines(tree: Tree) -> list[str]:
    return list(verify.run(tree.server, tree.root))


def databases(tree: Tree) -> set[str]:
    return {name for (name,) in tree.rows("SELECT datname FROM pg_database")}


def test_four_guards_hold_and_the_server_is_left_as_it_was(tree):
    before = databases(tree)
    first, second, third, fourth = lines(tree)
    assert first == "3 migrations match SHA256SUMS and have their rollbacks"
    assert second == "up, down, up gives the same database, and down leaves only roles"
    assert third == "the sources and the migrations make the same database"
    current = tree.server.version_num // 10_000 == 17
    assert fourth == (
        "sql/schema.sql is current"
        if current
        else "sql/schema.sql, loaded, is what the migrations make"
    )
    assert databases(tree) == before


# 1: files -----------------------------------------------------------------------------------------


def refused(tree: Tree) -> str:
    with pytest.raises(verify.VerifyError) as caught:
        verify.guard_files(tree.root)
    return caught.value.message


def test_an_edited_and_a_lost_file_are_named(tree):
    text = (tree.root / NEWEST).read_text()
    tree.write(NEWEST, text + "-- late\n")
    assert refused(tree) == "0003.add-everything.sql does not match SHA256SUMS: restore it"
    (tree.root / NEWEST).unlink()
    assert refused(tree) == "0003.add-everything.sql does not match SHA256SUMS: restore it"


def test_a_migration_without_a_rollback_is_named(tree):
    stamp.rollback_of(tree.root / NEWEST).unlink()
    stamp.write_sums(tree.root)
    assert refused(tree) == "0003.add-everything.sql has no rollback"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("SELECT 1;", "does not depend on 0003.add-everything"),
        ("/* x */\n-- depends: 0003.add-everything\nSELECT 1;", "does not depend on 0003"),
        (
            "-- depends: 0003.add-everything\nBEGIN;\nSELECT 1;",
            "has a transaction of its own: BEGIN",
        ),
        ("-- depends: 0003.add-everything\nSELECT 1;\nCOMMIT;", "has a transaction of its own"),
        (
            "-- depends: 0003.add-everything\nCREATE INDEX CONCURRENTLY i ON toy.item (note);",
            "works CONCURRENTLY: it needs",
        ),
        (
            "-- depends: 0003.add-everything\nSELECT 1;\n-- transactional: false\nSELECT 2;",
            "where yoyo does not look",
        ),
        (
            "-- depends: 0003.add-everything\n-- transactional: false\nSELECT 1;\nSELECT 2;",
            "is not transactional and has more than one statement",
        ),
        ("\ufeff-- depends: 0003.add-everything\nSELECT 1;", "does not depend on|byte order mark"),
    ],
)
def test_what_yoyo_would_misread_in_silence_is_refused(tree, text, complaint):
    file = tree.write("migrations/0004.add-nothing.sql", text)
    stamp.rollback_of(file).write_text("SELECT 1;\n")
    stamp.write_sums(tree.root)
    message = refused(tree)
    assert message.startswith("0004.add-nothing.sql ")
    assert any(part in message for part in complaint.split("|"))


def test_begin_in_a_function_is_no_transaction(tree):
    text = "-- depends: 0003.add-everything\nDO $$\nBEGIN\n    COMMIT;\nEND;\n$$;\n"
    file = tree.write("migrations/0004.add-nothing.sql", text)
    stamp.rollback_of(file).write_text("SELECT 1;\n")
    stamp.write_sums(tree.root)
    assert verify.guard_files(tree.root).startswith("4 migrations")


# 2 to 4: databases --------------------------------------------------------------------------------


def broken(tree: Tree, after: int) -> str:
    """Return why the guard after so many good ones does not hold."""
    found = verify.run(tree.server, tree.root)
    for _ in range(after):
        next(found)
    with pytest.raises(verify.VerifyError) as caught:
        next(found)
    return caught.value.message


def test_a_rollback_that_forgets_something_is_shown(tree):
    tree.by_hand("add-kind", "CREATE TYPE toy.kind AS ENUM ('a');", "SELECT 1;")
    (tree.root / "migrations/0002.create-items.rollback.sql").write_text(
        "-- include: sql/borrow.sql\n"
        + (tree.root / "sql/borrow.sql").read_text()
        + "DROP TABLE toy.item;\n"
    )
    stamp.write_sums(tree.root)
    message = broken(tree, after=1)
    assert message.startswith("rolling everything back leaves or loses:")
    assert "+type toy.kind | tenancy_dba" in message


def test_rights_that_the_owner_keeps_are_named(tree):
    text = (tree.root / NEWEST).read_text()
    tree.write(NEWEST, text + "GRANT tenancy_owner TO tenancy_dba;")
    stamp.write_sums(tree.root)
    try:
        assert "tenancy_dba has kept the rights of tenancy_owner" in broken(tree, after=1)
    finally:
        with tree.server.connect() as conn:
            grantor = conn.execute(
                "SELECT grantor::regrole::text FROM pg_auth_members "
                "WHERE roleid = 'tenancy_owner'::regrole AND member = 'tenancy_dba'::regrole "
                "AND NOT admin_option"
            ).fetchone()
            by = (
                f" GRANTED BY {grantor[0]}" if grantor and tree.server.version_num >= 160000 else ""
            )
            conn.execute(f"REVOKE tenancy_owner FROM tenancy_dba{by}")


def test_a_source_newer_than_its_stamp_is_named(tree):
    tree.write(TENANT_FILE, "-- toy.tenant(): reworded.\n" + (tree.root / TENANT_FILE).read_text())
    assert broken(tree, after=2) == f"{TENANT_FILE} is not as stamped: make migration m=verb-object"


def test_a_stamp_that_says_more_than_its_sources_is_shown(tree):
    text = (tree.root / NEWEST).read_text()
    more = "-- clear: policies/toy/item.sql\nGRANT TRUNCATE ON toy.item TO tenancy_staff;\n\n"
    tree.write(
        NEWEST, text.replace("-- include: sql/return.sql", more + "-- include: sql/return.sql")
    )
    less = "REVOKE TRUNCATE ON toy.item FROM tenancy_staff;\n"
    back = stamp.rollback_of(tree.root / NEWEST)
    back.write_text(back.read_text().replace("-- clear: policies", f"{less}-- clear: policies", 1))
    stamp.write_sums(tree.root)
    message = broken(tree, after=2)
    assert message.startswith("sources differ from migrations:")
    assert "TRUNCATE" in message


def test_a_changed_head_still_loads_over_the_last_migration_by_hand(tree):
    tree.edit(TENANT_FILE, "p_key", "p_name")
    tree.stamp("rename-parameter")
    assert broken(tree, after=3).startswith("sql/schema.sql is stale: make schema")


def test_a_stale_schema_is_shown_by_either_major(tree):
    text = (tree.root / "sql/schema.sql").read_text()
    tree.write("sql/schema.sql", text.replace("note text", "note varchar"))
    message = broken(tree, after=3)
    assert message.startswith("sql/schema.sql is stale: make schema")
    assert "note" in message
