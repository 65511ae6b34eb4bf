"""The GraphQL types of all resources, and the fields that only a profile has."""

from typing import Any, cast

import graphene

from graphql_api.core.context import Info
from graphql_api.core.costs import A_PAGE, Field, FieldCost
from graphql_api.core.resources import Types
from graphql_api.core.types import derived, made
from profiles import exports
from profiles.core.models import Source
from profiles.core.policy import require_operation
from profiles.core.resources import resources
from profiles.identity.operations import OPERATIONS, Operation
from profiles.policy import AccountAction, policy
from profiles.resource import PROFILES


class ProfileExport(graphene.ObjectType):
    """An export of an account. REST streams it, because its size is unlimited."""

    url = graphene.String(
        required=True,
        description="A JSON document; fetch it by GET with the same Authorization. One export of an account at a time, "
        "and a few per day.",
    )


def member(operation: Operation) -> Field:
    """The field of `Profile` for an identity operation that lists an account's items, such as sessions."""
    output: Any = operation.output
    fields = output().fields
    shown = {name for name, field in fields.items() if not field.allow_null}
    kind = made(output.__name__, output.__doc__, derived(fields, required=shown), graphene.ObjectType)

    def resolve(shown: Any, info: Info) -> Any:
        actor, request = info.context.actor, info.context.request
        require_operation(actor, operation.name)
        row = policy.require(actor, cast(AccountAction, operation.action), shown.row)
        return operation.perform(request, row, Source.GRAPHQL)["results"]

    return Field(
        graphene.List(graphene.NonNull(kind)),
        description=f"{operation.title}: REST's {operation.method} {operation.path}/. For the owner only.",
        resolver=resolve,
        cost=FieldCost(rows=A_PAGE),
    )


class AccountMembers:
    export = graphene.Field(
        ProfileExport,
        description="URL of an export of all data about the account. For its owner and staff.",
    )

    def resolve_export(shown: Any, info: Info) -> ProfileExport:
        require_operation(info.context.actor, "exportProfile")
        row = policy.require(info.context.actor, AccountAction.EXPORT, shown.row)
        return ProfileExport(url=info.context.request.build_absolute_uri(exports.path_of(row)))


LISTS = {operation.member: member(operation) for operation in OPERATIONS if operation.is_list}
PROFILE = Types(PROFILES, type("ProfileMembers", (AccountMembers,), LISTS))
OTHERS = [Types(resource) for resource in resources(but=PROFILES)]
