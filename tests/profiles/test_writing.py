"""Writes without an API, and the errors that clients get when they fail."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection
from rest_framework.exceptions import ValidationError

from profiles.core import writing
from profiles.core.actors import Actor
from profiles.core.models import Source
from profiles.core.outcomes import RETRY_AFTER, CommitLost, Outcome, Refused
from profiles.identity import tokens
from profiles.models import Change, Profile, ProfileQuerySet
from profiles.policy import policy
from profiles.serializers import ProfileSerializer
from tests.state import stored

MOST_SECONDS = 30


def update(profile, actor, **values):
    return writing.update(profile, values, actor=Actor(actor), source=Source.COMMAND)


def test_only_what_changed_is_saved(cast):
    stale = Profile.objects.get(username="owner")
    Profile.objects.filter(username="owner").update(location="Elsewhere")
    written = update(stale, cast["owner"], bio="New.", website="")
    assert (written.bio, written.location, written.version) == ("New.", "Elsewhere", 2)
    assert Change.objects.get().fields == {"bio": ["Mine.", "New."]}
    assert Change.objects.get().request_id is None  # no request, so no id


def test_nothing_is_written_where_nothing_changes(cast):
    before = stored()
    update(cast["owner"], cast["owner"], bio="Mine.")
    assert stored() == before


@pytest.mark.parametrize("actor", [Actor(), "member", "read"])
def test_the_write_path_asks_the_policy_itself(cast, actor):
    if actor == "read":
        actor = Actor(cast["owner"], token_writes=False)
    elif isinstance(actor, str):
        actor = Actor(cast[actor])
    before = stored()
    with pytest.raises(Refused):
        writing.update(cast["owner"], {"bio": "x"}, actor=actor, source=Source.COMMAND)
    assert stored() == before


def test_a_version_that_moved_on_is_a_conflict(cast):
    update(cast["owner"], cast["owner"], bio="First.")
    before = stored()
    with pytest.raises(Refused) as refused:
        writing.update(
            cast["owner"], {"bio": "x"}, actor=Actor(cast["owner"]), source=Source.COMMAND, expected_version=1
        )
    assert (refused.value.outcome, refused.value.details) == (Outcome.CONFLICT, {"version": 2})
    assert stored() == before


def test_a_profile_that_was_deleted_meanwhile_is_not_there(cast):
    stale = Profile.objects.get(username="known")
    cast["known"].delete()
    with pytest.raises(Refused) as refused:
        update(stale, cast["staff"], bio="x")
    assert refused.value.outcome is Outcome.NOT_FOUND


def test_a_value_taken_meanwhile_is_the_error_of_the_early_check(cast, apis, monkeypatch):
    early = [api.update(cast.pk("owner"), {"username": "KNOWN"}, token=cast.token("owner")) for api in apis]
    monkeypatch.setattr(ProfileSerializer, "validate_username", lambda self, username: username)
    before = stored()
    late = [api.update(cast.pk("owner"), {"username": "KNOWN"}, token=cast.token("owner")) for api in apis]
    assert early == late
    assert late[0].errors == (("unique", "username", "This username is taken. Choose another one."),)
    assert stored() == before


def test_a_breach_of_another_constraint_is_not_taken_for_it(cast):
    with pytest.raises(Exception, match=r"profile_time_zone_given|CHECK"):
        update(cast["owner"], cast["owner"], time_zone="")


def test_the_history_names_the_request(cast, rest):
    request_id = str(uuid.uuid4())
    response = rest.send(
        "PATCH", "/profiles/me/", {"bio": "B"}, token=cast.token("owner"), **{"x-request-id": request_id}
    )
    assert response.headers["X-Request-ID"] == request_id == str(Change.objects.get().request_id)


@pytest.mark.parametrize("request_id", ["x", "{" * 90 + str(uuid.uuid4()), "-" * 3000 + uuid.uuid4().hex])
def test_a_request_id_of_another_shape_does_no_harm(cast, rest, request_id):
    answer = rest.send(
        "PATCH", "/profiles/me/", {"bio": "B"}, token=cast.token("owner"), **{"x-request-id": request_id}
    )
    assert answer.status_code == 200
    assert Change.objects.get().request_id


# Lost races


def test_a_deadlock_is_lost_once_and_then_won(transactional_db):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time: no two wait for each other")
    first, second = (Profile.objects.create_user(name, "a@b.co", "x").pk for name in ("first", "second"))
    barrier, runs = Barrier(2), []

    def update_both(bio, keys):
        waits = iter([barrier])

        def write():
            runs.append(bio)
            for key in keys:
                Profile.objects.filter(pk=key).update(bio=bio)
                for each in waits:
                    each.wait(MOST_SECONDS)

        try:
            writing.transact(Profile, write)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        writes = [pool.submit(update_both, "a", (first, second)), pool.submit(update_both, "b", (second, first))]
        for write in writes:
            write.result(MOST_SECONDS)
    assert len(runs) == 3
    assert len(set(Profile.objects.values_list("bio", flat=True))) == 1


@pytest.mark.parametrize(
    ("failure", "times"),
    [
        (psycopg.errors.DeadlockDetected, 2),
        (psycopg.errors.SerializationFailure, 2),
        (psycopg.errors.AdminShutdown, 2),
        (psycopg.OperationalError, 2),  # the connection is lost without an error code
        (psycopg.errors.QueryCanceled, 1),
        (psycopg.errors.DiskFull, 1),
    ],
)
def test_a_write_that_the_database_undid_is_tried_again_once(db, failure, times):
    runs = []

    def write():
        runs.append(1)
        raise OperationalError from failure()

    with pytest.raises(OperationalError):
        writing.transact(Profile, write)
    assert len(runs) == times


def test_a_write_whose_commit_was_not_answered_is_not_tried_again(db):
    runs = []

    def write():
        runs.append(1)
        raise CommitLost from psycopg.OperationalError()

    with pytest.raises(CommitLost):
        writing.transact(Profile, write)
    assert len(runs) == 1


# Internal errors

LAYERS = {
    "identity": (tokens, "get_payload"),
    "queryset": (ProfileQuerySet, "visible_to"),
    "policy": (policy, "can"),
    "serializer": (ProfileSerializer, "to_internal_value"),
    "write path": (writing, "save_locked"),
    "representation": (ProfileSerializer, "get_updated_by"),
}
SECRET = "the text of an exception, a table's name, a password"


@pytest.mark.parametrize("layer", LAYERS)
def test_an_unexpected_exception_keeps_its_text_to_itself(cast, apis, layer, monkeypatch, caplog):
    token = cast.token("owner")

    def fail(*args, **kwargs):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(*LAYERS[layer], fail)
    for api in apis:
        caplog.clear()
        answer = api.update(cast.pk("owner"), {"bio": "x"}, token=token)
        assert answer.outcome == "INTERNAL"
        assert SECRET not in repr(answer)
        assert SECRET in caplog.text
        record = next(record for record in caplog.records if record.name == "profiles.core.outcomes")
        assert record.exc_info
        assert uuid.UUID(answer.details["id"])


def test_the_id_of_a_failure_is_the_requests(cast, rest, graphql, monkeypatch):
    monkeypatch.setattr(ProfileQuerySet, "visible_to", lambda *args: 1 / 0)
    for response in (rest.send("GET", "/profiles/1/"), graphql.send("{ profile(pk: 1) { pk } }")):
        assert response.headers["X-Request-ID"] in response.content.decode()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_away_is_unavailable_in_both_apis(cast, rest, graphql, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error("could not connect to server at 10.0.0.7")

    monkeypatch.setattr(ProfileQuerySet, "visible_to", fail)
    for response in (rest.send("GET", "/profiles/1/"), graphql.send("{ profile(pk: 1) { pk } }")):
        assert response.status_code == 503
        assert response.headers["Retry-After"] == str(RETRY_AFTER)
        assert b"UNAVAILABLE" in response.content
        assert b"10.0.0.7" not in response.content


def test_a_cancelled_statement_is_a_timeout_in_both_apis(cast, rest, graphql, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise OperationalError(SECRET) from psycopg.errors.QueryCanceled(SECRET)

    monkeypatch.setattr(ProfileQuerySet, "visible_to", fail)
    answers = rest.send("GET", "/profiles/1/"), graphql.send("{ profile(pk: 1) { pk } }")
    assert [answer.status_code for answer in answers] == [504, 200]
    codes = [answer.json()["errors"][0] for answer in answers]
    assert [codes[0]["code"], codes[1]["extensions"]["code"]] == ["TIMEOUT", "TIMEOUT"]
    for answer in answers:
        assert not answer.has_header("Retry-After")
        assert SECRET not in answer.content.decode()
    messages = [record.message for record in caplog.records if record.name == "profiles.core.outcomes"]
    assert messages == ["The database cancelled a statement: it took too long"] * 2


def test_a_failure_outside_the_apis_is_answered_in_the_same_words(client, monkeypatch):
    from server import views

    client.raise_request_exception = False
    monkeypatch.setattr(views, "Refused", None)
    response = client.get("/nowhere")
    assert response.status_code == 500
    assert response.json()["errors"][0]["code"] == "INTERNAL"
    assert response.json()["id"]


def test_a_validation_error_is_raised_for_the_api_to_render(cast):
    Profile.objects.filter(username="known").update(username="taken")
    with pytest.raises(ValidationError) as error:
        update(cast["owner"], cast["owner"], username="TAKEN")
    assert error.value.get_codes() == {"username": ["unique"]}
