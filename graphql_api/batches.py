"""The profiles that a document asks for one by one, loaded together: one statement for all of them."""

from typing import Any

from graphql import FieldNode, GraphQLError
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values

from graphql_api.core.context import Info
from profiles.core.models import parse_key
from profiles.core.policy import Action
from profiles.models import Profile, comparable_username
from profiles.policy import policy

ASK_FOR_ONE = ("profile", "node")  # fields of the query, by `id`, `pk` or `username`


def wanted(info: Info, **arguments: Any) -> Profile:
    """The profile that these arguments of a root field name. Raises `Refused`: it is not there for the caller."""
    asked_for = info.context.once(load_all, lambda: load_all(info))
    return policy.require(info.context.actor, Action.VIEW, asked_for.get(key_of(**arguments)))


def load_all(info: Info) -> dict[int | str | None, Profile]:
    """Whatever the root fields of this document ask for and the caller may see, by key and by username."""
    selections = collect_fields(
        info.schema, info.fragments, info.variable_values, info.parent_type, info.operation.selection_set
    )
    asked = [
        key for nodes in selections.values() if nodes[0].name.value in ASK_FOR_ONE for key in keys_of(info, nodes[0])
    ]
    keys = [key for key in asked if isinstance(key, int)]
    names = [key for key in asked if isinstance(key, str)]
    if not (keys or names):
        return {}
    found = list(Profile.objects.visible_to(info.context.actor).among(keys, names))
    return {profile.pk: profile for profile in found} | {profile.username.lower(): profile for profile in found}


def keys_of(info: Info, node: FieldNode) -> list[int | str | None]:
    """The key that a root field asks for; none for invalid arguments, which its own execution refuses."""
    try:
        return [key_of(**get_argument_values(info.parent_type.fields[node.name.value], node, info.variable_values))]
    except GraphQLError:
        return []


def key_of(id: str | None = None, pk: int | None = None, username: str | None = None) -> int | str | None:
    """What the profile that is asked for is found by: its key, or its username; None where there is no such."""
    if id is not None:
        return Profile.key_of(id)
    return parse_key(str(pk)) if pk is not None else comparable_username(username or "")
