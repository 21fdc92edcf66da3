"""tenancy import: all of an archive, or nothing when anything is wrong with it."""

import json
import uuid
import zipfile

import click
import psycopg
import pytest
from click.testing import CliRunner

from tenancy import archive, cli, fuzz
from tests.fix_archives import as_operator, exported, set_status, stored, tamper
from tests.fix_tenants import make_tenant, refused

ORDERS = "tables/app.orders.jsonl"


def lines(members, name):
    return [json.loads(line) for line in members[name].splitlines()]


def put(members, name, rows):
    members[name] = b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def whole(dsn):
    """Foreign keys and counters of the whole database hold."""
    with psycopg.connect(dsn) as conn:
        report = fuzz.Report(0, "")
        fuzz.check(conn, report)
    assert report.ok, report.faults


def tenants(dsn):
    with psycopg.connect(dsn) as conn:
        return conn.execute("SELECT slug FROM tenancy_private.tenant ORDER BY slug").fetchall()


def test_another_cluster_gets_the_same_rows(full, elsewhere, tmp_path):
    path = exported(full, "fuzz-2", tmp_path / "a.zip")
    report = archive.load(as_operator(elsewhere), path)
    before = stored(full, "fuzz-2")
    assert stored(elsewhere, "fuzz-2") == before
    assert sum(report.rows.values()) > sum(map(len, before.values())) > 100
    whole(elsewhere)
    kept = (
        "SELECT to_jsonb(m) FROM tenancy_private.member AS m WHERE tenant_id = %s ORDER BY user_id"
    )
    with psycopg.connect(full) as here, psycopg.connect(elsewhere) as there:
        assert (
            here.execute(kept, [report.tenant]).fetchall()
            == there.execute(kept, [report.tenant]).fetchall()
        )
        assert there.execute("SELECT count(*) FROM tenancy_private.api_key").fetchone() == (0,)


def test_a_clone_has_new_ids_whole_foreign_keys_and_the_same_texts(full, tmp_path, dba):
    path = exported(full, "fuzz-2", tmp_path / "a.zip")
    before = stored(full, "fuzz-2", others=False), stored(full, "none", others=True)
    report = archive.load(as_operator(full), path, clone="second-home")
    assert stored(full, "fuzz-2") == before[0]
    whole(full)
    source, clone = stored(full, "fuzz-2"), stored(full, "second-home")
    for name, rows in source.items():
        mine, theirs = ([json.loads(row) for row in found] for found in (rows, clone[name]))
        assert not {row["id"] for row in mine} & {row["id"] for row in theirs}
        ids = {"tenant_id", "id"} | {c for c in mine[0] if c.endswith("_id")} - {
            "session_id",
            "payment_intent_id",
        }
        texts = [
            sorted(json.dumps({k: v for k, v in row.items() if k not in ids}) for row in found)
            for found in (mine, theirs)
        ]
        assert texts[0] == texts[1], name
        assert {row["tenant_id"] for row in theirs} == {str(report.tenant)}
    roles = dba.execute(
        "SELECT DISTINCT role FROM tenancy_private.member WHERE tenant_id = %s", [report.tenant]
    ).fetchall()
    assert ("customer",) not in roles


def test_a_tenant_goes_back_to_yesterday_and_nobody_else_does(full, tmp_path, dba):
    path = exported(full, "fuzz-2", tmp_path / "yesterday.zip")
    before = stored(full, "fuzz-2")
    with psycopg.connect(full) as conn:  # today: a slip, in two tenants
        conn.execute("DELETE FROM app.pin_comments; UPDATE app.orders SET notes = 'oops'")
        conn.execute("DELETE FROM tenancy_private.member WHERE role = 'manager'")
    others = stored(full, "fuzz-2", others=True)
    with pytest.raises(click.ClickException, match="TN022"):
        archive.load(as_operator(full), path, replace=True)
    set_status(full, "fuzz-2", "read_only")
    archive.load(as_operator(full), path, replace=True)
    assert stored(full, "fuzz-2") == before
    assert stored(full, "fuzz-2", others=True) == others
    # who was dismissed today stays dismissed
    managers = dba.execute("SELECT count(*) FROM tenancy_private.member WHERE role = 'manager'")
    assert managers.fetchone() == (0,)


def test_a_restore_waits_for_who_entered_before(diner, jobs, tmp_path):
    path = archive.export(jobs, "diner", tmp_path / "a.zip")[1]
    with diner.enter("manager") as conn:
        conn.execute("INSERT INTO app.pins (title) VALUES ('not yet committed')")
        set_status(diner.dsn, "diner", "read_only")
        with pytest.raises(click.ClickException, match=f"open: pid {conn.info.backend_pid}"):
            archive.load(jobs, path, replace=True, wait=0.2)
        conn.rollback()
    archive.load(jobs, path, replace=True)


