"""The sign-ins of an account, as its owner sees and ends them: its families of tokens, by the APIs' name "sessions".

A session of the admin is not listed: it is of a browser that Django's own cookie names, and has neither client nor
address. Ending all others ends those of the admin too.
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

MOST_SHOWN = 100  # the newest; `end_other_sessions` ends them all


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
    """The sign-ins of this profile that go on, the last used first, with what `Session` shows."""
    last_used = Coalesce("last_used_at", "rotated_at", "created_at")
    rows: list[Any] = list(_going_on(profile).annotate(used_at=last_used).order_by("-used_at", "pk")[:MOST_SHOWN])
    current = actor_of(request).sign_in
    for row in rows:
        row.is_current = row.pk == current
    return rows


def end_session(request: HttpRequest | Request, profile: Profile, *, id: UUID | None) -> None:  # noqa: A002
    """End one sign-in of this profile, which may be the caller's.

    Raises:
        Refused: NOT_FOUND: it has none of this id that goes on, whoever else may have it. UNAUTHENTICATED: as `_end`.
    """
    if not _end(request, profile, Q(pk=id)):
        raise unseen(actor_of(request))


def end_other_sessions(request: HttpRequest | Request, profile: Profile) -> None:
    """End every sign-in of this profile but the caller's, and its sessions of the admin. Raises as `_end` does."""
    _end(request, profile, ~Q(pk=actor_of(request).sign_in))
    profile.admin_sessions.all().delete()


def _end(request: HttpRequest | Request, profile: Profile, which: Q) -> list[TokenFamily]:
    """End those of a profile's sign-ins. The account is locked first, as whatever else ends them does.

    Raises:
        Refused: UNAUTHENTICATED: the account or its sign-ins have ended since the caller was identified.
    """
    with transaction.atomic():
        accounts.require_account(profile)
        return families.end(_going_on(profile).filter(which), event="session_ended", request=request)


def _going_on(profile: Profile) -> QuerySet[TokenFamily]:
    return families.living(profile.token_families.filter(session_version=profile.session_version))
