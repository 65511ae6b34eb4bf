"""The GraphQL types, derived from the serializers: a field is declared once."""

from enum import StrEnum

import graphene
from drf_standardized_errors.formatter import flatten_errors
from graphene.utils.str_converters import to_camel_case
from graphene_django.rest_framework.serializer_converter import (
    convert_serializer_field,
    get_graphene_type_from_serializer_field,
)
from rest_framework import serializers

from profiles import policy
from profiles.outcomes import InvalidCode, Outcome
from profiles.serializers import ProfileSerializer


class DateTime(graphene.DateTime):
    """An instant in UTC, in ISO 8601: the text that REST gives."""

    serialize = staticmethod(str)


_enums = {}


def one_enum(field):
    """The enum of a field's choices: one for outputs and inputs, named after the field."""
    name = to_camel_case(f"_{field.field_name}")
    if name not in _enums:
        members = StrEnum(name, {value.upper(): value for value in field.choices})
        _enums[name] = graphene.Enum.from_enum(
            members, description=lambda member: field.choices[member.value] if member else field.help_text
        )
    return _enums[name]


get_graphene_type_from_serializer_field.register(serializers.ChoiceField, one_enum)
get_graphene_type_from_serializer_field.register(serializers.DateTimeField, lambda field: DateTime)


def derived(fields, *, required=()):
    """A mixin with what GraphQL makes of these serializer fields, by name; `required` ones not null."""
    converted = {name: convert_serializer_field(field, is_input=False) for name, field in fields.items()}
    for name, unmounted in converted.items():
        unmounted.kwargs["required"] = name in required
    return type("Derived", (), converted)


class Node(graphene.Interface):
    """An object with a global id (Relay's Global Object Identification)."""

    id = graphene.ID(required=True, description="Opaque, the same on both doors: REST's node_id.")


PROFILE_FIELDS = dict(ProfileSerializer().fields)
HERE_OTHERWISE = {"id", "node_id", "updated_by", "editable_fields"}  # by name, type or spelling
ALWAYS_SHOWN = PROFILE_FIELDS.keys() - policy.SOMETIMES_HIDDEN


class Profile(
    derived({n: f for n, f in PROFILE_FIELDS.items() if n not in HERE_OTHERWISE}, required=ALWAYS_SHOWN),
    graphene.ObjectType,
):
    """An account and its public face. What you may not see of it is null."""

    # A resolver gives a profile as a serializer bound to the row and to the caller, so that a field
    # is what REST would show.
    class Meta:
        interfaces = (Node,)
        possible_types = (ProfileSerializer,)

        def default_resolver(name, default, serializer, info):
            return serializer.shown(serializer.instance, name)

    pk = graphene.Int(required=True, description="The key: REST's id.")
    updated_by = graphene.Field(lambda: Profile, description=PROFILE_FIELDS["updated_by"].help_text)
    editable_fields = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description=PROFILE_FIELDS["editable_fields"].help_text,
    )
    etag = graphene.String(required=True, description="For ifMatch, and for REST's If-Match.")

    def resolve_id(serializer, info):
        return serializer.instance.node_id

    def resolve_pk(serializer, info):
        return serializer.instance.pk

    def resolve_updated_by(serializer, info):
        seen = serializer.shown(serializer.instance, "updated_by")
        return seen and show(info, serializer.instance.updated_by)

    def resolve_editable_fields(serializer, info):
        return [to_camel_case(name) for name in serializer.writable_names(serializer.instance)]

    def resolve_etag(serializer, info):
        return serializer.etag


def show(info, profile):
    """A profile as a resolver gives it: bound to the caller."""
    return ProfileSerializer(profile, context={"actor": info.context.auth})


class ProfileError(graphene.ObjectType):
    """What is wrong with an input, field by field: REST's validation errors."""

    code = graphene.String(
        required=True,
        description="One of: " + " ".join(f"{code} ({code.meaning})" for code in InvalidCode),
    )
    message = graphene.String(required=True, description="What to do, in words.")
    field = graphene.String(description="The input's field; null where it is none of them.")


def profile_errors(error):
    """A serializer's ValidationError, nested ones too, as a list of `ProfileError`."""
    return [
        ProfileError(code=flat.code, message=flat.detail, field=flat.attr and to_camel_case(flat.attr))
        for flat in flatten_errors(error.detail)
    ]


OutcomeCode = graphene.Enum.from_enum(
    StrEnum("OutcomeCode", {outcome.code: outcome.code for outcome in Outcome}),
    description=lambda member: (
        Outcome[member.value].message if member else "The codes of top-level errors, in `extensions.code`."
    ),
)
