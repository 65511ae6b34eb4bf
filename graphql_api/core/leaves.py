"""Objects of which only plain leaves are selected, made in one step.

graphql-core resolves, completes and locates each field of each object by some ten calls of Python. For a field whose
resolver needs nothing but its object, and whose value is a scalar, an enum or a list of these, one call of the resolver
and one of `serialize` give the same. What goes wrong here, a null that can't be or an exception, is left to
graphql-core, which executes the object again and makes the error; `tests/graphql_api/core/test_leaves.py` compares.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from graphql import (
    FieldNode,
    GraphQLObjectType,
    Undefined,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


def plain(resolver: Resolver) -> Resolver:
    """Mark a resolver of a leaf that reads its object alone: it is called with None for `info`."""
    resolver.is_plain = True  # type: ignore[attr-defined]
    return resolver


class Leaf(NamedTuple):
    """A selected field: its name in the response, and what makes its value of an object."""

    name: str
    resolve: Callable[[Any, None], Any]
    serialize: Callable[[Any], Any]
    is_list: bool
    is_required: bool

    def value(self, source: Any) -> Any:
        """The field's value in the response. Raises whatever there is to be said by graphql-core."""
        found = self.resolve(source, None)
        if found is None:
            if self.is_required:
                raise ValueError("null")
            return None
        if self.is_list:
            return [self.completed(each) for each in found]
        return self.completed(found)

    def completed(self, found: Any) -> Any:
        value = self.serialize(found)
        if value is None or value is Undefined:
            raise ValueError("no value")
        return value


def leaves_of(parent: GraphQLObjectType, fields: dict[str, list[FieldNode]]) -> list[Leaf] | None:
    """The leaves that are selected of an object of this type; None where anything else is selected too."""
    leaves = []
    for name, nodes in fields.items():
        definition = parent.fields.get(nodes[0].name.value)
        resolve: Any = definition and definition.resolve
        if not definition or not getattr(getattr(resolve, "func", resolve), "is_plain", False):
            return None
        kind: Any = get_nullable_type(definition.type)
        is_list = is_list_type(kind)
        item: Any = get_nullable_type(kind.of_type) if is_list else kind
        if not is_leaf_type(item):
            return None
        leaves.append(Leaf(name, resolve, item.serialize, is_list, is_non_null_type(definition.type)))
    return leaves
