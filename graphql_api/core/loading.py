"""Rows that a document requests by key, loaded together with one statement per resource."""

from collections import defaultdict
from typing import Any

from graphql import FieldNode, GraphQLError
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values

from graphql_api.core.context import Info
from profiles.core.models import parse_key, parse_node_id
from profiles.core.policy import Action, require_operation, unseen
from profiles.core.resources import MOST_READS, Resource, registered, resources

Key = tuple[Resource, Any]
"""Lookup key of a row: its resource, and its primary key or its other key."""


def wanted(info: Info, key: Key | None) -> tuple[Resource, Any]:
    """The resource and the row of this key.

    Raises `Refused`: the caller's token does not allow the read, or the row is absent or not visible to the caller.
    """
    actor, asked_for = info.context.actor, info.context.once(load_all, lambda: load_all(info))
    if key is None:
        raise unseen(actor)
    resource, _ = key
    require_operation(actor, resource.get_operation)
    return resource, resource.policy.require(actor, Action.VIEW, asked_for.get(key))


def load_all(info: Info) -> dict[Key, Any]:
    """The rows by key that this document's root fields request and the caller may see."""
    selections = collect_fields(
        info.schema, info.fragments, info.variable_values, info.parent_type, info.operation.selection_set
    )
    asked = defaultdict(set)
    for nodes in selections.values():
        for resource, key in filter(None, keys_of(info, nodes[0])):
            asked[resource].add(key)
    actor = info.context.actor
    found: dict[Key, Any] = {}
    for resource, keys in asked.items():
        rows = resource.model.objects.visible_to(actor).for_reader(actor)
        for row in rows.each(resource.condition_of(keys), len(keys), resource.columns(related=True)):
            found |= {(resource, key): row for key in resource.keys_of(row)}
    return found


def keys_of(info: Info, node: FieldNode) -> list[Key | None]:
    """The keys that a root field requests. Invalid arguments give none, because the field's execution refuses them."""
    name = node.name.value
    resource = next((each for each in resources() if each.field == name), None)
    if resource is None and name not in ("node", "nodes"):
        return []
    try:
        arguments = get_argument_values(info.parent_type.fields[name], node, info.variable_values)
    except GraphQLError:
        return []
    if resource:
        return [key_of(resource, **arguments)]
    return [node_key(each) for each in arguments.get("ids", [arguments.get("id", "")])[:MOST_READS]]


def node_key(node_id: str) -> Key | None:
    """The lookup key in a Relay global id of any resource; None for any other text."""
    name, pk = parse_node_id(node_id) or ("", None)
    resource = registered(name)
    return (resource, pk) if resource else None


def key_of(resource: Resource, id: str | None = None, pk: int | None = None, **other: str | None) -> Key | None:
    """The lookup key in a root field's arguments; None if no row can have them."""
    if id is not None:
        key: Any = resource.model.key_of(id)
    elif pk is not None:
        key = parse_key(str(pk))
    else:
        key = resource.other_key and resource.other_key.parse(other.get(resource.other_key.name) or "")
    return None if key is None else (resource, key)
