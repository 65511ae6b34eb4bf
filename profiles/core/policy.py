"""The policy of a resource: permissions for each actor, action, row and field. Deny by default."""

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
"""Fields of every resource, shown to everyone who sees the row. `updated_by` is null if the reader may not see that
profile."""


class Action(StrEnum):
    """The actions on a row of any resource."""

    VIEW = "view"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    VIEW_HISTORY = "view_history"


READS = frozenset((Action.VIEW, Action.VIEW_HISTORY))


class Policy(Generic[Row]):
    """Permissions for the rows of one resource. The base class denies everything; a subclass grants permissions.

    A field in neither `visible_fields` nor `restricted_fields` cannot be read, written, filtered or sorted by.
    """

    visible_fields: ClassVar[Set[str]] = frozenset()
    """Fields that everyone who sees the row may read, and everyone who may change the row may write."""
    restricted_fields: ClassVar[Set[str]] = frozenset()
    """Fields with row-level permissions: `may_read` decides who reads them; `settable` and `writable`, who writes."""
    reads: ClassVar[Set[StrEnum]] = READS
    """The actions that only read."""
    decides_by: ClassVar[Set[str] | None] = None
    """The fields of a row that these methods use. A list reads only these columns and those it shows. None: unknown,
    so a list reads whole rows."""

    # Overridden by subclasses

    def visible(self, actor: Actor) -> Q:
        """`sees` as a Q filter."""
        return Q(pk__in=())

    def sees(self, actor: Actor, row: Row) -> bool:
        """Whether the actor may see the row; `visible` for one loaded row."""
        return False

    def can(self, actor: Actor, action: StrEnum, row: Row) -> bool:
        """Whether the actor may perform the action on the row."""
        return False

    def may_create(self, actor: Actor) -> bool:
        """Whether the actor may create a row."""
        return False

    def given(self, actor: Actor) -> Mapping[str, Any]:
        """Values the server sets on a new row, by model field."""
        return {}

    def owns(self, actor: Actor, row: Row) -> bool:
        """Whether the actor owns the row."""
        return False

    def may_read(self, actor: Actor, row: Row, field: str) -> bool:
        """Whether an actor that sees the row may read the field. Not called for the fields in `always_shown`."""
        return field in OF_ANY_RESOURCE or field in self.visible_fields

    def reads_all(self, actor: Actor, field: str) -> bool:
        """Whether the actor may read the field of every row that it sees, and so may filter and sort by it."""
        return field in self.always_shown

    def settable(self, actor: Actor, fields: Iterable[str]) -> list[str]:
        """The fields, of these, that the actor may set on a new row."""
        return [field for field in fields if field in self.visible_fields]

    def writable(self, actor: Actor, row: Row, fields: Iterable[str]) -> list[str]:
        """The fields, of these, that the actor may change on the row."""
        may_change = self.can(actor, Action.UPDATE, row)
        return [field for field in fields if may_change and field in self.visible_fields]

    # Derived from the above

    @cached_property
    def listed_fields(self) -> Set[str]:
        """The fields whose readers this policy defines."""
        return OF_ANY_RESOURCE | self.visible_fields | self.restricted_fields

    @cached_property
    def always_shown(self) -> Set[str]:
        """The fields that are never hidden from an actor who sees the row."""
        return (OF_ANY_RESOURCE | self.visible_fields) - {"updated_by"}

    def require(self, actor: Actor, action: StrEnum, row: Row | None) -> Row:
        """The row, if it exists and `can` allows the action.

        Raises:
            Refused: NOT_FOUND if the row does not exist or the actor does not see it; FORBIDDEN if the actor sees it
                but may not perform the action; instead of both, UNAUTHENTICATED for an anonymous actor.
        """
        if row is None or not self.sees(actor, row):
            raise unseen(actor)
        if not self.can(actor, action, row):
            raise denied(actor) if action in self.reads else write_denied(actor)
        return row

    def require_create(self, actor: Actor) -> None:
        """Check that the actor may create a row. Raises `Refused` as `require_writer` does."""
        if not self.may_create(actor):
            raise write_denied(actor)

    def require_filter(self, actor: Actor, name: str, field: str) -> None:
        """Check that the actor may filter by a model field. Raises `Refused`: FORBIDDEN, with the filter's name."""
        if not self.reads_all(actor, field):
            message = _("You cannot filter by {field}, which you may not read everywhere. Leave it out.")
            raise Refused(Outcome.FORBIDDEN, message.format(field=name))


def require_operation(actor: Actor, operation: str) -> None:
    """Check that the caller's token covers an operation, by its name in both contracts.

    Both APIs call this before every operation and before the policy's other checks.

    Raises:
        Refused: FORBIDDEN, with the operation's name.
    """
    if actor.operations is not None and operation not in actor.operations:
        message = _("This token does not cover the operation {name}. Use one with that scope.").format(name=operation)
        raise insufficient_scope(message)


def require_writer(actor: Actor) -> None:
    """Check that the actor may write at all: it is signed in, its token allows writes, its address is verified if
    REQUIRE_VERIFIED_EMAIL is on.

    Raises:
        Refused: UNAUTHENTICATED, FORBIDDEN, EMAIL_UNVERIFIED.
    """
    if actor.is_anonymous or not actor.may_write:
        raise write_denied(actor)


def denied(actor: Actor, outcome: Outcome = Outcome.FORBIDDEN) -> Refused:
    """The refusal for an actor without permission: UNAUTHENTICATED if anonymous, otherwise `outcome`."""
    return Refused(Outcome.UNAUTHENTICATED if actor.is_anonymous else outcome)


def write_denied(actor: Actor) -> Refused:
    """The refusal of a write: because of a read-only token, an unverified address, or a missing permission."""
    if not actor.token_writes:
        return insufficient_scope(_("This token is read-only. Use one with write scope."))
    return denied(actor, Outcome.EMAIL_UNVERIFIED if actor.is_unverified else Outcome.FORBIDDEN)


def unseen(actor: Actor) -> Refused:
    """The refusal for a row that does not exist or that the actor may not see; the same in both cases."""
    return denied(actor, Outcome.NOT_FOUND)


def visible_key(actor: Actor, row: Any) -> int | None:
    """The primary key of a related row; None if there is no row or the actor may not see it."""
    key: int | None = row.pk if row is not None and row.policy.sees(actor, row) else None
    return key
