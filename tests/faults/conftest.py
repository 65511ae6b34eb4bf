"""Fixtures: the stack and the cluster under load. A table is printed at the end."""

import logging

import pytest

from tests.cluster import cluster, stack
from tests.cluster.processes import directory
from tests.cluster.service import UNTHROTTLED
from tests.faults.load import LONGEST, LONGEST_PAUSE, Load
from tests.faults.verdict import examine, table

MANY = 20  # a fault caused this often with --at-length is caused twice without
ROWS, NOTES = pytest.StashKey[list](), pytest.StashKey[list]()


def pytest_addoption(parser):
    parser.addoption("--at-length", action="store_true", help="cause each fault as often as `make faults` says")


def pytest_configure(config):
    config.stash[ROWS], config.stash[NOTES] = [], []


def pytest_collection_modifyitems(config, items):
    """Deselect the tests that only `make faults` runs."""
    if not config.getoption("--at-length"):
        left_out = [item for item in items if item.get_closest_marker("at_length")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter, config):
    rows, notes = config.stash[ROWS], config.stash[NOTES]
    if rows or notes:
        terminalreporter.section("what became of the requests")
    for line in [*table(rows), *notes]:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def quiet():
    """Suppress httpx's log line per request."""
    logging.getLogger("httpx").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def two_services():
    """The stack with two instances of the service."""
    with directory("stack") as folder, stack.running(folder, instances=2, **UNTHROTTLED) as running:
        yield running


@pytest.fixture(scope="session")
def whole_cluster():
    with directory("cluster") as folder, cluster.running(folder, **UNTHROTTLED) as running:
        yield running


@pytest.fixture
def under_load(request):
    """Cause a fault under load: `times` times with --at-length, otherwise once or twice.

    The function takes the stack or cluster, the fault's name, `times`, and a `cause`, which is called with the load and
    also ends the fault. It returns the table's row, after checking that no write was lost or done twice, no error was
    unexpected and no connection broke; with --at-length, also that nothing took too long.
    """
    is_long = request.config.getoption("--at-length")

    def under_load(running, fault, times, cause, *, may_break=False):
        if not is_long:
            times = 2 if times >= MANY else 1
        with Load(running.proxy, fault.replace(" ", "-")) as load:
            for _ in range(times):
                cause(load)
                load.wait_for_success()
        row = examine(fault, times, load, running.database_url)
        request.config.stash[ROWS].append(row)
        assert (row.lost, row.twice, row.wrong) == ([], [], {})
        assert may_break or not row.broken
        if is_long:
            assert row.slowest <= LONGEST
            assert row.pause <= LONGEST_PAUSE
        return row

    return under_load


@pytest.fixture
def note(request):
    """Add a line below the table."""
    return request.config.stash[NOTES].append
