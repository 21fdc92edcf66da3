"""Migrations: by plain yoyo or by ours, never half, never from a moved history."""

import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import dev, migrate, paths, servers, stamp, verify


@pytest.fixture(scope="module", params=["wheel", "system:15"])
def cluster(request):
    """A server of its own: roles are cluster-wide and these tests change them."""
    with servers.start(request.param) as server:
        yield server


@pytest.fixture
def empty(cluster, request):
    """An empty database owned by a role that is no superuser."""
    name = f"m{abs(hash(request.node.nodeid)) % 10**9}"
    dev.create_database(cluster, name)
    return cluster.dsn_for(dbname=name, user=dev.OWNER)


def name_of(dsn):
    return dsn.split("dbname=")[1].split()[0]


def yoyo(dsn, *arguments, folder=paths.MIGRATIONS):
    program = Path(sys.executable).with_name("yoyo")
    command = [program, "apply", "--batch", "--no-config-file", "--database"]
    return subprocess.run(
        [*command, migrate.yoyo_uri(dsn), *arguments, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_plain_yoyo_gives_the_same_database(cluster, empty):
    done = yoyo(empty)
    assert done.returncode == 0, done.stderr
    by_yoyo = verify.dump(cluster, name_of(empty))
    assert migrate.apply(empty) == []  # ours finds nothing left to do
    other = name_of(empty) + "_ours"
    dev.create_database(cluster, other)
    migrate.apply(cluster.dsn_for(dbname=other, user=dev.OWNER))
    own = verify.dump(cluster, other)
    bookkeeping = "_tenancy_migration"
    assert bookkeeping in own
    assert by_yoyo.count("CREATE FUNCTION") == own.count("CREATE FUNCTION")
    assert verify.dump(cluster, name_of(empty)) == own


def test_each_continues_the_others_work(empty):
    migrate.apply(empty, until="0002.create-kernel")
    done = yoyo(empty)
    assert done.returncode == 0, done.stderr
    assert all(migrate.status(empty).values())
    assert len(migrate.rollback(empty)) == 1


def test_no_membership_in_an_owner_role_outlives_it(cluster, empty):
    migrate.apply(empty)
    with cluster.connect() as conn:
        usable = conn.execute(
            "SELECT r.rolname FROM pg_roles AS r WHERE r.rolname IN "
            "('tenancy_kernel', 'tenancy_owner', 'tenancy_auditor') "
            "AND pg_has_role(%s, r.oid, 'USAGE')",
            [dev.OWNER],
        ).fetchall()
    assert usable == []


def test_roles_made_by_somebody_else_need_the_grants_that_preflight_prints(cluster, empty):
    migrate.apply(empty)  # makes the roles, as tenancy_dba
    with cluster.connect() as conn:
        conn.execute("DROP ROLE IF EXISTS second_dba")
        conn.execute("CREATE ROLE second_dba LOGIN CREATEROLE")
        second = name_of(empty) + "_2"
        conn.execute(sql.SQL("CREATE DATABASE {} OWNER second_dba").format(sql.Identifier(second)))
        dsn = cluster.dsn_for(dbname=second, user="second_dba")
        for statement in (missing := migrate.preflight(dsn)):
            conn.execute(statement)
        assert bool(missing) == (conn.info.server_version >= 160000)
    assert migrate.preflight(dsn) == []
    assert len(migrate.apply(dsn)) == len(stamp.migrations(paths.ROOT))


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


def test_a_failure_in_the_middle_leaves_nothing_of_its_migration(empty, tree):
    file = tree / "migrations/0003.create-c.sql"
    file.write_text("CREATE TABLE public.toy_c (id int);\nSELECT 1/0;\n")
    stamp.rollback_of(file).write_text("DROP TABLE public.toy_c;\n")
    stamp.write_sums(tree)
    with pytest.raises(migrate.MigrationError, match=r"0003\.create-c\.sql, statement 2: division"):
        migrate.apply(empty, tree)
    assert migrate.status(empty, tree)["0003.create-c"] is False
    with psycopg.connect(empty) as conn:
        row = conn.execute("SELECT to_regclass('toy_b'), to_regclass('toy_c')").fetchone()
    assert row == ("toy_b", None)


def test_the_lock_of_a_killed_run_is_reported_with_the_way_out(empty, tree):
    migrate.apply(empty, tree, until="0001.create-a")
    with psycopg.connect(empty) as conn:
        conn.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 999999)")
    with pytest.raises(migrate.MigrationError, match="--break-lock"):
        migrate.apply(empty, tree)
    assert migrate.break_lock(empty)
    assert migrate.apply(empty, tree) == ["0002.create-b"]


def test_rolling_everything_back_leaves_only_roles(cluster, empty):
    migrate.apply(empty)
    migrate.rollback(empty, to="")
    with cluster.connect(dbname=name_of(empty)) as conn:
        assert conn.execute(verify._LEFT_BEHIND).fetchall() == []
        assert conn.execute("SELECT to_regrole('tenancy_gateway')").fetchone() != (None,)


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
    assert stamp.stamp("rename-parameter", root) is not None
    assert stamp.stamp("nothing-left", root) is None
    migrate.apply(empty, root)
    may = "SELECT has_function_privilege(%s, 'tenancy.close_ticket(uuid)', 'EXECUTE')"
    with cluster.connect(dbname=name_of(empty)) as conn:
        assert conn.execute(may, ["tenancy_console"]).fetchone() == (False,)
        assert conn.execute(may, ["tenancy_operator"]).fetchone() == (True,)
        migrate.rollback(empty, root)
        assert conn.execute(may, ["tenancy_console"]).fetchone() == (True,)
        assert conn.execute(may, ["tenancy_operator"]).fetchone() == (False,)
