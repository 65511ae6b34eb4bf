"""Both APIs' committed contracts, and the catalogue of the APIs that leads to them (RFC 9727)."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import yaml
from django.conf import settings
from django.http import HttpResponse, HttpResponseNotModified
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from profiles.core.outcomes import Outcome, Refused
from profiles.core.preconditions import content_tag, if_match, if_none_match

OPENAPI = (settings.BASE_DIR / "profiles" / "openapi.yaml").read_text()
SDL = (settings.BASE_DIR / "graphql_api" / "schema.graphql").read_text()

YAML = "application/yaml"  # RFC 9512
TEXT = "text/plain; charset=utf-8"
LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'  # RFC 9727
CATALOG = "/.well-known/api-catalog"


class ContractView(APIView):
    """A contract's text, for any caller. To generate it per request would cost more than any operation."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    schema = None  # not an operation of the OpenAPI contract
    content: Any = None  # a function of no arguments that returns the text and its entity tag
    media_type = ""

    def get(self, request: Request) -> HttpResponse:
        return self.answer(request, *self.content())

    def answer(self, request: Request, text: bytes, tag: str, **headers: str) -> HttpResponse:
        """The text, or 304 to a client that has it. Raises `Refused`: CONFLICT: `If-Match` names another one."""
        if not if_match(request.headers.get("If-Match"), tag):
            raise Refused(Outcome.CONFLICT)
        headers |= {"ETag": tag, "Content-Language": "en"}
        if not if_none_match(request.headers.get("If-None-Match"), tag):
            return HttpResponseNotModified(headers=headers)
        return HttpResponse(text, content_type=self.media_type, headers=headers)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """Ignore `Accept`, because a contract has one format. The renderer is for errors."""
        return JSONRenderer(), JSONRenderer.media_type


def contract(text: str, media_type: str, convert: Callable[[str], str] = str) -> Callable[..., Any]:
    """The view of a text, converted at the first request: to make JSON of YAML would be a tenth of a start."""

    @cache
    def tagged() -> tuple[bytes, str]:
        content = convert(text).encode()
        return content, content_tag(content)

    return ContractView.as_view(content=tagged, media_type=media_type)


def as_json(text: str) -> str:
    """The JSON of a YAML text."""
    return json.dumps(yaml.load(text, yaml.CSafeLoader))


class CatalogView(ContractView):
    """`/.well-known/api-catalog`: both APIs, with their contracts, documentation and status (RFC 9727), by the host
    that the client named, as a linkset (RFC 9264)."""

    media_type = LINKSET

    def get(self, request: Request) -> HttpResponse:
        text = json.dumps({"linkset": linkset(request.build_absolute_uri)}).encode()
        return self.answer(request, text, content_tag(text), Link=f'<{CATALOG}>; rel="api-catalog"')


def linkset(url: Callable[[str], str]) -> list[dict[str, Any]]:
    """The catalogue's links (RFC 8631): `url` makes an absolute URL of a path."""

    def link(path: str, media_type: str) -> dict[str, str]:
        return {"href": url(path), "type": media_type}

    rest, graphql = url("/"), url("/graphql/")
    guide, status = link("/guide/", "text/html"), link("/readyz", "application/json")
    return [
        {"anchor": url(CATALOG), "item": [{"href": rest}, {"href": graphql}]},
        {
            "anchor": rest,
            "service-desc": [link("/openapi.json", "application/json"), link("/openapi.yaml", YAML)],
            "service-doc": [link("/docs/", "text/html"), guide],
            "status": [status],
        },
        {
            "anchor": graphql,
            "service-desc": [link("/graphql/schema.graphql", TEXT)],
            "service-doc": [guide],
            "status": [status],
        },
    ]
