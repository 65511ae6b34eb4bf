"""Sessions: their list and their end, for the owner, and their last use."""

from datetime import datetime, timedelta

from django.test import Client
from django.utils import timezone
from graphql_jwt.settings import jwt_settings

from profiles.identity import families, sign_ins, tokens, uses
from profiles.models import TokenFamily
from tests.cast import PASSWORD
from tests.state import undone

LONG_AGO = timedelta(minutes=5, seconds=1)
CLIENT = "curl/8.5.0"


def sessions(api, token):
    return api.list_sessions(token=token).body["results"]


def family_of(pair):
    return TokenFamily.objects.get(pk=tokens.read(pair.token).sign_in)


def test_an_access_token_lives_no_longer_than_a_last_use_is_exact():
    """Otherwise a use of an access token would need a write to the sign-in."""
    assert jwt_settings.JWT_EXPIRATION_DELTA <= uses.EVERY


def test_sessions_are_listed_with_the_last_used_first(cast, apis):
    pairs = [families.start(cast["owner"]) for _ in range(3)]
    families.start(cast["member"])
    now = timezone.now()
    for minutes, pair in enumerate(pairs):
        TokenFamily.objects.filter(pk=family_of(pair).pk).update(last_used_at=now - timedelta(minutes=minutes))
    for api in apis:
        listed = sessions(api, pairs[1].token)
        assert [each["id"] for each in listed] == [str(family_of(pair).pk) for pair in pairs]
        assert [each["current"] for each in listed] == [False, True, False]
    assert sessions(apis[0], pairs[0].token)[1:] == sessions(apis[1], pairs[0].token)[1:]


def test_a_session_that_was_not_used_since_this_is_kept_shows_its_last_refresh(cast, apis):
    pair = families.start(cast["owner"])
    refreshed = timezone.now() - timedelta(days=1)
    TokenFamily.objects.update(rotated_at=refreshed, last_used_at=None)
    mine = families.start(cast["owner"])
    for api in apis:
        last = sessions(api, mine.token)[-1]
        assert (last["id"], datetime.fromisoformat(last["last_used_at"])) == (str(family_of(pair).pk), refreshed)


def test_what_has_ended_is_not_listed(cast, apis):
    mine, *others = (families.start(cast["owner"]) for _ in range(4))
    ended, expired, of_an_old_password = (family_of(pair) for pair in others)
    TokenFamily.objects.filter(pk=ended.pk).update(ended_at=timezone.now())
    TokenFamily.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    TokenFamily.objects.filter(pk=of_an_old_password.pk).update(session_version="0")
    for api in apis:
        assert [each["current"] for each in sessions(api, mine.token)] == [True]
        for family in (ended, expired, of_an_old_password):
            assert api.end_session(str(family.pk), token=mine.token).outcome == "NOT_FOUND"


def test_no_more_are_listed_than_so_many(cast, apis, monkeypatch):
    monkeypatch.setattr(sign_ins, "MOST_SHOWN", 2)
    mine = [families.start(cast["owner"]) for _ in range(3)][-1]
    for api in apis:
        assert len(sessions(api, mine.token)) == 2


def test_a_session_says_what_it_was_used_by_and_from(cast, client, rest):
    headers = {"user-agent": f" {CLIENT}\x07\x80 (é) ".encode().decode("latin-1")}
    pair = client.post(
        "/auth/token/",
        {"username": "owner", "password": PASSWORD},
        content_type="application/json",
        headers=headers,
        REMOTE_ADDR="192.0.2.1",
    ).json()
    (session,) = sessions(rest, pair["token"])
    assert (session["client"], session["address"]) == (f"{CLIENT} ( )", "192.0.2.1")
    client.post(
        "/auth/token/refresh/",
        {"refresh_token": pair["refresh_token"]},
        content_type="application/json",
        headers={"user-agent": "x" * 1_000},
        REMOTE_ADDR="2001:db8::1",
    )
    (session,) = sessions(rest, pair["token"])
    assert (session["client"], session["address"]) == ("x" * 200, "2001:db8::/64")


def test_one_is_ended_at_the_next_request(cast, apis, caplog):
    for api in apis:
        with undone():
            mine, other = families.start(cast["owner"]), families.start(cast["owner"])
            assert api.end_session(str(family_of(other).pk), token=mine.token).outcome == "done"
            for each in apis:
                assert each.view_me(token=other.token).outcome == "UNAUTHENTICATED"
                assert each.refresh(other.refresh_token).outcome == "UNAUTHENTICATED"
                assert each.view_me(token=mine.token).outcome == "done"
    assert caplog.text.count("event=session_ended") == 2


def test_all_others_are_ended_those_of_the_admin_too(cast, apis):
    for api in apis:
        with undone():
            mine, *others = (families.start(cast["staff"]) for _ in range(3))
            strangers = families.start(cast["owner"])
            Client().force_login(cast["staff"])
            assert api.end_other_sessions(token=mine.token).outcome == "done"
            assert [each["current"] for each in sessions(api, mine.token)] == [True]
            assert [api.view_me(token=pair.token).outcome for pair in others] == ["UNAUTHENTICATED"] * 2
            assert api.view_me(token=strangers.token).outcome == "done"
            assert not cast["staff"].admin_sessions.exists()