def other_row(members):
    rows = lines(members, ORDERS)
    rows[0]["tenant_id"] = str(uuid.UUID(int=7))
    put(members, ORDERS, rows)


def fewer(members):
    members[ORDERS] = members[ORDERS].partition(b"\n")[2]


def other_manifest(key, value):
    def change(members):
        manifest = json.loads(members["manifest.json"])
        manifest[key] = value
        members["manifest.json"] = json.dumps(manifest).encode()

    return change


def other_columns(members):
    rows = lines(members, ORDERS)
    put(members, ORDERS, [{**row, "extra": 1} for row in rows])


def other_schema(members):
    manifest = json.loads(members["manifest.json"])
    manifest["schema"] = {"sha256": "0" * 64, "migration": "0001.old"}
    manifest["members"][3]["columns"] = "0" * 64
    members["manifest.json"] = json.dumps(manifest).encode()


def add(name):
    return lambda members: members.update({name: b"x"})


@pytest.mark.parametrize(
    ("change", "honest", "says"),
    [
        (other_row, True, "a row of another tenant"),
        (other_row, False, "damaged"),
        (fewer, False, "damaged"),
        (lambda m: m.pop(ORDERS), False, "not in it"),
        (lambda m: m.update({ORDERS: m[ORDERS][:-1]}), True, "without an end"),
        (lambda m: m.update({ORDERS: b"[1]\n"}), True, "damaged"),
        (lambda m: m.update({ORDERS: b"{\n"}), True, "damaged"),
        (lambda m: m.update({ORDERS: b"\xff\n"}), True, "damaged"),
        (other_columns, True, "other columns"),
        (other_schema, True, r"another schema version: made at 0001\.old.*differ"),
        (other_manifest("tenant_id", str(uuid.UUID(int=7))), True, "another tenant"),
        (other_manifest("tenant_id", "x"), True, "damaged"),
        (other_manifest("members", None), False, "damaged"),
        (other_manifest("format", "tar"), True, "not engageos"),
        (add("../../etc/passwd"), True, "not an archive of ours"),
        (add("/etc/passwd"), True, "not an archive of ours"),
        (add("tables/../../x.y.jsonl"), True, "not an archive of ours"),
        (add("tables/app.unknown.jsonl"), True, "not listed"),
    ],
)
def test_a_tampered_archive_is_refused_before_anything_is_touched(
    diner, jobs, elsewhere, tmp_path, change, honest, says
):
    path = archive.export(jobs, "diner", tmp_path / "a.zip")[1]
    bad = tamper(path, tmp_path / "bad.zip", change, honest=honest)
    with pytest.raises(archive.ArchiveError, match=says):
        archive.load(as_operator(elsewhere), bad)
    assert tenants(elsewhere) == []
    archive.load(as_operator(elsewhere), tamper(path, tmp_path / "same.zip", lambda m: None))


