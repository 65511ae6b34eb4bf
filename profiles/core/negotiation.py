"""Content negotiation: the renderer of a response, cached by `Accept` header."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, cast

from django.http import HttpRequest
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

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
def _chosen(negotiation: type[Negotiation], accept: str, kinds: tuple[type[BaseRenderer], ...]) -> tuple[int, str]:
    """The index of the renderer in `kinds`, and the media type of the response."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT"] = accept
    renderer, media_type = negotiation().choose(Request(request), [kind() for kind in kinds])
    return kinds.index(type(renderer)), media_type
