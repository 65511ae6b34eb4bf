"""Personal tokens: format, owner, every way to end them, and secrecy."""

import json
import re
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from profiles.core import writing
from profiles.core.actors import Actor
from profiles.core.models import IdempotencyKey, Source
from profiles.core.outcomes import Refused
from profiles.identity import accounts, personal_tokens, tokens
from profiles.models import PersonalToken, Profile
from tests.state import undone

SCANNED = re.compile(r"prf_[0-9A-Za-z]{36}")


@pytest.fixture
def text(cast):
    return cast.personal_token("owner", "write")


def check_alive(apis, text):
    for api in apis:
        assert api.view_me(token=text).body["username"] == "owner"


def check_dead(apis, text):
    for api in apis:
        answer = api.view_me(token=text)
        assert (answer.outcome, answer.errors) == ("UNAUTHENTICATED", api.view_me(token="bad").errors)


def changed(text, place):
    """A token with one character changed."""
    return text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :]


def test_a_text_is_found_by_scanners_and_known_by_its_checksum():
    texts = {tokens.personal_text() for _ in range(100)}
    assert len(texts) == 100
    assert all(SCANNED.fullmatch(text) for text in texts)
    assert tokens._checksum("prf_" + "0" * 30) == "2GfKuJ"  # another checksum would invalidate every token


def test_what_is_mistyped_or_made_up_costs_no_statement(cast, text, rest):
    wrong = [changed(text, place) for place in (4, 20, len(text) - 1)]
    wrong += [text[:-1], text + "x", "prf_", "prf_" + "0" * 36, text.replace("prf_", "prf_é")]
    for each in wrong:
        with CaptureQueriesContext(connection) as queries, pytest.raises(Refused):
            tokens.identify(f"Bearer {each}")
        assert len(queries) == 0


def test_a_good_one_that_nobody_has_is_none(cast, apis):
    check_dead(apis, tokens.personal_text())


def test_a_token_is_created_and_used_and_listed_and_revoked(cast, apis):
    mine = cast.token("owner")
    for api in apis:
        with undone():
            created = api.create_personal_token(" CI ", ["updateProfile", "getOwnProfile"], 30, token=mine).body
            assert created["label"] == "CI"
            assert created["scopes"] == ["getOwnProfile", "updateProfile"]
            assert created["last_used_at"] is None
            life = datetime.fromisoformat(created["expires_at"]) - datetime.fromisoformat(created["created_at"])
            assert life == timedelta(days=30)
            check_alive(apis, created["token"])
            for other in apis:
                (listed,) = other.list_personal_tokens(token=mine).body["results"]
                assert listed["last_used_at"] is not None
                assert listed == {n: v for n, v in created.items() if n != "token"} | {
                    "last_used_at": listed["last_used_at"]
                }
            assert api.revoke_personal_token(created["id"], token=mine).outcome == "done"
            check_dead(apis, created["token"])
            for other in apis:
                assert other.list_personal_tokens(token=mine).body == {"results": []}
                assert other.revoke_personal_token(created["id"], token=mine).outcome == "NOT_FOUND"


def test_others_have_no_part_of_an_accounts_tokens(cast, apis, graphql, text):
    for api in apis:
        assert api.list_personal_tokens(token=cast.token("staff")).body == {"results": []}
    for name in ("member", "staff"):
        for member in ("personalTokens", "sessions"):
            query = f"{{ profile(pk: {cast.pk('owner')}) {{ {member} {{ id }} }} }}"
            body = graphql.send(query, token=cast.token(name)).json()
            assert body["data"] == {"profile": {member: None}}
            assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"]


def test_its_text_is_nowhere_but_in_the_first_answer(cast, apis, caplog):
    mine = cast.token("owner")
    for api in apis:
        text = api.create_personal_token("x", ["write"], 1, token=mine).body["token"]
        assert api.update(cast.pk("owner"), {"bio": text[:3]}, token=text, key=text[-6:]).outcome == "done"
        shown = [api.list_personal_tokens(token=mine).body, api.export(cast.pk("owner"), token=mine).body]
        stored = [list(model.objects.values()) for model in (PersonalToken, IdempotencyKey, Profile)]
        assert text not in json.dumps([shown, stored], default=str)
        assert tokens.digest(text) not in json.dumps(shown)
    assert not SCANNED.search(caplog.text)
    assert caplog.text.count("event=personal_token_created") == 2


