"""The database's backend: it knows which connections are alive, and reads moments as Django's does."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.backends.postgresql import base


@pytest.fixture
def own(db):
    """A connection beside the test's."""
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's alone")
    with_its_own = connection.copy()
    with_its_own.ensure_connection()
    yield with_its_own
    with_its_own.close()


def test_a_living_connection_is_usable_without_a_statement(own, monkeypatch):
    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", lambda self: pytest.fail("it asked"))
    assert own.is_usable()


def test_one_that_the_server_ended_is_not(own):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [own.connection.info.backend_pid])
        assert cursor.fetchone() == (True,)
    assert not own.is_usable()
    own.health_check_enabled, own.health_check_done = True, False
    with own.cursor() as cursor:  # as the first statement of a request
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_one_that_is_closed_is_not(own):
    own.connection.close()
    assert not own.is_usable()
    own.connection = None
    assert not own.is_usable()


@pytest.mark.parametrize("name", [None, "a_server_side_one"])
def test_moments_are_in_utc(own, name):
    own.set_autocommit(False)
    with own.create_cursor(name) as cursor:
        cursor.execute("SELECT timestamptz '2026-07-01 12:00:00.000001+05:30'")
        (moment,) = cursor.fetchone()
    assert (moment, moment.tzinfo) == (datetime(2026, 7, 1, 6, 30, 0, 1, UTC), UTC)
