"""Which database is read instead of a replica that was lost."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import DEFAULT_DB_ALIAS

from server.replicas.freshness import Replica, Replicas


@pytest.fixture
def positions(monkeypatch):
    """The WAL position that each database answers; None for one that does not answer. Two replicas, `a` and `b`."""
    positions = {DEFAULT_DB_ALIAS: 100, "a": 100, "b": 100}
    clock = iter(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=0.3 * n) for n in range(100))

    def ask(_replica, alias, _sql):
        if positions[alias] is None:
            raise psycopg.OperationalError
        return (positions[alias], next(clock)) if alias == DEFAULT_DB_ALIAS else (positions[alias],)

    monkeypatch.setattr(Replica, "_run", lambda self: None)
    monkeypatch.setattr(Replica, "_ask", ask)
    return positions


@pytest.fixture
def replicas(positions):
    """Both replicas, checked before the primary stopped answering and after."""
    replicas = Replicas()
    replicas.all = [Replica("a"), Replica("b")]
    look(replicas)
    positions[DEFAULT_DB_ALIAS] = None
    look(replicas)
    return replicas


def look(replicas):
    for replica in replicas.all:
        replica._look()


@pytest.mark.parametrize(("lost", "other"), [("a", "b"), ("b", "a")])
def test_a_replica_that_has_as_much_is_read(replicas, lost, other):
    """Replicas are checked at different times, so the data of one is known to be newer, although both have the same."""
    assert replicas.instead_of(lost) == other


def test_a_replica_that_has_less_is_not_read(replicas, positions):
    positions["b"] = 99
    look(replicas)
    assert replicas.instead_of("a") == DEFAULT_DB_ALIAS


def test_the_primary_is_read_if_it_answers(replicas, positions):
    positions[DEFAULT_DB_ALIAS] = 100
    look(replicas)
    assert replicas.instead_of("a") == DEFAULT_DB_ALIAS
