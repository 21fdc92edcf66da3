"""A server of their own: PostgREST's logins are the cluster's, and checks of other tests find them."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tenancy import servers
from tests.fix_server import another, copy_template, with_template


@pytest.fixture(scope="session")
def server(server: servers.Server) -> Iterator[servers.Server]:
    with another(server) as own:
        yield with_template(own)


@pytest.fixture(scope="session")
def make_database(server: servers.Server) -> Callable[[], str]:
    return partial(copy_template, server)
