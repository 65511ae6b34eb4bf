"""Identity over GraphQL: a mutation for each of `identity.operations`, with django-graphql-jwt's names."""

from collections.abc import Container
from typing import Any

import graphene
from rest_framework import serializers

from graphql_api.core.context import Info
from graphql_api.core.costs import FieldCost
from graphql_api.core.types import derived
from graphql_api.types import PROFILE
from profiles.core.models import Source
from profiles.identity.operations import OPERATIONS, Operation

RENAMED = {"id": "pk", "node_id": "id"}  # REST's names of a profile's keys, and GraphQL's


def renamed(output: Container[str]) -> dict[str, str]:
    """GraphQL's names, by REST's, of the output fields that differ: the profile's keys, if the output has them."""
    return RENAMED if "node_id" in output else {}


class Keys:
    """A mixin with a profile's keys, for a payload."""

    pk = graphene.Int(description="Key of the account. REST's `id`.")
    id = graphene.ID(description="Global id of the account. REST's `node_id`.")


class IdentityMutation(graphene.Mutation):
    """The base of identity mutations: authorize, validate, perform, respond."""

    class Meta:
        abstract = True

    cost = FieldCost(rows=0)
    errors = PROFILE.errors()

    @classmethod
    def mutate(cls, root: Any, info: Info, **values: Any) -> Any:
        profile = cls.operation.authorize(info.context.actor)
        serializer = cls.operation.input(data=values, context={"profile": profile})

        def performed() -> dict[str, Any]:
            serializer.is_valid(raise_exception=True)
            output = cls.operation.perform(info.context.request, profile, Source.GRAPHQL, **serializer.validated_data)
            names = renamed(output)
            return {names.get(name, name): value for name, value in output.items()}

        return PROFILE.answer(info, cls, performed)


def mutation(operation: Operation) -> Any:
    """The mutation class of an operation."""
    members = {
        "__doc__": f"{operation.title}: REST's {operation.method} {operation.path}/.",
        "Arguments": arguments(operation.input),
        "attempts": operation.attempts,
        "operation": operation,
    }
    return type(operation.name[0].upper() + operation.name[1:], (payload(operation), IdentityMutation), members)


def arguments(serializer_class: type[serializers.Serializer[Any]]) -> Any:
    """A mutation's arguments, derived from an operation's input serializer."""
    fields = serializer_class().fields
    return derived(fields, required={name for name, field in fields.items() if field.required})


def payload(operation: Operation) -> type:
    """A mixin with a payload's fields, derived from an operation's output.

    The fields are null if there are errors. An operation without input has no errors, so its Boolean is non-null.
    """
    output = operation.output
    if isinstance(output, str):
        is_always_done = not operation.input().fields
        done = graphene.Boolean(required=is_always_done, description=f"True. {operation.result}")
        return type("Payload", (), {output: done})
    fields = output().fields
    names = renamed(fields)
    others = derived({name: field for name, field in fields.items() if name not in names})
    return type("Payload", (Keys, others) if names else (others,), {})


MUTATIONS = {operation.name: mutation(operation) for operation in OPERATIONS if not operation.is_list}
IdentityMutations = type("IdentityMutations", (), {name: made.Field() for name, made in MUTATIONS.items()})
"""A mixin with the mutations as fields, in the order of `OPERATIONS`."""
