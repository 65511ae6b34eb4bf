"""Resources: what is served over both APIs, each declared once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import django_filters
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q
from rest_framework import serializers

from profiles.core.actors import Actor
from profiles.core.fields import Choice, Flag, Line
from profiles.core.histories import ChangeSerializer
from profiles.core.models import AbstractChange, ResourceQuerySet
from profiles.core.models import Resource as ResourceModel
from profiles.core.pages import PageQuery
from profiles.core.policy import Policy
from profiles.core.serializers import ResourceSerializer, columns_of

MOST_READS = 10  # rows and lists that a request asks for one by one
COUNT_OPERATIONS = 20
"""The operations that a count adds to a page's one. An operation takes about 7 ms of CPU, in the service and in
PostgreSQL; over 1,000,000 profiles a count adds up to 170 ms."""

BY_TIME: Mapping[str, Sequence[str]] = {
    "created_at": ("created_at", "id"),
    "-created_at": ("-created_at", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}


@dataclass(frozen=True, slots=True)
class Search:
    """How a resource's rows are searched by a text, what that costs in operations, and what a client is told of it."""

    found: Callable[[Any, Actor, str], ResourceQuerySet]
    operations: int
    help_text: str


@dataclass(frozen=True, slots=True)
class OtherKey:
    """Another field that one row is found by.

    Args:
        name: the field's.
        lookup: the query's that finds it, as `username__lower`.
        parse: a text's value as the lookup has it; None where no row has such a value.
        help_text: what a client is told of it.
    """

    name: str
    lookup: str
    parse: Callable[[str], str | None]
    help_text: str


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource, from which both APIs are made.

    Args:
        serializer: its input and its representation; its `Meta.model` names the model, which has the policy.
        plural: its path over REST and its field over GraphQL, as `notes`.
        filters: what its list is filtered by. Each names the model field that it reads.
        orderings: what its list is ordered by: by name, the model fields, the last of them unique.
        search: how it is searched, where it is.
        other_key: what one row is found by beside its primary key.
        about: what it is, in a sentence; the first line of the model's docstring where none is given.
        about_history: what is to be said of its history, in sentences.
    """

    serializer: type[ResourceSerializer]
    plural: str
    filters: type[django_filters.FilterSet] = django_filters.FilterSet
    orderings: Mapping[str, Sequence[str]] = field(default_factory=lambda: BY_TIME)
    search: Search | None = None
    other_key: OtherKey | None = None
    about: str = ""
    about_history: str = ""

    @property
    def model(self) -> type[ResourceModel]:
        return self.serializer.Meta.model

    @property
    def name(self) -> str:
        return self.model.__name__

    @staticmethod
    def ordered_by(fields: Sequence[str]) -> list[str]:
        """The model fields of an ordering."""
        return [field.removeprefix("-").partition("__")[0] for field in fields]

    @property
    def noun(self) -> str:
        """What one row is called in a sentence."""
        return str(self.model._meta.verbose_name)

    @property
    def list_operation(self) -> str:
        """The name of the operation that lists its rows."""
        return f"list{self.plural[0].upper()}{self.plural[1:]}"

    @property
    def get_operation(self) -> str:
        """The name of the operation that reads a row."""
        return f"get{self.name}"

    @property
    def history_operation(self) -> str:
        """The name of the operation that reads a row's history."""
        return f"list{self.name}History"

    @property
    def operations(self) -> dict[str, bool]:
        """The names of its operations, each with whether it writes."""
        reads = (self.list_operation, self.get_operation, self.history_operation)
        writes = (f"{verb}{self.name}" for verb in ("create", "update", "replace", "delete"))
        return {**dict.fromkeys(reads, False), **dict.fromkeys(writes, True)}

    @property
    def field(self) -> str:
        """The name of one row's field over GraphQL."""
        return self.name[0].lower() + self.name[1:]

    @property
    def description(self) -> str:
        return self.about or str(self.model.__doc__).partition("\n")[0]

    def condition_of(self, keys: Collection[Any]) -> Q:
        """The condition of the rows with these keys: numbers are primary keys, texts are other ones."""
        condition = Q(pk__in=[key for key in keys if isinstance(key, int)])
        if self.other_key and (texts := [key for key in keys if isinstance(key, str)]):
            condition |= Q(**{f"{self.other_key.lookup}__in": texts})
        return condition

    def keys_of(self, row: Any) -> list[Any]:
        """The keys of a row, as `condition_of` takes them."""
        return [row.pk, *([self.other_key.parse(getattr(row, self.other_key.name))] if self.other_key else [])]

    @property
    def policy(self) -> Policy[Any]:
        return self.model.policy

    def columns(self, names: Sequence[str] = (), *, related: bool = False) -> tuple[str, ...] | None:
        """The columns that these fields are made of, or all fields: see `serializers.columns_of`."""
        return columns_of(self.serializer, tuple(names) or self.names, related=related)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The fields that are shown of a row."""
        return tuple(self.serializer().names)

    @cached_property
    def changes(self) -> type[AbstractChange]:
        """The model of its history."""
        history: Any = self.model._meta.fields_map["history"]  # its reverse relation
        return cast("type[AbstractChange]", history.related_model)

    @cached_property
    def change_serializer(self) -> type[ChangeSerializer]:
        meta = type("Meta", (ChangeSerializer.Meta,), {"model": self.changes})
        return type(
            f"{self.changes.__name__}Serializer",
            (ChangeSerializer,),
            {"Meta": meta, "__doc__": ChangeSerializer.__doc__},
        )

    @cached_property
    def list_query(self) -> type[PageQuery]:
        """What a client may say of a list beside the filters."""
        of = self.plural
        return type(
            f"{self.name}ListQuery",
            (PageQuery,),
            {
                **(
                    {"search": Line(required=False, max_length=200, help_text=self.search.help_text)}
                    if self.search
                    else {}
                ),
                "ordering": Choice(
                    choices=[(name, "Falling." if name.startswith("-") else "Rising.") for name in self.orderings],
                    required=False,
                    help_text="Field to sort by; `-` for descending. Default: newest first, or last "
                    "changed first if a filter is on that time.",
                ),
                "count": serializers.BooleanField(
                    default=False,
                    error_messages=Flag.default_error_messages,
                    help_text=f"Whether to count the {of} of all pages. Costs as {COUNT_OPERATIONS} more operations.",
                ),
            },
        )

    def extra_operations(self, values: Mapping[str, Any]) -> int:
        """The operations that a list costs in addition to one, by the values that `list_rows` takes."""
        counts = str(values.get("count", "")).lower() in serializers.BooleanField.TRUE_VALUES
        return (self.search.operations if self.search and "search" in values else 0) + COUNT_OPERATIONS * counts


_registered: dict[str, Resource] = {}


def register(resource: Resource) -> Resource:
    """Serve a resource. Raises `ImproperlyConfigured`: another one has its name or its path."""
    for other in _registered.values():
        if resource.name == other.name or resource.plural == other.plural:
            raise ImproperlyConfigured(
                f"Two resources are called {resource.name} or /{resource.plural}/: rename the model or its plural."
            )
    _registered[resource.name] = resource
    return resource


def registered(name: str) -> Resource | None:
    """The resource of this name."""
    return _registered.get(name)


def resources(*, but: Resource | None = None) -> list[Resource]:
    """Every resource, or every one `but` this, in the order in which they were registered."""
    return [resource for resource in _registered.values() if resource is not but]
