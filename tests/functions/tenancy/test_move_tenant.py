"""tenancy.move_tenant(): every row to a schema of the tenant's own and back, or none."""

import threading
import uuid

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import archive, cli, offboard, placement
from tests.fix_archives import WHY, as_operator, set_status, stored
from tests.fix_tenants import refused

MOVE = "SELECT * FROM tenancy.move_tenant(%s, %s, %s)"


def rows_of(dsn, slug):
    """Every row of a tenant by table, wherever it is, and where that is."""
    with psycopg.connect(dsn) as conn:
        found, place = conn.execute(
            "SELECT id, placement FROM tenancy_private.tenant WHERE slug = %s", [slug]
        ).fetchone()
        tables = conn.execute(
            "SELECT table_name FROM tenancy.protected_table WHERE schema_name = 'app'"
        ).fetchall()
        rows = {}
        for schema in ("app", f"t_{found.hex}"):
            for (table,) in tables:
                name = sql.Identifier(schema, table)
                if conn.execute("SELECT to_regclass(%s)", [name.as_string(conn)]).fetchone()[0]:
                    text = "SELECT to_jsonb(r)::text FROM {} AS r WHERE tenant_id = %s ORDER BY 1"
                    query = sql.SQL(text).format(name)
                    rows[schema, table] = [r for (r,) in conn.execute(query, [found])]
        return place, rows


def there(rows, schema):
    return {table: found for (where, table), found in rows.items() if where == schema}


@pytest.fixture
def operator(database):
    with psycopg.connect(as_operator(database), autocommit=True) as conn:
        conn.execute("SET ROLE tenancy_operator")
        yield conn


def ids(dba, slug):
    return dba.execute("SELECT id FROM tenancy_private.tenant WHERE slug = %s", [slug]).fetchone()[
        0
    ]


@pytest.mark.parametrize("status", ["active", "suspended", "read_only"])
def test_every_row_goes_there_and_comes_back_as_it_was(full, dba, status):
    _, before = rows_of(full, "fuzz-1")
    others = stored(full, "fuzz-1", others=True)
    set_status(full, "fuzz-1", status) if status != "active" else None
    runner = CliRunner()
    command = ["move", "--dsn", as_operator(full), "--tenant", "fuzz-1", "--to"]
    done = runner.invoke(cli.main, [*command, "dedicated"])
    assert done.exit_code == 0, done.output
    place, moved = rows_of(full, "fuzz-1")
    own = f"t_{ids(dba, 'fuzz-1').hex}"
    assert place == "dedicated"
    assert there(moved, own) == there(before, "app")
    assert not any(there(moved, "app").values())
    assert f"{sum(map(len, there(moved, own).values()))} rows of 13 tables moved" in done.output
    done = runner.invoke(cli.main, [*command, "shared"])
    assert done.exit_code == 0, done.output
    assert rows_of(full, "fuzz-1") == ("shared", before)
    assert stored(full, "fuzz-1", others=True) == others
    found = dba.execute("SELECT status FROM tenancy_private.tenant WHERE slug = 'fuzz-1'")
    assert found.fetchone() == (status,)
    assert dba.execute("SELECT to_regnamespace(%s)", [own]).fetchone() == (None,)


def test_usage_is_the_same_before_and_after(database, diner, dba, operator):
    query = "SELECT pins, storage_bytes FROM tenancy_private.usage_counter WHERE tenant_id = %s"
    before = dba.execute(query, [diner.id]).fetchone()
    placement.move(as_operator(database), "diner", "dedicated", 5)
    assert dba.execute(query, [diner.id]).fetchone() == before
    assert dba.execute(query, [diner.id]).fetchone() == before


def test_a_tenant_that_is_there_already_is_left_alone(database, diner, operator):
    assert operator.execute(MOVE, [diner.id, "shared", "1 s"]).fetchall() == []
    slug, rows = placement.move(as_operator(database), "diner", "shared", 5)
    assert (slug, rows) == ("diner", {})
    with diner.enter("staff") as conn:  # and open again
        conn.execute("INSERT INTO app.orders (order_number) VALUES ('2')")


def test_moving_comes_first_and_is_committed_TN041(operator, diner):
    with refused("TN041"):
        operator.execute(MOVE, [diner.id, "dedicated", "1 s"])
    with refused("TN041"), operator.transaction():
        operator.execute("SELECT tenancy.set_tenant_status(%s, 'moving', %s)", [diner.id, WHY])
        operator.execute(MOVE, [diner.id, "dedicated", "1 s"])


@pytest.mark.parametrize(
    ("tenant", "place", "code"),
    [("own", "elsewhere", "TN004"), ("own", None, "TN004"), ("no", "shared", "TN001")],
)
def test_what_is_no_tenant_or_place_is_refused_TN001_TN004(operator, diner, tenant, place, code):
    with refused(code):
        operator.execute(MOVE, [diner.id if tenant == "own" else uuid.uuid4(), place, "1 s"])


def test_a_writer_that_entered_before_is_waited_for_TN042(database, diner, dba):
    gateway = make_conninfo(database, user="tenancy_gateway")
    with psycopg.connect(gateway) as writer:
        writer.execute("SELECT tenancy.enter(%s)", [diner.keys["manager"]])
        command = ["move", "--dsn", as_operator(database), "--tenant", "diner", "--to", "dedicated"]
        refusal = CliRunner().invoke(cli.main, [*command, "--wait", "0.1"])
        assert refusal.exit_code == 1
        assert f"TN042 transactions that began earlier are open: pid {writer.info.backend_pid}" in (
            refusal.output
        )
        with diner.enter("staff") as conn:  # open again, and whole
            conn.execute("INSERT INTO app.orders (order_number) VALUES ('2')")

        moved = []
        mover = threading.Thread(
            target=lambda: moved.append(placement.move(as_operator(database), "diner", "dedicated"))
        )
        mover.start()
        while dba.execute(
            "SELECT status FROM tenancy_private.tenant WHERE id = %s", [diner.id]
        ).fetchone() != ("moving",):
            pass
        writer.execute("INSERT INTO app.orders (order_number) VALUES ('late')")
        assert not moved
        writer.commit()
        mover.join(30)
    found = dba.execute(f"SELECT order_number FROM t_{diner.id.hex}.orders ORDER BY 1").fetchall()
    assert found == [("1",), ("late",)]
    assert dba.execute("SELECT count(*) FROM app.orders").fetchone() == (0,)


