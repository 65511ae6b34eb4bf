"""Everything that is held about an account, as one document (GDPR, articles 15 and 20)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from profiles import policy
from profiles.histories import ChangeSerializer
from profiles.models import Change, Profile, TokenFamily
from profiles.policy import Action, Actor
from profiles.serializers import ProfileSerializer


class WriteSerializer(serializers.ModelSerializer[Change]):
    """A write to somebody else's profile."""

    class Meta:
        model = Change
        fields = ("profile", "version", "at")
        read_only_fields = fields


class TokenFamilySerializer(serializers.ModelSerializer[TokenFamily]):
    """A sign-in, without its tokens: what is held of those is a hash."""

    class Meta:
        model = TokenFamily
        fields = ("id", "scope", "created_at", "expires_at", "ended_at")
        read_only_fields = fields


class ExportSerializer(serializers.Serializer[Any]):
    """An account as its owner sees it, its history, its sign-ins, and which profiles it wrote to."""

    profile = ProfileSerializer()
    history = ChangeSerializer(many=True)
    writes_to_others = WriteSerializer(many=True)
    sign_ins = TokenFamilySerializer(many=True)


def export(profile: Profile, actor: Actor) -> dict[str, Any]:
    """What `ExportSerializer` shows of this account: only primitive values, no password and no token.

    Raises as `policy.require` does.
    """
    policy.require(actor, Action.EXPORT, profile)
    held = {
        "profile": profile,
        "history": profile.history.select_related("actor").order_by("version"),
        "writes_to_others": Change.objects.filter(actor=profile).exclude(profile=profile).order_by("at", "pk"),
        "sign_ins": profile.token_families.order_by("created_at", "pk"),
    }
    return ExportSerializer(held, context={"actor": actor}).data
