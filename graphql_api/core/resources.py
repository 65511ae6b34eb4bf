"""GraphQL types, queries and mutations of any resource, generated from its declaration."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache, cached_property
from typing import Any, cast

import django_filters
import graphene
from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from graphene.utils.str_converters import to_camel_case
from graphql import FieldNode
from graphql.execution.collect_fields import collect_sub_fields
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from graphql_api.core.connections import PAGE_ARGUMENTS, Connection, connection, page_values
from graphql_api.core.context import Info
from graphql_api.core.costs import Argument, Field, FieldCost
from graphql_api.core.loading import key_of, wanted
from graphql_api.core.plans import bound_to, plain, resolve_field
from graphql_api.core.types import (
    DateTime,
    FieldChange,
    InputMutation,
    Node,
    derived,
    error_list,
    error_type,
    input_errors,
    made,
    one_enum,
)
from profiles.core.filters import MomentFilter, field_of
from profiles.core.histories import read_history
from profiles.core.idempotency import KEPT
from profiles.core.listing import list_rows
from profiles.core.models import Source
from profiles.core.outcomes import Outcome, Refused
from profiles.core.policy import Action, require_operation
from profiles.core.preconditions import entity_tag
from profiles.core.resources import COUNT_OPERATIONS, Resource, registered
from profiles.core.serializers import ResourceSerializer
from profiles.core.writing import Write, was_deleted

HERE_OTHERWISE = {"id", "node_id", "updated_by", "editable_fields"}  # differ from REST in name, type or spelling
OF_THE_KEY = {"id", "pk", "__typename"}  # need no column but the primary key, which is always read
FILTER_TYPES = {
    django_filters.CharFilter: graphene.String,
    django_filters.BooleanFilter: graphene.Boolean,
    django_filters.TypedChoiceFilter: graphene.Boolean,
    MomentFilter: DateTime,
}


@dataclass(slots=True)
class Shown:
    """A row or a change as resolvers pass it on. `serializer` decides which values the reader sees."""

    row: Any
    serializer: Any

    @property
    def etag(self) -> str:
        return entity_tag({name: self.field(name) for name in self.serializer.names}, self.field("version"))

    def field(self, name: str) -> Any:
        return self.serializer.shown(self.row, name)


def selected(info: Info, kind: Any, nodes: list[FieldNode]) -> dict[str, list[FieldNode]]:
    """The fields that `nodes` select in objects of this type, also by way of fragments: their nodes, by name."""
    fields: dict[str, list[FieldNode]] = {}
    for group in collect_sub_fields(info.schema, info.fragments, info.variable_values, kind, nodes).values():
        fields.setdefault(group[0].name.value, []).extend(group)
    return fields


def serializer_of(info: Info, resource: Resource) -> ResourceSerializer:
    """The serializer of a resource's rows for the caller, one per execution."""
    actor = info.context.actor
    return info.context.once(resource, lambda: resource.serializer(context={"actor": actor}))


def show(info: Info, resource: Resource, row: Any) -> Shown:
    """A row as the caller sees it."""
    return Shown(row, serializer_of(info, resource))


def show_account(info: Info, row: Any) -> Shown:
    """The account that a row refers to. REST needs another read for it, so the token is checked for that read.

    Raises `Refused`: the caller's token does not allow reading accounts.
    """
    require_operation(info.context.actor, account().get_operation)
    return show(info, account(), row)


def load(info: Info, resource: Resource, key: int | None, action: Action = Action.VIEW) -> Any:
    """The row of this key, on which the caller may perform this action. Raises `Refused`."""
    actor = info.context.actor
    row = resource.model.objects.visible_to(actor).one({"pk": key} if key else None)
    return resource.policy.require(actor, action, row)