def test_a_moving_tenant_reads_and_does_not_write_25006(database, diner):
    set_status(database, "diner", "moving")
    with diner.enter("manager") as conn:
        assert conn.execute("SELECT count(*) FROM app.orders").fetchone() == (1,)
        with refused("25006"):
            conn.execute("INSERT INTO app.orders (order_number) VALUES ('2')")


def test_a_copy_that_differs_is_no_move_TN043(database, diner, dba, operator):
    operator.execute("SELECT tenancy.provision_tenant_schema(%s)", [str(diner.id)])
    dba.execute(
        f"INSERT INTO t_{diner.id.hex}.guests (tenant_id, full_name) VALUES (%s, 'left here')",
        [diner.id],
    )
    _, before = rows_of(database, "diner")
    command = ["move", "--dsn", as_operator(database), "--tenant", "diner", "--to", "dedicated"]
    done = CliRunner().invoke(cli.main, command)
    assert (done.exit_code, "TN043" in done.output) == (1, True), done.output
    assert rows_of(database, "diner") == ("shared", before)
    with diner.enter("staff") as conn:
        conn.execute("INSERT INTO app.orders (order_number) VALUES ('2')")


def test_nothing_is_lost_under_writers_that_do_not_wait(database, diner, dba):
    """Writers insert all the time, refused while it moves: what was confirmed is there in the end."""
    confirmed, stop = [], threading.Event()
    refusals = set()

    def write():
        with psycopg.connect(
            make_conninfo(database, user="tenancy_gateway", options="-c search_path=app")
        ) as conn:
            while not stop.is_set():
                number = uuid.uuid4().hex
                try:
                    conn.execute("SELECT tenancy.enter(%s)", [diner.keys["manager"]])
                    conn.execute("INSERT INTO orders (order_number) VALUES (%s)", [number])
                    conn.commit()
                    confirmed.append(number)
                except psycopg.Error as error:
                    refusals.add(error.sqlstate)
                    conn.rollback()

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        for place in ("dedicated", "shared") * 4:
            placement.move(as_operator(database), "diner", place, 10)
    finally:
        stop.set()
        for writer in writers:
            writer.join(30)
    kept = {number for (number,) in dba.execute("SELECT order_number FROM app.orders")}
    assert kept == {*confirmed, "1"}
    assert len(confirmed) > 20
    # TN040: a commit is seen an instant before its news of the new schema; the row is refused.
    assert refusals <= {"25006", "TN040"}


# The rest of a life, in a schema of its own -------------------------------------------------------


def test_an_archive_does_not_say_where_the_rows_were(full, dba, tmp_path, elsewhere):
    wanted = stored(full, "fuzz-2")
    archive.export(as_operator(full), "fuzz-2", tmp_path / "shared.zip")
    placement.move(as_operator(full), "fuzz-2", "dedicated", 5)
    archive.export(as_operator(full), "fuzz-2", tmp_path / "own.zip")
    found = []
    for name in ("shared", "own"):
        with (tmp_path / f"{name}.zip").open("rb") as file:
            members = archive.Archive(file).members
            found.append({n: m for n, m in members.items() if n.startswith("tables/")})
    assert found[0] == found[1] != {}
    archive.load(as_operator(elsewhere), tmp_path / "own.zip")
    assert stored(elsewhere, "fuzz-2") == wanted


def test_a_restore_in_place_fills_the_own_schema(full, dba, tmp_path):
    placement.move(as_operator(full), "fuzz-2", "dedicated", 5)
    archive.export(as_operator(full), "fuzz-2", tmp_path / "a.zip")
    _, before = rows_of(full, "fuzz-2")
    own = f"t_{ids(dba, 'fuzz-2').hex}"
    dba.execute(f"UPDATE {own}.customers SET full_name = 'changed'")
    set_status(full, "fuzz-2", "read_only")
    archive.load(as_operator(full), tmp_path / "a.zip", replace=True)
    assert rows_of(full, "fuzz-2") == ("dedicated", before)


def test_the_purge_takes_the_schema_along(full, dba, tmp_path):
    placement.move(as_operator(full), "fuzz-2", "dedicated", 5)
    own = f"t_{ids(dba, 'fuzz-2').hex}"
    count = len(rows_of(full, "fuzz-2")[1][own, "orders"])
    assert count > 0
    others = stored(full, "fuzz-2", others=True)
    _, receipt = offboard.run(
        as_operator(full), "fuzz-2", reason=WHY, grace="0", now=True, out=tmp_path / "a.zip",
        batch=50, wait=5,
    )  # fmt: skip
    line = next(row for row in receipt if row["resource"] == f"{own}.orders")
    assert (line["rows_before"], line["rows_deleted"], line["rows_after"]) == (count, count, 0)
    assert dba.execute("SELECT to_regnamespace(%s)", [own]).fetchone() == (None,)
    assert dba.execute("SELECT count(*) FROM tenancy_private.tenant_schema").fetchone() == (0,)
    assert stored(full, "fuzz-2", others=True) == others
