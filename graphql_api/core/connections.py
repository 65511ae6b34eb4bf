"""Relay's Cursor Connections over keyset pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import graphene
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from graphql_api.core.types import made
from profiles.core.pages import DEFAULT_SIZE, MOST, Page

PAGE_ARGUMENTS = {
    "first": graphene.Int(description=f"How many nodes, after `after`: {DEFAULT_SIZE} by default, at most {MOST}."),
    "after": graphene.String(description="A cursor: the page begins after it."),
    "last": graphene.Int(description=f"How many nodes, before `before`: at most {MOST}."),
    "before": graphene.String(description="A cursor: the page ends before it."),
}


def connection(kind: Any, plural: str, **fields: Any) -> Any:
    """The connection type of a node type, with further fields. Its edges and nodes are non-null."""
    nodes = graphene.List(graphene.NonNull(kind), required=True, description="The nodes of the edges.")
    meta = type("Meta", (), {"node": kind, "strict_types": True})
    doc = f"A page of {plural} (Relay's Cursor Connections)."
    return made(f"{kind.__name__}Connection", doc, graphene.relay.Connection, Meta=meta, nodes=nodes, **fields)


def page_values(
    first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
) -> dict[str, Any]:
    """A connection's arguments as `PageQuery` takes them.

    Raises `ValidationError`: `first` or `after` is given together with `last` or `before`.
    """
    if (first is not None or after is not None) and (last is not None or before is not None):
        raise ValidationError(_("Give first and after, or last and before."))
    back = last is not None or before is not None
    given = {"page_size": last if back else first, "cursor": before if back else after}
    return {name: value for name, value in given.items() if value is not None} | {
        "direction": "back" if back else "forward"
    }


class Edge:
    """A node of a page. Its cursor is made when the cursor is requested."""

    __slots__ = ("node", "number", "page")

    def __init__(self, node: Any, page: Page[Any], number: int) -> None:
        self.node, self.page, self.number = node, page, number

    @property
    def cursor(self) -> str | None:
        return self.page.cursor(self.number)


@dataclass(slots=True)
class PageInfo:
    """Relay's PageInfo of a page."""

    page: Page[Any]

    @property
    def has_next_page(self) -> bool:
        return self.page.has_next

    @property
    def has_previous_page(self) -> bool:
        return self.page.has_previous

    @property
    def start_cursor(self) -> str | None:
        return self.page.cursor(0)

    @property
    def end_cursor(self) -> str | None:
        return self.page.cursor(-1)


@dataclass(slots=True)
class Connection:
    """A page and its nodes.

    graphene's default resolvers read the attributes that are requested. graphene's own connection objects take longer
    to make than the rest of a row.
    """

    page: Page[Any]
    nodes: Sequence[Any]
    total_count: int | None = None

    @property
    def edges(self) -> list[Edge]:
        return [Edge(node, self.page, number) for number, node in enumerate(self.nodes)]

    @property
    def page_info(self) -> PageInfo:
        return PageInfo(self.page)
