"""tenancy backfill: one function in every tenant, batch by batch, exactly once, and inside the wall."""

import json
import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import backfill, cli, paths
from tests.fix_tenants import make_tenant, refused

BEGIN = "SELECT * FROM tenancy.begin_backfill(%s, %s)"
CLAIM = "SELECT tenancy.claim_backfill(%s, %s)"
FAIL = "SELECT tenancy.fail_backfill(%s, %s, %s, %s)"
LIST = "SELECT slug, state, rows_changed, calls, error_code, reason FROM tenancy.list_backfill(%s)"

FILL = """
CREATE FUNCTION shop.fill_upper(p_limit integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_rows bigint;
BEGIN
    UPDATE shop.gift AS g SET upper_code = upper(g.code)
    WHERE g.id IN (SELECT i.id FROM shop.gift AS i WHERE i.upper_code IS NULL LIMIT p_limit);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END $$
"""
#: Eleven calls in each tenant, each of which leaves a mark: when, and on which connection.
MARK = """
CREATE FUNCTION shop.leave_marks() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_began timestamptz := clock_timestamp();
BEGIN
    PERFORM pg_sleep(0.01);
    INSERT INTO shop.mark (pid, began, ended) VALUES (pg_backend_pid(), v_began, clock_timestamp());
    RETURN CASE WHEN (SELECT count(*) FROM shop.mark) <= 10 THEN 1 ELSE 0 END;
END $$
"""


@pytest.fixture
def team(dba, database):
    """A connection of a backend team that has two tables, and lets jobs use its schema."""
    dba.execute(
        "DO $$ BEGIN IF to_regrole('shop_team') IS NULL THEN CREATE ROLE shop_team LOGIN; "
        "GRANT tenancy_builder TO shop_team; END IF; END $$"
    )
    name = sql.Identifier(dba.info.dbname)
    dba.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO shop_team").format(name))
    dba.execute("CREATE SCHEMA shop AUTHORIZATION shop_team")
    with psycopg.connect(make_conninfo(database, user="shop_team"), autocommit=True) as conn:
        conn.execute(
            "CREATE TABLE shop.gift (id uuid DEFAULT gen_random_uuid(), code text, upper_code text);"
            "CREATE TABLE shop.mark (pid int, began timestamptz, ended timestamptz);"
            "SELECT tenancy.protect_table('shop.gift'), tenancy.protect_table('shop.mark');"
            "GRANT USAGE ON SCHEMA shop TO tenancy_operator"
        )
        conn.execute(FILL)
        conn.execute(MARK)
        yield conn


@pytest.fixture
def operator(jobs):
    """The login of jobs as tenancy_operator outside any tenant; each statement a transaction."""
    with psycopg.connect(jobs, autocommit=True) as conn:
        conn.execute("SET ROLE tenancy_operator")
        yield conn


def give(tenant, rows):
    with tenant.enter("manager") as conn:
        conn.execute(
            "INSERT INTO shop.gift (code) SELECT 'gift ' || g FROM generate_series(1, %s) g", [rows]
        )
        conn.commit()


def filled(dba, tenant):
    """Rows of a tenant that have the new column, and that have it not."""
    query = "SELECT count(upper_code), count(*) - count(upper_code) FROM shop.gift"
    return dba.execute(f"{query} WHERE tenant_id = %s", [tenant.id]).fetchone()


def run(dsn, *arguments):
    """Run the command; return its exit code and its object."""
    done = CliRunner().invoke(cli.main, ["backfill", "--dsn", dsn, "--json", *arguments])
    assert done.stdout, (done.stderr, done.exception)
    return done.exit_code, json.loads(done.stdout)


def error(dsn, *arguments):
    done = CliRunner().invoke(cli.main, ["backfill", "--dsn", dsn, *arguments])
    assert done.exit_code == 1
    return done.stderr


def by_slug(found):
    return {row["slug"]: row for row in found["tenants"]}


# The command --------------------------------------------------------------------------------------


