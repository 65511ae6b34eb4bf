"""The database backend: it detects closed connections, and reads timestamps as Django's does."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import DataError, IntegrityError, OperationalError, ProgrammingError, connection, transaction
from django.db.backends.postgresql import base
from psycopg import IsolationLevel


@pytest.fixture
def own(db):
    """A second connection besides the test's."""
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
    with own.cursor() as cursor:  # like the first statement of a request
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_rows_are_not_read_from_one_that_the_server_ended(own):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [own.connection.info.backend_pid])
    own.health_check_enabled, own.health_check_done = True, False
    assert own.rows("SELECT $1::int", [1]) == [(1,)]


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


def test_rows_are_read_as_by_a_cursor(own):
    values = [7, "it's 100 %", True, None, datetime(2026, 7, 1, tzinfo=UTC), [1, 2], UUID(int=5)]
    sql = (
        "SELECT {}::int, {}::text, {}::bool, {}::text, {}::timestamptz, {}::int[], {}::uuid FROM generate_series(1, 2)"
    )
    with own.cursor() as cursor:
        cursor.execute(sql.format(*["%s"] * len(values)), values)
        expected = cursor.fetchall()
    assert own.rows(sql.format(*(f"${number}" for number in range(1, len(values) + 1))), values) == expected


@pytest.mark.parametrize(
    ("sql", "value", "error"),
    [
        ("SELECT $1::text, nothing", "x", ProgrammingError),
        ("SELECT 1 / $1::int", 0, DataError),
        ("SELECT $1::text", "a\0b", DataError),
        ("SELECT pg_terminate_backend(pg_backend_pid()), $1::int", 1, OperationalError),
        ("SELECT set_config('statement_timeout', '10', false), pg_sleep($1)", 0, None),
    ],
)
def test_what_goes_wrong_is_django_s_error(own, sql, value, error):
    if error:
        with pytest.raises(error):
            own.rows(sql, [value])
    else:
        own.rows(sql, [value])
        with pytest.raises(OperationalError, match="statement timeout"):
            own.rows("SELECT pg_sleep($1)", [5])


def test_statements_are_left_to_cursors_where_these_are_watched(own):
    assert not own.is_watched
    with own.execute_wrapper(lambda execute, *arguments: execute(*arguments)):
        assert own.is_watched
    own.force_debug_cursor = True
    assert own.is_watched


def test_a_server_side_cursor_ends_with_its_transaction(own):
    own.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    with own.create_cursor("a_server_side_one") as cursor:
        cursor.execute("SELECT 1")
        assert own.rows("SELECT is_holdable FROM pg_cursors WHERE name = $1", ["a_server_side_one"]) == [(False,)]
    own.rollback()


@pytest.mark.parametrize("level", [None, IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
def test_a_transaction_has_the_connection_s_isolation(own, level):
    own.connection.isolation_level = level
    own.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    expected = (level or IsolationLevel.READ_COMMITTED).name.lower().replace("_", " ")
    assert own.rows("SHOW transaction_isolation", []) == [(expected,)]
    own.rollback()


def test_a_transaction_is_kept_or_fails_when_it_ends(own):
    with own.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE kept (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    for value, error in ((1, None), (1, IntegrityError), (2, None)):
        own.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        own.rows("INSERT INTO kept VALUES ($1) RETURNING id", [value])
        if error:
            with pytest.raises(error):
                own.commit()
        else:
            own.commit()
        own.set_autocommit(True)
    assert own.rows("SELECT id FROM kept ORDER BY id", []) == [(1,), (2,)]


def test_nothing_is_read_in_a_transaction_that_failed(own):
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            connection.rows("SELECT $1::int", [1])
