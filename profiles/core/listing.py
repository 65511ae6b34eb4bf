"""The list operation of a resource: visible rows, filtered, searched, ordered and paginated."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from profiles.core.actors import Actor
from profiles.core.filters import field_of, filtered
from profiles.core.models import ResourceQuerySet
from profiles.core.pages import Page, paginate
from profiles.core.resources import Resource

KEPT = 256  # valid combinations of parameters


def list_rows(
    resource: Resource,
    rows: ResourceQuerySet,
    actor: Actor,
    values: Mapping[str, Any],
    *,
    columns: Sequence[str] | None = None,
) -> tuple[Page[Any], int | None]:
    """A page of the rows that the caller requests, and their total count if requested, or None.

    Args:
        resource: the resource of the rows.
        rows: all rows that the actor may see.
        actor: the caller.
        values: unvalidated values of the resource's `list_query` and filters, by name.
        columns: the columns to read; None for all.

    Raises:
        ValidationError: an unknown name or an invalid value.
        Refused: FORBIDDEN: a filter on a field that the actor may not read.
    """
    filters = {name: values[name] for name in resource.filters.base_filters if name in values}
    others = ((name, type(value), value) for name, value in values.items() if name not in filters)
    wanted = dict(_valid(resource, frozenset(others)))
    rows = filtered(rows, actor, resource.filters, filters)
    if resource.search and "search" in wanted:
        rows = resource.search.found(rows, actor, wanted.pop("search"))
    by_update = any(field_of(resource.filters.base_filters[name]) == "updated_at" for name in filters)
    # One index serves the range filter and the order if both use the same column.
    ordering = wanted.pop("ordering", "-updated_at" if by_update else "-created_at")
    fields = resource.orderings[ordering]
    for field in resource.ordered_by(fields):
        resource.policy.require_filter(actor, "ordering", field)
    counts = wanted.pop("count")
    page = paginate(rows, fields, **wanted, columns=columns)
    # Counting makes Django compile the queryset; `paginate` then could not use SQL that is compiled once.
    return page, rows.count() if counts else None


@lru_cache(KEPT)
def _valid(resource: Resource, given: frozenset[tuple[str, type, Any]]) -> dict[str, Any]:
    """The valid values of a list's parameters: of each its name, the value's type and the value.

    They depend on nothing else. Errors are not cached. Raises `ValidationError`.
    """
    query = resource.list_query(data={name: value for name, _, value in given})
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)
