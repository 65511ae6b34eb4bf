"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Actor:
    """An account, or an anonymous caller (`Actor()`), and whether it may write at all.

    Attributes:
        profile: a row of AUTH_USER_MODEL.
        token_writes: false for a token of read scope, which sees what its owner sees and writes nothing.
        operations: the names of the operations that its token is for; None for all.
        sign_in: the key of the sign-in whose access token identified it; None for another way.
        personal_token: the row of the personal token that did; None for another way.
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
        """Whether it may write at all, whatever it is."""
        return self.token_writes and not self.is_unverified

    @property
    def is_unverified(self) -> bool:
        """Whether it has to verify its address first, where a setting requires that."""
        return bool(settings.REQUIRE_VERIFIED_EMAIL) and not self.is_anonymous and not self.profile.email_verified

    @property
    def is_personal_token(self) -> bool:
        """Whether it is a script, which may do less to the account than its owner."""
        return self.personal_token is not None

    @property
    def is_staff(self) -> bool:
        return self.profile is not None and bool(self.profile.is_staff)
