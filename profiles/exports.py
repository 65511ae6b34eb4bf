"""Everything that is held about an account, as one document (GDPR, articles 15 and 20)."""

from typing import Any

from profiles import policy
from profiles.histories import ChangeSerializer
from profiles.models import Change, Profile, TokenFamily
from profiles.policy import Action, Actor
from profiles.serializers import ProfileSerializer


def export(profile: Profile, actor: Actor) -> dict[str, Any]:
    """The account as its owner sees it, its history, its sign-ins, and which profiles it wrote to.

    Only primitive values. No password and no token is in it: what is held of those is a hash.
    Raises as `policy.require` does.
    """
    policy.require(actor, Action.EXPORT, profile)
    context = {"actor": actor}
    history = profile.history.select_related("actor").order_by("version")
    written = Change.objects.filter(actor=profile).exclude(profile=profile).order_by("at")
    return {
        "profile": dict(ProfileSerializer(profile, context=context).data),
        "history": [dict(ChangeSerializer(change, context=context).data) for change in history],
        "writes_to_others": [
            {"profile": change.profile_id, "version": change.version, "at": change.at.isoformat()} for change in written
        ],
        "sign_ins": [_sign_in(family) for family in profile.token_families.order_by("created_at")],
    }


def _sign_in(family: TokenFamily) -> dict[str, Any]:
    moments = {"created_at": family.created_at, "expires_at": family.expires_at, "ended_at": family.ended_at}
    return {"id": str(family.pk), "scope": family.scope} | {
        name: moment and moment.isoformat() for name, moment in moments.items()
    }
