"""After an operation that ends the caller's account, session or token, the next one fails.

That is the next field of a GraphQL document, or the next REST request.
"""

import json

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from profiles.core import writing
from profiles.core.actors import Actor
from profiles.core.models import Source
from profiles.core.outcomes import Outcome, Refused, refusal
from profiles.identity import accounts, families, tokens
from profiles.models import Change, Profile, TokenFamily
from tests.cast import NOBODY, PASSWORD
from tests.parity.identity_cases import NEW
from tests.state import stored, undone


def node(cast, name):
    return json.dumps(cast[name].node_id)


def session(pair):
    return str(tokens.read(pair.token).sign_in)


ENDINGS = {
    # label: over REST, and as a mutation field
    "deleted": (
        lambda rest, cast, mine: rest.delete(cast.pk("staff"), token=mine.token),
        lambda cast, mine: f"deleteProfile(input: {{id: {node(cast, 'staff')}}}) {{ deletedId }}",
    ),
    "signed out everywhere": (
        lambda rest, cast, mine: rest.log_out_everywhere(token=mine.token),
        lambda cast, mine: "logoutEverywhere { loggedOut }",
    ),
    "its session ended": (
        lambda rest, cast, mine: rest.end_session(session(mine), token=mine.token),
        lambda cast, mine: f'endSession(id: "{session(mine)}") {{ ended }}',
    ),
    "revoked": (
        lambda rest, cast, mine: rest.revoke(mine.refresh_token),
        lambda cast, mine: f'revokeToken(refreshToken: "{mine.refresh_token}") {{ revoked }}',
    ),
    "a new password": (
        lambda rest, cast, mine: rest.change_password(PASSWORD, NEW, token=mine.token),
        lambda cast, mine: f'changePassword(oldPassword: "{PASSWORD}", newPassword: "{NEW}") {{ scope }}',
    ),
}

SIGN_UP = {"username": "newcomer", "email": "new@example.com", "password": PASSWORD}
LATER = {
    "update": (
        lambda rest, cast, mine: rest.update(cast.pk("known"), {"bio": "x"}, token=mine.token),
        lambda cast, mine: f'updateProfile(input: {{id: {node(cast, "known")}, bio: "x"}}) {{ errors {{ code }} }}',
    ),
    "invalid update": (
        lambda rest, cast, mine: rest.update(cast.pk("known"), {"email": "x"}, token=mine.token),
        lambda cast, mine: f'updateProfile(input: {{id: {node(cast, "known")}, email: "x"}}) {{ errors {{ code }} }}',
    ),
    "replacement": (
        lambda rest, cast, mine: rest.replace(
            cast.pk("known"), {"username": "known", "email": "a@b.co"}, token=mine.token
        ),
        lambda cast, mine: (
            f'replaceProfile(input: {{id: {node(cast, "known")}, username: "known", email: "a@b.co"}})'
            " { profile { pk username email history(first: 1) { edges { cursor } } } }"
        ),
    ),
    "several": (
        lambda rest, cast, mine: rest.update_many([(cast.pk("known"), {"bio": "x"})], token=mine.token),
        lambda cast, mine: (
            f'updateProfiles(input: {{profiles: [{{id: {node(cast, "known")}, bio: "x"}}]}}) {{ profiles {{ pk }} }}'
        ),
    ),
    "none of several": (
        lambda rest, cast, mine: rest.update_many([], token=mine.token),
        lambda cast, mine: "updateProfiles(input: {profiles: []}) { profiles { pk } }",
    ),
    "deletion": (
        lambda rest, cast, mine: rest.delete(cast.pk("known"), token=mine.token),
        lambda cast, mine: f"deleteProfile(input: {{id: {node(cast, 'known')}}}) {{ deletedId }}",
    ),
    "sign-up": (
        lambda rest, cast, mine: rest.create(SIGN_UP, token=mine.token),
        lambda cast, mine: (
            f'createProfile(input: {{username: "newcomer", email: "new@example.com", password: "{PASSWORD}"}})'
            " { profile { pk } }"
        ),
    ),
    "sign-in": (
        lambda rest, cast, mine: rest.answer(
            rest.send("POST", "/auth/token/", {"username": "owner", "password": PASSWORD}, token=mine.token)
        ),
        lambda cast, mine: f'tokenAuth(username: "owner", password: "{PASSWORD}") {{ token }}',
    ),
    "verification": (
        lambda rest, cast, mine: rest.answer(
            rest.send("POST", "/auth/token/verify/", {"token": mine.token}, token=mine.token)
        ),
        lambda cast, mine: f'verifyToken(token: "{mine.token}") {{ pk username }}',
    ),
    "sign-out": (
        lambda rest, cast, mine: rest.log_out_everywhere(token=mine.token),
        lambda cast, mine: "logoutEverywhere { loggedOut }",
    ),
}
BOTH_TAKE_CREDENTIALS = {("a new password", "sign-up"), ("a new password", "sign-in")}  # not in one document
PAIRS = [(ending, later) for ending in ENDINGS for later in LATER if (ending, later) not in BOTH_TAKE_CREDENTIALS]


def state():
    rows = stored()
    for row in [*rows[0], *rows[1]]:  # values that differ between two runs
        for name in ("id", "updated_at", "created_at", "at", "request_id", "password", "api"):
            row.pop(name, None)
    return rows, TokenFamily.objects.filter(ended_at=None).count()


