"""Plans: each makes an object of a response, with the selection below it, in one step.

graphql-core resolves, completes and locates each field of each object with about ten Python calls: 8 to 16 µs. A plan
is compiled once for a type and a selection, and then makes the object with three calls for each field: 1 µs. It covers
leaves, objects of one type, and lists of either, if their resolvers are plain. graphql-core executes any other object;
objects below that one have their own plans.

A plan makes the object that graphql-core would make, or raises: for a null in a non-null field, an exception, an object
of another type, or too many bytes. graphql-core then executes the object again and makes the error, so a plain resolver
must have no side effects. graphql-core also collects the fields. `tests/graphql_api/core/test_plans.py` compares the
responses of both.

Plans are cached on their parsed operation and take as much memory as it does. `limits.py` limits the number of parsed
operations. A plan holds names and resolvers, and no data of a caller.
"""

import json
from collections.abc import Callable
from functools import partial
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from graphene.types.generic import GenericScalar
from graphene.types.resolver import dict_or_attr_resolver
from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLID,
    GraphQLLeafType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from graphql_api.core.costs import A_NAME

A_NUMBER = 5  # bytes: a number, true or false
CHOICES = 2  # combinations of @skip and @include variables whose plans are cached for each operation
KEEP_A_TEXT = {GraphQLString.serialize, GraphQLID.serialize, GenericScalar.serialize, str}  # return a str unchanged

Fields: TypeAlias = dict[str, list[FieldNode]]
"""The selected fields of an object, by response name."""

Collect: TypeAlias = Callable[[GraphQLObjectType, list[FieldNode]], Fields]
"""`ExecutionContext.collect_subfields`."""

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


class Caller(NamedTuple):
    """The `info` of a plain resolver."""

    context: Any


class Run(Protocol):
    """The part of an execution that plans use."""

    left: int  # bytes left for the response
    caller: Caller

    def give_way(self) -> None:
        """Called before each object of a list."""


Plan: TypeAlias = Callable[[Any, Run], dict[str, Any]]
"""Makes the response's object from its source."""

Read: TypeAlias = Callable[[Any, Run], Any]
"""Makes a field's response value from the source of its object."""

Complete: TypeAlias = Callable[[Any, Run], Any]
"""Makes a field's response value from its resolver's result."""


class Failed(Exception):
    """Raised by a plan to have graphql-core execute the object."""


def plain(resolver: Resolver) -> Resolver:
    """Mark a resolver or `is_type_of` that uses only its object and `info.context`, and has no side effects."""
    resolver.is_plain = True  # type: ignore[attr-defined]
    return resolver


def is_plain(resolver: Any) -> bool:
    """Whether a resolver is marked as plain or is graphene's default resolver, which reads an attribute."""
    function = resolver.func if isinstance(resolver, partial) else resolver
    return function is dict_or_attr_resolver or getattr(function, "is_plain", False)


@plain
def resolve_field(name: str, default: Any, source: Any, info: Any) -> Any:
    """A default resolver (graphene's `default_resolver`), of objects with a method `field` that takes a name."""
    return source.field(name)


def bound_to(default_resolver: Any, resolver: Any) -> tuple[str, Any] | None:
    """The name and the default value that graphene has bound to this default resolver; None for another resolver."""
    return resolver.args if isinstance(resolver, partial) and resolver.func is default_resolver else None


class Plans:
    """The plans of an operation for one combination of @skip and @include variables."""

    def __init__(self) -> None:
        self.subfields: dict[Any, Fields] = {}  # as graphql-core collects them
        self.made: dict[int, tuple[Fields, Plan | None]] = {}  # by the identity of the fields

    def of_object(self, kind: GraphQLObjectType, fields: Fields, collect: Collect) -> Plan | None:
        """The plan of an object of this type; None if a plan does not cover one of the selected fields."""
        made = self.made.get(id(fields))
        if made is None:
            made = self.made[id(fields)] = fields, self._make(kind, fields, collect)
        return made[1]

    def _make(self, kind: GraphQLObjectType, fields: Fields, collect: Collect) -> Plan | None:
        readers, size = [], size_of_names(fields)
        for name, nodes in fields.items():
            if nodes[0].name.value == "__typename":
                readers.append((name, constant(kind.name)))
                size += size_of(kind.name)
            elif reader := self._reader(kind, nodes, collect):
                readers.append((name, reader))
            else:
                return None
        return plan_of(readers, size)

    def _reader(self, parent: GraphQLObjectType, nodes: list[FieldNode], collect: Collect) -> Read | None:
        """The function that makes a field's value from its object, or None."""
        definition = parent.fields.get(nodes[0].name.value)
        if not definition or definition.args or not is_plain(definition.resolve):
            return None
        resolve, complete = definition.resolve, self._complete(definition.type, nodes, collect)
        if not complete:
            return None
        if bound := bound_to(dict_or_attr_resolver, resolve):
            return attribute_of(*bound, complete)
        if keeps_texts(definition.type) and (bound := bound_to(resolve_field, resolve)):
            return text_of(bound[0], complete)
        return field_of(resolve, complete)

    def _complete(self, declared: GraphQLOutputType, nodes: list[FieldNode], collect: Collect) -> Complete | None:
        """The function that makes a value of this type from a resolver's result, or None."""
        is_required = is_non_null_type(declared)
        kind: Any = nullable(declared)
        if is_leaf_type(kind):
            return leaf_of(kind, is_required)
        if is_list_type(kind):
            complete = self._complete(kind.of_type, nodes, collect)
            return complete and list_of(complete, is_required, gives_way=is_object_type(nullable(kind.of_type)))
        if is_object_type(kind) and (kind.is_type_of is None or is_plain(kind.is_type_of)):
            plan = self.of_object(kind, collect(kind, nodes), collect)
            return plan and object_of(plan, kind.is_type_of, is_required)
        return None


