"""Personal tokens: credentials that an owner gives to a script, a CI job or an agent instead of the password.

The format is GitHub's: a prefix, 30 random base62 characters (178 bits), and a CRC-32 of both in six more:
`prf_[0-9A-Za-z]{36}`. The checksum lets secret scanners recognise a token without asking this service. The text is
shown once and stored as its SHA-256; a random text cannot be guessed, so it needs no slow hash.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from profiles.core.fields import WORDS, Key, Line, StrictSerializer, WholeNumber, invalid
from profiles.core.outcomes import InvalidCode
from profiles.core.policy import unseen
from profiles.identity import accounts, scopes, security, tokens
from profiles.identity.callers import actor_of
from profiles.models import LINE_LENGTH, Profile
from profiles.models import PersonalToken as Row

MOST = 50  # valid tokens of an account
LONGEST_LIFE = 365  # days


class Scopes(serializers.ListField):
    """`read`, `write`, or names of operations, sorted and without duplicates."""

    child = serializers.CharField()
    default_error_messages = WORDS

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list) or not 1 <= len(data) <= scopes.MOST:
            raise invalid(_("Must be a list of 1 to {most} scopes.").format(most=scopes.MOST))
        known = scopes.operations()
        if data in ([scopes.READ], [scopes.WRITE]) or all(isinstance(name, str) and name in known for name in data):
            return sorted(set(data))
        message = _("Must be 'read' alone, 'write' alone, or some of: {names}.").format(names=", ".join(known))
        raise invalid(message, InvalidCode.INVALID_CHOICE)


class NewPersonalToken(StrictSerializer):
    """The input for creating a personal token."""

    label: Any = Line(max_length=LINE_LENGTH, help_text="Purpose of the token, in your words.")
    scopes = Scopes(
        min_length=1,
        max_length=scopes.MOST,
        help_text="What the token can do: `read`, `write`, or names of operations from the contracts.",
    )
    days = WholeNumber(min_value=1, max_value=LONGEST_LIFE, help_text="Days until it expires.")


class PersonalToken(serializers.Serializer[Any]):
    """A personal token, without its text."""

    id = Key(help_text="Id for revoking it.")
    label: Any = serializers.CharField(help_text="Purpose of the token, in the owner's words.")
    scopes = serializers.ListField(child=serializers.CharField(), help_text="Scopes of the token.")
    created_at = serializers.DateTimeField(help_text="Time of creation.")
    expires_at = serializers.DateTimeField(help_text="Time of expiry.")
    last_used_at = serializers.DateTimeField(
        allow_null=True, help_text="Time of its last use, accurate to five minutes. Null: never used."
    )


class PersonalTokenCreated(PersonalToken):
    """A personal token, with its text."""

    token = serializers.CharField(
        source="text", help_text="Value for the header 'Authorization: Bearer TOKEN'. Shown once."
    )


def create(
    request: HttpRequest | Request,
    profile: Profile,
    *,
    label: str,
    scopes: list[str],
    days: int,
) -> Row:
    """Create a personal token of a profile, and return it with its text.

    Raises:
        ValidationError: the account already has `MOST` valid tokens.
        Refused: UNAUTHENTICATED: the account or its sign-ins have ended since authentication.
    """
    text, now = tokens.personal_text(), timezone.now()
    with transaction.atomic():
        # With the lock, concurrent creations count each other, and ending all sign-ins refuses or revokes this token.
        accounts.require_account(profile)
        if living(profile.personal_tokens.all()).count() >= MOST:
            message = _("You have {most} personal tokens. Revoke one of them first.").format(most=MOST)
            raise ValidationError([ErrorDetail(message, code=InvalidCode.INVALID)])
        row = profile.personal_tokens.create(
            label=label,
            scope=" ".join(scopes),
            session_version=profile.session_version,
            digest=tokens.digest(text),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    security.log("personal_token_created", profile, request=request, token=row.pk)
    row.text = text
    return row


def list_all(request: HttpRequest | Request, profile: Profile) -> list[Row]:
    """The valid personal tokens of a profile, newest first."""
    rows = living(profile.personal_tokens.filter(session_version=profile.session_version))
    return list(rows.order_by("-created_at", "pk"))


def revoke(request: HttpRequest | Request, profile: Profile, *, id: UUID | None) -> None:  # noqa: A002
    """Revoke a personal token of a profile.

    Raises:
        Refused: NOT_FOUND: the profile has no valid token with this id.
    """
    if not end(profile.personal_tokens.filter(Q(pk=id)), request=request):
        raise unseen(actor_of(request))


def living(rows: QuerySet[Row]) -> QuerySet[Row]:
    """The tokens that are neither revoked nor expired."""
    return rows.filter(revoked_at=None, expires_at__gt=timezone.now())


def end(rows: QuerySet[Row], *, request: HttpRequest | Request | None = None) -> int:
    """Revoke the valid tokens among these. Returns their number."""
    ended = [row for row in living(rows).select_related("profile") if _revoke(row, timezone.now())]
    for row in ended:
        security.log("personal_token_revoked", row.profile, request=request, token=row.pk)
    return len(ended)


def _revoke(row: Row, now: datetime) -> bool:
    """Revoke a token, unless a concurrent request already has. Returns whether it was revoked here."""
    return bool(Row.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=now))
