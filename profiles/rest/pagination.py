"""Pages in REST."""

from typing import Any
from urllib.parse import urlencode

from rest_framework.request import Request
from rest_framework.response import Response

from profiles.core.pages import Page


def page_response(request: Request, page: Page[Any], results: list[Any], *, count: int | None = None) -> Response:
    """The response with `results` and the adjacent pages: URLs and cursors in the body, and `Link` (RFC 8288)."""
    next_cursor = page.cursor(-1) if page.has_next else None
    previous_cursor = page.cursor(0) if page.has_previous else None
    following, preceding = _link(request, next_cursor, "forward"), _link(request, previous_cursor, "back")
    links = [f'<{url}>; rel="{rel}"' for rel, url in (("next", following), ("prev", preceding)) if url]
    body: dict[str, Any] = {
        "results": results,
        "next": following,
        "previous": preceding,
        "next_cursor": next_cursor,
        "previous_cursor": previous_cursor,
    }
    if count is not None:
        body["count"] = count
    return Response(body, headers={"Link": ", ".join(links)} if links else None)


def _link(request: Request, cursor: str | None, direction: str) -> str | None:
    """The URL of the page before or after a cursor; None without a cursor."""
    if cursor is None:
        return None
    query = request.query_params.dict() | {"cursor": cursor, "direction": direction}
    return f"{request.build_absolute_uri(request.path)}?{urlencode(query)}"
