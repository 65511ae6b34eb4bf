"""Listing and ending an account's sign-ins, for its owner. They are token families; the APIs call them "sessions".

Sessions of the admin are not listed: Django's cookie identifies them, and they record no client or address. Ending all
other sessions also ends those of the admin.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from rest_framework import serializers
from rest_framework.request import Request

from profiles.core.fields import Key
from profiles.core.policy import unseen
from profiles.identity import accounts, families
from profiles.identity.callers import actor_of
from profiles.models import Profile, TokenFamily

MOST_SHOWN = 100  # the last used; `end_other_sessions` ends all others


class Session(serializers.Serializer[Any]):
    """An active sign-in."""

    id = Key(help_text="Id for ending it.")
    client = serializers.CharField(help_text="User-Agent of its last use.")
    address = serializers.CharField(help_text="Network of its last use.")
    created_at = serializers.DateTimeField(help_text="Time of the sign-in.")
    last_used_at = serializers.DateTimeField(source="used_at", help_text="Time of its last use, to five minutes.")
    expires_at = serializers.DateTimeField(help_text="Time of expiry, however often it is refreshed.")
    scope = serializers.CharField(help_text="Scope of its tokens: 'read' or 'read write'.")
    current = serializers.BooleanField(source="is_current", help_text="Whether this request used it.")


def list_sessions(request: HttpRequest | Request, profile: Profile) -> list[TokenFamily]:
    """The active sign-ins of a profile, last used first, with the attributes that `Session` shows."""
    last_used = Coalesce("last_used_at", "rotated_at", "created_at")
    rows: list[Any] = list(_going_on(profile).annotate(used_at=last_used).order_by("-used_at", "pk")[:MOST_SHOWN])
    current = actor_of(request).sign_in
    for row in rows:
        row.is_current = row.pk == current
    return rows


def end_session(request: HttpRequest | Request, profile: Profile, *, id: UUID | None) -> None:  # noqa: A002
    """End a sign-in of a profile; it may be the caller's.

    Raises:
        Refused: NOT_FOUND: the profile has no active sign-in with this id. UNAUTHENTICATED: as `_end`.
    """
    if not _end(request, profile, Q(pk=id)):
        raise unseen(actor_of(request))


def end_other_sessions(request: HttpRequest | Request, profile: Profile) -> None:
    """End all sign-ins of a profile except the caller's, and its admin sessions. Raises as `_end` does."""
    _end(request, profile, ~Q(pk=actor_of(request).sign_in))
    profile.admin_sessions.all().delete()


def _end(request: HttpRequest | Request, profile: Profile, which: Q) -> list[TokenFamily]:
    """End the profile's active sign-ins that match `which`. Locks the account first, like all code that ends sign-ins.

    Raises:
        Refused: UNAUTHENTICATED: the account or its sign-ins have ended since authentication.
    """
    with transaction.atomic():
        accounts.require_account(profile)
        return families.end(_going_on(profile).filter(which), event="session_ended", request=request)


def _going_on(profile: Profile) -> QuerySet[TokenFamily]:
    return families.living(profile.token_families.filter(session_version=profile.session_version))
