"""The GraphQL types, derived from the serializers: a field is declared once."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import graphene
from drf_standardized_errors.formatter import flatten_errors
from graphene.types.generic import GenericScalar
from graphene.utils.str_converters import to_camel_case
from graphene_django.rest_framework.serializer_converter import (
    convert_serializer_field,
    get_graphene_type_from_serializer_field,
)
from rest_framework import serializers

from graphql_api.core.connections import PAGE_ARGUMENTS, connection, page_values
from graphql_api.core.costs import Field, FieldCost
from profiles import exports
from profiles.core.histories import read_history
from profiles.core.outcomes import InvalidCode, Outcome
from profiles.core.preconditions import entity_tag
from profiles.core.resources import COUNT_OPERATIONS
from profiles.models import Profile as ProfileRow
from profiles.policy import AccountAction, policy
from profiles.resource import PROFILES
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
ALWAYS_SHOWN = PROFILE_FIELDS.keys() & policy.always_shown


CHANGE_FIELDS = dict(PROFILES.change_serializer().fields)


@dataclass(frozen=True)
class Shown:
    """A profile as a resolver gives it: the row, and the serializer that says what its reader is shown."""

    row: ProfileRow
    serializer: ProfileSerializer

    @cached_property
    def values(self):
        """The fields that were asked for, by name."""
        return {}

    @cached_property
    def etag(self):
        return entity_tag({name: self.field(name) for name in self.serializer.names})

    def field(self, name):
        if name not in self.values:
            self.values[name] = self.serializer.shown(self.row, name)
        return self.values[name]


class Profile(
    derived({n: f for n, f in PROFILE_FIELDS.items() if n not in HERE_OTHERWISE}, required=ALWAYS_SHOWN),
    graphene.ObjectType,
):
    """An account and its public face. What you may not see of it is null."""

    class Meta:
        interfaces = (Node,)
        possible_types = (Shown,)

        def default_resolver(name, default, profile, info):
            return profile.field(name)

    serializer_fields = PROFILE_FIELDS
    pk = graphene.Int(required=True, description="The key: REST's id.")
    updated_by = graphene.Field(lambda: Profile, description=PROFILE_FIELDS["updated_by"].help_text)
    editable_fields = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description=PROFILE_FIELDS["editable_fields"].help_text,
    )
    etag = graphene.String(required=True, description="For ifMatch, and for REST's If-Match.")
    history = graphene.Field(
        lambda: ChangeConnection,
        **PAGE_ARGUMENTS,
        description="What was written to it, newest first. For its owner and staff. The service may delete changes "
        "after a retention period, two years by default.",
    )

    export = graphene.Field(
        lambda: ProfileExport,
        description="Where everything that is held about the account can be fetched. For its owner and staff.",
    )

    def resolve_export(profile, info):
        row = policy.require(info.context.actor, AccountAction.EXPORT, profile.row)
        return ProfileExport(url=info.context.request.build_absolute_uri(exports.path_of(row)))

    def resolve_id(profile, info):
        return profile.row.node_id

    def resolve_pk(profile, info):
        return profile.row.pk

    def resolve_updated_by(profile, info):
        return profile.field("updated_by") and show(info, profile.row.updated_by)

    def resolve_editable_fields(profile, info):
        return [to_camel_case(name) for name in profile.field("editable_fields")]

    def resolve_etag(profile, info):
        return profile.etag

    def resolve_history(profile, info, **arguments):
        actor = info.context.actor
        page = read_history(profile.row, actor, page_values(**arguments))
        shown = PROFILES.change_serializer(page.rows, many=True, context={"actor": actor}).data
        return connection(ChangeConnection, page, list(zip(page.rows, shown, strict=True)))


def show(info, row):
    """A profile as the caller is shown it, by one serializer for all that one actor is shown in a document."""
    actor = info.context.actor
    return Shown(row, info.context.once(ProfileSerializer, lambda: ProfileSerializer(context={"actor": actor})))


class ProfileExport(graphene.ObjectType):
    """An export of an account. It has no bound on its size, so it is REST's to stream."""

    url = graphene.String(
        required=True,
        description="Fetch it by GET, with the same Authorization: a JSON document. An account is exported once at a "
        "time, and a few times a day.",
    )


class ProfileConnection(graphene.relay.Connection):
    """A page of profiles (Relay's Cursor Connections)."""

    class Meta:
        node = Profile

    total_count = Field(
        graphene.Int,
        description=f"How many there are, on all pages. Counts as {COUNT_OPERATIONS} more operations.",
        cost=FieldCost(operations=COUNT_OPERATIONS, rows=50),
    )


A_VALUE = FieldCost(
    size=1,
    length=sum(getattr(each, "max_length", None) or 0 for each in PROFILE_FIELDS.values())
    / sum(not each.read_only for each in PROFILE_FIELDS.values()),  # the average of what can be written
)


class FieldChange(graphene.ObjectType):
    """A field that a write changed."""

    field = graphene.String(required=True)
    before = Field(GenericScalar, name="from", description="What it was.", cost=A_VALUE)
    after = Field(GenericScalar, name="to", description="What it became.", cost=A_VALUE)


class Change(
    derived(
        {n: f for n, f in CHANGE_FIELDS.items() if n not in ("actor", "changes")}, required={"version", "at", "door"}
    ),
    graphene.ObjectType,
):
    """A write that changed a profile."""

    class Meta:
        def default_resolver(name, default, change, info):
            _, shown = change
            return shown[name]

    serializer_fields = CHANGE_FIELDS
    actor = graphene.Field(lambda: Profile, description=CHANGE_FIELDS["actor"].help_text)
    changes = Field(
        graphene.List(graphene.NonNull(FieldChange)),
        required=True,
        description=CHANGE_FIELDS["changes"].help_text,
        cost=FieldCost(size=4),  # on average, so that a page of 100 passes as over REST; execution bounds the bytes
    )

    def resolve_actor(change, info):
        row, shown = change
        return shown["actor"] and show(info, row.actor)

    def resolve_changes(change, info):
        _, shown = change
        return [
            FieldChange(field=to_camel_case(field["field"]), before=field["from"], after=field["to"])
            for field in shown["changes"]
        ]


class ChangeConnection(graphene.relay.Connection):
    """A page of changes (Relay's Cursor Connections)."""

    class Meta:
        node = Change


class ProfileError(graphene.ObjectType):
    """What is wrong with an input, field by field: REST's validation errors."""

    code = graphene.String(
        required=True,
        description="One of: " + " ".join(f"{code} ({code.meaning})" for code in InvalidCode),
    )
    message = graphene.String(required=True, description="What to do, in words.")
    field = graphene.String(description="The input's field; null where it is none of them.")


MOST_ERRORS = len(PROFILE_FIELDS)


def error_list(description="What is wrong with the input.", size=MOST_ERRORS):
    """A payload's `errors`, so many at the most."""
    kind = graphene.List(graphene.NonNull(ProfileError))
    return Field(kind, required=True, description=description, cost=FieldCost(size=size))


def profile_errors(error):
    """A serializer's ValidationError, nested ones too, as a list of `ProfileError`."""
    return [
        ProfileError(code=flat.code, message=flat.detail, field=flat.attr and to_camel_case(flat.attr))
        for flat in flatten_errors(error.detail)
    ]


OutcomeCode = graphene.Enum.from_enum(
    StrEnum("OutcomeCode", {outcome.code: outcome.code for outcome in Outcome}),
    description=lambda member: (
        Outcome[member.value].meaning if member else "The codes of top-level errors, in `extensions.code`."
    ),
)
