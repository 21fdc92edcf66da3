"""Tenants with rows in every table, what is stored of them, and archives that were tampered with."""

import hashlib
import json
import zipfile

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenancy import archive, fuzz

WHY = "a test of the life cycle"


@pytest.fixture
def jobs(database):
    """DSN of this test's database for the login of jobs."""
    return make_conninfo(database, user="tenancy_operator")


@pytest.fixture
def full(database):
    """A database with three hostile tenants, fuzz-1 to fuzz-3, with rows in every table."""
    assert fuzz.fill(database, tenants=3, seed=7, customers=150).ok
    return database


@pytest.fixture
def elsewhere(make_database):
    """Another database with the same schema: the DSN of its superuser."""
    return make_database()


def as_operator(dsn):
    return make_conninfo(dsn, user="tenancy_operator")


def set_status(dsn, tenant, status):
    with psycopg.connect(as_operator(dsn)) as conn:
        conn.execute("SET ROLE tenancy_operator")
        conn.execute(
            "SELECT tenancy.set_tenant_status(tenant_id, %s, %s) FROM tenancy.tenant_state(%s)",
            [status, WHY, tenant],
        )


def stored(dsn, slug, *, others=False):
    """Every row of a tenant (or of all others) in every registered table, seen by the superuser."""
    with psycopg.connect(dsn) as conn:
        names = conn.execute(
            "SELECT schema_name, table_name FROM tenancy.protected_table"
        ).fetchall()
        sign = sql.SQL("IS DISTINCT FROM" if others else "=")
        return {
            ".".join(name): sorted(
                row
                for (row,) in conn.execute(
                    sql.SQL(
                        "SELECT to_jsonb(r)::text FROM {} AS r WHERE tenant_id {} "
                        "(SELECT id FROM tenancy_private.tenant WHERE slug = %s)"
                    ).format(sql.Identifier(*name), sign),
                    [slug],
                )
            )
            for name in names
        }


def tamper(source, target, change, *, honest=True):
    """Copy an archive through change(members); honest: with hashes and numbers that fit again."""
    with zipfile.ZipFile(source) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    manifest = json.loads(members["manifest.json"])
    for member in manifest["members"] if honest else []:
        if (data := members.get(member["name"])) is not None:
            member["sha256"] = hashlib.sha256(data).hexdigest()
            member["bytes"], member["rows"] = len(data), data.count(b"\n")
    members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members.items():
            new.writestr(name, data)
    return target


def exported(dsn, slug, path):
    return archive.export(as_operator(dsn), slug, path)[1]
