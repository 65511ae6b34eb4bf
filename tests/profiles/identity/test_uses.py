"""The last use of a personal token: stored every five minutes at most, without delaying a request."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from profiles.identity import uses
from profiles.models import PersonalToken
from tests.state import undone


@pytest.fixture
def token(cast):
    """A token last used five minutes ago."""
    text = cast.personal_token("owner", "read")
    PersonalToken.objects.update(last_used_at=timezone.now() - uses.EVERY)
    return text


def noted(perform):
    """The request's statements that store a use."""
    with CaptureQueriesContext(connection) as queries:
        perform()
    return [each["sql"] for each in queries if each["sql"].startswith("UPDATE") and "last_used_at" in each["sql"]]


@pytest.mark.parametrize("was_used", [True, False])
def test_a_use_is_noted_once_in_five_minutes(token, apis, was_used):
    if not was_used:
        PersonalToken.objects.update(last_used_at=None)
    before = timezone.now()
    for api in apis:
        with undone():
            assert len(noted(lambda api=api: api.view_me(token=token))) == 1
            assert noted(lambda api=api: api.view_me(token=token)) == []
            assert PersonalToken.objects.get().last_used_at >= before


def test_of_two_at_once_one_is_noted(token):
    read_before = PersonalToken.objects.get()
    now = timezone.now() - timedelta(seconds=1)
    PersonalToken.objects.update(last_used_at=now)
    uses._note(read_before)
    assert PersonalToken.objects.get().last_used_at == now


def test_a_use_that_cannot_be_noted_fails_no_request(token, apis, monkeypatch, caplog):
    def away(*arguments, **values):
        raise DatabaseError("away")

    monkeypatch.setattr(QuerySet, "update", away)
    for api in apis:
        assert api.view_me(token=token).outcome == "done"
    assert caplog.text.count("could not be noted") == 2


def test_who_is_not_identified_notes_nothing(token, apis):
    for api in apis:
        assert noted(lambda api=api: api.view_me(token=token[:-1])) == []
        assert noted(lambda api=api: api.view_me()) == []