def test_every_tenant_is_filled_in_batches_and_a_second_run_calls_nothing(
    team, diner, spa, jobs, dba
):
    give(diner, 25)
    give(spa, 3)
    assert filled(dba, diner) == (0, 25)
    code, found = run(jobs, "shop.fill_upper", "--batch", "10")
    assert (code, found["ok"], found["name"]) == (0, True, "shop.fill_upper")
    rows = by_slug(found)
    assert (rows["diner"]["rows_changed"], rows["diner"]["calls"]) == (25, 4)
    assert (rows["spa"]["rows_changed"], rows["spa"]["calls"]) == (3, 2)
    assert (filled(dba, diner), filled(dba, spa)) == ((25, 0), (3, 0))
    assert found["counts"]["calls_now"] == 6
    give(diner, 5)  # rows of now are the application's
    code, found = run(jobs, "shop.fill_upper")
    assert (code, found["counts"]["calls_now"], found["counts"]["done"]) == (0, 0, 2)
    code, found = run(jobs, "shop.fill_upper", "--name", "once more")
    assert (found["counts"]["rows"], filled(dba, diner)) == (5, (30, 0))


def test_a_tenant_that_came_later_joins_and_a_canary_goes_first(team, diner, spa, jobs, dba):
    give(diner, 2)
    give(spa, 2)
    code, found = run(jobs, "shop.fill_upper", "--tenant", "spa")
    assert (code, set(by_slug(found)), found["ok"]) == (0, {"spa"}, True)
    assert (filled(dba, diner), filled(dba, spa)) == ((0, 2), (2, 0))
    late = make_tenant(diner.dsn, "late")
    give(late, 2)
    code, found = run(jobs, "shop.fill_upper")
    assert (found["counts"]["done"], filled(dba, late), filled(dba, diner)) == (3, (2, 0), (2, 0))
    assert by_slug(found)["spa"]["calls"] == 2


def test_a_failing_tenant_stops_no_other_and_is_listed_without_data_until_it_is_retried(
    team, diner, spa, jobs, dba
):
    team.execute(
        "CREATE FUNCTION shop.parse() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER "
        "SET search_path = pg_catalog, pg_temp AS $$ DECLARE v_rows integer; BEGIN "
        "UPDATE shop.gift SET upper_code = code::integer::text WHERE upper_code IS NULL; "
        "GET DIAGNOSTICS v_rows = ROW_COUNT; RETURN v_rows; END $$"
    )
    give(diner, 2)
    with spa.enter("manager") as conn:
        conn.execute("INSERT INTO shop.gift (code) VALUES ('7')")
        conn.commit()
    code, found = run(jobs, "shop.parse")
    rows = by_slug(found)
    assert (code, rows["spa"]["state"], rows["diner"]["state"]) == (1, "done", "failed")
    assert (rows["diner"]["error_code"], rows["diner"]["rows_changed"]) == ("22P02", 0)
    assert rows["diner"]["reason"] == 'invalid input syntax for type integer: "…"'
    done = CliRunner().invoke(cli.main, ["backfill", "--dsn", jobs, "shop.parse"])
    assert done.exit_code == 1
    assert 'diner: failed 22P02 invalid input syntax for type integer: "…"\n' in done.stdout
    assert "1 of 2 tenants done, 1 failed" in done.stdout
    dba.execute("UPDATE shop.gift SET code = '8' WHERE tenant_id = %s", [diner.id])
    code, found = run(jobs, "shop.parse")  # it stays failed
    assert (code, found["counts"]["calls_now"]) == (1, 0)
    code, found = run(jobs, "shop.parse", "--retry-failed", "--tenant", "spa")
    assert (code, found["counts"]["calls_now"]) == (0, 0)
    code, found = run(jobs, "shop.parse", "--retry-failed")
    assert (code, by_slug(found)["diner"]["reason"], filled(dba, diner)) == (0, None, (2, 0))


def child(dsn, *arguments):
    start = "from tenancy.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", start, "backfill", "--dsn", dsn, "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def several(database, number):
    return [make_tenant(database, f"tenant-{n}") for n in range(number)]


def marks(dba):
    return dba.execute("SELECT count(*) FROM shop.mark").fetchone()[0]


