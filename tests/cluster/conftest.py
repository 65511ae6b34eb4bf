"""Start the stack once for the tests of this folder."""

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
    """A client that connects to the proxy over TLS."""
    client = ServerClient(running.proxy.address, verify=running.proxy.trust)
    yield client
    client.http.close()
