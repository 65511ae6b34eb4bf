"""PostgreSQL that closes connections, freezes or has none left, with the shipped server."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from profiles.core.outcomes import RETRY_AFTER
from profiles.models import Profile
from tests.apis import RESTAPI, GraphQLAPI
from tests.proxy import proxying
from tests.server.conftest import MOST_SECONDS, ServerClient, serving

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connections to lose")

ONE_PROCESS = {"WEB_CONCURRENCY": "1", "DATABASE_LOCK_TIMEOUT": "20", "DATABASE_STATEMENT_TIMEOUT": "20"}
WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
AT_COMMIT = """
CREATE FUNCTION end_it() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER ends AFTER UPDATE ON profiles_profile DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION end_it()
"""


@contextmanager
def apis_of(log, **environment):
    """Both APIs of a server with these variables, each with its own connection."""
    with serving(log, **environment) as address:
        clients = ServerClient(address), ServerClient(address)
        yield RESTAPI(clients[0]), GraphQLAPI(clients[1])
        for client in clients:
            client.http.close()


def waiting(count=1):
    """Wait until `count` PostgreSQL processes wait for a lock; return their ids."""
    until = time.monotonic() + MOST_SECONDS
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction would see the same activity each time
            cursor.execute(WAITING)
            if len(pids := cursor.fetchall()) >= count:
                return [pid for (pid,) in pids]
    return pytest.fail("nothing waits for a lock")


def end_those_that_wait(count=1):
    """Close the PostgreSQL connections that wait for a lock, once `count` of them wait."""
    with connection.cursor() as cursor:
        for pid in waiting(count):
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            assert cursor.fetchone() == (True,)


def retry_after(answer):
    [seconds] = answer.details.values()
    return seconds


@pytest.fixture(scope="module")
def pool():
    with ThreadPoolExecutor() as threads:
        yield threads


def test_a_read_whose_connection_ends_is_executed_again(cast, test_database, tmp_path, pool):
    token, pk = cast.token("owner"), cast.pk("owner")
    with apis_of(tmp_path / "log", **test_database, **ONE_PROCESS) as apis:
        for read in ("one", "several"):
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("LOCK TABLE profiles_profile")
                reads = [
                    pool.submit(api.view, pk, token=token) if read == "one" else pool.submit(api.list, token=token)
                    for api in apis
                ]
                end_those_that_wait(2)
            assert [each.result(MOST_SECONDS).outcome for each in reads] == ["done"] * 2


def test_a_write_whose_connection_ends_before_commit_is_done_once(cast, test_database, tmp_path, pool):
    token, pk = cast.token("owner"), cast.pk("owner")
    with apis_of(tmp_path / "log", **test_database, **ONE_PROCESS) as apis:
        for number, api in enumerate(apis):
            with transaction.atomic():
                Profile.objects.select_for_update().get(pk=pk)
                write = pool.submit(api.update, pk, {"bio": f"Bio {number}."}, token=token)
                end_those_that_wait()
            assert write.result(MOST_SECONDS).outcome == "done"
    profile = Profile.objects.get(pk=pk)
    assert (profile.version, profile.bio, profile.history.count()) == (3, "Bio 1.", 2)


def test_a_commit_without_an_answer_is_said_to_be_one(cast, test_database, tmp_path):
    token, pk = cast.token("owner"), cast.pk("owner")
    with connection.cursor() as cursor:
        cursor.execute(AT_COMMIT)
        try:
            with apis_of(tmp_path / "log", **test_database, **ONE_PROCESS) as apis:
                answers = [api.update(pk, {"bio": "Perhaps."}, token=token) for api in apis]
        finally:
            cursor.execute("DROP FUNCTION end_it CASCADE")
    assert [answer.outcome for answer in answers] == ["UNAVAILABLE"] * 2
    assert [*map(retry_after, answers)] == [RETRY_AFTER] * 2
    assert all("same idempotency key" in answer.errors[0][2] for answer in answers)
    assert (tmp_path / "log").read_text().count("The database's answer to COMMIT was lost") == 2


def test_nobody_waits_for_a_frozen_database(cast, test_database, tmp_path):
    token, pk = cast.token("owner"), cast.pk("owner")
    with (
        proxying(test_database["DATABASE_URL"]) as proxy,
        apis_of(
            tmp_path / "log", DATABASE_URL=proxy.url, DATABASE_STATEMENT_TIMEOUT="0.2", WEB_CONCURRENCY="1"
        ) as apis,
    ):
        calls = [call for api in apis for call in (api.view, api.list, api.update)]
        arguments = [(pk,), (), (pk, {"bio": "Late."})] * 2
        for call, given in zip(calls, arguments, strict=True):
            assert call(*given, token=token).outcome == "done"
        proxy.thawed.clear()
        answers = [call(*given, token=token) for call, given in zip(calls, arguments, strict=True)]
        assert [answer.outcome for answer in answers] == ["UNAVAILABLE"] * 6
        assert [*map(retry_after, answers)] == [RETRY_AFTER] * 6
        proxy.thawed.set()
        assert apis[0].view(pk, token=token).outcome == "done"


def test_nobody_waits_long_for_a_connection_of_the_pool(cast, test_database, tmp_path, pool):
    token, pk = cast.token("owner"), cast.pk("owner")
    few = ONE_PROCESS | {"DATABASE_POOL_SIZE": "1", "DATABASE_POOL_TIMEOUT": "0.2"}
    with apis_of(tmp_path / "log", **test_database, **few) as (rest, graphql):
        with transaction.atomic():
            Profile.objects.select_for_update().get(pk=pk)
            write = pool.submit(rest.update, pk, {"bio": "It has the only one."}, token=token)
            waiting()
            read = graphql.view(pk, token=token)
        assert (read.outcome, retry_after(read)) == ("UNAVAILABLE", RETRY_AFTER)
        assert write.result(MOST_SECONDS).outcome == "done"
        assert graphql.view(pk, token=token).outcome == "done"


def test_a_lock_that_is_held_too_long_is_a_refusal(cast, test_database, tmp_path):
    token, pk = cast.token("owner"), cast.pk("owner")
    with apis_of(tmp_path / "log", **test_database, DATABASE_LOCK_TIMEOUT="0.1") as apis:
        with transaction.atomic():
            Profile.objects.select_for_update().get(pk=pk)
            answers = [api.update(pk, {"bio": "Late."}, token=token) for api in apis]
        assert [(each.outcome, retry_after(each)) for each in answers] == [("UNAVAILABLE", 1)] * 2
