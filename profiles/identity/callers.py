"""The caller of a request."""

from typing import cast

from django.http import HttpRequest
from rest_framework.request import Request

from profiles.core.actors import Actor


def actor_of(request: HttpRequest | Request) -> Actor:
    """The caller of a request: from its token in the APIs, from its session in the admin."""
    if isinstance(request, Request):
        return cast(Actor, request.auth)
    return Actor(request.user if request.user.is_authenticated else None)
