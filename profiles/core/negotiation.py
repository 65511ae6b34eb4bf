"""Content negotiation: the renderer of a response and the format of an error, cached by `Accept` header."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, cast

from django.http import HttpRequest
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

JSON, PROBLEM = "application/json", "application/problem+json"
KEPT = 256  # headers in the cache, at most 8 KB each; clients send a few different ones


class Negotiation(DefaultContentNegotiation):
    """REST framework's choice, cached. A subclass overrides `choose`."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        given, negotiation = tuple(renderers), cast(Any, type(self))
        number, media_type = _chosen(negotiation, request.META.get("HTTP_ACCEPT", "*/*"), tuple(map(type, given)))
        return given[number], media_type

    def choose(self, request: Request, renderers: list[BaseRenderer]) -> tuple[BaseRenderer, str]:
        """The renderer and the media type for a request that has only an `Accept` header.

        Raises:
            NotAcceptable: no renderer produces an accepted media type.
        """
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers)
        return chosen


@lru_cache(KEPT)
def prefers_problem(accept: str) -> bool:
    """Whether `Accept` prefers problem details (RFC 9457): it names their type with at least the weight of JSON.

    The order of types is ignored (RFC 9110, section 12.5.1), and ranges such as `*/*` do not match, because clients
    that do not know problem details send them.
    """
    accepted = _request(accept).accepted_types
    weight = max((each.quality for each in accepted if f"{each.main_type}/{each.sub_type}" == PROBLEM), default=0)
    return 0 < weight >= max((each.quality for each in accepted if each.match(JSON)), default=0)


@lru_cache(KEPT)
def _chosen(negotiation: type[Negotiation], accept: str, kinds: tuple[type[BaseRenderer], ...]) -> tuple[int, str]:
    """The index of the renderer in `kinds`, and the media type of the response."""
    renderer, media_type = negotiation().choose(Request(_request(accept)), [kind() for kind in kinds])
    return kinds.index(type(renderer)), media_type


def _request(accept: str) -> HttpRequest:
    request = HttpRequest()
    request.META["HTTP_ACCEPT"] = accept
    return request
