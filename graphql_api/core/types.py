"""Parts of every resource's GraphQL types, derived from serializers, so that a field is declared once."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

import graphene
from django.core.exceptions import ImproperlyConfigured
from drf_standardized_errors.formatter import flatten_errors
from graphene.types.generic import GenericScalar
from graphene.utils.str_converters import to_camel_case
from graphene_django.rest_framework.serializer_converter import (
    convert_serializer_field,
    get_graphene_type_from_serializer_field,
)
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from graphql_api.core.costs import Field, FieldCost
from profiles.core.fields import Key
from profiles.core.outcomes import InvalidCode, Outcome
from profiles.core.resources import Resource, resources
from profiles.core.serializers import ResourceSerializer


class DateTime(graphene.DateTime):
    """A time in UTC, in ISO 8601 with microseconds, as in REST."""

    serialize = staticmethod(str)


_enums: dict[str, tuple[Any, Any]] = {}


def one_enum(field: Any) -> Any:
    """The enum of a field's choices, shared by outputs and inputs and named after its model and field.

    Raises `ImproperlyConfigured`: a field with other choices already uses the name.
    """
    model = field.parent.Meta.model.__name__ if isinstance(field.parent, ResourceSerializer) else ""
    named = getattr(getattr(field.parent, "Meta", None), "enum_names", {})
    name = named.get(field.field_name) or model + to_camel_case(f"_{field.field_name}")
    if name not in _enums:
        members = StrEnum(name, {value.upper(): value for value in field.choices})
        enum = graphene.Enum.from_enum(
            members, description=lambda member: field.choices[member.value] if member else field.help_text
        )
        _enums[name] = enum, field.choices
    enum, choices = _enums[name]
    if choices != field.choices:
        raise ImproperlyConfigured(
            f"Two enums are called {name}: name one of them in its serializer's Meta.enum_names."
        )
    return enum


def list_of(field: serializers.ListField) -> tuple[Any, Any]:
    """The types of a list and of its elements, which are non-null."""
    return graphene.List, graphene.NonNull(get_graphene_type_from_serializer_field(field.child))


get_graphene_type_from_serializer_field.register(serializers.ListField, list_of)
get_graphene_type_from_serializer_field.register(serializers.ChoiceField, one_enum)
get_graphene_type_from_serializer_field.register(serializers.DateTimeField, lambda field: DateTime)
get_graphene_type_from_serializer_field.register(Key, lambda field: graphene.ID)


def derived(fields: Mapping[str, serializers.Field[Any, Any, Any, Any]], *, required: Collection[str] = ()) -> Any:
    """A mixin with graphene fields made from serializer fields, by name. Those in `required` are non-null."""
    converted = {name: convert_serializer_field(field, is_input=False) for name, field in fields.items()}
    for name, unmounted in converted.items():
        unmounted.kwargs["required"] = name in required
    return type("Derived", (), converted)


def made(name: str, doc: str, *bases: type, **members: Any) -> Any:
    """Make a class as a class statement would. `doc`: its docstring, which clients see as its description."""
    return type(name, bases, {"__doc__": doc, **members})


class Node(graphene.Interface):
    """An object with a global id (Relay's Global Object Identification)."""

    id = graphene.ID(required=True, description="Opaque global id. REST's `node_id`.")


class InputMutation(graphene.relay.ClientIDMutation):
    """A mutation of one `input` (Relay's Input Object Mutations)."""

    class Meta:
        abstract = True

    @classmethod
    def __init_subclass_with_meta__(cls, **options: Any) -> None:
        doc = f"Input of `{cls.__name__[0].lower()}{cls.__name__[1:]}`."
        super().__init_subclass_with_meta__(input_fields={"__doc__": doc}, **options)
        about = "A text of the client, returned in the payload unchanged."
        cls.Input._meta.fields["client_mutation_id"].description = about
        cls._meta.fields["client_mutation_id"].description = "`clientMutationId` of the input."
        cls._meta.arguments["input"].kwargs["description"] = "The values, and the conditions of the write."


class InputError:
    """A mixin with the fields of an input error."""

    code = graphene.String(required=True, description="A code of the enum `InvalidCode`, in lower case.")
    message = graphene.String(required=True, description="What is wrong and what to do, in the caller's language.")
    field = graphene.String(
        description="Path of the input field, in camelCase: `bio`; of one of several rows: `0.bio`. Null: no one field."
    )


def error_type(name: str) -> Any:
    """The type of a resource's input errors. `name`: the resource's name."""
    return made(f"{name}Error", "An error of an input: REST's validation errors.", InputError, graphene.ObjectType)


def error_list(kind: Any, size: int, description: str = "Errors of the input.") -> Field:
    """A payload's field `errors`, with at most `size` items."""
    errors = graphene.List(graphene.NonNull(kind))
    return Field(errors, required=True, description=description, cost=FieldCost(size=size))


def input_errors(kind: Any, error: ValidationError) -> list[Any]:
    """A serializer's ValidationError, flattened to a list of errors of this type."""
    return [
        kind(code=flat.code, message=flat.detail, field=flat.attr and to_camel_case(flat.attr))
        for flat in flatten_errors(error.detail)
    ]


def average_length(resource: Resource) -> float:
    """The average of the maximum lengths, in characters, of a resource's writable fields."""
    fields = [each for each in resource.serializer().fields.values() if not each.read_only]
    return sum(getattr(each, "max_length", None) or 0 for each in fields) / len(fields)


A_VALUE = FieldCost(size=1, length=max(map(average_length, resources()), default=None))


class FieldChange(graphene.ObjectType):
    """A field that a write changed."""

    field = graphene.String(required=True, description="Name of the field, in camelCase.")
    before = Field(GenericScalar, name="from", description="Old value.", cost=A_VALUE)
    after = Field(GenericScalar, name="to", description="New value.", cost=A_VALUE)


OutcomeCode = graphene.Enum.from_enum(
    StrEnum("OutcomeCode", {outcome.code: outcome.code for outcome in Outcome}),
    description=lambda member: (
        Outcome[member.value].meaning if member else "Codes of top-level errors, in `extensions.code`."
    ),
)

CodeOfInput = graphene.Enum.from_enum(
    StrEnum("InvalidCode", {code.name: code.value for code in InvalidCode}),
    description=lambda member: (
        InvalidCode[member.name].meaning if member else "Codes of input errors, which `code` has in lower case."
    ),
)
