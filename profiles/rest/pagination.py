"""A page as REST gives it."""

from typing import Any
from urllib.parse import urlencode

from rest_framework.request import Request
from rest_framework.response import Response

from profiles.core.pages import Page


def page_response(request: Request, page: Page[Any], results: list[Any], *, count: int | None = None) -> Response:
    """`results`, and where the pages beside it are, in the body and as `Link`s (RFC 8288)."""
    following = _link(request, page.cursor(-1), "forward") if page.has_next else None
    preceding = _link(request, page.cursor(0), "back") if page.has_previous else None
    links = [f'<{url}>; rel="{rel}"' for rel, url in (("next", following), ("prev", preceding)) if url]
    body: dict[str, Any] = {"results": results, "next": following, "previous": preceding}
    if count is not None:
        body["count"] = count
    return Response(body, headers={"Link": ", ".join(links)} if links else None)


def _link(request: Request, cursor: str | None, direction: str) -> str | None:
    """Where the page on this side of a cursor is; None without one: of a page without rows."""
    if cursor is None:
        return None
    query = request.query_params.dict() | {"cursor": cursor, "direction": direction}
    return f"{request.build_absolute_uri(request.path)}?{urlencode(query)}"
