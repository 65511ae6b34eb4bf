"""What a fuzz has: no limit on requests, a wire that looks at each answer, a share of the requests to send."""

import logging

import pytest
from django.db import connection

from profiles.identity.counters import Counter, Window
from tests.fuzz.progress import Progress
from tests.fuzz.wire import Wire

PASSED = Window(passed=True, remaining=1, wait=1)
SHORT = 1_000  # requests, where none are asked for
RUNS = pytest.StashKey[list[Progress]]()


def pytest_terminal_summary(terminalreporter, config):
    """Where requests are asked for, the last lines say of each test what it sent and found."""
    if config.getoption("--requests"):
        terminalreporter.section(f"fuzz on {connection.vendor}")
        for run in config.stash.get(RUNS, []):
            terminalreporter.write_line(run.summary())


@pytest.fixture(autouse=True)
def unlimited(settings, monkeypatch):
    """Whatever comes is passed, and not counted: the counter keeps each request, and runs by another clock."""
    monkeypatch.setattr(Counter, "count", lambda _, counts: [PASSED] * len(counts))
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.MAIL_IS_ON = True  # what is enqueued is not sent here


@pytest.fixture(autouse=True)
def quiet_logs():
    """A line for each refusal would be kept until the test ends. What nobody expected is still told."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def one_connection(one_connection):
    """For every test of the fuzz."""


@pytest.fixture
def progress(request):
    """This test's share of the requests, and the line that shows how far it is."""
    asked_for = request.config.getoption("--requests")
    (share,) = request.node.get_closest_marker("share").args
    run = Progress(round(share * (asked_for or SHORT)), name=request.node.name, is_shown=bool(asked_for))
    request.config.stash.setdefault(RUNS, []).append(run)
    return run


@pytest.fixture
def wire(db, progress):
    return Wire(progress)