def test_the_answer_is_not_to_be_stored(cast, rest):
    body = {"label": "x", "scopes": ["read"], "days": 1}
    response = rest.send("POST", "/auth/tokens/", body, token=cast.token("owner"))
    assert (response.status_code, response.headers["Cache-Control"]) == (201, "no-store")


@pytest.mark.parametrize(
    "end",
    [
        lambda cast: PersonalToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1)),
        lambda cast: Profile.objects.filter(username="owner").update(is_active=False),
        lambda cast: Profile.objects.filter(username="owner").delete(),
        lambda cast: accounts.change_password(cast["owner"], "another"),
        lambda cast: accounts.sign_out_everywhere(cast["owner"]),
        lambda cast: (cast["owner"].set_password("by a command"), cast["owner"].save()),
        lambda cast: call_command("tokens", "end", "--username", "owner"),
        lambda cast: call_command("tokens", "end", "--personal-token", str(PersonalToken.objects.get().pk)),
    ],
    ids=["expired", "disabled", "deleted", "password", "everywhere", "set elsewhere", "by name", "by id"],
)
def test_what_ends_it_ends_it_at_the_next_request(cast, text, apis, end):
    check_alive(apis, text)
    end(cast)
    check_dead(apis, text)


def test_what_ends_the_account_of_a_session_ends_no_token_of_others(cast, text, apis):
    accounts.sign_out_everywhere(cast["member"])
    call_command("tokens", "end", "--username", "member")
    check_alive(apis, text)


def test_a_disabled_account_that_is_enabled_again_has_none(cast, text, apis):
    for is_active in (False, True):
        row = Profile.objects.get(username="owner")
        writing.update(row, {"is_active": is_active}, actor=Actor(cast["staff"]), source=Source.ADMIN)
    check_dead(apis, text)
    assert PersonalToken.objects.get().revoked_at


def test_a_session_that_ends_leaves_it(cast, text, apis):
    for api in apis:
        assert api.end_other_sessions(token=cast.token("owner")).outcome == "done"
    check_alive(apis, text)


def test_an_account_has_so_many(cast, apis, monkeypatch):
    monkeypatch.setattr(personal_tokens, "MOST", 2)
    mine = cast.token("owner")
    for text in ("read", "write", "read"):
        cast.personal_token("owner", text)
    PersonalToken.objects.filter(scope="write").update(revoked_at=timezone.now())
    PersonalToken.objects.filter(pk=PersonalToken.objects.filter(scope="read").first().pk).update(
        expires_at=timezone.now()
    )
    for api in apis:
        with undone():
            assert api.create_personal_token("x", ["read"], 1, token=mine).outcome == "done"
            answer = api.create_personal_token("x", ["read"], 1, token=mine)
            assert answer.errors == (("invalid", None, "You have 2 personal tokens. Revoke one of them first."),)
            assert cast["owner"].personal_tokens.count() == 4


def test_creating_counts_as_a_write(cast, apis, settings):
    settings.WRITE_LIMIT = "1 per minute"
    for name, api in zip(("owner", "member"), apis, strict=True):
        mine = cast.token(name)
        outcomes = [api.create_personal_token("x", ["read"], 1, token=mine).outcome for _ in range(2)]
        assert outcomes == ["done", "THROTTLED"]


def test_a_scope_of_an_operation_that_is_no_more_is_harmless(cast, apis):
    text = cast.personal_token("owner", "getOwnProfile", "formerOperation")
    check_alive(apis, text)
    for api in apis:
        assert api.update(cast.pk("owner"), {"bio": "x"}, token=text).outcome == "FORBIDDEN"
        assert api.view_me(token=text).body["editable_fields"] == []