def test_killed_in_the_middle_it_goes_on_where_it_stopped_and_does_nothing_twice(
    team, database, jobs, dba
):
    several(database, 8)
    for point in (4, 15, 30):
        process = child(jobs, "shop.leave_marks")
        while process.poll() is None and marks(dba) < point:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert marks(dba) < 88
    while dba.execute(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
        "AND usename = 'tenancy_operator'"
    ).fetchone():
        time.sleep(0.01)
    query = "SELECT sum(calls), count(*) FILTER (WHERE state = 'done')"
    calls, done = dba.execute(f"{query} FROM tenancy_private.backfill_tenant").fetchone()
    assert calls == marks(dba)
    assert 1 <= done < 8
    code, found = run(jobs, "shop.leave_marks")
    assert (code, found["counts"]["done"], found["counts"]["calls"]) == (0, 8, 88)
    assert found["counts"]["calls_now"] == 88 - calls
    assert marks(dba) == 88
    each = "SELECT DISTINCT count(*) FROM shop.mark GROUP BY tenant_id"
    assert dba.execute(each).fetchall() == [(11,)]


def test_two_runners_share_the_work_and_never_one_tenant(team, database, jobs, dba):
    several(database, 6)
    with psycopg.connect(database) as conn:  # until both are there
        conn.execute("LOCK TABLE tenancy_private.backfill_tenant IN EXCLUSIVE MODE")
        runners = [child(jobs, "shop.leave_marks") for _ in range(2)]
        waiting = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        while dba.execute(waiting).fetchone()[0] < 2:
            time.sleep(0.01)
    answers = [json.loads(process.communicate()[0]) for process in runners]
    assert [process.returncode for process in runners] == [0, 0]
    assert all(a["counts"]["calls"] == 66 and a["ok"] for a in answers)
    own = [a["counts"]["calls_now"] for a in answers]
    assert sum(own) == marks(dba) == 66
    assert min(own) > 0
    together = dba.execute(
        "SELECT count(*) FILTER (WHERE a.tenant_id = b.tenant_id), count(*) "
        "FROM shop.mark AS a JOIN shop.mark AS b ON a.pid < b.pid "
        "AND tstzrange(a.began, a.ended) && tstzrange(b.began, b.ended)"
    ).fetchone()
    assert together[0] == 0
    assert together[1] > 0  # they did work at the same time


def test_a_lock_that_somebody_holds_is_waited_for_and_the_call_repeated(
    team, diner, spa, jobs, dba
):
    give(diner, 3)
    give(spa, 3)
    with diner.enter("manager") as conn:
        conn.execute("SELECT FROM shop.gift FOR UPDATE")
        release = threading.Timer(1.2, conn.rollback)
        release.start()
        code, found = run(jobs, "shop.fill_upper", "--lock-timeout", "50ms", "--jobs", "1")
        release.join()
    rows = by_slug(found)
    assert (code, rows["diner"]["state"], rows["diner"]["calls"]) == (0, "done", 2)
    assert rows["diner"]["ended_at"] > rows["spa"]["ended_at"]  # it did not hold up the other
    assert filled(dba, diner) == (3, 0)


def test_an_error_that_passes_is_retried_eight_times_longer_and_longer(team, diner, operator, dba):
    operator.execute(BEGIN, ["shop.fill_upper", "r"])
    states, waits = [], []
    for _ in range(9):
        states.append(operator.execute(FAIL, ["r", diner.id, "40P01", "deadlock"]).fetchone()[0])
        query = "SELECT retry_at - clock_timestamp() FROM tenancy_private.backfill_tenant"
        waits.append(dba.execute(query).fetchone()[0].total_seconds())
    assert states == ["pending"] * 8 + ["failed"]
    assert waits[0] < 1
    assert waits[7] > 5
    assert operator.execute(LIST, ["r"]).fetchone()[4:] == ("40P01", "deadlock")
    assert operator.execute("SELECT tenancy.retry_backfill('r')").fetchone() == (1,)
    operator.execute(FAIL, ["r", diner.id, "55P03", "lock"])
    assert operator.execute(CLAIM, ["r", None]).fetchone() == (None,)  # not before its time
    dba.execute("UPDATE tenancy_private.backfill_tenant SET retry_at = now()")
    assert operator.execute(CLAIM, ["r", None]).fetchone() == (diner.id,)


