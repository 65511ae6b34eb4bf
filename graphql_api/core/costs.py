"""The cost of each schema field: derived from its type, or declared on the field."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import graphene
from graphene.utils.str_converters import to_camel_case
from graphene_django.settings import graphene_settings
from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_leaf_type,
    is_list_type,
)

from profiles.core.pages import MOST

A_PAGE = 50  # rows: the cost of a page's statement
A_CHARACTER = 12  # bytes at most, in ASCII JSON: two escapes of six bytes
A_NAME = 4  # bytes around a name: quotes, colon, comma
A_LEAF = 300  # bytes of a text without a declared length: a cursor, an etag, a message
SCHEMA_FIELDS = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


@dataclass(frozen=True, slots=True)
class FieldCost:
    """A declared cost, where the type's own is too high or too low."""

    operations: int = 0  # additional operations
    rows: float | None = None  # additional rows, or work that takes as long as reading them
    size: float | None = None  # the factor for the selection below; of a scalar: the number of its values
    length: float | None = None  # characters of a text
    each: str | None = None  # the name of a list argument: each of its items costs this, and counts as an operation


class Costing:
    """A mixin for fields and arguments with a declared cost."""

    def __init__(self, *args: Any, cost: FieldCost, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cost = cost


class Field(Costing, graphene.Field):
    """A field with a declared cost."""


class Argument(Costing, graphene.Argument):
    """An argument with a declared cost, charged when a document gives the argument."""


INTROSPECTION = {
    "__schema": FieldCost(rows=150, size=0.5),  # its values take half the time of others
    "__type": FieldCost(rows=150, size=0.5),
    # Averages instead of the schema's real number of types, so that full introspection passes for any schema
    "__Schema.types": FieldCost(size=64),
    "__Schema.directives": FieldCost(size=5),
    "__Type.fields": FieldCost(size=3),
    "__Type.inputFields": FieldCost(size=1.5),
    "__Type.enumValues": FieldCost(size=1.25),
    "__Type.interfaces": FieldCost(size=0.1),
    "__Type.possibleTypes": FieldCost(size=0.1),
    "__Type.ofType": FieldCost(size=0.5),  # few types wrap another
    "__Field.args": FieldCost(size=0.25),
    "__Directive.args": FieldCost(size=0.25),
}


@dataclass(frozen=True, slots=True)
class Amount:
    """Rows read, values in the response, and the bytes of these values."""

    rows: float = 0
    values: float = 0
    bytes: float = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.rows + other.rows, self.values + other.values, self.bytes + other.bytes)

    def __mul__(self, size: float) -> "Amount":
        return Amount(self.rows * size, self.values * size, self.bytes * size)


@dataclass(slots=True)
class Shape:
    """The cost of a field, without its arguments and the selection below it."""

    own: Amount
    operations: int
    arguments: dict[str, FieldCost]
    size: float = 1  # the factor for the selection below
    each: str | None = None  # the name of a list argument: the field is charged for each of its items
    least_rows: int = 0  # the minimum for the field and the selection below
    is_page: bool = False  # a connection: the selection below its edges is charged for each row of the page
    is_edges: bool = False

    @property
    def takes_arguments(self) -> bool:
        """Whether the cost depends on the arguments."""
        return self.is_page or bool(self.arguments or self.each)


def graphql_schema() -> GraphQLSchema:
    """The schema that the setting `GRAPHENE` names."""
    schema: GraphQLSchema = graphene_settings.SCHEMA.graphql_schema
    return schema


