"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Actor:
    """An account, or an anonymous caller (`Actor()`), and whether it may write at all.

    Attributes:
        profile: a row of AUTH_USER_MODEL.
        may_write: false for a token of read scope, which sees what its owner sees and writes nothing.
        operations: the names of the operations that its token is for; None for all.
        is_personal_token: whether its token is a script's, which may do less to the account than its owner.
        credential: the row of the sign-in or the personal token that identified it; None in the admin.
    """

    profile: Any = None
    may_write: bool = True
    operations: frozenset[str] | None = None
    is_personal_token: bool = False
    credential: Any = None

    @property
    def is_anonymous(self) -> bool:
        return self.profile is None

    @property
    def is_staff(self) -> bool:
        return self.profile is not None and bool(self.profile.is_staff)
