"""Deprecated parts of REST's contract: marking them in OpenAPI, and the requests that use them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from drf_spectacular.generators import SchemaGenerator

from profiles.core.deprecations import Deprecation

JSON = "application/json"
NAMED = "#/components/schemas/"
EACH = "[]"  # in a path: each item of a list
HEADERS = {
    "Deprecation": "The time since which something that the request used is deprecated (RFC 9745).",
    "Sunset": "The time from which it may be removed (RFC 8594).",
}


class Part(Enum):
    """The part of a request or response that shows a use."""

    OPERATION = auto()
    QUERY = auto()
    SENT = auto()
    SHOWN = auto()


@dataclass(frozen=True, slots=True)
class Use:
    """One way in which a request of an operation uses a deprecated part.

    Args:
        deprecation: the deprecation.
        part: where the use shows.
        path: for a query parameter, its name; for a property, its path of keys in the body.
    """

    deprecation: Deprecation
    part: Part
    path: tuple[str, ...] = ()


def mark(result: Any, **others: Any) -> Any:
    """drf-spectacular's hook: adds `deprecated`, the reasons, and the response headers to the contract.

    Raises:
        ImproperlyConfigured: an entry names a part that the contract does not have.
    """
    places = [(each, place, find(result, place)) for each in settings.DEPRECATIONS for place in each.rest]
    if unknown := [place for _, place, found in places if found is None]:
        raise ImproperlyConfigured(f"DEPRECATIONS names what REST's contract does not have: {', '.join(unknown)}.")
    for each, _, found in places:
        found |= {"deprecated": True, "description": f"{found.get('description', '')} {each.text}".strip()}
    for method, path, operation in operations(result) if places else ():
        if any(uses_of(result, method, path)):
            done = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
            headers = {name: {"schema": {"type": "string"}, "description": text} for name, text in HEADERS.items()}
            done["headers"] = {**done.get("headers", {}), **headers}
    return result


def find(document: Any, place: str) -> Any:
    """The operation, parameter or property at a place of `Deprecation.rest`; None if there is none."""
    if " " not in place:
        schema, _dot, name = place.partition(".")
        return document["components"]["schemas"].get(schema, {}).get("properties", {}).get(name)
    method, _space, target = place.partition(" ")
    path, _query, name = target.partition("?")
    operation = document["paths"].get(path, {}).get(method.lower())
    if operation is None or not name:
        return operation
    parameters = operation.get("parameters", ())
    return next((each for each in parameters if (each["in"], each["name"]) == ("query", name)), None)


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Each operation, with its method and path."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def uses_of(document: Any, method: str, path: str) -> Iterator[Use]:
    """The ways in which a request of an operation can use deprecated parts."""
    operation = document["paths"][path][method.lower()]
    deprecated = {place: each for each in settings.DEPRECATIONS for place in each.rest}
    if each := deprecated.get(f"{method} {path}"):
        yield Use(each, Part.OPERATION)
    for parameter in operation.get("parameters", ()):
        if each := deprecated.get(f"{method} {path}?{parameter['name']}"):
            yield Use(each, Part.QUERY, (parameter["name"],))
    bodies = [(Part.SENT, operation.get("requestBody", {}))]
    bodies += [(Part.SHOWN, answer) for status, answer in operation["responses"].items() if status.startswith("2")]
    for part, body in bodies:
        schema = body.get("content", {}).get(JSON, {}).get("schema", {})
        for place, keys in properties(document, schema):
            if each := deprecated.get(place):
                yield Use(each, part, keys)


def properties(
    document: Any, schema: Any, path: tuple[str, ...] = (), within: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each property of the named schemas in a body's schema, such as `Note.body`, with its path of keys."""
    name = schema.get("$ref", "").removeprefix(NAMED)
    if name in within:
        return
    if name:
        schema, within = document["components"]["schemas"][name], (*within, name)
    for each in [*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())]:
        yield from properties(document, each, path, within)
    if "items" in schema:
        yield from properties(document, schema["items"], (*path, EACH), within)
    for key, each in schema.get("properties", {}).items():
        yield f"{name}.{key}", (*path, key)
        yield from properties(document, each, (*path, key), within)


@cache
def uses_by_route() -> dict[tuple[str, str], list[Use]]:
    """The uses of the operations that have any, by route and method."""
    generator = SchemaGenerator()
    document = generator.get_schema(public=True)
    found = {
        (route, method): list(uses_of(document, method, path))
        for path, route, method, _view in generator._get_paths_and_endpoints()
        if find(document, f"{method} {path}")  # HTML pages are not operations
    }
    return {key: uses for key, uses in found.items() if uses}


def check_places(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """System check: an error if an entry names a part that REST's contract does not have."""
    try:
        if any(each.rest for each in settings.DEPRECATIONS):
            SchemaGenerator().get_schema(public=True)
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Name it as profiles/openapi.yaml does.", id="profiles.E007")]
    return []