def plans_of(operation: OperationDefinitionNode, variables: dict[str, Any]) -> Plans:
    """An operation's plans, cached on its syntax tree.

    Plans depend only on Boolean variables, because @skip and @include take no others.
    """
    kept: dict[Any, Plans] = vars(operation).setdefault("plans", {})
    choice = tuple(each for each in variables.items() if isinstance(each[1], bool))
    plans = kept.get(choice)
    if plans is None:
        if len(kept) >= CHOICES:
            kept.clear()
        plans = kept[choice] = Plans()
    return plans


# Parts of plans: functions of a resolver's result or of a field's object


def plan_of(readers: list[tuple[str, Read]], size: int) -> Plan:
    """The plan of an object. `size`: bytes that are the same in each object, of the names and `__typename`."""

    def plan(source: Any, run: Run) -> dict[str, Any]:
        run.left -= size
        if run.left < 0:
            raise Failed
        values = {}
        for name, read in readers:
            values[name] = read(source, run)
        return values

    return plan


def field_of(resolve: Any, complete: Complete) -> Read:
    return lambda source, run: complete(resolve(source, run.caller), run)


def attribute_of(name: str, default: Any, complete: Complete) -> Read:
    """`field_of` for graphene's default resolver: saves three calls."""

    def read(source: Any, run: Run) -> Any:
        found = source.get(name, default) if isinstance(source, dict) else getattr(source, name, default)
        return complete(found, run)

    return read


def text_of(name: str, complete: Complete) -> Read:
    """`field_of` for `resolve_field` and a type of `keeps_texts`, as most fields are: saves three calls."""

    def read(source: Any, run: Run) -> Any:
        found = source.field(name)
        if type(found) is not str:
            return complete(found, run)
        run.left -= len(encode_basestring_ascii(found))
        return found

    return read


def constant(value: Any) -> Read:
    return lambda source, run: value


def object_of(plan: Plan, is_type_of: Callable[..., Any] | None, is_required: bool) -> Complete:
    def complete(found: Any, run: Run) -> Any:
        if found is None or found is Undefined:
            return null(is_required)
        if isinstance(found, Exception) or (is_type_of and not is_type_of(found, run.caller)):
            raise Failed
        return plan(found, run)

    return complete


def list_of(complete_item: Complete, is_required: bool, *, gives_way: bool) -> Complete:
    def complete(found: Any, run: Run) -> Any:
        if found is None or found is Undefined:
            return null(is_required)
        if not isinstance(found, list | tuple):
            raise Failed
        items = []
        for item in found:
            if gives_way:
                run.give_way()
            items.append(complete_item(item, run))
        return items

    return complete


def leaf_of(kind: GraphQLLeafType, is_required: bool) -> Complete:
    """Complete a scalar or an enum. The results of `serialize` are precomputed for an enum's strings."""
    serialize: Callable[[Any], Any] = kind.serialize
    texts = texts_of(kind)

    def complete(found: Any, run: Run) -> Any:
        if found is None or found is Undefined:
            return null(is_required)
        if isinstance(found, Exception):
            raise Failed
        value = serialize(found)
        if value is None or value is Undefined:
            raise Failed
        run.left -= size_of(value)
        return value

    def complete_enum(found: Any, run: Run) -> Any:
        value = texts.get(found) if type(found) is str else None
        if value is None:
            return complete(found, run)
        run.left -= len(value) + 2
        return value

    return complete_enum if texts else complete


def keeps_texts(kind: GraphQLOutputType) -> bool:
    """Whether a field of this type returns a str unchanged."""
    return is_leaf_type(nullable(kind)) and nullable(kind).serialize in KEEP_A_TEXT


def nullable(kind: GraphQLOutputType) -> Any:
    """A type without its `!`."""
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


def texts_of(kind: GraphQLLeafType) -> dict[str, str]:
    """The results of an enum's `serialize`, by string value."""
    values = [each.value for each in kind.values.values()] if isinstance(kind, GraphQLEnumType) else []
    return {str(value): kind.serialize(str(value)) for value in values if isinstance(value, str)}


def null(is_required: bool) -> None:
    if is_required:
        raise Failed


def size_of_names(fields: Fields) -> int:
    """The bytes of an object's names in a response."""
    return sum(map(len, fields)) + A_NAME * len(fields)


def size_of(value: Any) -> int:
    """The bytes of a leaf in a response."""
    if isinstance(value, str):
        return len(encode_basestring_ascii(value))
    return len(json.dumps(value)) if isinstance(value, dict | list) else A_NUMBER
