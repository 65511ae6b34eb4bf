"""What can be read."""

from typing import Any

import graphene

from graphql_api.core.context import Info
from graphql_api.core.loading import node_key, wanted
from graphql_api.core.resources import Shown, load, show
from graphql_api.core.types import Node
from graphql_api.types import OTHERS, PROFILE
from profiles.models import Profile
from profiles.resource import PROFILES


class Reads:
    me = graphene.Field(PROFILE.type, description="The caller's own profile.")
    node = graphene.Field(Node, id=graphene.ID(required=True), description="Whatever has this global id.")

    def resolve_me(root: Any, info: Info) -> Shown:
        return show(info, PROFILES, load(info, PROFILES, Profile.objects.owned_by(info.context.actor)))

    def resolve_node(root: Any, info: Info, id: str) -> Shown:
        return show(info, *wanted(info, node_key(id)))


class Query(*[types.queries() for types in OTHERS], Reads, PROFILE.queries(), graphene.ObjectType):
    """Reads: each is null beside a top-level error where it can't be answered."""