def test_what_failed_while_another_has_the_tenant_is_not_recorded(team, diner, operator, jobs):
    operator.execute(BEGIN, ["shop.fill_upper", "r"])
    with psycopg.connect(jobs) as other:
        other.execute("SET ROLE tenancy_operator")
        assert other.execute(CLAIM, ["r", None]).fetchone() == (diner.id,)
        assert operator.execute(CLAIM, ["r", diner.id]).fetchone() == (None,)
        assert operator.execute(FAIL, ["r", diner.id, "P0001", "x"]).fetchone() == (None,)
        other.rollback()
    assert operator.execute(FAIL, ["r", diner.id, "P0001", "x"]).fetchone() == ("failed",)


def test_ctrl_c_ends_a_long_call_and_is_no_tenants_failure(team, diner, jobs, dba):
    team.execute(
        "CREATE FUNCTION shop.linger() RETURNS integer LANGUAGE plpgsql AS $$ "
        "BEGIN PERFORM pg_sleep(60); RETURN 0; END $$"
    )
    process = child(jobs, "shop.linger")
    busy = (
        "SELECT 1 FROM pg_stat_activity "
        "WHERE wait_event = 'PgSleep' AND datname = current_database()"
    )
    while not dba.execute(busy).fetchone():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr.strip()) == (1, "Aborted!")
    states = dba.execute("SELECT state, error_code FROM tenancy_private.backfill_tenant")
    assert states.fetchall() == [("pending", None)]


def test_the_example_of_the_docs_does_what_it_says(team, diner, spa, jobs, dba):
    text = (paths.ROOT / "docs/backfill.md").read_text()
    give(diner, 1001)
    with diner.enter("manager") as conn:
        conn.execute("INSERT INTO shop.gift (code) VALUES (NULL)")
        conn.commit()
    team.execute(text.split("```sql\n")[1].split("```")[0])
    code, found = run(jobs, "shop.fill_search_code")
    assert (code, by_slug(found)["diner"]["rows_changed"]) == (0, 1001)
    assert by_slug(found)["diner"]["calls"] == 3
    query = "SELECT count(*) FROM shop.gift WHERE search_code = upper(code)"
    assert dba.execute(query).fetchone() == (1001,)


def test_a_server_that_goes_away_is_no_tenants_failure(team, database, diner, jobs, dba):
    process = child(jobs, "shop.leave_marks", "--jobs", "1")
    while not marks(dba):
        time.sleep(0.005)
    dba.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tenancy_operator' "
        "AND datname = current_database()"
    )
    _, stderr = process.communicate()
    assert process.returncode == 2
    assert len(stderr.strip().splitlines()) == 1
    code, found = run(jobs, "shop.leave_marks")
    assert (code, found["counts"]["calls"], marks(dba)) == (0, 11, 11)


# Whose turn it is ---------------------------------------------------------------------------------


def test_a_status_that_lets_no_job_write_is_skipped_with_the_reason_and_done_later(
    team, diner, spa, database, jobs, dba
):
    ended, ending = make_tenant(database, "ended"), make_tenant(database, "ending")
    for tenant in (diner, spa, ended, ending):
        give(tenant, 1)
    status = "UPDATE tenancy_private.tenant SET status = %s WHERE id = %s"
    dba.execute(status, ["moving", diner.id])
    dba.execute(status, ["suspended", spa.id])
    dba.execute(status, ["purged", ended.id])
    dba.execute(status, ["purging", ending.id])
    code, found = run(jobs, "shop.fill_upper")
    rows = by_slug(found)
    assert (code, set(rows)) == (0, {"diner", "spa"})
    assert (rows["diner"]["state"], rows["diner"]["reason"]) == ("skipped", "the tenant is moving")
    assert [filled(dba, t)[0] for t in (diner, spa, ended, ending)] == [0, 1, 0, 0]
    assert f"purged, or of another region: {ended.id}" in error(
        jobs, "shop.fill_upper", "--tenant", "ended"
    )
    dba.execute(status, ["active", diner.id])
    code, found = run(jobs, "shop.fill_upper")
    assert (by_slug(found)["diner"]["state"], filled(dba, diner)) == ("done", (1, 0))


