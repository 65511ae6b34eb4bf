"""The caller of an operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller: an account or anonymous (`Actor()`), and what its token allows.

    Attributes:
        profile: the account, a row of AUTH_USER_MODEL; None for an anonymous caller.
        token_writes: whether the token allows writes; false for read scope.
        operations: names of the operations that the token covers; None for all.
        sign_in: key of the sign-in (token family) that issued the access token; None without one.
        personal_token: row of the personal token that authenticated the caller; None without one.
    """

    profile: Any = None
    token_writes: bool = True
    operations: frozenset[str] | None = None
    sign_in: UUID | None = None
    personal_token: Any = None

    @property
    def is_anonymous(self) -> bool:
        return self.profile is None

    @property
    def may_write(self) -> bool:
        """Whether the token and the account's verification allow writes."""
        return self.token_writes and not self.is_unverified

    @property
    def is_unverified(self) -> bool:
        """Whether the account's address is unverified while REQUIRE_VERIFIED_EMAIL is on."""
        return bool(settings.REQUIRE_VERIFIED_EMAIL) and not self.is_anonymous and not self.profile.email_verified

    @property
    def is_personal_token(self) -> bool:
        """Whether a personal token authenticated the caller; it has fewer permissions than the owner."""
        return self.personal_token is not None

    @property
    def is_staff(self) -> bool:
        return self.profile is not None and bool(self.profile.is_staff)
