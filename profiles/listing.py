"""The list of profiles: what an actor may see, filtered, searched, ordered, by pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from profiles.fields import Choice, Line
from profiles.filters import ProfileFilter, filtered, searched
from profiles.models import Profile, ProfileQuerySet
from profiles.pages import Page, PageQuery, paginate
from profiles.policy import Actor

ORDERINGS = {
    "username": ("username__lower",),
    "-username": ("-username__lower",),
    "created_at": ("created_at", "id"),
    "-created_at": ("-created_at", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}
BY_UPDATE = {"updated_after", "updated_before"}
"""Filters whose range and order one index serves, where the list is ordered by the same moment."""


class ListQuery(PageQuery):
    """Which profiles are wanted, beside the filters."""

    search = Line(required=False, max_length=200, help_text="Words that must stand in a profile.")
    ordering = Choice(
        choices=[(name, "Falling." if name.startswith("-") else "Rising.") for name in ORDERINGS],
        required=False,
        help_text="By which field; - for the other way. Where it is not given: the newest first, or those last "
        "changed where a filter is on that.",
    )
    count = serializers.BooleanField(default=False, help_text="Whether to count them all, which takes its time.")


def list_profiles(actor: Actor, values: Mapping[str, Any]) -> tuple[Page[Profile], int | None]:
    """A page of the profiles that this actor may see and asks for, and how many there are, if it asks.

    Args:
        actor: who asks.
        values: the fields of `ListQuery` and the filters of `ProfileFilter`, by name, as they came.

    Raises:
        ValidationError: a name that there is not, or a value that is not of its form.
        Refused: FORBIDDEN: a filter on a field that this actor may not read.
    """
    rows, ordering, wanted = selected(actor, values)
    count = rows.count() if wanted.pop("count") else None
    return paginate(rows, ordering, **wanted), count


def selected(actor: Actor, values: Mapping[str, Any]) -> tuple[ProfileQuerySet, Sequence[str], dict[str, Any]]:
    """What `list_profiles` lists: the rows, their ordering, and the page of them. Raises as it does."""
    filters = {name: values[name] for name in ProfileFilter.base_filters if name in values}
    query = ListQuery(data={name: value for name, value in values.items() if name not in filters})
    query.is_valid(raise_exception=True)
    wanted = dict(query.validated_data)
    rows = filtered(Profile.objects.visible_to(actor), actor, filters)
    if "search" in wanted:
        rows = searched(rows, wanted.pop("search"))
    newest = "-updated_at" if filters.keys() & BY_UPDATE else "-created_at"
    return rows, ORDERINGS[wanted.pop("ordering", newest)], wanted
