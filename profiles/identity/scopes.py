"""What a personal token may be for: to read, to write, or some operations by their names in both contracts."""

from __future__ import annotations

from functools import cache, lru_cache

from profiles.core.resources import resources

READ = "read"
WRITE = "write"
MOST = 50  # operations that a token names
KEPT = 1_024  # scopes that were read

OF_ACCOUNTS = {"getOwnProfile": False, "updateProfiles": True, "exportProfile": False, "listSessions": False}
"""The operations that only accounts have, each with whether it writes."""


@cache
def operations() -> dict[str, bool]:
    """The operations that a personal token can be for, each with whether it writes.

    They have one name in both contracts. What the policy denies every personal token is none of them.
    """
    of_resources = [each for resource in resources() for each in resource.operations.items()]
    return dict(sorted({**dict(of_resources), **OF_ACCOUNTS}.items()))


@lru_cache(KEPT)
def granted(scope: str) -> tuple[bool, frozenset[str] | None]:
    """Whether a token of this scope may write, and the operations that it is for; None for all.

    Args:
        scope: as it is stored: `READ`, `WRITE`, or names, with blanks between them.
    """
    if scope in (READ, WRITE):
        return scope == WRITE, None
    names = frozenset(scope.split())
    return any(operations().get(name) for name in names), names
