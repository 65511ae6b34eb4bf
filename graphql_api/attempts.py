"""The attempts that an operation makes: at a password, and to sign up. They are counted with its root fields."""

from collections.abc import Sequence
from typing import Any

from graphql import FragmentDefinitionNode, GraphQLError
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values, get_variable_values
from rest_framework.request import Request

from graphql_api.core.limits import TAKES_CREDENTIALS, Measured
from graphql_api.schema import schema
from profiles.core.actors import actor_of
from profiles.identity.counters import Count
from profiles.identity.throttling import password_attempts, sign_in_attempts, sign_up_attempts


def attempts_of(request: Request, measured: Measured, variables: dict[str, Any] | None) -> Sequence[Count]:
    """The counts of the one root field that takes credentials; none where there is none.

    Two of them, and arguments that are wrong, are refused by validation, before anything is attempted.
    """
    found = [node for node in root_fields(measured, variables) if node.name.value in TAKES_CREDENTIALS]
    if len(found) != 1:
        return []
    (node,) = found
    actor = actor_of(request)
    if node.name.value == "changePassword":
        return password_attempts(actor)
    if node.name.value == "createProfile":
        return sign_up_attempts(request, actor)
    return sign_in_attempts(request, argument(measured, node, "username", variables))


def root_fields(measured, variables):
    """The root fields of a mutation that will be executed, each by its first node."""
    root = schema.graphql_schema.mutation_type
    document, operation = measured.document, measured.operation
    fragments = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
    try:
        values = coerced(operation, variables)
        fields = collect_fields(schema.graphql_schema, fragments, values, root, operation.selection_set)
    except GraphQLError:
        return []
    return [nodes[0] for nodes in fields.values()]


def argument(measured, node, name, variables):
    """An argument's value; None where the field's arguments are wrong."""
    definition = schema.graphql_schema.mutation_type.fields[node.name.value]
    try:
        return get_argument_values(definition, node, coerced(measured.operation, variables)).get(name)
    except GraphQLError:
        return None


def coerced(operation, variables):
    """The variables' values. Raises GraphQLError: one is of another type."""
    values = get_variable_values(schema.graphql_schema, operation.variable_definitions or (), variables or {})
    if isinstance(values, list):
        raise values[0]
    return values
