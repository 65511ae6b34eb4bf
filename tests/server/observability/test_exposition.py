"""The directory for the workers' metrics files, and the metrics of the connection pool."""

import os

import pytest

from profiles.core.metrics import POOL, POOL_ERRORS, POOL_WAIT_SECONDS
from server.observability import database, exposition


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """Set the variable of the directory, and prepare; return the variable afterwards."""
    monkeypatch.setattr(exposition.tempfile, "tempdir", str(tmp_path))

    def prepared(given):
        monkeypatch.setenv(exposition.DIRECTORY, given)
        exposition.prepare()
        return os.environ[exposition.DIRECTORY]

    return prepared


def test_a_directory_that_is_given_is_kept_and_left(directory, tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    assert directory(str(given)) == str(given)
    exposition.clean()
    assert given.exists()


def test_a_reload_keeps_the_directory_and_the_end_deletes_it(directory, tmp_path):
    made = directory("")
    assert os.listdir(tmp_path) == [os.path.basename(made)]
    assert os.stat(made).st_mode & 0o777 == 0o700
    assert directory(made) == made
    exposition.clean()
    assert os.listdir(tmp_path) == []


def test_a_new_master_makes_its_own(directory, tmp_path):
    predecessors = tmp_path / "profiles-metrics-1-x"
    predecessors.mkdir()
    made = directory(str(predecessors))
    assert made != str(predecessors)
    exposition.clean()
    assert os.listdir(tmp_path) == [predecessors.name]


def test_what_only_grows_in_the_pool_is_counted_once(monkeypatch):
    monkeypatch.setattr(database, "_pool_totals", {"requests_wait_ms": 0, "requests_errors": 0})
    before = POOL_WAIT_SECONDS._value.get(), POOL_ERRORS._value.get()
    stats = {"pool_size": 4, "pool_available": 1, "requests_waiting": 2, "requests_wait_ms": 500, "requests_errors": 3}
    database._sample_pool(stats)
    database._sample_pool(stats | {"requests_wait_ms": 750, "requests_errors": 4})
    after = POOL_WAIT_SECONDS._value.get(), POOL_ERRORS._value.get()
    assert [b - a for a, b in zip(before, after, strict=True)] == [0.75, 4]
    states = {state: POOL.labels(state)._value.get() for state in ("size", "available", "waiting")}
    assert states == {"size": 4, "available": 1, "waiting": 2}
