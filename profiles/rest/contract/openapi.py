"""Generating OpenAPI from the operations, the serializers and the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, ClassVar

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, get_doc
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiRequest, OpenApiResponse
from rest_framework.fields import empty
from rest_framework.serializers import ListSerializer

from profiles.core.fields import Email, Text, Website
from profiles.core.outcomes import Outcome
from profiles.core.pages import PageQuery
from profiles.core.parsers import MergePatchParser
from profiles.fields import Password, Username
from profiles.identity import scopes
from profiles.models import USERNAME_PATTERN
from profiles.policy import STAFF_READS_AND_WRITES
from profiles.rest.contract import answers
from profiles.rest.contract.operations import IF_NONE_MATCH, IN_PATH, OPERATIONS, RATE_LIMITS, Body, Operation
from profiles.serializers import SignUpSerializer

JSON = "application/json"


def without_last_slash(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """drf-spectacular's hook: the contract lists paths without trailing slash; both forms work."""
    return [(path.rstrip("/"), *others) for path, *others in endpoints]


class OperationSchema(AutoSchema):
    """An operation in OpenAPI, from its description in `operations` and from its view."""

    operations: ClassVar = OPERATIONS

    @property
    def operation(self) -> Operation:
        return self.operations[f"{self.method} {self.path}"]

    def get_operation_id(self) -> str:
        return self.operation.id

    def get_summary(self) -> str:
        return self.operation.summary

    def get_description(self) -> str:
        return self.operation.description

    def get_tags(self) -> list[str]:
        return [self.operation.tag]

    def get_auth(self) -> list[Any]:
        super().get_auth()  # registers the security scheme as a component
        return list(self.operation.security)

    def get_operation(self, *args: Any, **options: Any) -> dict[str, Any] | None:
        """An empty `security` too, which drf-spectacular leaves out: generated clients then take no token."""
        operation: dict[str, Any] | None = super().get_operation(*args, **options)
        if operation:
            operation.setdefault("security", [])
        return operation

    def get_override_parameters(self) -> list[Any]:
        in_path = [parameter for name, parameter in IN_PATH.items() if name in self.path]
        return [*in_path, *self.operation.parameters, *RATE_LIMITS]

    def _is_list_view(self, serializer: Any = None) -> bool:
        """Whether the response is an array; determined by the operation, not by the view's base class."""
        return isinstance(serializer, ListSerializer)

    def get_request_serializer(self) -> Any:
        takes = self.operation.takes
        return takes and {JSON: OpenApiRequest(takes.shape, examples=self._examples(takes))}

    def _get_request_body(self, direction: Direction = "request") -> Any:
        """The body is required if it is a list; an object's may be omitted, like `{}`."""
        body = super()._get_request_body(direction)
        takes = self.operation.takes
        if takes and takes.most:
            body["content"][JSON]["schema"] |= {"minItems": 1, "maxItems": takes.most}
        view: Any = self.view
        if takes and self.method == "PATCH" and MergePatchParser in view.patch_parser_classes:
            body["content"][MergePatchParser.media_type] = self._merge_patch(takes.shape, body["content"][JSON])
        return {**body, "required": True} if takes and isinstance(takes.shape, dict) else body

    def _merge_patch(self, shape: Any, sent: dict[str, Any]) -> dict[str, Any]:
        """The JSON body's media type for merge patches: fields with a default are also nullable."""
        schema = self.resolve_serializer(shape(partial=True), "request").schema
        fields, properties = shape().fields, schema["properties"]
        removable = {name: _nullable(properties[name]) for name, field in fields.items() if field.default is not empty}
        name = f"{shape.Meta.model.__name__}MergePatch"
        described = {
            "description": "The changes (RFC 7396): null resets a field to its default.",
            "properties": {**properties, **removable},
        }
        return {**sent, "schema": self._component(ResolvedComponent.SCHEMA, name, schema | described)}

    def get_response_serializers(self) -> dict[int, OpenApiResponse]:
        gives = self.operation.gives
        done = OpenApiResponse(description="Done.")
        if gives:
            done = OpenApiResponse(gives.shape, gives.description, self._examples(gives))
        unchanged = {304: OpenApiResponse(description="Not modified.")}
        asked = self.method == "GET" and IF_NONE_MATCH in self.operation.parameters
        return {self.operation.status: done} | (unchanged if asked else {})

    def _examples(self, body: Body) -> list[OpenApiExample]:
        return [] if body.example is None else [OpenApiExample("Example", body.example)]

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        """The operation's success response and its error responses."""
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for name, schema in deepcopy(answers.SCHEMAS).items():  # drf-spectacular's hooks modify schemas
            self._component(ResolvedComponent.SCHEMA, name, schema)
        for outcome in self._outcomes():
            name = answers.component_name(outcome)
            bodies[str(outcome.status)] = self._component(ResolvedComponent.RESPONSE, name, answers.refused(outcome))
        bodies["400"] = self._component(ResolvedComponent.RESPONSE, "InvalidInput", answers.INVALID_INPUT)
        return dict(sorted(bodies.items()))

    def _outcomes(self) -> Iterator[Outcome]:
        yield from self.operation.outcomes
        if self.view.authentication_classes:
            yield from (Outcome.UNAUTHENTICATED, Outcome.FORBIDDEN, Outcome.UNAVAILABLE, Outcome.TIMEOUT)
        if self.operation.takes:
            yield from (Outcome.CONTENT_TOO_LARGE, Outcome.UNSUPPORTED_MEDIA_TYPE)
        yield from (Outcome.NOT_ACCEPTABLE, Outcome.THROTTLED, Outcome.INTERNAL)

    def _insert_field_validators(self, field: Any, schema: dict[str, Any]) -> None:
        super()._insert_field_validators(field, schema)
        if isinstance(field, Text):
            either, *_ = schema.pop("oneOf", [{}])  # "a format, or blank": our patterns cover both
            either.pop("format", None)
            schema.update(either | _form(field))

    def _component(self, kind: str, name: str, schema: dict[str, Any]) -> Any:
        """A reference to a component that operations share."""
        component = ResolvedComponent(name, kind, schema, object=name)
        self.registry.register_on_missing(component)
        return component.ref


