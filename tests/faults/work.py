"""What a child process does until it is killed."""

from pathlib import Path

import psycopg

from tenancy import archive, offboard, placement
from tests.fix_archives import WHY


def export(dsn, tenant, path):
    archive.export(dsn, tenant, Path(path))


def load(dsn, path):
    archive.load(dsn, Path(path))


def clone(dsn, path, slug):
    archive.load(dsn, Path(path), clone=slug)


def end(dsn, tenant, path):
    offboard.run(dsn, tenant, reason=WHY, grace="0", now=True, out=Path(path), batch=5, wait=20)


def move(dsn, tenant, to):
    placement.move(dsn, tenant, to, 20)


def sync(dsn):
    assert not [s.error for s in placement.sync(dsn, jobs=2) if s.error]


def create(dsn, slugs):
    with psycopg.connect(dsn, application_name="tenancy", autocommit=True) as conn:
        conn.execute("SET ROLE tenancy_admin")
        for slug in slugs:
            query = "SELECT tenancy.create_tenant(%s, 'hotel', %s, p_idempotency_key => %s)"
            conn.execute(query, [slug, slug, f"key-{slug}"])
