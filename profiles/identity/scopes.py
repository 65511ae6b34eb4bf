"""Scopes of personal tokens: read, write, or names of operations, the same in both contracts."""

from __future__ import annotations

from functools import cache, lru_cache

from profiles.core.resources import resources

READ = "read"
WRITE = "write"
MOST = 50  # operations in a token's scope
KEPT = 1_024  # parsed scopes in the cache

OF_ACCOUNTS = {"getOwnProfile": False, "updateProfiles": True, "exportProfile": False, "listSessions": False}
"""Whether each operation writes, for the operations that only accounts have."""


@cache
def operations() -> dict[str, bool]:
    """Whether each operation writes, for the operations that a scope can name.

    The names are the same in both contracts. Operations that the policy denies to all personal tokens are left out.
    """
    of_resources = [each for resource in resources() for each in resource.operations.items()]
    return dict(sorted({**dict(of_resources), **OF_ACCOUNTS}.items()))


@lru_cache(KEPT)
def granted(scope: str) -> tuple[bool, frozenset[str] | None]:
    """Whether a token with this scope may write, and the operations that it covers; None for all.

    Args:
        scope: the stored text: `READ`, `WRITE`, or names separated by spaces.
    """
    if scope in (READ, WRITE):
        return scope == WRITE, None
    names = frozenset(scope.split())
    return any(operations().get(name) for name in names), names