def test_a_status_that_changes_meanwhile_is_no_failure(team, diner, operator, dba):
    operator.execute(BEGIN, ["shop.fill_upper", "r"])
    dba.execute("UPDATE tenancy_private.tenant SET status = 'purging'")
    assert operator.execute(FAIL, ["r", diner.id, "25006", "x"]).fetchone() == (None,)
    assert operator.execute(CLAIM, ["r", None]).fetchone() == (None,)
    row = operator.execute(LIST, ["r"]).fetchone()
    assert (row[1], row[5]) == ("skipped", "the tenant is purging")


def test_a_purge_takes_the_records_of_its_tenant_along(team, diner, spa, jobs, dba, tmp_path):
    from tests.functions.tenancy.test_purge import end

    give(diner, 1)
    run(jobs, "shop.fill_upper")
    end(diner.dsn, "diner", tmp_path / "a.zip")
    left = dba.execute("SELECT tenant_id FROM tenancy_private.backfill_tenant").fetchall()
    assert left == [(spa.id,)]
    code, found = run(jobs, "shop.fill_upper")
    assert (code, found["counts"]["tenants"]) == (0, 1)


# Walls --------------------------------------------------------------------------------------------


def hostile(team, body, how="DEFINER"):
    team.execute(
        "CREATE OR REPLACE FUNCTION shop.hostile() RETURNS bigint LANGUAGE plpgsql "
        f"SECURITY {how} AS $$ DECLARE v_other uuid := (SELECT tenant_id FROM shop.other); "
        f"v_rows bigint := 0; BEGIN {body}; RETURN v_rows; END $$"
    )


@pytest.fixture
def victim(team, diner, spa, dba):
    """The spa, whose id the team wrote down: what a hostile function would like to reach."""
    give(diner, 2)
    give(spa, 3)
    team.execute("CREATE TABLE shop.other (tenant_id uuid)")
    team.execute("INSERT INTO shop.other VALUES (%s)", [spa.id])
    team.execute("GRANT SELECT ON shop.other TO tenancy_operator")
    yield spa
    assert filled(dba, spa) == (0, 3)
    state = "SELECT status FROM tenancy_private.tenant WHERE id = %s"
    assert dba.execute(state, [spa.id]).fetchone() == ("active",)


def test_a_definer_of_a_team_sees_and_changes_rows_of_the_own_tenant_alone(
    team, diner, victim, jobs, dba
):
    hostile(team, "UPDATE shop.gift SET upper_code = 'mine' WHERE upper_code IS NULL; "
                  "GET DIAGNOSTICS v_rows = ROW_COUNT")  # fmt: skip
    code, found = run(jobs, "shop.hostile", "--tenant", "diner")
    assert (code, found["counts"]["rows"]) == (0, 2)
    assert filled(dba, diner) == (2, 0)
    hostile(team, "SELECT count(*) INTO v_rows FROM shop.gift WHERE tenant_id = v_other")
    code, found = run(jobs, "shop.hostile", "--tenant", "diner", "--name", "reads")
    assert (code, found["counts"]["rows"]) == (0, 0)
    assert dba.execute("SELECT count(*) FROM shop.gift").fetchone() == (5,)


OTHER = "PERFORM tenancy.enter_system(v_other, 'backfill')"
CLEAR = "SET LOCAL tenancy.context = ''; SET LOCAL ROLE tenancy_operator"


