"""Reading a row's history: who changed it, when, through which API, and each changed field's old and new value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any, ClassVar, TypedDict, cast

from rest_framework import serializers

from profiles.core.actors import Actor
from profiles.core.models import AbstractChange, Source
from profiles.core.pages import Page, PageQuery, paginate
from profiles.core.policy import Action, visible_key
from profiles.core.serializers import readers_of

NEWEST_FIRST = ("-version",)

FieldChange = TypedDict("FieldChange", {"field": str, "from": Any, "to": Any})


class ChangeSerializer(serializers.ModelSerializer[Any]):
    """A change, with only the fields and the account that the caller may see."""

    actor = serializers.SerializerMethodField(
        help_text="Account that wrote. Null if you cannot see it, or it was deleted."
    )
    changes = serializers.SerializerMethodField(help_text="The changed fields, each with its old and new value.")
    source: Any = serializers.ChoiceField(choices=Source.choices, read_only=True, help_text="Source of the write.")

    class Meta:
        model: type[AbstractChange]
        fields = ("version", "at", "actor", "source", "request_id", "changes")
        read_only_fields = fields
        enum_names: ClassVar = {"source": "ChangeSource"}
        extra_kwargs: ClassVar = {"at": {"help_text": "Time of the write."}}

    @cached_property
    def readers(self) -> dict[str, Callable[[Any], Any]]:
        """The functions that read a change's fields, by field name."""
        return readers_of(self)

    def to_representation(self, instance: AbstractChange) -> dict[str, Any]:
        return {name: read(instance) for name, read in self.readers.items()}

    def shown(self, change: AbstractChange, name: str) -> Any:
        """The value of one field of a change."""
        return self.readers[name](change)

    @property
    def reader(self) -> Actor:
        return cast(Actor, self.context["actor"])

    def get_actor(self, change: AbstractChange) -> int | None:
        return visible_key(self.reader, change.actor)

    def get_changes(self, change: AbstractChange) -> list[FieldChange]:
        row = self.context.get("row") or getattr(change, _row_field(type(change)))
        return [
            {"field": name, "from": before, "to": after}
            for name, (before, after) in change.fields.items()
            if row.policy.may_read(self.reader, row, name)
        ]


@cache
def _row_field(model: type[AbstractChange]) -> str:
    """The name of the foreign key from a change to its row."""
    return next(each.name for each in model._meta.fields if each.remote_field and each.remote_field.name == "history")


def read_history(model: type[AbstractChange], row: Any, actor: Actor, values: Mapping[str, Any]) -> Page[Any]:
    """A page of a row's changes, newest first, in one SQL statement.

    `model` is the model of its changes; `values` are unvalidated values of `PageQuery`. Raises as `Policy.require`
    does, and then `ValidationError`.
    """
    row.policy.require(actor, Action.VIEW_HISTORY, row)
    wanted = PageQuery(data=values)
    wanted.is_valid(raise_exception=True)
    changes = model._default_manager.filter(**{_row_field(model): row.pk}).select_related("actor")
    return paginate(changes, NEWEST_FIRST, **wanted.validated_data)