def test_a_damaged_file_is_refused_wherever_the_damage_is(diner, jobs, elsewhere, tmp_path):
    data = archive.export(jobs, "diner", tmp_path / "a.zip")[1].read_bytes()
    bad = tmp_path / "bad.zip"
    for cut in range(0, len(data), len(data) // 25):
        bad.write_bytes(data[:cut])
        with pytest.raises(archive.ArchiveError):
            archive.load(as_operator(elsewhere), bad)
    refusals = 0
    for place in range(0, len(data), len(data) // 60):
        bad.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        try:
            archive.load(as_operator(elsewhere), bad)
        except archive.ArchiveError:
            refusals += 1
            assert tenants(elsewhere) == []
        else:  # the byte was one that nobody reads, such as a time stamp
            with psycopg.connect(elsewhere) as conn:
                assert stored(elsewhere, "diner") == stored(diner.dsn, "diner")
                names = ", ".join(stored(elsewhere, "diner"))
                conn.execute("SET session_replication_role = replica")
                for name in names.split(", "):
                    conn.execute(f"DELETE FROM {name}")
                for name in ("tenant_status_log", "member", "taken_slug", "tenant"):
                    conn.execute(f"DELETE FROM tenancy_private.{name}")
    assert refusals > 30


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(diner, jobs, elsewhere, tmp_path):
    path = archive.export(jobs, "diner", tmp_path / "a.zip")[1]
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr(ORDERS, b"")
    with pytest.raises(archive.ArchiveError, match="twice"):
        archive.load(as_operator(elsewhere), path)


def test_a_bomb_is_refused_before_it_is_unpacked(diner, jobs, elsewhere, tmp_path):
    path = archive.export(jobs, "diner", tmp_path / "a.zip")[1]

    def inflate(members):
        rows = lines(members, ORDERS)
        rows[0]["notes"] = " " * (archive.SMALL + 1)
        put(members, ORDERS, rows)

    bomb = tamper(path, tmp_path / "bomb.zip", inflate)
    with pytest.raises(archive.ArchiveError, match="times its size"):
        archive.load(as_operator(elsewhere), bomb)
    archive.load(as_operator(elsewhere), bomb, max_ratio=2000)


def test_the_wall_holds_an_import_too_42501(diner, spa, jobs):
    """What the verb checks first, the database refuses by itself."""
    call = "SELECT app.import_rows('app.pins', %s::json, %s)"
    pin = {"tenant_id": str(spa.id), "id": str(uuid.uuid4()), "title": "x"}
    for source in (diner.id, uuid.uuid4()):  # as it was, and as a clone
        with psycopg.connect(jobs) as conn, refused("42501"):
            conn.execute("SELECT tenancy.enter_system(%s, 'import')", [diner.id])
            conn.execute(call, [json.dumps([pin]), source])
    with psycopg.connect(jobs) as conn, refused("TN002"):
        conn.execute("SELECT tenancy.enter_system(%s, 'retention')", [diner.id])
        conn.execute(call, ["[]", diner.id])


def test_taken_names_TN023_and_other_regions_TN030_are_refused(diner, jobs, elsewhere, tmp_path):
    path = archive.export(jobs, "diner", tmp_path / "a.zip")[1]
    with pytest.raises(click.ClickException, match="TN023"):
        archive.load(jobs, path)
    with pytest.raises(click.ClickException, match="TN023"):
        archive.load(jobs, path, clone="diner")
    make_tenant(elsewhere, "diner")
    with pytest.raises(click.ClickException, match="TN023"):
        archive.load(as_operator(elsewhere), path)
    with psycopg.connect(elsewhere) as conn:
        conn.execute("UPDATE tenancy_private.node SET region = 'eu'")
    with pytest.raises(click.ClickException, match="TN030"):
        archive.load(as_operator(elsewhere), path, clone="other")


def test_a_foreign_key_into_nothing_fails_the_whole_import_23503(diner, jobs, elsewhere, tmp_path):
    path = archive.export(jobs, "diner", tmp_path / "a.zip")[1]

    def orphan(members):
        rows = lines(members, ORDERS)
        rows[0]["customer_id"] = str(uuid.uuid4())
        put(members, ORDERS, rows)

    with pytest.raises(click.ClickException, match="23503"):
        archive.load(as_operator(elsewhere), tamper(path, tmp_path / "b.zip", orphan))
    assert tenants(elsewhere) == []


def test_a_trigger_that_changes_imported_rows_fails_it(diner, jobs, elsewhere, tmp_path):
    path = archive.export(jobs, "diner", tmp_path / "a.zip")[1]
    with psycopg.connect(elsewhere) as conn:
        conn.execute(
            "CREATE FUNCTION app.meddle() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN new.title := new.title || '!'; RETURN new; END $$; "
            "CREATE TRIGGER meddle BEFORE INSERT ON app.pins FOR EACH ROW EXECUTE FUNCTION app.meddle()"
        )
    with pytest.raises(archive.ArchiveError, match=r"trigger of app\.pins"):
        archive.load(as_operator(elsewhere), path)
    assert tenants(elsewhere) == []


def test_a_tenant_on_its_way_out_comes_back_suspended(diner, jobs, admin, elsewhere, tmp_path):
    admin.execute("SELECT tenancy.begin_offboarding(%s, 'the contract has ended')", [diner.id])
    path = archive.export(jobs, "diner", tmp_path / "a.zip")[1]
    archive.load(as_operator(elsewhere), path)
    with psycopg.connect(elsewhere) as conn:
        log = "SELECT from_status, to_status, changed_by FROM tenancy_private.tenant_status_log"
        assert conn.execute("SELECT status FROM tenancy_private.tenant").fetchone() == (
            "suspended",
        )
        assert conn.execute(log).fetchall() == [(None, "suspended", "tenancy_operator")]


def test_the_verb_clones_and_prints_one_object(diner, jobs, tmp_path):
    path = archive.export(jobs, "diner", tmp_path / "a.zip")[1]
    run = CliRunner().invoke
    done = run(cli.main, ["import", str(path), "--as-clone", "--dsn", jobs, "--json"])
    assert json.loads(done.stdout)["slug"] == "diner-copy"
    assert run(cli.main, ["import", str(path), "--as-clone", "--replace"]).exit_code == 2
    done = run(cli.main, ["import", str(path), "--dsn", jobs])
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