@pytest.mark.parametrize(("ending", "later"), PAIRS, ids="+".join)
def test_an_operation_after_the_end(cast, rest, graphql, ending, later):
    mine = families.start(cast["staff"])
    states = []
    with undone():
        assert ENDINGS[ending][0](rest, cast, mine).outcome == "done"
        after_the_end = state()
        assert LATER[later][0](rest, cast, mine).outcome == "UNAUTHENTICATED"
        states.append(state())
    with undone():
        fields = f"first: {ENDINGS[ending][1](cast, mine)} second: {LATER[later][1](cast, mine)}"
        body = graphql.send(f"mutation {{ {fields} third: {LATER['update'][1](cast, mine)} }}", token=mine.token).json()
        assert body["data"]["first"]
        assert (body["data"]["second"], body["data"]["third"]) == (None, None)
        assert [(error["path"], error["extensions"]["code"]) for error in body["errors"]] == [
            (["second"], "UNAUTHENTICATED"),
            (["third"], "UNAUTHENTICATED"),
        ]
        states.append(state())
    assert states == [after_the_end, after_the_end]


def test_the_next_field_is_anothers_business_where_nothing_ended(cast, graphql):
    mine = families.start(cast["staff"])
    other = families.start(cast["owner"])
    fields = f'first: revokeToken(refreshToken: "{other.refresh_token}") {{ revoked }} __typename'
    body = graphql.send(f"mutation {{ {fields} second: {LATER['update'][1](cast, mine)} }}", token=mine.token).json()
    assert "errors" not in body
    assert Change.objects.get().actor == cast["staff"]


def test_the_next_field_knows_the_caller_as_it_now_is(cast, graphql):
    token = cast.token("owner")
    update = f"updateProfile(input: {{id: {node(cast, 'owner')}, %s}}) {{ profile {{ updatedBy {{ username }} }} }}"
    fields = "first: " + update % 'username: "renamed"' + " second: " + update % 'bio: "x"'
    data = graphql.send(f"mutation {{ {fields} }}", token=token).json()["data"]
    assert [data[name]["profile"]["updatedBy"]["username"] for name in ("first", "second")] == ["renamed", "renamed"]


def test_an_anonymous_document_goes_on(cast, graphql):
    mine = families.start(cast["owner"])
    revoke = f'revokeToken(refreshToken: "{mine.refresh_token}") {{ revoked }}'
    assert "errors" not in graphql.send(f"mutation {{ a: {revoke} b: {revoke} }}").json()


# A request identified before the end that writes after it

ENDED_MEANWHILE = {
    "deleted": lambda profile: Profile.objects.filter(pk=profile.pk).delete(),
    "disabled": lambda profile: Profile.objects.filter(pk=profile.pk).update(is_active=False),
    "a new password": lambda profile: accounts.change_password(profile, NEW),
    "signed out everywhere": accounts.sign_out_everywhere,
}
WRITES = {
    "update": lambda api, cast, mine: api.update(cast.pk("known"), {"bio": "x"}, token=mine.token),
    "several": lambda api, cast, mine: api.update_many([(cast.pk("known"), {"bio": "x"})], token=mine.token),
    "deletion": lambda api, cast, mine: api.delete(cast.pk("known"), token=mine.token),
    "sign-up": lambda api, cast, mine: api.create(SIGN_UP, token=mine.token),
    "new password": lambda api, cast, mine: api.change_password(PASSWORD, NEW, token=mine.token),
    "sign-out": lambda api, cast, mine: api.log_out_everywhere(token=mine.token),
    "end of other sessions": lambda api, cast, mine: api.end_other_sessions(token=mine.token),
    "personal token": lambda api, cast, mine: api.create_personal_token("x", ["read"], 1, token=mine.token),
    "sign-in": lambda api, cast, mine: api.sign_in("staff", PASSWORD),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("end", ENDED_MEANWHILE)
def test_a_write_of_an_actor_that_ended_meanwhile(cast, apis, monkeypatch, end, write):
    mine = families.start(cast["staff"])
    functions = {(writing, "lock"): writing.lock, (accounts, "lock_account"): accounts.lock_account}
    states = []

    def end_before(original):
        def locked(*arguments):
            monkeypatch.undo()
            ENDED_MEANWHILE[end](Profile.objects.get(username="staff"))
            states.append(stored())
            return original(*arguments)

        return locked

    for api in apis:
        with undone():
            states[:] = [stored()]
            for (module, name), original in functions.items():
                monkeypatch.setattr(module, name, end_before(original))
            assert WRITES[write](api, cast, mine).outcome == "UNAUTHENTICATED"
            assert len(states) == 2
            assert stored() in states  # either the end is stored, or its rollback


def test_the_policy_is_asked_about_the_actor_as_it_now_is(cast):
    actor = Actor(cast["staff"])
    Profile.objects.filter(username="staff").update(is_staff=False)
    before = stored()
    with pytest.raises(Refused) as refused:
        writing.update(cast["known"], {"bio": "x"}, actor=actor, source=Source.REST)
    assert refused.value.outcome is Outcome.FORBIDDEN
    assert stored() == before


def test_a_reference_to_what_was_deleted_is_a_conflict(transactional_db):
    """If a lock is missing: both databases check foreign keys at the end of the transaction."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        TokenFamily.objects.create(profile_id=NOBODY, scope="read", session_version="x", expires_at=timezone.now())
    assert refusal(error.value).outcome is Outcome.CONFLICT
