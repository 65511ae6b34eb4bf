"""Which renderer answers a request, chosen once for each `Accept` header."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, cast

from django.http import HttpRequest
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

KEPT = 256  # headers, of 8 KB at most: clients send a few


class Negotiation(DefaultContentNegotiation):
    """REST framework's choice. A subclass makes another one in `choose`."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        given, negotiation = tuple(renderers), cast(Any, type(self))
        number, media_type = _chosen(negotiation, request.META.get("HTTP_ACCEPT", "*/*"), tuple(map(type, given)))
        return given[number], media_type

    def choose(self, request: Request, renderers: list[BaseRenderer]) -> tuple[BaseRenderer, str]:
        """The renderer of a request that has an `Accept` header alone, and the media type that it answers with.

        Raises:
            NotAcceptable: none of these can answer.
        """
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers)
        return chosen


@lru_cache(KEPT)
def _chosen(negotiation: type[Negotiation], accept: str, kinds: tuple[type[BaseRenderer], ...]) -> tuple[int, str]:
    """The number of the renderer, and the media type that it answers with."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT"] = accept
    renderer, media_type = negotiation().choose(Request(request), [kind() for kind in kinds])
    return kinds.index(type(renderer)), media_type
