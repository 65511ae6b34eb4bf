"""The policy of a resource: who may do what to which row, and with which fields. What it does not allow is denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import Q
from django.utils.translation import gettext as _

from profiles.core.actors import Actor
from profiles.core.outcomes import Outcome, Refused, insufficient_scope

Row = TypeVar("Row")

IDENTITY = ("id", "node_id")
STAMPS = ("created_at", "updated_at", "updated_by", "version", "editable_fields")
OF_ANY_RESOURCE = frozenset((*IDENTITY, *STAMPS))
"""The fields that every resource has, shown to whoever sees the row. Of `updated_by`, only a profile that the reader
sees."""


class Action(StrEnum):
    """What an actor may do to a row of any resource."""

    VIEW = "view"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    VIEW_HISTORY = "view_history"


READS = frozenset((Action.VIEW, Action.VIEW_HISTORY))


class Policy(Generic[Row]):
    """Who may do what to the rows of one resource. This base denies everything; a subclass allows.

    A field that neither `visible_fields` nor `restricted_fields` lists is not shown, written, filtered or sorted by.
    """

    visible_fields: ClassVar[Set[str]] = frozenset()
    """The fields shown to everyone who sees the row, and written by everyone who may change it."""
    restricted_fields: ClassVar[Set[str]] = frozenset()
    """The fields that `may_read` decides on, for each row, and `settable` on who writes them."""
    reads: ClassVar[Set[StrEnum]] = READS
    """The actions that write nothing."""
    decides_by: ClassVar[Set[str] | None] = None
    """The fields of a row that these methods look at. A list then reads no others than these and those it shows; None:
    any, so that it reads whole rows."""

    # What a subclass says

    def visible(self, actor: Actor) -> Q:
        """The condition that the rows this actor sees fulfil: `sees`, for the database."""
        return Q(pk__in=())

    def sees(self, actor: Actor, row: Row) -> bool:
        """Whether this row exists for this actor: `visible`, for a row in hand."""
        return False

    def can(self, actor: Actor, action: StrEnum, row: Row) -> bool:
        """Whether this actor may do this to this row."""
        return False

    def may_create(self, actor: Actor) -> bool:
        """Whether this actor may create a row."""
        return False

    def given(self, actor: Actor) -> Mapping[str, Any]:
        """Values of a new row that no client sends, by model field."""
        return {}

    def owns(self, actor: Actor, row: Row) -> bool:
        """Whether this row is the actor's own."""
        return False

    def may_read(self, actor: Actor, row: Row, field: str) -> bool:
        """Whether this actor, who sees this row, is shown this field of it. What is `always_shown` is not asked for."""
        return field in OF_ANY_RESOURCE or field in self.visible_fields

    def reads_all(self, actor: Actor, field: str) -> bool:
        """Whether this actor is shown this field of every row that it sees, and so may filter and sort by it."""
        return field in self.always_shown

    def settable(self, actor: Actor, fields: Iterable[str]) -> list[str]:
        """Which of these fields of a new row this actor may give a value."""
        return [field for field in fields if field in self.visible_fields]

    def writable(self, actor: Actor, row: Row, fields: Iterable[str]) -> list[str]:
        """Which of these fields of this row this actor may change."""
        may_change = self.can(actor, Action.UPDATE, row)
        return [field for field in fields if may_change and field in self.visible_fields]

    # What follows

    @cached_property
    def listed_fields(self) -> Set[str]:
        """The fields of which this policy says who reads them."""
        return OF_ANY_RESOURCE | self.visible_fields | self.restricted_fields

    @cached_property
    def always_shown(self) -> Set[str]:
        """The fields that no reader of a row finds empty because of who it is."""
        return (OF_ANY_RESOURCE | self.visible_fields) - {"updated_by"}

    def require(self, actor: Actor, action: StrEnum, row: Row | None) -> Row:
        """The row, where it is there and `can` says yes.

        Raises:
            Refused: NOT_FOUND where there is none, or none that the actor sees; FORBIDDEN where it sees it; in both
                cases UNAUTHENTICATED where it is nobody in particular.
        """
        if row is None or not self.sees(actor, row):
            raise unseen(actor)
        if not self.can(actor, action, row):
            raise denied(actor) if action in self.reads else write_denied(actor)
        return row

    def require_create(self, actor: Actor) -> None:
        """Pass where this actor may create a row. Raises `Refused` as `require_writer` does."""
        if not self.may_create(actor):
            raise write_denied(actor)

    def require_filter(self, actor: Actor, name: str, field: str) -> None:
        """Pass where this actor may filter by this model field. Raises `Refused`: FORBIDDEN, which names the filter."""
        if not self.reads_all(actor, field):
            message = _("You cannot filter by {field}, which you may not read everywhere. Leave it out.")
            raise Refused(Outcome.FORBIDDEN, message.format(field=name))


def require_operation(actor: Actor, operation: str) -> None:
    """Pass where the caller's token is for this operation, by its name in both contracts.

    Both APIs ask before they perform one, whatever else the policy then says.

    Raises:
        Refused: FORBIDDEN, which names the operation.
    """
    if actor.operations is not None and operation not in actor.operations:
        message = _("This token does not cover the operation {name}. Use one with that scope.").format(name=operation)
        raise insufficient_scope(message)


def require_writer(actor: Actor) -> None:
    """Pass where this actor may write at all: it has signed in, with a token that may write.

    Raises:
        Refused: UNAUTHENTICATED, FORBIDDEN, EMAIL_UNVERIFIED.
    """
    if actor.is_anonymous or not actor.may_write:
        raise write_denied(actor)


def denied(actor: Actor, outcome: Outcome = Outcome.FORBIDDEN) -> Refused:
    """What an actor is told that may not do something: this outcome, or to sign in where it has not."""
    return Refused(Outcome.UNAUTHENTICATED if actor.is_anonymous else outcome)


def write_denied(actor: Actor) -> Refused:
    """The refusal of a write: a read-only token, an address to verify first, or no permission."""
    if not actor.token_writes:
        return insufficient_scope(_("This token is read-only. Use one with write scope."))
    return denied(actor, Outcome.EMAIL_UNVERIFIED if actor.is_unverified else Outcome.FORBIDDEN)


def unseen(actor: Actor) -> Refused:
    """What an actor is told of a row that does not exist, or that it may not see: the same."""
    return denied(actor, Outcome.NOT_FOUND)


def visible_key(actor: Actor, row: Any) -> int | None:
    """The key of a row that something refers to; None where there is none, or the actor may not see it."""
    key: int | None = row.pk if row is not None and row.policy.sees(actor, row) else None
    return key
