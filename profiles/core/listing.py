"""The list of a resource: what an actor may see, filtered, searched, ordered, by pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from profiles.core.actors import Actor
from profiles.core.filters import field_of, filtered
from profiles.core.models import ResourceQuerySet
from profiles.core.pages import Page, paginate
from profiles.core.resources import Resource


def list_rows(
    resource: Resource,
    rows: ResourceQuerySet,
    actor: Actor,
    values: Mapping[str, Any],
    *,
    columns: Sequence[str] | None = None,
) -> tuple[Page[Any], int | None]:
    """A page of those of these rows that this actor asks for, and how many there are, if it asks.

    Args:
        resource: whose rows they are.
        rows: all that the actor may see.
        actor: who asks.
        values: the fields of the resource's `list_query` and its filters, by name, as they came.
        columns: those that are read of each row; None for all.

    Raises:
        ValidationError: a name that there is not, or a value that is not of its form.
        Refused: FORBIDDEN: a filter on a field that this actor may not read.
    """
    filters = {name: values[name] for name in resource.filters.base_filters if name in values}
    query = resource.list_query(data={name: value for name, value in values.items() if name not in filters})
    query.is_valid(raise_exception=True)
    wanted = dict(query.validated_data)
    rows = filtered(rows, actor, resource.filters, filters)
    if resource.search and "search" in wanted:
        rows = resource.search.found(rows, actor, wanted.pop("search"))
    by_update = any(field_of(resource.filters.base_filters[name]) == "updated_at" for name in filters)
    # One index serves the range and the order, where both are by the same moment.
    ordering = wanted.pop("ordering", "-updated_at" if by_update else "-created_at")
    fields = resource.orderings[ordering]
    for field in resource.ordered_by(fields):
        resource.policy.require_filter(actor, "ordering", field)
    count = rows.count() if wanted.pop("count") else None
    return paginate(rows, fields, **wanted, columns=columns), count
