"""What a child process does until it is killed."""

from pathlib import Path

from tenancy import archive, offboard
from tests.fix_archives import WHY


def export(dsn, tenant, path):
    archive.export(dsn, tenant, Path(path))


def load(dsn, path):
    archive.load(dsn, Path(path))


def clone(dsn, path, slug):
    archive.load(dsn, Path(path), clone=slug)


def end(dsn, tenant, path):
    offboard.run(dsn, tenant, reason=WHY, grace="0", now=True, out=Path(path), batch=5, wait=20)
