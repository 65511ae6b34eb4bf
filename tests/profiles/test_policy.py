"""The policy alone, without an API or a request."""

from itertools import product

import pytest

from profiles.core.actors import Actor
from profiles.core.outcomes import Outcome, Refused
from profiles.core.policy import Action
from profiles.models import Profile
from profiles.policy import AccountAction, Visibility, policy

STAFFS = {
    Action.VIEW,
    Action.UPDATE,
    Action.REPLACE,
    Action.DELETE,
    Action.VIEW_HISTORY,
    AccountAction.EXPORT,
    AccountAction.SIGN_OUT,
}
OWNERS = STAFFS | {AccountAction.CHANGE_PASSWORD}
READS = {Action.VIEW, Action.VIEW_HISTORY, AccountAction.EXPORT}


@pytest.mark.parametrize("may_write", [True, False])
@pytest.mark.parametrize("action", Action)
def test_what_each_actor_may_do_to_a_profile_that_all_see(cast, action, may_write):
    profile = cast["shown"]
    allowed = set(Action) if may_write else READS
    assert policy.can(Actor(profile, may_write), action, profile) is (action in OWNERS & allowed)
    assert policy.can(Actor(cast["staff"], may_write), action, profile) is (action in STAFFS & allowed)
    assert policy.can(Actor(cast["member"], may_write), action, profile) is (action is Action.VIEW)
    assert policy.can(Actor(), action, profile) is (action is Action.VIEW)


@pytest.mark.parametrize("actor", [None, "member", "owner", "staff", "hidden"])
def test_the_database_and_the_row_in_hand_say_the_same(cast, actor):
    actor = Actor(actor and cast[actor])
    for visibility, active in product(Visibility.values, (True, False)):
        Profile.objects.filter(username="known").update(visibility=visibility, is_active=active)
        seen = set(Profile.objects.visible_to(actor))
        assert seen == {profile for profile in Profile.objects.all() if policy.sees(actor, profile)}


@pytest.mark.parametrize(
    ("actor", "target", "outcome"),
    [
        (None, "shown", Outcome.UNAUTHENTICATED),
        (None, "hidden", Outcome.UNAUTHENTICATED),
        ("member", "shown", Outcome.FORBIDDEN),
        ("member", "hidden", Outcome.NOT_FOUND),
    ],
)
def test_what_a_refused_actor_is_told(cast, actor, target, outcome):
    with pytest.raises(Refused) as refused:
        policy.require(Actor(actor and cast[actor]), Action.UPDATE, cast[target])
    assert refused.value.outcome is outcome


def test_fields(cast):
    owner, staff, member = (Actor(cast[name]) for name in ("owner", "staff", "member"))
    profile = cast["owner"]
    for field, readers in {
        "username": (owner, staff, member),
        "email": (owner, staff),
        "visibility": (owner, staff),
        "email_public": (owner, staff),
        "is_active": (staff,),
    }.items():
        assert [a for a in (owner, staff, member) if policy.may_read(a, profile, field)] == list(readers)
    assert policy.may_read(member, cast["mailed"], "email")
    assert policy.writable(owner, profile, ["bio", "is_active"]) == ["bio"]
    assert policy.writable(staff, profile, ["bio", "is_active"]) == ["bio", "is_active"]
    assert policy.writable(member, profile, ["bio"]) == []
    assert policy.writable(Actor(profile, token_writes=False), profile, ["bio"]) == []
