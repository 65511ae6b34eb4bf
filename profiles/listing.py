"""The list of profiles: what an actor may see, filtered, searched, ordered, by pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from profiles.core.fields import Choice, Line
from profiles.core.pages import Page, PageQuery, paginate
from profiles.filters import MOST_LOOKUPS, MOST_WORDS, ProfileFilter, filtered, searched
from profiles.models import Profile, ProfileQuerySet
from profiles.policy import Actor

ORDERINGS = {
    "username": ("username__lower",),
    "-username": ("-username__lower",),
    "created_at": ("created_at", "id"),
    "-created_at": ("-created_at", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}
SEARCH_OPERATIONS = 5
COUNT_OPERATIONS = 20
"""The operations that a search and a count add to a page's one.

An operation takes about 7 ms of CPU, in the service and in PostgreSQL. Over 1,000,000 profiles a search adds up to
45 ms to a page, and a count up to 170 ms.
"""
BY_UPDATE = {"updated_after", "updated_before"}
"""Filters whose range and order one index serves, where the list is ordered by the same moment."""


class ListQuery(PageQuery):
    """Which profiles are wanted, beside the filters."""

    search = Line(
        required=False,
        max_length=200,
        help_text=f"Words, all of which a profile must contain; those after the first {MOST_WORDS} are ignored. Of the "
        f"profiles that you see and that contain the rarest word, the newest are searched: {MOST_LOOKUPS:,} divided by "
        f"the number of words. Counts as {SEARCH_OPERATIONS} more operations.",
    )
    ordering = Choice(
        choices=[(name, "Falling." if name.startswith("-") else "Rising.") for name in ORDERINGS],
        required=False,
        help_text="By which field; - for the other way. Where it is not given: the newest first, or those last "
        "changed where a filter is on that.",
    )
    count = serializers.BooleanField(
        default=False,
        help_text=f"Whether to count the profiles of all pages. Counts as {COUNT_OPERATIONS} more operations.",
    )


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


def extra_operations(values: Mapping[str, Any]) -> int:
    """The operations that a list costs in addition to one, by the values that `list_profiles` takes."""
    counts = str(values.get("count", "")).lower() in serializers.BooleanField.TRUE_VALUES
    return SEARCH_OPERATIONS * ("search" in values) + COUNT_OPERATIONS * counts


def selected(actor: Actor, values: Mapping[str, Any]) -> tuple[ProfileQuerySet, Sequence[str], dict[str, Any]]:
    """What `list_profiles` lists: the rows, their ordering, and the page of them. Raises as it does."""
    filters = {name: values[name] for name in ProfileFilter.base_filters if name in values}
    query = ListQuery(data={name: value for name, value in values.items() if name not in filters})
    query.is_valid(raise_exception=True)
    wanted = dict(query.validated_data)
    rows = filtered(Profile.objects.visible_to(actor), actor, filters)
    if "search" in wanted:
        rows = searched(rows, actor, wanted.pop("search"))
    newest = "-updated_at" if filters.keys() & BY_UPDATE else "-created_at"
    return rows, ORDERINGS[wanted.pop("ordering", newest)], wanted
