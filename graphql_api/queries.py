"""The schema's queries."""

from typing import Any

import graphene
from django.utils.translation import gettext as _

from graphql_api.core.context import Info
from graphql_api.core.costs import Field, FieldCost
from graphql_api.core.loading import node_key, wanted
from graphql_api.core.resources import Shown, load, show
from graphql_api.core.types import Node
from graphql_api.types import OTHERS, PROFILE
from profiles.core.outcomes import Outcome, Refused
from profiles.core.resources import MOST_READS
from profiles.resource import PROFILES


class Reads:
    me = graphene.Field(PROFILE.type, description="The caller's profile.")
    node = graphene.Field(
        Node, id=graphene.ID(required=True, description="Its global id."), description="The object with this global id."
    )

    nodes = Field(
        graphene.List(Node),
        required=True,
        ids=graphene.List(graphene.NonNull(graphene.ID), required=True, description=f"At most {MOST_READS}."),
        description="The objects with these global ids, in order; null, with a top-level error, for one that cannot be "
        "read. Each counts as one operation.",
        cost=FieldCost(each="ids"),
    )

    def resolve_me(root: Any, info: Info) -> Shown:
        own = info.context.actor.profile
        return show(info, PROFILES, load(info, PROFILES, own and own.pk))

    def resolve_node(root: Any, info: Info, id: str) -> Shown:
        return show(info, *wanted(info, node_key(id)))

    def resolve_nodes(root: Any, info: Info, ids: list[str]) -> list[Shown | Refused]:
        if len(ids) > MOST_READS:
            raise Refused(Outcome.BAD_REQUEST, _("Request at most {most} ids at once.").format(most=MOST_READS))
        return [Reads.found(info, node_id) for node_id in ids]

    @staticmethod
    def found(info: Info, node_id: str) -> Shown | Refused:
        """The row of a global id, or a refusal, which graphql-core reports as the error of this list item."""
        try:
            return Reads.resolve_node(None, info, node_id)
        except Refused as refused:
            return refused


class Query(*[types.queries() for types in OTHERS], Reads, PROFILE.queries(), graphene.ObjectType):
    """Reads. A field that cannot be read is null, with a top-level error."""