def _form(field: Text) -> dict[str, str]:
    """The format and pattern of a field's text."""
    match field:
        case Email():
            return {"format": "email"}
        case Password():
            return {"format": "password", "pattern": field.pattern()}
        case Username():
            return {"pattern": USERNAME_PATTERN.replace(r"\A", "^").replace(r"\Z", "$")}
        case Website():
            return {"pattern": "^([Hh][Tt][Tt][Pp][Ss]?://.+)?$"}
    return {"pattern": field.pattern()}


# Extensions for parts that drf-spectacular cannot inspect. It finds these classes as subclasses of their bases.


class Bearer(OpenApiAuthenticationExtension):
    target_class = "profiles.identity.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `token` that `POST /auth/token/` gives, or an access token of an OpenID issuer that "
            "the service accepts. A token with read scope cannot write.",
        }


class Strict(OpenApiSerializerExtension):
    """An input that refuses unknown names."""

    target_class = "profiles.core.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if not isinstance(self.target, PageQuery):  # its fields are query parameters
            schema["properties"] = _with_defaults_in_words(schema.get("properties", {}))
        return {**schema, "additionalProperties": False}


class ScopesOfTokens(OpenApiSerializerFieldExtension):
    """The scopes of a personal token."""

    target_class = "profiles.identity.personal_tokens.Scopes"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        named = {"type": "string", "enum": [scopes.READ, scopes.WRITE, *scopes.operations()]}
        return {"type": "array", "minItems": 1, "maxItems": scopes.MOST, "items": named}


class ResourceShape(OpenApiSerializerExtension):
    """A row. A response has all fields, null if the caller may not read them; a request may send a response back."""

    target_class = "profiles.core.serializers.ResourceSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        schema["description"] = get_doc(type(self.target)).partition("\n")[0]
        if direction == "response":
            return self._shown(schema)
        of_an_input = _without_defaults if self.target.partial else _with_defaults_in_words
        schema["properties"] = of_an_input(schema["properties"])
        if isinstance(self.target, SignUpSerializer):
            return {**schema, "additionalProperties": False}
        return self._sent(schema, auto_schema)

    def _shown(self, schema: dict[str, Any]) -> dict[str, Any]:
        properties = {
            name: _nullable(found) if name not in self.target.policy.always_shown else found
            for name, found in _without_defaults(schema["properties"]).items()
        }
        return {**schema, "properties": properties, "required": list(properties)}

    def _sent(self, schema: dict[str, Any], auto_schema: AutoSchema) -> dict[str, Any]:
        noun = self.target.Meta.model._meta.verbose_name
        properties = schema["properties"]
        for name, field in self.target.fields.items():
            if name in self.target.KEPT:
                properties[name] = {"description": "Ignored."}
            elif field.read_only:
                found = auto_schema._map_serializer_field(field, "response")
                description = GIVEN_BACK.get(name, AS_SHOWN).format(noun=noun)
                properties[name] = {"type": found["type"], "description": description}
            elif name in STAFF_READS_AND_WRITES:
                properties[name] = _nullable(properties[name])
        return {**schema, "properties": properties, "additionalProperties": False}


AS_SHOWN = "Read-only. If given, it must equal the current value."
GIVEN_BACK = {
    "id": "If given, it must be the {noun}'s.",
    "node_id": "If given, it must be the {noun}'s.",
    "version": "412 if this is no longer the current version.",
}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if "null" in schema["type"]:
        return schema
    choices = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, **choices, "type": [schema["type"], "null"]}


def _without_defaults(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: value for key, value in found.items() if key != "default"} for name, found in properties.items()
    }


def _with_defaults_in_words(properties: dict[str, Any]) -> dict[str, Any]:
    """An input's properties, with defaults moved to the descriptions: client generators treat a property with a
    `default` as always present."""
    told = _without_defaults(properties)
    for name, found in properties.items():
        if "default" in found:
            default = f"Default: `{json.dumps(found['default'])}`."
            told[name]["description"] = " ".join(filter(None, [found.get("description"), default]))
    return told
