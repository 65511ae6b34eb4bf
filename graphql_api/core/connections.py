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


class Edge:
    """A node of a page, and its cursor, which is made where it is asked for."""

    __slots__ = ("node", "number", "page")

    def __init__(self, node: Any, page: Page[Any], number: int) -> None:
        self.node, self.page, self.number = node, page, number

    @property
    def cursor(self) -> str | None:
        return self.page.cursor(self.number)


def connection(connection_class: type[graphene.relay.Connection], page: Page[Any], nodes: Sequence[Any]) -> Any:
    """A page, as a connection."""
    edges = [Edge(node, page, number) for number, node in enumerate(nodes)]
    info = graphene.relay.PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=page.cursor(0),
        end_cursor=page.cursor(-1),
    )
    return connection_class(edges=edges, page_info=info)