def definition_of(parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    """The field of this name, or None."""
    return SCHEMA_FIELDS.get(name) or getattr(parent, "fields", {}).get(name)


@cache
def shape_of(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str) -> Shape:
    """The shape of an existing field. A list without a declared size counts as the longest page."""
    definition: Any = definition_of(parent, name)
    named, is_list = get_named_type(definition.type), is_list_type(get_nullable_type(definition.type))
    attribute, declared = declaration(parent, name)
    cost = cost_of(parent, name, declared, named)
    arguments = {key: each.cost for key, each in getattr(declared, "args", {}).items() if isinstance(each, Argument)}
    shape = Shape(Amount(rows=cost.rows or 0), cost.operations, arguments, each=cost.each)
    size = (MOST if is_list else 1) if cost.size is None else cost.size
    if is_list and is_connection(parent):
        shape.is_edges = True
        shape.own += Amount(rows=1)
    elif is_connection(named):
        shape.is_page = True
        shape.own += Amount(rows=A_PAGE)
    elif is_list and is_row(schema, named) and not cost.each:
        shape.size = size
        shape.own += Amount(rows=A_PAGE + size)
    elif is_composite_type(named):
        shape.size = 1 if cost.each else size
        shape.own += Amount(rows=is_row(schema, named) and parent not in edges(schema))
        shape.least_rows = cost.rows is None and parent in (schema.query_type, schema.mutation_type)
    else:
        size = cost.size or (MOST if named.name == "GenericScalar" else 1)
        serializer_field = getattr(made_from(parent), "serializer_fields", {}).get(attribute)
        length = cost.length or getattr(serializer_field, "max_length", None)
        shape.own += Amount(values=size - 1, bytes=size * (A_CHARACTER * length if length else A_LEAF))
    return shape


@cache
def values_of_page(schema: GraphQLSchema) -> int:
    """The number of values in REST's largest page: 100 rows with all fields of the largest type, plus one spare field.

    A related row counts as itself and one field. Connections and other objects below a row do not count.
    """
    rows = [get_named_type(edge.fields["node"].type) for edge in edges(schema)]
    sizes = [sum(values_of(schema, row, name) for name in row.fields) for row in rows]
    return math.ceil(MOST * (max(sizes, default=0) + 4))  # the edge, its cursor, its node; one more


def values_of(schema: GraphQLSchema, row: Any, name: str) -> float:
    """The number of values that a field adds to a complete row."""
    definition = row.fields[name]
    if is_leaf_type(get_named_type(definition.type)):
        return 1 + shape_of(schema, row, name).own.values
    return 2 if is_row(schema, get_nullable_type(definition.type)) else 0


def cost_of(parent: GraphQLNamedType | None, name: str, declared: Any, named: GraphQLNamedType) -> FieldCost:
    """The cost declared on the field or on the mutation's payload; otherwise a `FieldCost` of defaults."""
    known = INTROSPECTION.get(name if name in SCHEMA_FIELDS else f"{parent}.{name}")
    found = (known, getattr(declared, "cost", None), getattr(made_from(named), "cost", None))
    return next((cost for cost in found if isinstance(cost, FieldCost)), FieldCost())


def declaration(parent: GraphQLNamedType | None, name: str) -> tuple[str, Any]:
    """The attribute name and the graphene field of a schema field. The latter is None if graphene did not make it."""
    fields = made_from(parent)._meta.fields if made_from(parent) else {}
    found = ((key, each) for key, each in fields.items() if (each.name or to_camel_case(key)) == name)
    return next(found, (name, None))


def made_from(kind: Any) -> Any:
    """The graphene type of a schema type, or None."""
    return getattr(kind, "graphene_type", None)


def is_connection(kind: Any) -> bool:
    made = made_from(kind)
    return made is not None and issubclass(made, graphene.relay.Connection)


@cache
def edges(schema: GraphQLSchema) -> list[Any]:
    """The edge types of all connections."""
    connections: list[Any] = [kind for kind in schema.type_map.values() if is_connection(kind)]
    return [get_named_type(connection.fields["edges"].type) for connection in connections]


def is_row(schema: GraphQLSchema, kind: Any) -> bool:
    """Whether a type is a database row, which has a global id (Relay's Global Object Identification)."""
    node = schema.type_map.get("Node")
    return node is not None and (kind is node or node in getattr(kind, "interfaces", ()))
