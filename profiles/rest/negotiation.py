"""Which renderer answers a request: REST framework's choice, made once for each `Accept` header."""

from collections.abc import Iterable
from functools import lru_cache

from django.http import HttpRequest
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

KEPT = 256  # headers, of 8 KB at most: clients send a few


class Negotiation(DefaultContentNegotiation):
    """Raises `NotAcceptable` as REST framework's does."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        given = tuple(renderers)
        number, media_type = _chosen(request.META.get("HTTP_ACCEPT", "*/*"), tuple(map(type, given)))
        return given[number], media_type


@lru_cache(KEPT)
def _chosen(accept: str, kinds: tuple[type[BaseRenderer], ...]) -> tuple[int, str]:
    """The number of the renderer, and the media type that it answers with."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT"] = accept
    renderer, media_type = DefaultContentNegotiation().select_renderer(Request(request), [kind() for kind in kinds])
    return kinds.index(type(renderer)), media_type