class Types:
    """The types, queries and mutations of one resource.

    Args:
        resource: the declaration to generate them from.
        members: a mixin with further fields of the resource's type.
    """

    def __init__(self, resource: Resource, members: type | None = None) -> None:
        self.resource, self.name = resource, resource.name
        self.fields = dict(resource.serializer().fields)
        self.error = error_type(self.name)
        self.history = self._history()
        self.type = self._type(members)
        self.connection = connection(
            self.type,
            resource.plural,
            total_count=Field(
                graphene.Int,
                description=f"Number of nodes on all pages. Costs {COUNT_OPERATIONS} more operations.",
                cost=FieldCost(operations=COUNT_OPERATIONS, rows=50),
            ),
        )
        TYPES[self.name] = self

    # Types

    def _type(self, members: type | None) -> Any:
        resource, fields = self.resource, self.fields
        shown = {name: field for name, field in fields.items() if name not in HERE_OTHERWISE}
        about = f"Changes, newest first. {resource.about_history}".strip()
        model = resource.model

        class Common:
            pk = graphene.Int(required=True, description="Key. REST's `id`.")
            updated_by = graphene.Field(account_type, description=fields["updated_by"].help_text)
            editable_fields = graphene.List(
                graphene.NonNull(graphene.String), required=True, description=fields["editable_fields"].help_text
            )
            etag = graphene.String(required=True, description="Entity tag, for `ifMatch` and for REST's If-Match.")
            history = graphene.Field(lambda: self.history, **PAGE_ARGUMENTS, description=about)

            @plain
            def is_type_of(shown: Any, info: Info) -> bool:
                return shown.serializer.Meta.model is model

            @plain
            def resolve_id(shown: Any, info: Info) -> Any:
                return shown.row.node_id

            @plain
            def resolve_pk(shown: Any, info: Info) -> Any:
                return shown.row.pk

            @plain
            def resolve_updated_by(shown: Any, info: Info) -> Shown | None:
                return shown.field("updated_by") and show_account(info, shown.row.updated_by)

            @plain
            def resolve_editable_fields(shown: Any, info: Info) -> list[str]:
                return [to_camel_case(name) for name in shown.field("editable_fields")]

            @plain
            def resolve_etag(shown: Any, info: Info) -> Any:
                return shown.etag

            def resolve_history(shown: Any, info: Info, **arguments: Any) -> Any:
                actor = info.context.actor
                require_operation(actor, resource.history_operation)
                page = read_history(resource.changes, shown.row, actor, page_values(**arguments))
                serializer = resource.change_serializer(context={"actor": actor, "row": shown.row})
                return Connection(page, [Shown(change, serializer) for change in page.rows])

        class Meta:
            interfaces = (Node,)
            default_resolver = resolve_field

        return made(
            self.name,
            f"{resource.description} Fields that you cannot see are null.",
            *([members] if members else []),
            Common,
            derived(shown, required=fields.keys() & resource.policy.always_shown),
            graphene.ObjectType,
            Meta=Meta,
            serializer_fields=fields,
        )

    def _history(self) -> Any:
        """The connection type of the resource's history."""
        fields = dict(self.resource.change_serializer().fields)
        shown = {name: field for name, field in fields.items() if name not in ("actor", "changes")}

        class Common:
            serializer_fields = fields
            actor = graphene.Field(account_type, description=fields["actor"].help_text)
            changes = Field(
                graphene.List(graphene.NonNull(FieldChange)),
                required=True,
                description=fields["changes"].help_text,
                # An average, so that a page of 100 passes as it does over REST. Execution limits the bytes.
                cost=FieldCost(size=4),
            )

            @plain
            def resolve_actor(shown: Any, info: Info) -> Shown | None:
                return shown.field("actor") and show_account(info, shown.row.actor)

            @plain
            def resolve_changes(shown: Any, info: Info) -> list[dict[str, Any]]:
                return [
                    {"field": to_camel_case(field["field"]), "before": field["from"], "after": field["to"]}
                    for field in shown.field("changes")
                ]

        class Meta:
            default_resolver = resolve_field

        change = made(
            self.resource.changes.__name__,
            f"A change of a {self.resource.noun}.",
            Common,
            derived(shown, required={"version", "at", "source"}),
            graphene.ObjectType,
            Meta=Meta,
        )
        return connection(change, "changes")

    # Queries

    def queries(self) -> Any:
        """A mixin with the query fields of one row and of the list."""
        resource, other = self.resource, self.resource.other_key
        keys = ["id", "pk", *([other.name] if other else [])]
        exactly_one = f"exactly one of {', '.join(keys[:-1])} and {keys[-1]}"
        one = graphene.Field(
            self.type,
            id=graphene.ID(description="Its global id."),
            pk=graphene.Int(description="Its key."),
            **({other.name: graphene.String(description=other.help_text)} if other else {}),
            description=f"A {resource.noun}, by {exactly_one}.",
        )

        def resolve_one(root: Any, info: Info, **given: Any) -> Shown:
            given = {name: value for name, value in given.items() if value is not None}
            if len(given) != 1:
                message = _("Give exactly one of {others} and {last}.")
                message = message.format(others=", ".join(keys[:-1]), last=keys[-1])
                raise Refused(Outcome.BAD_REQUEST, message)
            return show(info, *wanted(info, key_of(resource, **given)))

        texts = resource.list_query().fields
        search = resource.search and Argument(
            graphene.String,
            description=texts["search"].help_text,
            cost=FieldCost(operations=resource.search.operations, rows=50),
        )
        filters = self._filters()
        arguments = {
            "search": search,
            "filter": filters and filters(description="Filters, all of which apply."),
            "order_by": self._order()(description=texts["ordering"].help_text),
        }
        several = graphene.Field(
            graphene.NonNull(self.connection),
            **PAGE_ARGUMENTS,
            **{name: argument for name, argument in arguments.items() if argument},
            description=f"The {resource.plural} that you can see, in pages.",
        )

        def resolve_several(
            root: Any,
            info: Info,
            filter: dict[str, Any] | None = None,
            search: str | None = None,
            order_by: Any = None,
            **page: Any,
        ) -> Any:
            on_page = selected(info, info.schema.type_map[self.connection.__name__], info.field_nodes)
            given = {"search": search, "ordering": order_by and str(order_by), "count": "totalCount" in on_page}
            filters = {name: as_text(value) for name, value in (filter or {}).items()}
            values = {**filters, **page_values(**page), **{k: v for k, v in given.items() if v is not None}}
            actor = info.context.actor
            visible = resource.model.objects.visible_to(actor).for_reader(actor)
            rows, count = list_rows(resource, visible, actor, values, columns=self.columns(info, on_page))
            serializer = serializer_of(info, resource)
            return Connection(rows, [Shown(row, serializer) for row in rows.rows], count)

        return type("Queries", (), {
            resource.field: one,
            f"resolve_{resource.field}": resolve_one,
            resource.plural: several,
            f"resolve_{resource.plural}": resolve_several,
        })  # fmt: skip

    def _filters(self) -> Any:
        """The input type of the list's filters, or None."""
        declared = self.resource.filters.base_filters
        types = {name: self._filter_type(each)(description=each.label) for name, each in declared.items()}
        doc = f"Filters of {self.resource.plural}, all of which apply."
        return made(f"{self.name}FilterInput", doc, graphene.InputObjectType, **types) if types else None

    def _filter_type(self, each: django_filters.Filter) -> Any:
        return FILTER_TYPES.get(type(each)) or one_enum(self.fields[field_of(each)])

    def _order(self) -> Any:
        members = StrEnum(f"{self.name}Order", {order_name(each): each for each in self.resource.orderings})
        doc = f"Orders of {self.resource.plural}."
        return graphene.Enum.from_enum(members, description=lambda member: about_order(member.value) if member else doc)

    def columns(self, info: Info, on_page: dict[str, list[FieldNode]]) -> tuple[str, ...] | None:
        """The columns that the rows of a list need: all of them if a selected field has its own resolver."""
        types: Any = info.schema.type_map
        in_edges = selected(info, types[self.connection.Edge.__name__], on_page.get("edges", []))
        in_rows = selected(info, types[self.name], on_page.get("nodes", []) + in_edges.get("node", []))
        resolvers = [types[self.name].fields[each].resolve for each in in_rows.keys() - OF_THE_KEY]
        bound = [bound_to(resolve_field, resolver) for resolver in resolvers]
        if None in bound:
            return self.resource.columns(related=True)
        return self.resource.columns(sorted(name for name, _ in filter(None, bound)))

    # Mutations

    def mutations(self) -> Any:
        """A mixin with the mutations that create, delete, update and replace one row."""
        made_of = {
            f"create_{self.resource.field}": self.create(),
            f"delete_{self.resource.field}": self.delete(),
            f"update_{self.resource.field}": self.write(Action.UPDATE),
            f"replace_{self.resource.field}": self.write(Action.REPLACE),
        }
        return type("Mutations", (), {field: mutation.Field() for field, mutation in made_of.items()})

    @cached_property
    def writable(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The fields of an input. All are optional in the schema, and the serializer checks the required ones, so that
        both APIs give the same error."""
        return {name: field for name, field in self.fields.items() if not field.read_only}

    @cached_property
    def input(self) -> Any:
        """A mixin with the input fields of a write to one row."""
        members = {
            "id": graphene.ID(required=True, description=f"The {self.resource.noun}'s global id."),
            "version": graphene.Int(description="Precondition: the current version."),
            "if_match": graphene.String(description="Precondition: the current etag, or '*'. Otherwise CONFLICT."),
        }
        return type("Input", (derived(self.writable),), members)

    def errors(self, *texts: str, size: int | None = None) -> Field:
        return error_list(self.error, size or len(self.fields), *texts)

    def answer(self, info: Info, payload: Any, perform: Callable[[], dict[str, Any]]) -> Any:
        """A mutation's payload: the members that `perform` returns, or the errors of the input."""
        try:
            return payload(**perform(), errors=[])
        except ValidationError as error:
            info.context.invalid.add(str(info.path.key))
            return payload(errors=input_errors(self.error, error))

    def mutation(self, name: str, doc: str, given: Any, mutate: Any, **shown: Any) -> Any:
        """A mutation class with an input and a payload (Relay's Input Object Mutations).

        Args:
            name: the verb, such as `Update`.
            doc: the description of the mutation.
            given: a mixin with the input fields.
            mutate: the class method that performs the mutation and returns the payload.
            shown: the payload's fields; by default the row and its errors.
        """
        row = graphene.Field(self.type, description="Current state; null if there are errors.")
        shown = shown or {self.resource.field: row, "errors": self.errors()}
        given = type("Input", (given,), {"idempotency_key": idempotency_key(f"this write to a {self.resource.noun}")})
        members = {"Input": given, "mutate_and_get_payload": classmethod(mutate), **shown}
        return made(f"{name}{self.name}", doc, InputMutation, **members)

    def create(self) -> Any:
        resource = self.resource

        def mutate(payload: Any, root: Any, info: Info, client_mutation_id: str | None = None, **values: Any) -> Any:
            resource.policy.require_create(info.context.actor)
            context = {"write": write_of(info, values)}
            serializer = resource.serializer(data=values, context=context)
            return self.answer(info, payload, lambda: self.saved(info, serializer))

        doc = f"Create a {resource.noun}: REST's POST /{resource.plural}/."
        return self.mutation("Create", doc, derived(self.writable), mutate)

    def write(self, action: Action) -> Any:
        """A mutation of one row: load it from the visible rows, check permission, validate, write."""

        def mutate(
            payload: Any,
            root: Any,
            info: Info,
            id: str,
            client_mutation_id: str | None = None,
            **values: Any,
        ) -> Any:
            row = load(info, self.resource, self.resource.model.key_of(id), action)
            context = {"write": write_of(info, values)}
            serializer = self.resource.serializer(row, data=values, partial=action is Action.UPDATE, context=context)
            return self.answer(info, payload, lambda: self.saved(info, serializer))

        return self.mutation(action.title(), WRITES[action], self.input, mutate)

    def delete(self, also: str = "its history") -> Any:
        """A mutation of one row: load it, check permission, delete. `also`: data that is deleted with it."""

        class Input:
            id = graphene.ID(required=True, description=f"The {self.resource.noun}'s global id.")
            if_match = graphene.String(description="Precondition: the current etag, or '*'. Otherwise CONFLICT.")

        def mutate(payload: Any, root: Any, info: Info, id: str, **others: Any) -> Any:
            model, write = self.resource.model, write_of(info, others)

            def deleted() -> dict[str, Any]:
                key = model.key_of(id)
                if not was_deleted(model, key, write):
                    row = load(info, self.resource, key, Action.DELETE)
                    self.resource.serializer(row, context={"write": write}).delete()
                return {"deleted_id": id}

            return self.answer(info, payload, deleted)

        doc = f"Delete a {self.resource.noun} and {also}: REST's DELETE."
        deleted_id = graphene.ID(description="Global id of the deleted row.")
        errors = self.errors("Errors of the idempotency key. A refusal is a top-level error.")
        return self.mutation("Delete", doc, Input, mutate, deleted_id=deleted_id, errors=errors)

    def saved(self, info: Info, serializer: ResourceSerializer) -> dict[str, Shown]:
        serializer.is_valid(raise_exception=True)
        return {self.resource.field: show(info, self.resource, serializer.save())}


def write_of(info: Info, arguments: dict[str, Any]) -> Write:
    """The `Write` of a mutation. Removes the precondition and the idempotency key from `arguments`."""
    if_match, key = (arguments.pop(name, None) for name in ("if_match", "idempotency_key"))
    return Write(info.context.actor, Source.GRAPHQL, if_match, key=key)


def idempotency_key(write: str) -> graphene.String:
    """The argument for the idempotency key. `write`: the kind of write, for the description."""
    hours = f"{KEPT.total_seconds() / 3600:.0f} hours"
    return graphene.String(
        description=f"A unique name for {write}, such as a UUID. The same input, retried with it within {hours}, is "
        "done once, and the answer shows the current state; of a sign-up, the first answer."
    )


WRITES = {
    Action.UPDATE: "Change the given fields: REST's PATCH.",
    Action.REPLACE: "Set every field; omitted fields are reset to their defaults. REST's PUT.",
}
"""The description of an action's mutation."""

TYPES: dict[str, Types] = {}
"""The types of each resource, by the resource's name."""


@cache
def account() -> Resource:
    """The resource of the user model."""
    return cast(Resource, registered(get_user_model().__name__))


def account_type() -> Any:
    return TYPES[account().name].type


def order_name(ordering: str) -> str:
    """The enum name of an ordering: `CREATED_AT_DESC` for `-created_at`."""
    field = ordering.removeprefix("-").upper()
    return f"{field}_DESC" if ordering.startswith("-") else field


def about_order(ordering: str) -> str:
    """The description of an ordering such as `-created_at`."""
    direction = "descending" if ordering.startswith("-") else "ascending"
    return f"By `{to_camel_case(ordering.removeprefix('-'))}`, {direction}."


def as_text(value: Any) -> str | None:
    """A filter's value as in a query string."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else value and str(value)
