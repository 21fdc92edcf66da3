"""Who may migrate: the owner of a database with CREATEROLE, whoever made the roles."""

import subprocess

import pytest
from psycopg.conninfo import conninfo_to_dict

from tenancy import dev, migrate, paths, stamp
from tests.migrations.runs.conftest import finish, yoyo

OWNERS = ["tenancy_auditor", "tenancy_kernel", "tenancy_owner"]
ADMIN = "ADMIN TRUE, INHERIT FALSE, SET FALSE"
COUNT = len(stamp.migrations(paths.ROOT))


def dump(server, dsn):
    """Return the schema, without the table of checksums, which plain yoyo does not know."""
    options = ("--schema-only", "--restrict-key=x", "--exclude-table=public._tenancy_migration")
    return subprocess.run(
        [
            server.bindir / "pg_dump",
            *options,
            server.dsn_for(dbname=conninfo_to_dict(dsn)["dbname"]),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def memberships(server, member):
    """Return the owner roles that a role may use, and all that it is a member of."""
    newer = server.version_num >= 160000
    usable = "inherit_option OR set_option" if newer else "true"
    with server.connect() as conn:
        return conn.execute(
            f"SELECT roleid::regrole::text FROM pg_auth_members WHERE ({usable}) "
            "AND member = %s::regrole AND roleid::regrole::text = ANY (%s)",
            [member, OWNERS],
        ).fetchall()


def test_no_membership_in_an_owner_role_outlives_applying_or_undoing(cluster, empty):
    migrate.apply(empty)
    assert memberships(cluster, dev.OWNER) == []
    migrate.rollback(empty, to=stamp.migrations(paths.ROOT)[0].stem)
    assert memberships(cluster, dev.OWNER) == []


def test_nor_does_one_outlive_a_failure(cluster, empty, tmp_path):
    migrate.apply(empty)
    (tmp_path / "migrations").mkdir()
    text = (paths.ROOT / "sql/borrow.sql").read_text() + "SELECT 1/0;\n"
    (tmp_path / "migrations/0001.fail-late.sql").write_text(text)
    (tmp_path / "migrations/0001.fail-late.rollback.sql").write_text("SELECT 1;\n")
    stamp.write_sums(tmp_path)
    with pytest.raises(migrate.MigrationError, match=r"fail-late|applied but its file"):
        migrate.apply(empty, tmp_path)
    assert memberships(cluster, dev.OWNER) == []


def test_plain_yoyo_and_ours_give_the_same_database(cluster, empty, make_empty):
    code, _, err = finish(yoyo(empty))
    assert code == 0, err
    ours = make_empty(cluster)
    migrate.apply(ours)
    assert dump(cluster, empty) == dump(cluster, ours)


def test_two_databases_of_one_owner(cluster, make_empty):
    for dsn in (make_empty(cluster), make_empty(cluster)):
        assert migrate.preflight(dsn) == []
        assert len(migrate.apply(dsn)) == COUNT


def test_a_second_owner_needs_what_preflight_prints_and_nothing_else(roleless, make_empty):
    migrate.apply(make_empty(roleless))
    second = make_empty(roleless, "second_dba")
    missing = migrate.preflight(second)
    if roleless.version_num < 160000:
        assert missing == []
    else:
        assert missing == [f"GRANT {role} TO second_dba WITH {ADMIN};" for role in OWNERS]
        with pytest.raises(migrate.MigrationError, match="--preflight"):
            migrate.apply(second)
    run_as_superuser(roleless, missing)
    assert migrate.preflight(second) == []
    migrate.apply(second)
    assert all(migrate.status(second).values())
    assert memberships(roleless, "second_dba") == []


def test_roles_made_without_their_memberships_are_completed(roleless, make_empty):
    dsn = make_empty(roleless)
    roles = ("kernel", "owner", "auditor", "customer", "staff", "manager", "admin", "gateway")
    run_as_superuser(roleless, [f"CREATE ROLE tenancy_{role}" for role in roles])
    missing = migrate.preflight(dsn)
    assert bool(missing) == (roleless.version_num >= 160000)
    run_as_superuser(roleless, missing)
    assert migrate.preflight(dsn) == []
    assert len(migrate.apply(dsn)) == COUNT
    assert memberships(roleless, dev.OWNER) == []


def test_preflight_names_what_the_user_of_the_database_lacks(cluster, make_empty):
    dsn = make_empty(cluster, "poor_dba")
    name = conninfo_to_dict(dsn)["dbname"]
    run_as_superuser(
        cluster,
        [
            "ALTER ROLE poor_dba NOCREATEROLE NOINHERIT",
            f"ALTER DATABASE {name} OWNER TO postgres",
        ],
    )
    missing = migrate.preflight(dsn)
    assert missing[:3] == [
        f"ALTER DATABASE {name} OWNER TO poor_dba;",
        "ALTER ROLE poor_dba CREATEROLE;",
        "ALTER ROLE poor_dba INHERIT;",
    ]
    with pytest.raises(migrate.MigrationError, match="--preflight"):
        migrate.apply(dsn)
    run_as_superuser(cluster, missing)
    assert migrate.preflight(dsn) == []
    assert len(migrate.apply(dsn)) == COUNT


def test_an_owner_whose_name_needs_quotes(roleless, make_empty):
    assert len(migrate.apply(make_empty(roleless, "the-DBA"))) == COUNT


def test_a_superuser_leaves_no_function_of_a_superuser(cluster, empty):
    name = conninfo_to_dict(empty)["dbname"]
    migrate.apply(cluster.dsn_for(dbname=name))
    with cluster.connect(dbname=name) as conn:
        found = conn.execute(
            "SELECT p.oid::regprocedure::text FROM pg_proc AS p, pg_roles AS r "
            "WHERE r.oid = p.proowner AND r.rolsuper AND p.oid >= 16384"
        ).fetchall()
    assert found == []


def run_as_superuser(server, statements):
    with server.connect() as conn:
        for statement in statements:
            conn.execute(statement)
