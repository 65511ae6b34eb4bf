"""The GraphQL types of the resources, and what a profile's has beside what any resource's has."""

from typing import Any

import graphene

from graphql_api.core.context import Info
from graphql_api.core.resources import Types
from profiles import exports
from profiles.core.resources import resources
from profiles.policy import AccountAction, policy
from profiles.resource import PROFILES


class ProfileExport(graphene.ObjectType):
    """An export of an account. It has no bound on its size, so it is REST's to stream."""

    url = graphene.String(
        required=True,
        description="Fetch it by GET, with the same Authorization: a JSON document. An account is exported once at a "
        "time, and a few times a day.",
    )


class ProfileMembers:
    export = graphene.Field(
        ProfileExport,
        description="Where everything that is held about the account can be fetched. For its owner and staff.",
    )

    def resolve_export(shown: Any, info: Info) -> ProfileExport:
        row = policy.require(info.context.actor, AccountAction.EXPORT, shown.row)
        return ProfileExport(url=info.context.request.build_absolute_uri(exports.path_of(row)))


PROFILE = Types(PROFILES, ProfileMembers)
OTHERS = [Types(resource) for resource in resources(but=PROFILES)]
