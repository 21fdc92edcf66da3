"""tenancy export: one tenant, all of it, as of one moment, and nothing of another."""

import hashlib
import json
import threading
import zipfile

import click
import psycopg
import pytest
from click.testing import CliRunner

from tenancy import archive, cli, fuzz
from tests.fix_archives import as_operator, exported, stored
from tests.fix_tenants import refused


def test_an_archive_has_every_row_of_one_tenant_and_none_of_another(full, tmp_path, dba):
    path = exported(full, "fuzz-2", tmp_path / "a.zip")
    rows = stored(full, "fuzz-2")
    assert all(rows.values())
    ids = dict(dba.execute("SELECT slug, id FROM tenancy_private.tenant").fetchall())
    with zipfile.ZipFile(path) as found:
        manifest = json.loads(found.read("manifest.json"))
        for member in manifest["members"]:
            data = found.read(member["name"])
            assert member["sha256"] == hashlib.sha256(data).hexdigest()
            assert (member["rows"], member["bytes"]) == (data.count(b"\n"), len(data))
            assert str(ids["fuzz-2"]).encode() in data
            for slug in ("fuzz-1", "fuzz-3"):
                assert str(ids[slug]).encode() not in data
                assert fuzz.canary(ids[slug]).encode() not in data
    counts = {m["name"][7:-6]: m["rows"] for m in manifest["members"] if m["columns"]}
    assert counts == {name: len(found) for name, found in rows.items()}


def test_no_credential_is_in_an_archive(diner, jobs, tmp_path, dba):
    path = archive.export(jobs, "diner", tmp_path / "a.zip")[1]
    assert path.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(path) as found:
        everything = b"".join(found.read(name) for name in found.namelist())
    assert str(diner.order).encode() in everything
    digests = [d.hex() for (d,) in dba.execute("SELECT digest FROM tenancy_private.api_key")]
    for secret in [*diner.keys.values(), *digests]:
        assert secret.encode() not in everything


def test_an_export_is_of_one_moment(diner, jobs, tmp_path):
    """A write that commits while the export runs is not in any later table."""
    written = threading.Event()

    def write(rows):
        if not written.is_set():
            written.set()
            with diner.enter("manager") as conn:
                conn.execute("INSERT INTO app.survey_responses (survey) VALUES ('late')")
                conn.commit()

    report, _ = archive.export(jobs, "diner", tmp_path / "a.zip", write)
    assert report.rows["app.survey_responses"] == 0
    report, _ = archive.export(jobs, "diner", tmp_path / "a.zip")
    assert report.rows["app.survey_responses"] == 1


def test_only_an_export_reads_TN002_and_only_the_operator_42501(diner, jobs, gateway):
    calls = (
        "SELECT app.open_rows('app.orders')",
        "SELECT tenancy.export_tenant()",
        "SELECT tenancy.export_members(NULL, 10)",
    )
    for call in calls:
        for enter in ("SELECT 1", f"SELECT tenancy.enter_system('{diner.id}', 'retention')"):
            with psycopg.connect(jobs) as conn, refused("TN002"):
                conn.execute(enter)
                conn.execute(call)
        with diner.enter("manager") as conn, refused("42501"):
            conn.execute(call)
    with refused("42501"):
        gateway.execute("SELECT * FROM tenancy.archive_tables()")


def test_the_purpose_is_signed_TN002(diner, jobs):
    with psycopg.connect(jobs) as conn, refused("TN002"):
        conn.execute("SELECT tenancy.enter_system(%s, 'retention')", [diner.id])
        conn.execute("""SET LOCAL tenancy.request = '{"purpose": "export"}'""")
        conn.execute("SELECT tenancy.export_tenant()")


def test_a_table_that_no_job_can_read_stops_it_TN025(diner, jobs, dba, tmp_path):
    """Nothing is left out silently: neither what is not granted nor what a policy would hide."""
    dba.execute("CREATE SCHEMA shop; CREATE TABLE shop.gift (tenant_id uuid, id uuid)")
    with pytest.raises(click.ClickException, match=r"TN025.*shop\.gift"):
        archive.export(jobs, "diner", tmp_path / "a.zip")
    dba.execute(
        "DROP TABLE shop.gift; CREATE POLICY hides ON app.pins AS RESTRICTIVE USING (false)"
    )
    with pytest.raises(click.ClickException, match=r"TN025.*app\.pins"):
        archive.export(jobs, "diner", tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_the_verb_prints_one_object_and_one_line_for_a_mistake_TN001(diner, jobs, tmp_path):
    run = CliRunner().invoke
    out = str(tmp_path / "x.zip")
    done = run(cli.main, ["export", "--tenant", "diner", "--dsn", jobs, "--out", out, "--json"])
    found = json.loads(done.stdout)
    assert (found["ok"], found["rows"]["app.orders"]) == (True, 1)
    assert found["sha256"] == hashlib.sha256((tmp_path / "x.zip").read_bytes()).hexdigest()
    done = run(cli.main, ["export", "--tenant", "nobody", "--dsn", jobs])
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "TN001" in done.output


def test_two_exports_into_one_file_do_not_mix(diner, jobs, tmp_path):
    def again(rows):
        with pytest.raises(click.ClickException, match="another process is writing"):
            archive.export(as_operator(diner.dsn), "diner", tmp_path / "a.zip")

    archive.export(jobs, "diner", tmp_path / "a.zip", again)
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]
