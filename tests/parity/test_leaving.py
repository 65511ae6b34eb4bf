"""Leaving: what is held about an account, and its end, through both doors."""

import json

import pytest

from profiles import families, writing
from profiles.models import Change, Door, Profile, TokenFamily
from profiles.policy import Actor
from tests.cast import PASSWORD
from tests.state import stored, undone

WHO = [
    ("owner", "owner", "done"),
    ("staff", "hidden", "done"),
    ("staff", "gone", "done"),
    ("member", "known", "FORBIDDEN"),
    ("member", "hidden", "NOT_FOUND"),
    ("member", "nobody", "NOT_FOUND"),
    ("anonymous", "shown", "UNAUTHENTICATED"),
    ("anonymous", "hidden", "UNAUTHENTICATED"),
]


@pytest.mark.parametrize(("actor", "target", "outcome"), [*WHO, ("owner (read)", "owner", "FORBIDDEN")])
def test_who_deletes_whom(cast, doors, actor, target, outcome):
    token = cast.token(actor)
    answers = []
    for door in doors:
        with undone():
            before = stored()
            answers.append(door.delete(cast.pk(target), token=token))
            assert answers[-1].outcome == outcome
            if outcome == "done":
                assert not Profile.objects.filter(pk=cast.pk(target)).exists()
                assert [row for row in before[0] if row["id"] != cast.pk(target)] == stored()[0]
            else:
                assert stored() == before
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("tag", "outcome"), [("current", "done"), ("*", "done"), ('"0-stale"', "CONFLICT"), ("x", "CONFLICT")]
)
def test_deleting_under_a_precondition(cast, doors, tag, outcome):
    token = cast.token("owner")
    for door in doors:
        with undone():
            before = stored()
            current = door.view_me(token=token).etag
            answer = door.delete(cast.pk("owner"), token=token, if_match=current if tag == "current" else tag)
            assert answer.outcome == outcome
            assert (stored() == before) is (outcome == "CONFLICT")


@pytest.fixture
def lived(cast):
    """A past: `staff` wrote to `owner` and `owner` to itself; `owner`, once staff, wrote to `known`."""
    writing.update(cast["owner"], {"bio": "Seen to."}, actor=Actor(cast["staff"]), door=Door.REST)
    writing.update(cast["owner"], {"bio": "My own."}, actor=Actor(cast["owner"]), door=Door.GRAPHQL)
    Profile.objects.filter(username="owner").update(is_staff=True)
    cast["owner"].refresh_from_db()
    writing.update(cast["known"], {"bio": "By the owner."}, actor=Actor(cast["owner"]), door=Door.REST)
    return cast


def test_a_deleted_account_ends_with_all_it_had_and_its_writes_to_others_stay(lived, doors):
    for door in doors:
        with undone():
            pair = families.start(lived["owner"])
            assert door.delete(lived.pk("owner"), token=pair.token).outcome == "done"
            for other in doors:
                assert other.view_me(token=pair.token).outcome == "UNAUTHENTICATED"
                assert other.refresh(pair.refresh_token).outcome == "UNAUTHENTICATED"
            assert not TokenFamily.objects.exists()
            change = Change.objects.get()
            assert (change.profile, change.actor) == (lived["known"], None)
            row = door.history(lived.pk("known"), token=lived.token("staff")).body["rows"][0]
            assert row["actor"] is None
            assert row["changes"] == [{"field": "bio", "from": "", "to": "By the owner."}]


def test_a_deleted_username_is_free_and_its_old_token_is_nobodys(cast, doors):
    token = cast.token("owner")
    doors[0].delete(cast.pk("owner"), token=token)
    made = doors[1].create({"username": "owner", "email": "a@b.co", "password": PASSWORD})
    assert made.outcome == "done"
    assert {door.view_me(token=token).outcome for door in doors} == {"UNAUTHENTICATED"}


def test_me_is_deleted_too(cast, rest):
    assert rest.send("DELETE", "/profiles/me/", token=cast.token("owner")).status_code == 204
    assert not Profile.objects.filter(username="owner").exists()


@pytest.mark.parametrize(("actor", "target", "outcome"), [*WHO, ("owner (read)", "owner", "done")])
def test_who_exports_whom(cast, doors, actor, target, outcome):
    token = cast.token(actor)
    first, second = (door.export(cast.pk(target), token=token) for door in doors)
    assert first == second
    assert first.outcome == outcome


def test_an_export_holds_everything_but_secrets(lived, doors, rest):
    pair = families.start(lived["owner"])
    first, second = (door.export(lived.pk("owner"), token=pair.token) for door in doors)
    assert first == second
    body = first.body
    assert body["profile"]["email"] == "owner@example.com"
    assert [change["changes"][0]["to"] for change in body["history"]] == ["Seen to.", "My own."]
    assert [write["profile"] for write in body["writes_to_others"]] == [lived.pk("known")]
    assert [sign_in["scope"] for sign_in in body["sign_ins"]] == ["read write"]
    text = json.dumps(body)
    family = TokenFamily.objects.get()
    assert not any(s in text for s in (PASSWORD, lived["owner"].password, pair.refresh_token, family.digest))
    assert rest.send("GET", "/profiles/me/export", token=pair.token).json() == body
