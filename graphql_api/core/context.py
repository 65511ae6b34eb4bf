"""The context of an execution: the request, its caller, and values that resolvers cache for that caller."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import GraphQLResolveInfo
from rest_framework.request import Request

from graphql_api.core.limits import Measured
from profiles.core.actors import Actor

Kept = TypeVar("Kept")


@dataclass(slots=True)
class Context:
    """`info.context` of every resolver.

    `measured` is the measured document, or None. `invalid` holds the response keys of mutations with invalid input.
    """

    request: Request
    actor: Actor
    measured: Measured | None = None
    invalid: set[str] = field(default_factory=set)
    _kept: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """The result of `make`, cached by key while the caller stays the same."""
        if key not in self._kept:
            self._kept[key] = make()
        kept: Kept = self._kept[key]
        return kept

    def identify(self) -> None:
        """Authenticate the request again, and clear the cache of its earlier caller.

        Raises:
            Refused: UNAUTHENTICATED: the caller's account, session or token has ended.
        """
        authenticator = self.request.successful_authenticator
        if authenticator is not None:  # None: an anonymous caller, whose identity cannot end
            identified: Any = authenticator.authenticate(self.request)
            self.request.user, self.request.auth = identified
            self.actor, self._kept = identified[1], {}


class Info(GraphQLResolveInfo):
    """A resolver's `info`, with our type of context."""

    context: Context
