"""What can be read."""

from datetime import datetime
from enum import StrEnum

import django_filters
import graphene
from django.utils.translation import gettext as _
from graphql.execution.collect_fields import collect_sub_fields

from graphql_api.batches import wanted
from graphql_api.core.connections import PAGE_ARGUMENTS, connection, page_values
from graphql_api.core.costs import Argument, FieldCost
from graphql_api.types import DateTime, Node, Profile, ProfileConnection, one_enum, show
from profiles.core.filters import MomentFilter
from profiles.core.listing import list_rows
from profiles.core.outcomes import Outcome, Refused
from profiles.core.policy import Action
from profiles.filters import ProfileFilter
from profiles.models import Profile as ProfileRow
from profiles.policy import policy
from profiles.resource import PROFILES, SEARCH_OPERATIONS
from profiles.serializers import ProfileSerializer


def load(info, rows, action=Action.VIEW):
    """The one profile of these rows, if the caller may do this action to it. Raises `Refused`."""
    actor = info.context.actor
    return policy.require(actor, action, rows.visible_to(actor).first())


FILTER_TYPES = {
    django_filters.CharFilter: graphene.String,
    django_filters.ChoiceFilter: one_enum(ProfileSerializer().fields["visibility"]),
    MomentFilter: DateTime,
    django_filters.TypedChoiceFilter: graphene.Boolean,
}

ProfileFilterInput = type(
    "ProfileFilterInput",
    (graphene.InputObjectType,),
    {name: FILTER_TYPES[type(each)](description=each.label) for name, each in ProfileFilter.base_filters.items()},
)


def order_name(ordering):
    """`-created_at` as an enum's name: CREATED_AT_DESC."""
    field = ordering.removeprefix("-").upper()
    return f"{field}_DESC" if ordering.startswith("-") else field


ProfileOrder = graphene.Enum.from_enum(StrEnum("ProfileOrder", {order_name(name): name for name in PROFILES.orderings}))


def as_text(value):
    """A filter's value as a query string has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else value and str(value)


def asks_for(info, name):
    """Whether the selection of this field names another one, fragments included."""
    variables = info.variable_values
    parent = info.schema.type_map["ProfileConnection"]
    nodes = collect_sub_fields(info.schema, info.fragments, variables, parent, info.field_nodes)
    return any(node.name.value == name for group in nodes.values() for node in group)


class Query(graphene.ObjectType):
    """Reads: each is null beside a top-level error where it can't be answered."""

    profile = graphene.Field(
        Profile,
        id=graphene.ID(description="Its global id."),
        pk=graphene.Int(description="Its key."),
        username=graphene.String(description="Its username, in any case."),
        description="A profile, by exactly one of id, pk and username.",
    )
    profiles = graphene.Field(
        graphene.NonNull(ProfileConnection),
        **PAGE_ARGUMENTS,
        search=Argument(
            graphene.String,
            description=PROFILES.list_query().fields["search"].help_text,
            cost=FieldCost(operations=SEARCH_OPERATIONS, rows=50),
        ),
        filter=ProfileFilterInput(description="Those that pass all of these."),
        order_by=ProfileOrder(description=PROFILES.list_query().fields["ordering"].help_text),
        description="The profiles that you may see, by pages.",
    )
    me = graphene.Field(Profile, description="The caller's own profile.")
    node = graphene.Field(Node, id=graphene.ID(required=True), description="Whatever has this global id.")

    def resolve_profile(root, info, id=None, pk=None, username=None):
        if [id, pk, username].count(None) != 2:
            raise Refused(Outcome.BAD_REQUEST, _("Give exactly one of id, pk and username."))
        return show(info, wanted(info, id=id, pk=pk, username=username))

    def resolve_profiles(root, info, filter=None, search=None, order_by=None, **page):
        given = {"search": search, "ordering": order_by and str(order_by), "count": asks_for(info, "totalCount")}
        filters = {name: as_text(value) for name, value in (filter or {}).items()}
        values = {**filters, **page_values(**page), **{k: v for k, v in given.items() if v is not None}}
        actor = info.context.actor
        rows, count = list_rows(PROFILES, ProfileRow.objects.visible_to(actor), actor, values)
        result = connection(ProfileConnection, rows, [show(info, row) for row in rows.rows])
        result.total_count = count
        return result

    def resolve_me(root, info):
        return show(info, load(info, ProfileRow.objects.owned_by(info.context.actor)))

    def resolve_node(root, info, id):
        return show(info, wanted(info, id=id))