@pytest.mark.parametrize(
    ("how", "body", "code"),
    [
        ("DEFINER", OTHER, "42501"),
        ("DEFINER", "SET LOCAL ROLE tenancy_operator", "42501"),
        ("DEFINER", "SET LOCAL tenancy.context = ''", "TN002"),  # the record is refused
        ("DEFINER", "INSERT INTO shop.gift (tenant_id) VALUES (v_other)", "42501"),
        ("INVOKER", "SELECT count(*) INTO v_rows FROM shop.gift", "42501"),
        ("INVOKER", OTHER, "TN003"),
        ("INVOKER", f"PERFORM tenancy.leave(); SET LOCAL ROLE tenancy_operator; {OTHER}", "TN003"),
        ("INVOKER", f"{CLEAR}; {OTHER}", "TN003"),
        ("INVOKER", f"{CLEAR}; PERFORM tenancy.enter_system(v_other, 'export')", "TN003"),
        ("INVOKER", f"{CLEAR}; PERFORM tenancy.enter_system(tenancy.tenant_id(), 'x')", "TN004"),
        (
            "INVOKER",
            f"{CLEAR}; PERFORM tenancy.set_tenant_status(v_other, 'suspended', 'a hostile backfill')",
            "TN002",
        ),
        (
            "INVOKER",
            f"{CLEAR}; PERFORM tenancy.begin_offboarding(v_other, 'a hostile one')",
            "TN002",
        ),
        ("INVOKER", f"{CLEAR}; PERFORM tenancy.claim_backfill('shop.hostile', v_other)", "TN002"),
        ("INVOKER", f"{CLEAR}; PERFORM tenancy.list_backfill('shop.hostile')", "TN002"),
        ("INVOKER", f"BEGIN {OTHER}; EXCEPTION WHEN OTHERS THEN {CLEAR}; {OTHER}; END", "TN003"),
        (
            "INVOKER",
            f"PERFORM tenancy.note_backfill('shop.hostile', 5); {CLEAR}; {OTHER}",
            "TN003",
        ),
    ],
)
def test_whatever_a_hostile_function_tries_it_enters_no_other_tenant_TN003(
    team, diner, victim, jobs, how, body, code
):
    hostile(team, body, how)
    exit_code, found = run(jobs, "shop.hostile", "--tenant", "diner")
    (row,) = found["tenants"]
    assert (exit_code, row["state"], row["error_code"]) == (1, "failed", code), row["reason"]


def test_the_same_without_a_claim_is_what_jobs_may_do(team, diner, spa, jobs):
    """The positive control: clearing the context does make room for another tenant."""
    with psycopg.connect(jobs) as conn:
        conn.execute("SELECT tenancy.enter_system(%s, 'backfill')", [diner.id])
        conn.execute(CLEAR)
        conn.execute("SELECT tenancy.enter_system(%s, 'export')", [spa.id])
        assert conn.execute("SELECT tenancy.tenant_id()").fetchone() == (spa.id,)


def test_what_waits_for_COMMIT_is_bound_too_TN003(team, diner, victim, jobs, dba):
    """A deferred trigger runs with the rights of the job up to PostgreSQL 17."""
    team.execute(
        f"CREATE FUNCTION shop.tg_late() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"DECLARE v_other uuid := (SELECT tenant_id FROM shop.other); "
        f"BEGIN {CLEAR}; {OTHER}; RETURN NULL; END $$; "
        "CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON shop.gift DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION shop.tg_late()"
    )
    code, found = run(jobs, "shop.fill_upper", "--tenant", "diner")
    (row,) = found["tenants"]
    expected = "TN003" if dba.info.server_version < 180000 else "42501"
    assert (code, row["error_code"], row["calls"]) == (1, expected, 0)
    assert filled(dba, diner) == (0, 2)  # the batch went with it


def test_nothing_of_a_session_passes_from_one_tenant_to_the_next(team, diner, spa, jobs):
    team.execute(
        "CREATE FUNCTION shop.remember() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN "
        "IF current_setting('shop.seen', true) <> '' THEN RAISE 'seen'; END IF; "
        "PERFORM set_config('shop.seen', tenancy.tenant_id()::text, false); RETURN 0; END $$"
    )
    code, found = run(jobs, "shop.remember", "--jobs", "1")
    assert (code, found["counts"]["done"]) == (0, 2)


