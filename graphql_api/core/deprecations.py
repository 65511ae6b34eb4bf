"""Deprecated parts of the schema: marks them, and counts the documents that use them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from graphql import (
    GraphQLError,
    GraphQLSchema,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_required_argument,
    is_required_input_field,
    resolve_schema_coordinate,
    separate_operations,
    visit,
)
from graphql.utilities.resolve_schema_coordinate import (
    ResolvedEnumValue,
    ResolvedField,
    ResolvedFieldArgument,
    ResolvedInputField,
)

from graphql_api.core.costs import graphql_schema
from graphql_api.core.limits import KEPT, Measured, parse_tokens
from profiles.core.deprecations import Deprecation
from profiles.core.metrics import DEPRECATED_USES, Children
from profiles.core.models import Source

EXTENSION = "deprecation"  # key of the table's entry in the extensions of a deprecated element
TABLE = tuple(each for each in settings.DEPRECATIONS if each.graphql)

counted = Children(DEPRECATED_USES)


def deprecate(schema: GraphQLSchema) -> None:
    """Mark the elements that the table names as `@deprecated`.

    Raises:
        ImproperlyConfigured: the schema has no such element, or GraphQL forbids its deprecation (section 3.13.3).
    """
    for each in TABLE:
        _ = counted[each.name, Source.GRAPHQL]  # start at 0: Prometheus does not count a first value as an increase
        for coordinate in each.graphql:
            element = element_at(schema, coordinate)
            element.deprecation_reason = each.text
            element.extensions = {**element.extensions, EXTENSION: each}


def element_at(schema: GraphQLSchema, coordinate: str) -> Any:
    """The field, argument, input field or enum value at a schema coordinate. Raises `ImproperlyConfigured`."""
    try:
        found = resolve_schema_coordinate(schema, coordinate)
    except (GraphQLError, TypeError, ValueError):
        found = None
    match found:
        case ResolvedField(field=element) | ResolvedEnumValue(enum_value=element):
            return element
        case ResolvedFieldArgument(field_argument=element) if not is_required_argument(element):
            return element
        case ResolvedInputField(input_field=element) if not is_required_input_field(element):
            return element
    raise ImproperlyConfigured(
        f"DEPRECATIONS names '{coordinate}': the schema has no such field, optional argument or enum value."
    )


def count_uses(measured: Measured, text: str, variables: dict[str, Any] | None) -> None:
    """Count each deprecated element that a valid document uses, in its text or in its variables, once."""
    operation = measured.operation
    if operation is None or measured.variables is None:  # execution reports the error
        return
    used, kinds = uses_of(text, operation.name.value if operation.name else "")
    sent = variables or {}
    more = [each for name, kind in kinds.items() for each in used_in_value(kind, sent.get(name))]
    for each in used.union(more):
        counted[each.name, Source.GRAPHQL].inc()


@lru_cache(KEPT)
def uses_of(text: str, operation_name: str) -> tuple[frozenset[Deprecation], dict[str, Any]]:
    """The deprecated elements that an operation's text uses, and the types of the variables whose values may use more.

    The types are by variable. A field under @skip counts as used: without it in the schema, the document is invalid.
    """
    uses = Uses(TypeInfo(graphql_schema()))
    visit(separate_operations(parse_tokens(text))[operation_name], TypeInfoVisitor(uses.info, uses))
    return frozenset(uses.found), uses.kinds


class Uses(Visitor):
    """Collects the entries of deprecated elements in a document, and the types of its variables that have entries."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.found: set[Deprecation] = set()
        self.kinds: dict[str, Any] = {}

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        kind = get_named_type(self.info.get_input_type())
        if has_entries(kind):
            self.kinds[node.variable.name.value] = kind

    def enter_field(self, *_: Any) -> None:
        self.found.update(entry_of(self.info.get_field_def()))

    def enter_argument(self, *_: Any) -> None:
        self.found.update(entry_of(self.info.get_argument()))

    def enter_enum_value(self, *_: Any) -> None:
        self.found.update(entry_of(self.info.get_enum_value()))

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        kind: Any = get_named_type(self.info.get_parent_input_type())
        self.found.update(entry_of(getattr(kind, "fields", {}).get(node.name.value)))


def has_entries(kind: Any, within: tuple[Any, ...] = ()) -> bool:
    """Whether a value of this named type may use a deprecated element."""
    if is_enum_type(kind):
        return any(map(entry_of, kind.values.values()))
    if not is_input_object_type(kind) or kind in within:
        return False
    fields = kind.fields.values()
    return any(entry_of(each) or has_entries(get_named_type(each.type), (*within, kind)) for each in fields)


def used_in_value(kind: Any, value: Any) -> Iterator[Deprecation]:
    """The entries that a variable's value uses, at any depth. `kind`: the named type of the value or its items."""
    if isinstance(value, list):
        for item in value:
            yield from used_in_value(kind, item)
    elif is_enum_type(kind):
        yield from entry_of(kind.values.get(value))
    elif is_input_object_type(kind) and isinstance(value, dict):
        for name, inner in value.items():
            yield from entry_of(kind.fields[name])
            yield from used_in_value(get_named_type(kind.fields[name].type), inner)


def entry_of(element: Any) -> Iterable[Deprecation]:
    """The entry of a schema element, if it has one."""
    entry = element and element.extensions.get(EXTENSION)
    return (entry,) if entry else ()
