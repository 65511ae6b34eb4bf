"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest
from rest_framework.request import Request


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an account, or nobody in particular (`Actor()`), and whether it came to write.

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


def actor_of(request: HttpRequest | Request) -> Actor:
    """Who sent a request: by its token over the APIs, by its session in the admin."""
    if isinstance(request, Request):
        return cast(Actor, request.auth)
    return Actor(request.user if request.user.is_authenticated else None)