def test_it_runs_on_a_hardened_database(team, diner, jobs, dba):
    dba.execute((paths.ROOT / "sql/harden.sql").read_text())
    give(diner, 2)
    code, _ = run(jobs, "shop.fill_upper")
    assert (code, filled(dba, diner)) == (0, (2, 0))


# Refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "name", "why"),
    [
        ("", "shop.nothing", "0 functions fit"),
        ("", "fill_upper", "0 functions fit"),
        ("", 'shop."', "0 functions fit"),
        ("", "pg_catalog.pg_backend_pid", "0 functions fit"),
        ("FUNCTION {}(text) RETURNS integer LANGUAGE sql RETURN 0", "shop.f", "0 functions fit"),
        ("PROCEDURE {}() LANGUAGE sql AS ''", "shop.f", "does not return the number"),
        (
            "FUNCTION {}() RETURNS text LANGUAGE sql RETURN 0",
            "shop.f",
            "does not return the number",
        ),
        (
            "FUNCTION {}() RETURNS SETOF integer LANGUAGE sql AS 'SELECT 0'",
            "shop.f",
            "does not return the number",
        ),
    ],
)
def test_what_no_backfill_can_run_is_refused_before_it_starts_TN050(
    team, diner, jobs, dba, made, name, why
):
    if made:
        team.execute(f"CREATE {made.format('shop.f')}")
    assert f"TN050 {name}" in (said := error(jobs, name))
    assert why in said
    assert dba.execute("SELECT count(*) FROM tenancy_private.backfill").fetchone() == (0,)


def test_rights_that_a_backfill_lacks_are_named_TN050(team, diner, jobs, dba):
    team.execute("REVOKE ALL ON FUNCTION shop.fill_upper FROM public")
    said = error(jobs, "shop.fill_upper")
    assert "TN050" in said
    assert "GRANT EXECUTE ON FUNCTION shop.fill_upper(integer) TO tenancy_operator." in said
    team.execute("GRANT EXECUTE ON FUNCTION shop.fill_upper TO tenancy_operator")
    team.execute("REVOKE USAGE ON SCHEMA shop FROM tenancy_operator")
    assert "GRANT USAGE ON SCHEMA shop TO tenancy_operator." in error(jobs, "shop.fill_upper")
    team.execute("GRANT USAGE ON SCHEMA shop TO tenancy_operator")
    dba.execute("ALTER FUNCTION shop.fill_upper OWNER TO CURRENT_USER")
    assert "above row security" in error(jobs, "shop.fill_upper")
    dba.execute("ALTER FUNCTION shop.fill_upper OWNER TO shop_team")
    assert run(jobs, "shop.fill_upper")[0] == 0


def test_one_of_two_functions_is_named_by_its_arguments_TN050(team, diner, jobs):
    team.execute("CREATE FUNCTION shop.fill_upper() RETURNS integer LANGUAGE sql RETURN 0")
    assert "2 functions fit" in error(jobs, "shop.fill_upper")
    assert run(jobs, "shop.fill_upper( Integer )", "--name", "a")[0] == 0
    assert run(jobs, 'SHOP."fill_upper"()', "--name", "b")[0] == 0
    assert "takes no limit" in error(jobs, "shop.fill_upper()", "--name", "b", "--batch", "5")


