"""The history of a profile, as it is read: who, when, through which door, which fields from what to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, cast

from rest_framework import serializers

from profiles import policy
from profiles.core.pages import Page, PageQuery, paginate
from profiles.models import Change, Door, Profile
from profiles.policy import Action, Actor

NEWEST_FIRST = ("-version",)

FieldChange = TypedDict("FieldChange", {"field": str, "from": Any, "to": Any})


class ChangeSerializer(serializers.ModelSerializer[Change]):
    """A change as an actor who may read the history is shown it: nobody and no field that it may not see."""

    actor = serializers.SerializerMethodField(
        help_text="Who wrote. Null where you may not see that profile, or it is gone."
    )
    changes = serializers.SerializerMethodField(help_text="Which fields, from what to what.")
    door = serializers.ChoiceField(choices=Door.choices, read_only=True, help_text="Where the write came in.")

    class Meta:
        model = Change
        fields = ("version", "at", "actor", "door", "request_id", "changes")
        read_only_fields = fields

    @property
    def reader(self) -> Actor:
        return cast(Actor, self.context["actor"])

    def get_actor(self, change: Change) -> int | None:
        return policy.visible_key(self.reader, change.actor)

    def get_changes(self, change: Change) -> list[FieldChange]:
        return [
            {"field": name, "from": before, "to": after}
            for name, (before, after) in change.fields.items()
            if policy.may_read(self.reader, change.profile, name)
        ]


def read_history(profile: Profile, actor: Actor, values: Mapping[str, Any]) -> Page[Change]:
    """A page of what was written to a profile, newest first, in one SQL statement.

    `values` are the fields of `PageQuery`, as they came. Raises as `policy.require` does, and after that
    `ValidationError`.
    """
    policy.require(actor, Action.VIEW_HISTORY, profile)
    wanted = PageQuery(data=values)
    wanted.is_valid(raise_exception=True)
    return paginate(profile.history.select_related("actor"), NEWEST_FIRST, **wanted.validated_data)
