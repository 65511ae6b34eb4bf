"""Base models of a resource's rows and of their history."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, models, router
from django.db.models import Q
from django.utils import timezone
from graphql_relay import from_global_id, to_global_id

from profiles.core import statements
from profiles.core.actors import Actor
from profiles.core.policy import Policy
from profiles.core.statements import Unsplittable, Wanted, find

NODE_ID_LENGTH = 64  # characters accepted; real ones have about 30


def parse_key(key: str) -> int | None:
    """The primary key in a text, without sign or leading zeros; None for any other text."""
    return int(key) if re.fullmatch(r"[1-9][0-9]{0,9}", key) else None


def parse_node_id(node_id: str) -> tuple[str, int] | None:
    """The type name and primary key in a Relay global id; None for any other text."""
    if len(node_id) > NODE_ID_LENGTH or not node_id.isascii():
        return None
    name, key = from_global_id(node_id)
    pk = parse_key(key)
    return (name, pk) if pk and to_global_id(name, key) == node_id else None


class ResourceQuerySet(models.QuerySet[Any]):
    """The queryset of every resource."""

    def visible_to(self, actor: Actor) -> Self:
        """The rows that the actor may see, each joined with its last writer.

        The condition is a deferred filter, as in Django's related managers: `few` takes it before it reaches the query.
        """
        rows = self.select_related("updated_by")
        rows._deferred_filter = (False, (self.model.policy.visible(actor),), {})  # type: ignore[attr-defined]
        return rows

    def for_reader(self, actor: Actor) -> Self:
        """The rows, read from a replica that has all the actor's writes, if there is one. Not for writing."""
        self._db = router.db_for_read(self.model, reader=actor)
        return self

    def one(self, lookup: Mapping[str, Any] | None, columns: tuple[str, ...] | None = None) -> Any:
        """The row with a unique value; None if there is none or `lookup` is empty."""
        return next(iter(self.each(Q(**lookup), 1, columns)), None) if lookup else None

    def each(self, condition: Q, count: int, columns: tuple[str, ...] | None = None) -> list[Any]:
        """The rows that match a condition, of which there are at most `count`.

        If a replica has fewer, a row may be new, and the primary is queried.
        """
        rows = self.few(condition, columns=columns)
        if len(rows) < count and self.db != DEFAULT_DB_ALIAS:
            return self.using(DEFAULT_DB_ALIAS).few(condition, columns=columns)
        return rows

    def few(self, condition: Q, **wanted: Any) -> list[Any]:
        """The rows that match a condition, by SQL that is compiled once where possible.

        `wanted` are the attributes of `statements.Wanted`.
        """
        deferred, how = self._deferred_filter, Wanted(**wanted)  # type: ignore[attr-defined]
        if deferred and not self._query.where:  # type: ignore[attr-defined]
            try:
                (visible,) = deferred[1]
                return find(self.model, visible & condition, how, self.db)
            except Unsplittable:
                pass
        return list(how.of(self.filter(condition)))

    def for_writing(self) -> Self:
        """The rows, locked until the transaction ends.

        NO KEY lets other transactions reference a locked row (`updated_by`, `actor`). Otherwise two staff
        accounts that change each other's profile would deadlock.
        """
        return self.select_for_update(of=("self",), no_key=True)


class Saved(models.Model):
    """A model whose `save` executes SQL that is compiled once. Django compiles it for each call, which takes longer
    than the rest of a small write."""

    class Meta:
        abstract = True

    def _do_update(  # type: ignore[override]  # the stubs are of Django 6
        self, rows: Any, using: str, key: Any, values: Any, *others: Any
    ) -> bool:
        pairs = [(field, value) for field, _model, value in values]
        if pairs and _is_plain(using, pairs):
            return statements.update(type(self), key, pairs)
        django: Any = super()
        return bool(django._do_update(rows, using, key, values, *others))

    def _do_insert(self, manager: Any, using: str, fields: Any, returning: Any, raw: bool) -> Any:
        pairs = [(field, getattr(self, field.attname) if raw else field.pre_save(self, add=True)) for field in fields]
        if _is_plain(using, pairs):
            return [statements.insert(type(self), pairs)]
        django: Any = super()
        return django._do_insert(manager, using, fields, returning, raw)


def _is_plain(using: str, pairs: Sequence[tuple[Any, Any]]) -> bool:
    """Whether a save has no SQL expressions, and goes to the default database with support for RETURNING."""
    returns = connections[using].features.can_return_columns_from_insert
    return using == DEFAULT_DB_ALIAS and returns and not any(hasattr(value, "resolve_expression") for _, value in pairs)


class Resource(Saved):
    """A row served by both APIs, with the fields that record its writes. Its history is a subclass of `AbstractChange`
    with a foreign key to it, whose `related_name` is `history`."""

    policy: ClassVar[Policy[Any]]

    created_at = models.DateTimeField(default=timezone.now, editable=False, help_text="Time of creation.")
    updated_at = models.DateTimeField(default=timezone.now, editable=False, help_text="Time of the last change.")
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Account that made the last change. Null if you cannot see it.",
    )
    version = models.PositiveIntegerField(
        default=1, help_text="Starts at 1, incremented by each write that changes something."
    )

    objects: ClassVar[Any] = ResourceQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def node_id(self) -> str:
        """The opaque id in both APIs (Relay's global object identification)."""
        return to_global_id(type(self).__name__, self.pk)

    @classmethod
    def key_of(cls, node_id: str) -> int | None:
        """The primary key in a Relay global id of this resource; None for any other text."""
        name, key = parse_node_id(node_id) or (None, None)
        return key if name == cls.__name__ else None

    def prepared(self, values: Mapping[str, Any], actor: Actor) -> Mapping[str, Any]:
        """The values to save for a write of valid values, by model field."""
        return values

    def changed(self, changes: Mapping[str, Any]) -> None:
        """Hook after a saved write, in its transaction. `changes` are [from, to] by field."""

    def before_deletion(self, actor: Actor) -> None:
        """Hook at the start of a deletion, in its transaction: lock the other rows that it writes to."""


class Source(models.TextChoices):
    """The origin of a write."""

    REST = "rest", "The REST API"
    GRAPHQL = "graphql", "The GraphQL API"
    ADMIN = "admin", "The admin"
    COMMAND = "command", "A management command"


class IdempotencyKey(models.Model):
    """The idempotency key of a performed write; key and request are stored as digests."""

    digest = models.CharField(max_length=64, unique=True)
    body = models.CharField(max_length=64)
    profile = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="The caller's; of a sign-up, the one that it made.",
    )
    made = models.PositiveIntegerField(null=True, help_text="The primary key of the row that it created.")
    answer = models.TextField(default="", help_text="Of a sign-up: the profile as it was shown then, in JSON.")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.digest


class AbstractChange(Saved):
    """A change of a row: who wrote, when, through which API, and each changed field's old and new value."""

    version = models.PositiveIntegerField(help_text="Version that this write created.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    source = models.CharField(max_length=10, choices=Source.choices, db_column="door")  # the column's earlier name
    request_id = models.UUIDField(null=True, help_text="X-Request-ID of the request.")
    fields = models.JSONField(help_text="By field: [from, to].")

    class Meta:
        abstract = True
