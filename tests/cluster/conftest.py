"""The stack, started once for the tests of this folder."""

import pytest

from tests.cluster import stack
from tests.cluster.processes import directory
from tests.server.conftest import ServerClient


@pytest.fixture(scope="module")
def running():
    with directory("stack") as folder, stack.running(folder) as processes:
        yield processes


@pytest.fixture
def through(running):
    """A client that speaks TLS with the proxy."""
    client = ServerClient(running.proxy.address, verify=running.proxy.trust)
    yield client
    client.http.close()
