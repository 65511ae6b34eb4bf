"""Signing up, in both APIs."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from profiles.core.idempotency import KEPT, LONGEST_KEY
from profiles.core.models import IdempotencyKey
from profiles.models import Change, Profile
from tests.cast import PASSWORD
from tests.state import stored, undone

NEW = {"username": "newcomer", "email": "new@example.com", "password": PASSWORD}


def both(apis, *arguments, **keywords):
    """Sign up through both APIs from the same state; check that the answers are equal except ids and times."""
    answers = []
    for api in apis:
        with undone():
            answers.append(api.create(*arguments, **keywords))
    rest, graphql = answers
    assert (rest.outcome, rest.errors, rest.details) == (graphql.outcome, graphql.errors, graphql.details)
    passing = {"id", "node_id", "created_at", "updated_at"}
    shown = [{k: v for k, v in (answer.body or {}).items() if k not in passing} for answer in answers]
    assert shown[0] == shown[1]
    return rest


def test_a_newcomer_is_made_and_signs_in(cast, apis):
    for api in apis:
        with undone():
            answer = api.create(NEW | {"bio": " Hello. ", "visibility": "private"})
            assert answer.outcome == "done"
            row = Profile.objects.get(username="newcomer")
            assert (row.bio, row.visibility, row.version, row.is_staff) == ("Hello.", "private", 1, False)
            assert row.password != PASSWORD
            assert not Change.objects.exists()
            for other in apis:
                assert other.sign_in("NEWCOMER", PASSWORD).outcome == "done"
                assert other.view(row.pk, token=other.sign_in("newcomer", PASSWORD).body["token"]).body == answer.body


def test_it_is_shown_as_its_owner_sees_it(cast, apis):
    body = both(apis, NEW).body
    assert body["email"] == "new@example.com"
    assert body["visibility"] == "members"
    assert "bio" in body["editable_fields"]
    assert "is_active" not in body["editable_fields"]
    assert "password" not in body


def test_rest_says_created_and_where(cast, rest):
    response = rest.send("POST", "/profiles", NEW)
    profile = Profile.objects.get(username="newcomer")
    assert (response.status_code, response.headers["Location"]) == (201, f"https://testserver/profiles/{profile.pk}/")
    assert profile.updated_at == profile.created_at
    assert response.headers["ETag"]


CASES = {
    "nothing": ({}, ("required", "username"), ("required", "email"), ("required", "password")),
    "a username that is taken": (NEW | {"username": "OWNER"}, ("unique", "username")),
    "a reserved username": (NEW | {"username": "admin"}, ("reserved", "username")),
    "a Cyrillic а": (NEW | {"username": "аlice"}, ("invalid", "username")),
    "NUL": (NEW | {"bio": "\0"}, ("invalid", "bio")),
    "a lone surrogate": (NEW | {"bio": "\ud800"}, ("invalid", "bio")),
    "NUL in a password": (NEW | {"password": "\0" * 20}, ("invalid", "password")),
    "null": (NEW | {"email": None}, ("null", "email")),
    "a short password": (NEW | {"password": "x1!y"}, ("password_too_short", "password")),
    "a password like the username": (NEW | {"password": "newcomer1"}, ("password_too_similar", "password")),
    "a password too long": (NEW | {"password": "x" * 1025}, ("max_length", "password")),
    "what only staff set": (NEW | {"is_active": False}, ("read_only", "is_active")),
    "several": (NEW | {"email": "x", "website": "x"}, ("invalid", "email"), ("invalid", "website")),
    "a field and the password": (
        {"username": "a b", "email": "new@example.com", "password": "1234567"},
        ("invalid", "username"),
        ("password_too_short", "password"),
        ("password_too_common", "password"),
        ("password_entirely_numeric", "password"),
    ),
    "a password alone": (
        {"password": "short"},
        ("required", "username"),
        ("required", "email"),
        ("password_too_short", "password"),
    ),
    "a password like a username that is taken": (
        NEW | {"username": "ＯＷＮＥＲ", "password": "owner123"},
        ("unique", "username"),
        ("password_too_similar", "password"),
    ),
    "a password like the email, and no username": (
        {"email": "somebody.else@example.com", "password": "somebody.else"},
        ("required", "username"),
        ("password_too_similar", "password"),
    ),
}


@pytest.mark.parametrize("label", CASES)
def test_what_is_wrong(cast, apis, label):
    values, *errors = CASES[label]
    before = stored()
    answer = both(apis, values)
    assert (answer.outcome, [error[:2] for error in answer.errors]) == ("invalid", errors)
    assert stored() == before


def test_rest_refuses_what_the_server_keeps_for_itself(cast, rest):
    answer = rest.create(NEW | {"id": 7, "version": 3, "is_staff": True, "created_at": "x"})
    assert [error[:2] for error in answer.errors] == [
        ("read_only", "id"),
        ("invalid", "version"),
        ("unknown", "is_staff"),
    ]


@pytest.mark.parametrize(
    ("actor", "open_", "outcome"),
    [
        ("anonymous", True, "done"),
        ("member", True, "done"),
        ("member (read)", True, "FORBIDDEN"),
        ("staff", True, "done"),
        ("anonymous", False, "FORBIDDEN"),
        ("member", False, "FORBIDDEN"),
        ("staff", False, "done"),
        ("staff (read)", False, "FORBIDDEN"),
    ],
)
def test_who_may(cast, apis, settings, actor, open_, outcome):
    settings.SIGN_UP_IS_OPEN = open_
    before = stored()
    assert both(apis, NEW, token=cast.token(actor)).outcome == outcome
    assert stored() == before  # rolled back, or never written


def test_staff_set_what_staff_set(cast, apis):
    body = both(apis, NEW | {"is_active": False}, token=cast.token("staff")).body
    assert body["is_active"] is False
    assert "is_active" in body["editable_fields"]


# Repeated sign-ups


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0), (1, 1)])
def test_a_repeat_makes_no_second_profile_whichever_api_it_comes_through(cast, apis, order):
    first, second = (apis[n].create(NEW, key="my-key") for n in order)
    assert first == second
    assert first.outcome == "done"
    assert Profile.objects.filter(username="newcomer").count() == 1


OTHER_INPUTS = ({"username": "other"}, {"password": PASSWORD + "!"}, {"bio": "x"})


def test_the_same_key_with_another_input_of_the_same_caller_is_refused(cast, apis):
    token = cast.token("member")
    apis[0].create(NEW, key="my-key", token=token)
    before = stored()
    for api in apis:
        for other in OTHER_INPUTS:
            assert api.create(NEW | other, key="my-key", token=token).outcome == "KEY_REUSED"
    assert stored() == before


def test_the_same_key_of_an_anonymous_caller_with_another_input_is_another_sign_up(cast, apis):
    apis[0].create(NEW, key="1")
    for api in apis:
        with undone():
            outcomes = [api.create(NEW | other, key="1").outcome for other in OTHER_INPUTS]
            assert outcomes == ["done", "invalid", "invalid"]  # the username is taken


BECAME = {
    "renamed": {"username": "renamed"},
    "private": {"visibility": "private"},
    "of another address": {"email": "moved@example.com"},
    "public": {"visibility": "public", "email_public": True},
    "disabled": {"is_active": False},
}


@pytest.mark.parametrize("became", BECAME)
@pytest.mark.parametrize("actor", ["anonymous", "member", "staff"])
def test_a_repeat_gets_the_first_answer_whatever_the_profile_became(cast, apis, actor, became):
    token = cast.token(actor)
    for api in apis:
        with undone():
            first = api.create(NEW, key="my-key", token=token)
            assert apis[0].update(first.body["id"], BECAME[became], token=cast.token("staff")).outcome == "done"
            before = stored()
            assert [other.create(NEW, key="my-key", token=token) for other in apis] == [first, first]
            assert stored() == before


def test_the_headers_of_a_repeat_are_those_of_the_first_answer(cast, rest):
    first = rest.send("POST", "/profiles/", NEW, idempotency_key="my-key")
    rest.update(first.json()["id"], {"username": "renamed", "visibility": "private"}, token=cast.token("staff"))
    again = rest.send("POST", "/profiles/", NEW, idempotency_key="my-key")
    for header in ("ETag", "Location"):
        assert again.headers[header] == first.headers[header]
    assert (again.status_code, again.content) == (first.status_code, first.content)


def test_a_repeat_after_the_profile_was_deleted_is_a_new_sign_up(cast, apis):
    first = apis[0].create(NEW, key="my-key")
    apis[0].delete(first.body["id"], token=cast.token("staff"))
    assert not IdempotencyKey.objects.exists()
    assert apis[1].create(NEW, key="my-key").body["id"] != first.body["id"]


def test_a_key_is_of_who_sends_it(cast, apis):
    apis[0].create(NEW, key="1")
    other = apis[1].create(NEW | {"username": "other"}, key="1", token=cast.token("member"))
    assert other.outcome == "done"


def test_a_key_is_kept_for_a_day(cast, apis):
    token = cast.token("member")
    apis[0].create(NEW, key="1", token=token)
    IdempotencyKey.objects.update(created_at=timezone.now() - KEPT - timedelta(seconds=1))
    assert apis[1].create(NEW, key="1", token=token).errors[0][:2] == ("unique", "username")
    assert apis[1].create(NEW | {"username": "other"}, key="1", token=token).outcome == "done"
    assert IdempotencyKey.objects.count() == 1


def test_a_sign_up_that_failed_leaves_its_key_free(cast, apis):
    assert apis[0].create(NEW | {"email": "x"}, key="1").outcome == "invalid"
    assert apis[1].create(NEW, key="1").outcome == "done"


@pytest.mark.parametrize("key", ["", "x" * (LONGEST_KEY + 1), "é", "a\nb"])
def test_a_key_of_another_form_is_an_error(cast, graphql, key):
    assert graphql.create(NEW, key=key).errors[0][:2] == ("invalid", "idempotency_key")


def test_a_key_and_its_input_are_kept_as_digests_beside_the_answer(cast, rest):
    answer = rest.create(NEW, key="my-key")
    row = IdempotencyKey.objects.values().get()
    assert json.loads(row.pop("answer")) == answer.body
    assert not any(text in repr(row) for text in ("my-key", PASSWORD, "newcomer"))
    assert PASSWORD not in repr(IdempotencyKey.objects.values())
