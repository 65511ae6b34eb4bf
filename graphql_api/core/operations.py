"""The operations of a document, one for each root field, under the names they have in REST."""

from functools import cache

from graphql import FieldNode, GraphQLError, GraphQLField, GraphQLSchema, get_named_type
from graphql.execution.collect_fields import collect_fields

from graphql_api.core.costs import graphql_schema
from graphql_api.core.limits import Measured, fragments_of
from profiles.core.actors import Actor
from profiles.core.metrics import OTHER
from profiles.core.policy import require_operation
from profiles.core.resources import registered, resources

DOCUMENT = "document"  # the operation of a document refused before its root fields were known
BY_NODE_ID = ("node", "nodes")  # root fields that read rows of any resource
INTROSPECTION = dict.fromkeys(("__schema", "__type", "__typename"), "introspect")


@cache
def names_of(schema: GraphQLSchema) -> dict[str, str]:
    """The operation by root field. A field that reads a row has the name of REST's read; a field without arguments
    reads the caller's own row."""
    fields: dict[str, GraphQLField] = {}
    for root in filter(None, (schema.query_type, schema.mutation_type)):
        fields |= root.fields
    lists = {resource.plural: resource.list_operation for resource in resources()}

    def named(name: str, field: GraphQLField) -> str:
        resource = registered(get_named_type(field.type).name)
        if resource:
            return resource.get_operation if field.args else f"getOwn{resource.name}"
        return lists.get(name, name)

    return INTROSPECTION | {name: named(name, field) for name, field in fields.items()}


def require_root_field(actor: Actor, schema: GraphQLSchema, name: str) -> None:
    """Check that the caller's token allows the operation of this root field. Raises `Refused`: FORBIDDEN.

    Introspection needs no permission. `loading.wanted` checks `node` and `nodes`, whose ids name the resource.
    """
    if name not in INTROSPECTION and name not in BY_NODE_ID:
        require_operation(actor, names_of(schema).get(name, OTHER))


def operations_of(measured: Measured) -> dict[str, str]:
    """The operations of a document by response key; empty if its root fields cannot be determined."""
    names = names_of(graphql_schema())
    return {key: names.get(node.name.value, OTHER) for key, node in root_fields(measured).items()}


def root_fields(measured: Measured) -> dict[str, FieldNode]:
    """The first node of each root field that will be executed, by response key."""
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
