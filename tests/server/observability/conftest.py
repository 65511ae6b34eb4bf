"""Shared fixtures of the observability tests."""

import shutil
import time

import pytest

from tests.receiver import receiving
from tests.server.conftest import MOST_SECONDS, ROOT

DEPLOY = ROOT / "server" / "deploy"
RULES = DEPLOY / "alerts.yaml"
DASHBOARD = DEPLOY / "grafana-dashboard.json"


@pytest.fixture
def receiver():
    with receiving() as server:
        yield server


def wait_until(find, told=lambda: "It did not come in time."):
    """Wait for `find`'s first true result, and return it. On failure, show `told`'s result."""
    until = time.monotonic() + 2 * MOST_SECONDS
    while not (found := find()):
        if time.monotonic() > until:
            pytest.fail(told())
        time.sleep(0.05)
    return found


@pytest.fixture(scope="session")
def prometheus_programs(request):
    """The paths of `prometheus` and `promtool`."""
    found = {name: shutil.which(name) for name in ("prometheus", "promtool")}
    if not all(found.values()):
        message = "Prometheus is missing: `apt-get install prometheus` brings it and promtool."
        (pytest.fail if request.config.getoption("--required") else pytest.skip)(message)
    return found
