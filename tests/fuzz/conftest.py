"""Fixtures of the fuzz tests: no rate limit, a wire that checks each response, a test's share of the requests."""

import logging

import pytest
from django.db import connection

from profiles.identity.counters import Counter, Window
from tests.fuzz.progress import Progress
from tests.fuzz.wire import Wire

PASSED = Window(passed=True, remaining=1, wait=1)
SHORT = 1_000  # requests without --requests
RUNS = pytest.StashKey[list[Progress]]()


def pytest_terminal_summary(terminalreporter, config):
    """With --requests, print each test's number of requests and findings at the end."""
    if config.getoption("--requests"):
        terminalreporter.section(f"fuzz on {connection.vendor}")
        for run in config.stash.get(RUNS, []):
            terminalreporter.write_line(run.summary())


@pytest.fixture(autouse=True)
def unlimited(settings, monkeypatch):
    """Turn rate limits off: the counter would keep each request, and uses another clock."""
    monkeypatch.setattr(Counter, "count", lambda _, counts: [PASSED] * len(counts))
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.MAIL_IS_ON = True  # mail is queued here and not sent


@pytest.fixture(autouse=True)
def quiet_logs():
    """Suppress a log line per error response, which pytest would keep. Unexpected errors are still logged."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def one_connection(one_connection):
    """Use it for every fuzz test."""


@pytest.fixture
def progress(request):
    """This test's share of the requests, with a progress bar."""
    asked_for = request.config.getoption("--requests")
    (share,) = request.node.get_closest_marker("share").args
    run = Progress(round(share * (asked_for or SHORT)), name=request.node.name, is_shown=bool(asked_for))
    request.config.stash.setdefault(RUNS, []).append(run)
    return run


@pytest.fixture
def wire(db, progress):
    return Wire(progress)
