"""Middleware that announces and counts uses of deprecated parts of REST's contract."""

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from profiles.core.deprecations import headers_of
from profiles.core.metrics import DEPRECATED_USES, Children
from profiles.core.models import Source
from profiles.rest.contract.deprecations import EACH, Part, Use, uses_by_route

counted = Children(DEPRECATED_USES)


def announce(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Add `Deprecation`, `Sunset` and `Link` to the responses of requests that used deprecated parts; count the uses.

    Raises:
        MiddlewareNotUsed: REST's contract has no deprecated parts.
        ImproperlyConfigured: an entry names a part that the contract does not have.
    """
    names = [each.name for each in settings.DEPRECATIONS if each.rest]
    if not names:
        raise MiddlewareNotUsed("Nothing of REST's contract is deprecated.")
    uses = uses_by_route()
    for name in names:
        _ = counted[name, Source.REST]  # export 0: Prometheus sees no increase in a series' first sample

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        used = [use.deprecation for use in used_in(request, response, uses)]
        for each in used:
            counted[each.name, Source.REST].inc()
        if used:
            for name, value in headers_of(list(dict.fromkeys(used)), response.get("Link")).items():
                response[name] = value
        return response

    return middleware


def used_in(request: Any, response: Any, uses: dict[tuple[str, str], list[Use]]) -> Iterator[Use]:
    """The uses in a request or in each read of a batch; each deprecation is counted once per request or read."""
    match = request.resolver_match
    if match is None:  # another middleware returned the response
        return
    found = uses.get((match.route, "GET" if request.method == "HEAD" else request.method), ())
    yield from {use.deprecation: use for use in found if is_used(use, request, response)}.values()
    if response.status_code < 400:
        view = (getattr(response, "renderer_context", None) or {}).get("view")
        for read in getattr(view, "reads", ()):
            yield from used_in(read.request, read.response, uses)


def is_used(use: Use, request: Any, response: Any) -> bool:
    """Whether a request has this use. Parameters and properties count only if the operation succeeded."""
    if use.part is Part.OPERATION:
        return True
    if response.status_code >= 400:
        return False
    match use.part:
        case Part.QUERY:
            return use.path[0] in request.GET
        case Part.SENT:
            return holds(response.renderer_context["request"].data, use.path)
    return not hasattr(response, "data") or holds(response.data, use.path)  # a stream is assumed to have all fields


def holds(body: Any, path: tuple[str, ...]) -> bool:
    """Whether a body has a value at this path of keys."""
    if not path:
        return True
    key, *rest = path
    if key == EACH:
        return isinstance(body, list) and any(holds(each, tuple(rest)) for each in body)
    return isinstance(body, dict) and key in body and holds(body[key], tuple(rest))
