"""Permissions for profiles, by actor, action and field. No other module decides by owner, staff or visibility."""

from __future__ import annotations

from collections.abc import Iterable, Set
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING, ClassVar

from django.db.models import Q, TextChoices
from django.utils.translation import gettext as _

from profiles.core import policy as core
from profiles.core.actors import Actor
from profiles.core.outcomes import Outcome, Refused
from profiles.core.policy import Action, Policy, write_denied

if TYPE_CHECKING:
    from profiles.models import Profile


class Visibility(TextChoices):
    """Who sees a profile, besides its owner and staff."""

    PUBLIC = "public", "Everybody"
    MEMBERS = "members", "Everybody who is signed in"
    PRIVATE = "private", "Nobody else"


class AccountAction(StrEnum):
    """The actions on a profile as an account."""

    EXPORT = "export"
    CHANGE_PASSWORD = "change_password"
    SIGN_OUT = "sign_out"
    LIST_SESSIONS = "list_sessions"
    END_SESSIONS = "end_sessions"
    LIST_PERSONAL_TOKENS = "list_personal_tokens"
    CHANGE_PERSONAL_TOKENS = "change_personal_tokens"
    VERIFY_EMAIL = "verify_email"


READS = core.READS | {AccountAction.EXPORT, AccountAction.LIST_SESSIONS, AccountAction.LIST_PERSONAL_TOKENS}
OWNER_ALONE = frozenset(AccountAction) - {AccountAction.EXPORT, AccountAction.SIGN_OUT}  # not staff
FOR_PERSONAL_TOKENS = {AccountAction.EXPORT, AccountAction.LIST_SESSIONS}
"""The account actions of a personal token. It can't change a password, an address or a token, or delete its own
account, so that a stolen token can't lock the owner out."""

BEFORE_VERIFYING = {
    Action.UPDATE,  # of the email only
    AccountAction.CHANGE_PASSWORD,
    AccountAction.SIGN_OUT,
    AccountAction.END_SESSIONS,
    AccountAction.VERIFY_EMAIL,
}
"""The writes to their own account that REQUIRE_VERIFIED_EMAIL still allows owners with an unverified email."""

OWNER_READS = frozenset({"visibility", "email_public", "language"})  # and staff
NOBODY_WRITES = frozenset({"email_verified", "pending_email"})
NOT_SHOWN = OWNER_READS | NOBODY_WRITES  # except to the owner and staff
STAFF_READS_AND_WRITES = frozenset(
    {"is_active", "is_staff"}
)  # is_staff only in the admin: the APIs do not have this field
"""Staff write these for others but not for themselves, so that one active staff account always remains."""
SHOWN = frozenset({"username", "bio", "display_name", "location", "website", "time_zone"})
OWNER_WRITES = SHOWN | OWNER_READS | {"email"}  # and staff
ADDRESSES = {"email"}  # personal tokens cannot change it
OWNER_SETS = OWNER_WRITES | {"password"}  # at sign-up; nobody can read a password
STAFF_SETS = OWNER_SETS | STAFF_READS_AND_WRITES


class ProfilePolicy(Policy["Profile"]):
    """Visibility decides who sees a profile; its owner and staff may change it."""

    visible_fields: ClassVar[Set[str]] = SHOWN
    decides_by: ClassVar[Set[str] | None] = frozenset({"id", "is_active", "visibility", "email_public"})
    restricted_fields: ClassVar[Set[str]] = NOT_SHOWN | STAFF_READS_AND_WRITES | {"email"}
    reads: ClassVar[Set[StrEnum]] = READS

    def visible(self, actor: Actor) -> Q:
        if actor.is_staff:
            return Q()
        others = Q(is_active=True, visibility__in=_visibilities(actor))
        return others if actor.is_anonymous else others | Q(pk=actor.profile.pk)

    def sees(self, actor: Actor, row: Profile) -> bool:
        return actor.is_staff or self.owns(actor, row) or (row.is_active and row.visibility in _visibilities(actor))

    def can(self, actor: Actor, action: StrEnum, row: Profile) -> bool:
        if action is Action.VIEW:
            return self.sees(actor, row)
        is_own = self.owns(actor, row)
        if action not in READS and not (actor.may_write or (is_own and _may_before_verifying(actor, action))):
            return False
        if actor.is_personal_token and not _is_for_personal_tokens(action, is_own=is_own):
            return False
        return is_own or (actor.is_staff and action not in OWNER_ALONE)

    def owns(self, actor: Actor, row: Profile) -> bool:
        return not actor.is_anonymous and bool(actor.profile.pk == row.pk)

    def may_read(self, actor: Actor, row: Profile, field: str) -> bool:
        if field in STAFF_READS_AND_WRITES:
            return actor.is_staff
        if field in NOT_SHOWN or (field == "email" and not row.email_public):
            return actor.is_staff or self.owns(actor, row)
        return field in self.listed_fields

    def reads_all(self, actor: Actor, field: str) -> bool:
        return super().reads_all(actor, field) or (actor.is_staff and field in self.listed_fields)

    def settable(self, actor: Actor, fields: Iterable[str]) -> list[str]:
        may_set = STAFF_SETS if actor.is_staff else OWNER_SETS
        return [field for field in fields if field in may_set]

    def writable(self, actor: Actor, row: Profile, fields: Iterable[str]) -> list[str]:
        if not self.can(actor, Action.UPDATE, row):
            return []
        is_anothers = actor.is_staff and actor.profile.pk != row.pk
        may_write = (ADDRESSES if actor.is_unverified else OWNER_WRITES) - (
            ADDRESSES if actor.is_personal_token else set()
        )
        return [f for f in fields if f in may_write or (is_anothers and f in STAFF_READS_AND_WRITES)]

    def own(self, actor: Actor, action: StrEnum) -> Profile:
        """The actor's own profile, if it may perform the action. Raises `Refused` as `require` does."""
        return self.require(actor, action, actor.profile)

    def visible_groups(self, actor: Actor) -> list[tuple[bool, Visibility]]:
        """The pairs of `is_active` and `visibility` that the actor sees of profiles other than its own."""
        if actor.is_staff:
            return list(product((True, False), Visibility))
        return [(True, visibility) for visibility in sorted(_visibilities(actor))]

    def require_sign_up(self, actor: Actor, *, is_open: bool) -> None:
        """Check that the actor may create a profile: everyone if sign-up is open, staff always.

        Raises:
            Refused: FORBIDDEN, EMAIL_UNVERIFIED.
        """
        if not actor.may_write:
            raise write_denied(actor)
        if not (is_open or actor.is_staff):
            raise Refused(Outcome.FORBIDDEN, _("Sign-up is closed. Ask staff for an account."))


policy = ProfilePolicy()


def _may_before_verifying(actor: Actor, action: StrEnum) -> bool:
    return actor.token_writes and action in BEFORE_VERIFYING


def _is_for_personal_tokens(action: StrEnum, *, is_own: bool) -> bool:
    if isinstance(action, AccountAction):
        return action in FOR_PERSONAL_TOKENS
    return not (is_own and action is Action.DELETE)


def _visibilities(actor: Actor) -> set[Visibility]:
    return {Visibility.PUBLIC} if actor.is_anonymous else {Visibility.PUBLIC, Visibility.MEMBERS}
