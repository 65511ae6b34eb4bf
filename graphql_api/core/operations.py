"""The operations that a document makes, for the metrics: one for each root field, by the names that REST has too."""

from functools import cache

from graphql import FieldNode, GraphQLError, GraphQLSchema, get_named_type
from graphql.execution.collect_fields import collect_fields

from graphql_api.core.costs import graphql_schema
from graphql_api.core.limits import Measured, fragments_of
from profiles.core.metrics import OTHER
from profiles.core.resources import registered, resources

DOCUMENT = "document"  # the operation of a document that was refused before its root fields were known
INTROSPECTION = dict.fromkeys(("__schema", "__type", "__typename"), "introspect")


@cache
def names_of(schema: GraphQLSchema) -> dict[str, str]:
    """The operation of each root field. One that reads a row of a resource is called as REST's is."""
    roots = [root.fields for root in (schema.query_type, schema.mutation_type) if root]
    types = {name: get_named_type(field.type).name for fields in roots for name, field in fields.items()}
    lists = {resource.plural: resource.list_operation for resource in resources()}
    named = {name: f"get{kind}" if registered(kind) else lists.get(name, name) for name, kind in types.items()}
    return INTROSPECTION | named


def operations_of(measured: Measured) -> dict[str, str]:
    """The operations of a document, by the keys of its response; none where its root fields can't be told."""
    names = names_of(graphql_schema())
    return {key: names.get(node.name.value, OTHER) for key, node in root_fields(measured).items()}


def root_fields(measured: Measured) -> dict[str, FieldNode]:
    """The root fields that will be executed, each by its first node, by the keys of the response."""
    if measured.operation is None:
        return {}
    selections = measured.operation.selection_set.selections
    plain = [node for node in selections if isinstance(node, FieldNode) and not node.directives]
    if len(plain) == len(selections):
        first: dict[str, FieldNode] = {}
        for node in plain:
            first.setdefault(node.alias.value if node.alias else node.name.value, node)
        return first
    schema, variables = graphql_schema(), measured.variables or {}
    root = schema.query_type if measured.is_query else schema.mutation_type
    if root is None:
        return {}
    try:
        found = collect_fields(
            schema, fragments_of(measured.document), variables, root, measured.operation.selection_set
        )
    except GraphQLError:
        return {}
    return {key: nodes[0] for key, nodes in found.items()}
