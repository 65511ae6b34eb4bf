"""Every actor, every action, every visibility, active and not: the whole policy, through both doors.

What is expected is said here a second time, from the contract's table and not from the policy.
"""

from itertools import product

import pytest

from profiles.models import Profile
from profiles.policy import Visibility
from tests.state import stored, undone

ACTORS = ("anonymous", "member", "owner", "staff", "member (read)", "owner (read)", "staff (read)")
ACTIONS = ("view", "update", "replace")
EVERYTHING = list(product(ACTORS, ACTIONS, Visibility.values, (True, False)))

SEES_ACTIVE = {
    "anonymous": {"public"},
    "member": {"public", "members"},
    "owner": {"public", "members", "private"},
    "staff": {"public", "members", "private"},
}


def expected(actor, action, visibility, active):
    name, _, scope = actor.partition(" ")
    if name == "owner" and not active:
        return "UNAUTHENTICATED"  # a disabled account's token is no longer one
    seen = name == "staff" or (active and visibility in SEES_ACTIVE[name])
    if not seen:
        return "UNAUTHENTICATED" if name == "anonymous" else "NOT_FOUND"
    if action == "view":
        return "done"
    if name == "anonymous":
        return "UNAUTHENTICATED"
    return "done" if name in ("owner", "staff") and not scope else "FORBIDDEN"


@pytest.mark.parametrize(("actor", "action", "visibility", "active"), EVERYTHING)
def test_actor_action_visibility(actor, action, visibility, active, cast, doors):
    token = cast.token(actor)
    target = cast["owner"]
    Profile.objects.filter(pk=target.pk).update(visibility=visibility, is_active=active)
    values = {"username": "owner", "email": "new@example.com", "bio": "New."}
    answers = []
    for door in doors:
        with undone():
            before = stored()
            perform = getattr(door, action)
            answers.append(perform(target.pk, *(() if action == "view" else (values,)), token=token))
            assert answers[-1].outcome == expected(actor, action, visibility, active)
            assert (stored() == before) is (action == "view" or answers[-1].outcome != "done")
    if action == "view":
        assert answers[0] == answers[1]
    assert answers[0].errors == answers[1].errors
