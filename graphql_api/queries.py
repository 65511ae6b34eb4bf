"""What can be read."""

import graphene

from graphql_api.types import Node, Profile, show
from profiles import policy
from profiles.models import Profile as ProfileRow
from profiles.outcomes import Outcome, Refused
from profiles.policy import Action


def load(info, rows, action=Action.VIEW):
    """The one profile of these rows, if the caller may do this action to it. Raises `Refused`."""
    actor = info.context.auth
    profile = rows.visible_to(actor).first()
    if profile is None:
        raise policy.unseen(actor)
    policy.require(actor, action, profile)
    return profile


class Query(graphene.ObjectType):
    """Reads: each is null beside a top-level error where it can't be answered."""

    profile = graphene.Field(
        Profile,
        id=graphene.ID(description="Its global id."),
        pk=graphene.Int(description="Its key."),
        username=graphene.String(description="Its username, in any case."),
        description="A profile, by exactly one of id, pk and username.",
    )
    me = graphene.Field(Profile, description="The caller's own profile.")
    node = graphene.Field(Node, id=graphene.ID(required=True), description="Whatever has this global id.")

    def resolve_profile(root, info, id=None, pk=None, username=None):
        if [id, pk, username].count(None) != 2:
            raise Refused(Outcome.BAD_REQUEST, "Give exactly one of id, pk and username.")
        rows = ProfileRow.objects
        if id is not None:
            rows = rows.with_node_id(id)
        elif pk is not None:
            rows = rows.with_key(str(pk))
        else:
            rows = rows.named(username)
        return show(info, load(info, rows))

    def resolve_me(root, info):
        return show(info, load(info, ProfileRow.objects.owned_by(info.context.auth)))

    def resolve_node(root, info, id):
        return show(info, load(info, ProfileRow.objects.with_node_id(id)))