def test_another_definition_or_owner_is_another_run_TN051(team, diner, jobs, operator, dba):
    give(diner, 1)
    run(jobs, "shop.fill_upper")
    team.execute(FILL.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION") + "COST 7")
    assert "TN051" in (said := error(jobs, "shop.fill_upper"))
    assert "another name" in said
    with refused("TN051"):
        operator.execute(CLAIM, ["shop.fill_upper", None])
    with refused("TN051"):
        operator.execute(BEGIN, ["shop.leave_marks", "shop.fill_upper"])
    assert run(jobs, "shop.fill_upper", "--name", "v2")[0] == 0
    dba.execute("ALTER FUNCTION shop.fill_upper OWNER TO tenancy_owner")
    assert "TN051" in error(jobs, "shop.fill_upper", "--name", "v2")
    team.execute("DROP FUNCTION shop.leave_marks()")
    with refused("TN050"):
        operator.execute(BEGIN, ["shop.leave_marks", "gone"])


def test_a_function_that_changes_during_a_run_ends_it_TN051(team, database, jobs, dba):
    several(database, 3)
    process = child(jobs, "shop.leave_marks")
    while not marks(dba):
        time.sleep(0.005)
    team.execute(MARK.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION") + "COST 7")
    _, stderr = process.communicate()
    assert process.returncode == 1
    assert "TN051" in stderr
    assert marks(dba) < 33
    states = "SELECT DISTINCT state FROM tenancy_private.backfill_tenant"
    assert "failed" not in {state for (state,) in dba.execute(states)}


def test_a_run_that_was_not_begun_is_not_found_TN052(team, diner, operator, jobs):
    for query in (CLAIM, LIST):
        with refused("TN052"):
            operator.execute(query, ["nothing", None] if query == CLAIM else ["nothing"])
    operator.execute(BEGIN, ["shop.fill_upper", "r"])
    with psycopg.connect(jobs) as conn, refused("TN052"):  # without a claim
        conn.execute("SELECT tenancy.enter_system(%s, 'backfill')", [diner.id])
        conn.execute("SELECT tenancy.note_backfill('r', 1)")


@pytest.mark.parametrize("answer", ["NULL::integer", "-1"])
def test_an_answer_that_is_no_number_of_rows_is_a_failure_TN053(team, diner, jobs, answer):
    team.execute(f"CREATE FUNCTION shop.f() RETURNS integer LANGUAGE sql RETURN {answer}")
    code, found = run(jobs, "shop.f")
    assert (code, found["tenants"][0]["error_code"]) == (1, "TN053")


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_run_has_a_name_TN004(team, operator, name):
    with refused("TN004"):
        operator.execute(BEGIN, ["shop.fill_upper", name])


@pytest.mark.parametrize("code", [None, "", "4200", "42p01", "42501x"])
def test_a_failure_has_an_sqlstate_TN004(team, diner, operator, code):
    operator.execute(BEGIN, ["shop.fill_upper", "r"])
    with refused("TN004"):
        operator.execute(FAIL, ["r", diner.id, code, "x"])


CALLS = [
    "tenancy.begin_backfill('shop.fill_upper')",
    "tenancy.retry_backfill('r')",
    "tenancy.claim_backfill('r')",
    "tenancy.fail_backfill('r', NULL, '42501', 'x')",
    "tenancy.list_backfill('r')",
]


@pytest.mark.parametrize("call", [*CALLS, "tenancy.note_backfill('r', 1)"])
def test_only_the_operator_outside_any_tenant_TN002_and_nobody_else_42501(
    team, diner, jobs, admin, operator, call
):
    operator.execute(BEGIN, ["shop.fill_upper", "r"])
    with psycopg.connect(jobs) as conn, refused("TN002"):
        conn.execute("SELECT tenancy.enter_system(%s, 'retention')", [diner.id])
        conn.execute(f"SELECT {call}")
    with diner.enter("manager") as conn, refused("42501"):
        conn.execute(f"SELECT {call}")
    if call == CALLS[-1]:
        assert len(admin.execute(f"SELECT * FROM {call}").fetchall()) == 1
    else:
        with refused("42501"):
            admin.execute(f"SELECT {call}")


@pytest.mark.parametrize("call", CALLS[:4])
def test_a_login_that_may_more_than_a_job_runs_no_backfill_TN002(team, diner, dba, call):
    """Its rights would be those of the function: RESET ROLE."""
    dba.execute("SET ROLE tenancy_operator")
    with refused("TN002"):
        dba.execute(f"SELECT {call}")


def test_progress_and_the_list_of_what_is_not_done(capsys):
    row = {"slug": "diner", "state": "failed", "error_code": "P0001", "reason": "a\x1b[2Jb"}
    backfill.show([row] * 51)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "diner: failed P0001 a [2Jb"
    assert lines[-1] == "… and 1 more: --json has them all"
    assert len(lines) == 51
