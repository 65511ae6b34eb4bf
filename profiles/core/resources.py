"""Declarations of the resources that both APIs serve."""

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

MOST_READS = 10  # single rows and lists that one request may read
COUNT_OPERATIONS = 20
"""Operations that a total count costs in addition to the page's one. An operation takes about 7 ms of CPU, in the
service and in PostgreSQL; a count of 1,000,000 profiles takes up to 170 ms."""

BY_TIME: Mapping[str, Sequence[str]] = {
    "created_at": ("created_at", "id"),
    "-created_at": ("-created_at", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}


@dataclass(frozen=True, slots=True)
class Search:
    """The text search of a resource: its queryset function, its cost in operations, and its help text."""

    found: Callable[[Any, Actor, str], ResourceQuerySet]
    operations: int
    help_text: str


@dataclass(frozen=True, slots=True)
class OtherKey:
    """A unique field, besides the primary key, by which clients read a row.

    Args:
        name: name of the field.
        lookup: Django lookup, such as `username__lower`.
        parse: converts a client's text to the lookup's value; None if no row can have it.
        help_text: description in the contracts.
    """

    name: str
    lookup: str
    parse: Callable[[str], str | None]
    help_text: str


@dataclass(frozen=True, eq=False)
class Resource:
    """The declaration from which both APIs of a resource are generated.

    Args:
        serializer: validates input and renders rows; its `Meta.model` has the policy.
        plural: the path over REST and the field over GraphQL, such as `notes`.
        filters: the FilterSet of its list. Each filter names the model field that it reads.
        orderings: the list's orderings: by name, the model fields, of which the last is unique.
        search: the text search, if any.
        other_key: another unique field for reading a row, if any.
        about: description in one sentence; default: the first line of the model's docstring.
        about_history: description of its history, in sentences.
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
        """The noun for one row in messages."""
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
        """Whether each operation writes, by the operation's name."""
        reads = (self.list_operation, self.get_operation, self.history_operation)
        writes = (f"{verb}{self.name}" for verb in ("create", "update", "replace", "delete"))
        return {**dict.fromkeys(reads, False), **dict.fromkeys(writes, True)}

    @property
    def field(self) -> str:
        """The GraphQL field that reads one row."""
        return self.name[0].lower() + self.name[1:]

    @property
    def description(self) -> str:
        return self.about or str(self.model.__doc__).partition("\n")[0]

    def condition_of(self, keys: Collection[Any]) -> Q:
        """The condition of the rows with these keys: integers are primary keys, strings are values of `other_key`."""
        condition = Q(pk__in=[key for key in keys if isinstance(key, int)])
        if self.other_key and (texts := [key for key in keys if isinstance(key, str)]):
            condition |= Q(**{f"{self.other_key.lookup}__in": texts})
        return condition

    def keys_of(self, row: Any) -> list[Any]:
        """The keys of a row, in the form for `condition_of`."""
        return [row.pk, *([self.other_key.parse(getattr(row, self.other_key.name))] if self.other_key else [])]

    @property
    def policy(self) -> Policy[Any]:
        return self.model.policy

    def columns(self, names: Sequence[str] = (), *, related: bool = False) -> tuple[str, ...] | None:
        """The columns that these fields (default: all) need: see `serializers.columns_of`."""
        return columns_of(self.serializer, tuple(names) or self.names, related=related)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of a row's readable fields."""
        return tuple(self.serializer().names)

    @cached_property
    def changes(self) -> type[AbstractChange]:
        """The model of the resource's history."""
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
        """The serializer of a list's parameters other than filters."""
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
        """The operations that a list costs in addition to one; `values` are those of `list_rows`."""
        counts = str(values.get("count", "")).lower() in serializers.BooleanField.TRUE_VALUES
        return (self.search.operations if self.search and "search" in values else 0) + COUNT_OPERATIONS * counts


_registered: dict[str, Resource] = {}


def register(resource: Resource) -> Resource:
    """Serve a resource over both APIs. Raises `ImproperlyConfigured`: another resource has its name or path."""
    for other in _registered.values():
        if resource.name == other.name or resource.plural == other.plural:
            raise ImproperlyConfigured(
                f"Two resources are called {resource.name} or /{resource.plural}/: rename the model or its plural."
            )
    _registered[resource.name] = resource
    return resource


def registered(name: str) -> Resource | None:
    """The resource with this name, or None."""
    return _registered.get(name)


def resources(*, but: Resource | None = None) -> list[Resource]:
    """All resources, except `but`, in the order of registration."""
    return [resource for resource in _registered.values() if resource is not but]
