"""Attempts of a document: to sign in with a password or code, or to sign up. The view counts them with the document."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.utils.translation import gettext as _
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    ValidationContext,
    ValidationRule,
    get_argument_values,
    get_named_type,
)
from rest_framework.request import Request

from graphql_api.core.costs import definition_of, graphql_schema, made_from
from graphql_api.core.limits import Measured
from graphql_api.core.operations import root_fields
from profiles.core.actors import Actor
from profiles.identity.counters import Count
from profiles.identity.throttling import Attempts


@cache
def takes_credentials(schema: GraphQLSchema) -> dict[str, Attempts]:
    """`attempts` of each mutation that declares it, by the mutation's name."""
    fields = schema.mutation_type.fields if schema.mutation_type else {}
    declared = {name: getattr(made_from(get_named_type(each.type)), "attempts", None) for name, each in fields.items()}
    return {name: attempts for name, attempts in declared.items() if callable(attempts)}


def attempts_of(request: Request, actor: Actor, measured: Measured) -> Sequence[Count]:
    """The counts of the root field that takes credentials, or an empty list.

    Validation refuses a second such field and invalid arguments before an attempt is made.
    """
    schema = graphql_schema()
    declared = takes_credentials(schema)
    found = [node for node in root_fields(measured).values() if node.name.value in declared]
    if measured.variables is None or len(found) != 1:
        return []
    (node,) = found
    definition: Any = definition_of(schema.mutation_type, node.name.value)
    try:
        arguments = get_argument_values(definition, node, measured.variables)
    except GraphQLError:
        arguments = {}
    return declared[node.name.value](request, actor, arguments)


class OneWithCredentials(ValidationRule):
    """Allow one field that takes credentials per document, so that each guess needs its own request."""

    context: ValidationContext

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.seen = 0

    def enter_field(self, node: FieldNode, *others: Any) -> None:
        schema = self.context.schema
        if self.context.get_parent_type() is schema.mutation_type and node.name.value in takes_credentials(schema):
            self.seen += 1
            if self.seen == 2:
                message = _("A document may contain one of these operations, once: {names}.")
                names = ", ".join(sorted(takes_credentials(schema)))
                self.report_error(GraphQLError(message.format(names=names), node))
