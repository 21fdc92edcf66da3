"""A history that moved is refused by name, and the real tree can be stamped."""

import shutil

import pytest
from psycopg.conninfo import make_conninfo

from tenancy import dev, migrate, paths, servers, stamp


@pytest.fixture(scope="module")
def cluster():
    """A server of its own: roles are cluster-wide and these tests change them."""
    with servers.start("wheel") as server:
        yield server


@pytest.fixture
def empty(cluster, request):
    """An empty database owned by a role that is no superuser."""
    name = f"m{abs(hash(request.node.nodeid)) % 10**9}"
    dev.create_database(cluster, name)
    return cluster.dsn_for(dbname=name, user=dev.OWNER)


def name_of(dsn):
    return dsn.split("dbname=")[1].split()[0]


@pytest.fixture
def tree(tmp_path):
    """A small project of its own, to be damaged."""
    (tmp_path / "migrations").mkdir()
    for number, table in ((1, "a"), (2, "b")):
        file = tmp_path / "migrations" / f"000{number}.create-{table}.sql"
        file.write_text(f"CREATE TABLE public.toy_{table} (id int);\n")
        stamp.rollback_of(file).write_text(f"DROP TABLE public.toy_{table};\n")
    stamp.write_sums(tmp_path)
    return tmp_path


def test_an_edited_migration_is_refused_by_name(empty, tree):
    (tree / "migrations/0002.create-b.sql").write_text("SELECT 1;\n")
    with pytest.raises(migrate.MigrationError, match=r"0002\.create-b\.sql was edited"):
        migrate.apply(empty, tree)


def test_one_edited_after_it_was_applied_is_refused_by_name(empty, tree):
    migrate.apply(empty, tree)
    (tree / "migrations/0001.create-a.sql").write_text("SELECT 1;\n")
    stamp.write_sums(tree)
    with pytest.raises(migrate.MigrationError, match=r"0001\.create-a was edited after"):
        migrate.apply(empty, tree)


def test_a_missing_file_or_rollback_is_refused_by_name(empty, tree):
    migrate.apply(empty, tree)
    (tree / "migrations/0002.create-b.rollback.sql").unlink()
    with pytest.raises(migrate.MigrationError, match=r"0002\.create-b\.rollback\.sql is missing"):
        migrate.apply(empty, tree)
    (tree / "migrations/0002.create-b.sql").unlink()
    stamp.write_sums(tree)
    with pytest.raises(migrate.MigrationError, match=r"0002\.create-b is applied but its file"):
        migrate.apply(empty, tree)


@pytest.mark.parametrize("password", ["p?w", "p%w", "p@w/x:y", "ü &=#"])
def test_any_password_reaches_yoyo_as_it_is(password):
    from yoyo.connections import parse_uri

    dsn = make_conninfo(host="db.test", dbname="d", user="o", password=password)
    assert parse_uri(migrate.yoyo_uri(dsn)).password == password


def test_a_changed_function_is_stamped_with_its_undo(cluster, empty, tmp_path):
    root = tmp_path / "project"
    for folder in ("functions", "policies", "sql", "seeds", "migrations"):
        shutil.copytree(paths.ROOT / folder, root / folder)
    source = root / "functions/tenancy/close_ticket.sql"
    text = source.read_text().replace("p_ticket_id", "p_id")
    source.write_text(text.replace("TO tenancy_console;", "TO tenancy_operator;"))
    assert stamp.stamp("rename-parameter", root, server=cluster) is not None
    assert stamp.stamp("nothing-left", root) is None
    migrate.apply(empty, root)
    may = "SELECT has_function_privilege(%s, 'tenancy.close_ticket(uuid)', 'EXECUTE')"
    with cluster.connect(dbname=name_of(empty)) as conn:
        assert conn.execute(may, ["tenancy_console"]).fetchone() == (False,)
        assert conn.execute(may, ["tenancy_operator"]).fetchone() == (True,)
        migrate.rollback(empty, root)
        assert conn.execute(may, ["tenancy_console"]).fetchone() == (True,)
        assert conn.execute(may, ["tenancy_operator"]).fetchone() == (False,)
