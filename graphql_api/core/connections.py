"""Relay's Cursor Connections over pages by key."""

from collections.abc import Sequence
from typing import Any

import graphene
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from profiles.core.pages import Page

PAGE_ARGUMENTS = {
    "first": graphene.Int(description="How many, after `after`."),
    "after": graphene.String(description="A cursor."),
    "last": graphene.Int(description="How many, before `before`."),
    "before": graphene.String(description="A cursor."),
}


def page_values(
    first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
) -> dict[str, Any]:
    """A connection's arguments, as `PageQuery` takes them. Raises `ValidationError`: both ends at once."""
    if (first is not None or after is not None) and (last is not None or before is not None):
        raise ValidationError(_("Give first and after, or last and before."))
    back = last is not None or before is not None
    given = {"page_size": last if back else first, "cursor": before if back else after}
    return {name: value for name, value in given.items() if value is not None} | {
        "direction": "back" if back else "forward"
    }


def connection(connection_class: type[graphene.relay.Connection], page: Page[Any], nodes: Sequence[Any]) -> Any:
    """A page, as a connection."""
    edges = [connection_class.Edge(node=node, cursor=cursor) for node, cursor in zip(nodes, page.cursors, strict=True)]
    info = graphene.relay.PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=next(iter(page.cursors), None),
        end_cursor=next(reversed(page.cursors), None),
    )
    return connection_class(edges=edges, page_info=info)
