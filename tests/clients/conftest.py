"""What the tests of real clients share: one small filled database, and programs that may be missing."""

import os
import shutil
from collections.abc import Callable

import pytest

from tenancy import fuzz

SEED = 2026


def program(name: str, package: str) -> str:
    """Return the path of a program; skip where it is not installed: CI must have it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if not found:
        reason = f"{name} is not installed: apt-get install {package} (make system-packages)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def filled(make_database: Callable[[], str]) -> str:
    """A database with twelve fuzzed tenants, nine of which have rows in every table."""
    dsn = make_database()
    fuzz.fill(dsn, tenants=12, seed=SEED, customers=120)
    return dsn
