"""Who may do what to which profile, and with which fields.

The one place that says owner, staff, public or private. It knows an actor, an action and a profile,
and nothing of HTTP, of GraphQL or of a request.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING

from django.db.models import Q, TextChoices
from django.utils.translation import gettext as _

from profiles.core.outcomes import Outcome, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from profiles.models import Profile


class Visibility(TextChoices):
    """Who sees a profile, beside its owner and staff."""

    PUBLIC = "public", "Everybody"
    MEMBERS = "members", "Everybody who is signed in"
    PRIVATE = "private", "Nobody else"


class Action(StrEnum):
    """What an actor may do to a profile."""

    VIEW = "view"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    VIEW_HISTORY = "view_history"
    EXPORT = "export"
    CHANGE_PASSWORD = "change_password"
    SIGN_OUT = "sign_out"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a profile, or nobody in particular (`Actor()`), and whether it came to write.

    `may_write` is false for a token of read scope, which sees what its owner sees and writes nothing.
    """

    profile: Profile | None = None
    may_write: bool = True

    @property
    def is_anonymous(self) -> bool:
        return self.profile is None

    @property
    def is_staff(self) -> bool:
        return self.profile is not None and self.profile.is_staff

    def owns(self, profile: Profile) -> bool:
        return self.profile is not None and self.profile.pk == profile.pk


READS = {Action.VIEW, Action.VIEW_HISTORY, Action.EXPORT}
OWNER_ALONE = {Action.CHANGE_PASSWORD}  # it takes the old password, which staff do not know

OWNER_READS = {"visibility", "email_public"}  # and staff
STAFF_READS_AND_WRITES = {"is_active"}
NOT_OF_ONES_OWN = {"is_active"}  # so that staff never disable themselves, and an active member of staff remains
SOMETIMES_HIDDEN = OWNER_READS | STAFF_READS_AND_WRITES | {"email", "updated_by"}
"""The fields that a reader of a profile may find empty because of who it is."""


def _visibilities(actor: Actor) -> set[Visibility]:
    return {Visibility.PUBLIC} if actor.is_anonymous else {Visibility.PUBLIC, Visibility.MEMBERS}


def visible_groups(actor: Actor) -> list[tuple[bool, Visibility]]:
    """The profiles that this actor sees, except its own, as pairs of `is_active` and `visibility`."""
    if actor.is_staff:
        return list(product((True, False), Visibility))
    return [(True, visibility) for visibility in sorted(_visibilities(actor))]


def visible(actor: Actor) -> Q:
    """The condition that the profiles this actor may see fulfil: `sees`, for the database."""
    if actor.is_staff:
        return Q()
    others = Q(is_active=True, visibility__in=_visibilities(actor))
    return others if actor.profile is None else others | Q(pk=actor.profile.pk)


def sees(actor: Actor, profile: Profile) -> bool:
    """Whether this profile exists for this actor: `visible`, for a row in hand."""
    return actor.is_staff or actor.owns(profile) or (profile.is_active and profile.visibility in _visibilities(actor))


def visible_key(actor: Actor, profile: Profile | None) -> int | None:
    """The key of a profile that something refers to; None where there is none, or the actor may not see it."""
    return profile.pk if profile is not None and sees(actor, profile) else None


def can(actor: Actor, action: Action, profile: Profile) -> bool:
    """Whether this actor may do this action to this profile."""
    if action is Action.VIEW:
        return sees(actor, profile)
    if action not in READS and not actor.may_write:
        return False
    return actor.owns(profile) or (actor.is_staff and action not in OWNER_ALONE)


def may_read(actor: Actor, profile: Profile, field: str) -> bool:
    """Whether this actor, who sees this profile, is shown this field of it."""
    if field in STAFF_READS_AND_WRITES:
        return actor.is_staff
    if field in OWNER_READS or (field == "email" and not profile.email_public):
        return actor.is_staff or actor.owns(profile)
    return True


def require_filter(actor: Actor, field: str) -> None:
    """Pass where this actor reads this field of every profile that it sees. Raises `Refused`: FORBIDDEN."""
    if field in SOMETIMES_HIDDEN and not actor.is_staff:
        message = _("You may not read {field} of everybody: leave that filter out.").format(field=field)
        raise Refused(Outcome.FORBIDDEN, message)


def writable(actor: Actor, profile: Profile, fields: Iterable[str]) -> list[str]:
    """Which of these fields this actor may change, of those that a client can change at all."""
    if not can(actor, Action.UPDATE, profile):
        return []
    own = actor.owns(profile)
    return [field for field in settable(actor, fields) if not (own and field in NOT_OF_ONES_OWN)]


def require_writer(actor: Actor) -> None:
    """Pass where this actor may write to some profile: it has signed in, with a token that may write.

    Raises:
        Refused: UNAUTHENTICATED, FORBIDDEN.
    """
    if actor.is_anonymous:
        raise Refused(Outcome.UNAUTHENTICATED)
    if not actor.may_write:
        raise Refused(Outcome.FORBIDDEN)


def require_sign_up(actor: Actor, *, is_open: bool) -> None:
    """Pass where this actor may make a new profile: anybody where sign-up is open, staff always.

    Raises:
        Refused: FORBIDDEN.
    """
    if not actor.may_write:
        raise Refused(Outcome.FORBIDDEN)
    if not (is_open or actor.is_staff):
        raise Refused(Outcome.FORBIDDEN, _("Sign-up is closed here. Ask the staff for an account."))


def settable(actor: Actor, fields: Iterable[str]) -> list[str]:
    """Which of these fields of a new profile this actor may give a value."""
    return [field for field in fields if actor.is_staff or field not in STAFF_READS_AND_WRITES]


def require(actor: Actor, action: Action, profile: Profile | None) -> Profile:
    """The profile, where it is there and `can` says yes.

    Raises:
        Refused: NOT_FOUND where there is none, or none that the actor may so much as see, FORBIDDEN where
            it sees it, and UNAUTHENTICATED in all cases where it is nobody in particular.
    """
    if profile is None or not sees(actor, profile):
        raise unseen(actor)
    if not can(actor, action, profile):
        raise Refused(Outcome.UNAUTHENTICATED if actor.is_anonymous else Outcome.FORBIDDEN)
    return profile


def own(actor: Actor, action: Action) -> Profile:
    """The actor's own profile, to do this action to. Raises `Refused` as `require` does."""
    return require(actor, action, actor.profile)


def unseen(actor: Actor) -> Refused:
    """What an actor is told of a profile that is not there, or not there for it: the same."""
    return Refused(Outcome.UNAUTHENTICATED if actor.is_anonymous else Outcome.NOT_FOUND)
