"""The whole policy, through both APIs: every actor, kind of token, action, visibility and active flag.

The expected outcomes come from the contract's table, independent of the policy.
"""

from itertools import product

import pytest

from profiles.models import Profile
from profiles.policy import Visibility
from tests.state import stored, undone

BY_PASSWORD = ("", "(read)")
UNVERIFIED = tuple(f"{name} (unverified)" for name in ("member", "owner", "staff"))  # if addresses must be verified
PERSONAL = ("(personal read)", "(personal write)", "(personal getProfile updateProfile)")
BY_ISSUER = ("(external)", "(external read)")
NAMES = ("member", "owner", "staff")
ACTORS = ("anonymous", *(f"{name} {way}".strip() for way, name in product(BY_PASSWORD, NAMES)))
SCRIPTS = tuple(f"{name} {way}" for way, name in product(PERSONAL, NAMES))
EXTERNAL = tuple(f"{name} {way}" for way, name in product(BY_ISSUER, NAMES))
ACTIONS = ("view", "update", "replace")
EVERYTHING = list(product(ACTORS + UNVERIFIED + SCRIPTS + EXTERNAL, ACTIONS, Visibility.values, (True, False)))

SEES_ACTIVE = {
    "anonymous": {"public"},
    "member": {"public", "members"},
    "owner": {"public", "members", "private"},
    "staff": {"public", "members", "private"},
}


def expected(actor, action, visibility, active):
    name, _, way = actor.partition(" ")
    if name == "owner" and not active:
        return "UNAUTHENTICATED"  # a disabled account's token is invalid
    if "getProfile" in way and action == "replace":
        return "FORBIDDEN"  # for lack of a scope, whether the row exists or not
    seen = name == "staff" or (active and visibility in SEES_ACTIVE[name])
    if not seen:
        return "UNAUTHENTICATED" if name == "anonymous" else "NOT_FOUND"
    if action == "view":
        return "done"
    if name == "anonymous":
        return "UNAUTHENTICATED"
    if "unverified" in way:
        return "EMAIL_UNVERIFIED"
    if name not in ("owner", "staff") or "read)" in way:
        return "FORBIDDEN"
    return "invalid" if "personal" in way else "done"  # no personal token may change the address


@pytest.mark.parametrize(("actor", "action", "visibility", "active"), EVERYTHING)
@pytest.mark.usefixtures("issuer")
def test_actor_action_visibility(actor, action, visibility, active, cast, apis, settings):
    settings.REQUIRE_VERIFIED_EMAIL = "unverified" in actor
    token = cast.token(actor)
    target = cast["owner"]
    Profile.objects.filter(pk=target.pk).update(visibility=visibility, is_active=active)
    values = {"username": "owner", "email": "new@example.com", "bio": "New."}
    answers = []
    for api in apis:
        with undone():
            before = stored()
            perform = getattr(api, action)
            answers.append(perform(target.pk, *(() if action == "view" else (values,)), token=token))
            assert answers[-1].outcome == expected(actor, action, visibility, active)
            assert (stored() == before) is (action == "view" or answers[-1].outcome != "done")
    if action == "view":
        assert answers[0] == answers[1]
    assert answers[0].errors == answers[1].errors
    if answers[0].outcome == "invalid":
        assert [error[:2] for error in answers[0].errors] == [("read_only", "email")]


@pytest.mark.parametrize("actor", ["owner", "staff"])
@pytest.mark.parametrize("way", PERSONAL)
@pytest.mark.parametrize("action", ["update", "replace"])
@pytest.mark.parametrize("address", ["left out", "as it was shown"])
def test_a_personal_token_writes_all_but_the_address(actor, way, action, address, cast, apis):
    values = {"username": "renamed", "bio": "New."} | ({"email": "owner@example.com"} if "shown" in address else {})
    token = cast.token(f"{actor} {way}")
    may_write = way == "(personal write)" or (action == "update" and "updateProfile" in way)
    for api in apis:
        with undone():
            answer = getattr(api, action)(cast.pk("owner"), values, token=token)
            assert answer.outcome == ("done" if may_write else "FORBIDDEN")
            if may_write:
                assert (answer.body["bio"], answer.body["email"]) == ("New.", "owner@example.com")
                assert "email" not in answer.body["editable_fields"]
