"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """An account, or an anonymous caller (`Actor()`), and whether it may write at all.

    Attributes:
        profile: a row of AUTH_USER_MODEL.
        may_write: false for a token of read scope, which sees what its owner sees and writes nothing.
        operations: the names of the operations that its token is for; None for all.
        sign_in: the key of the sign-in whose access token identified it; None for another way.
        personal_token: the row of the personal token that did; None for another way.
    """

    profile: Any = None
    may_write: bool = True
    operations: frozenset[str] | None = None
    sign_in: UUID | None = None
    personal_token: Any = None

    @property
    def is_anonymous(self) -> bool:
        return self.profile is None

    @property
    def is_personal_token(self) -> bool:
        """Whether it is a script, which may do less to the account than its owner."""
        return self.personal_token is not None

    @property
    def is_staff(self) -> bool:
        return self.profile is not None and bool(self.profile.is_staff)
