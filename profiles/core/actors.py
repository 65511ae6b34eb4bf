"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Actor:
    """An account, or an anonymous caller (`Actor()`), and whether it may write at all.

    `profile` is a row of AUTH_USER_MODEL. `may_write` is false for a token of read scope, which sees what its owner
    sees and writes nothing.
    """

    profile: Any = None
    may_write: bool = True

    @property
    def is_anonymous(self) -> bool:
        return self.profile is None

    @property
    def is_staff(self) -> bool:
        return self.profile is not None and bool(self.profile.is_staff)
