"""Signing in and out: refresh token families, one for each sign-in.

A refresh token is valid once; using it returns the family's next one. A family stores two digests and no texts: of
its newest token and of that token's direct predecessor. A child's text is derived from its parent's with a secret
key, so the direct predecessor, sent again within `GRACE` (after a lost response, or by concurrent requests), returns
the same child. Reuse of any other used token means that it was stolen, and ends its family (RFC 9700, section 4.14.2).
A token issued before tokens contained their family is valid until it is used or expires.
"""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from profiles.core.outcomes import InvalidCode, Outcome, Refused, sign_in_ended
from profiles.identity import accounts, security, tokens
from profiles.identity.throttling import count_password_change
from profiles.identity.uses import use_of
from profiles.models import Profile, TokenFamily

GRACE = timedelta(seconds=10)
UUID_BYTES = 16
NONCE_BYTES = 30  # 240 bits; with the family key and the MAC, base64 needs no padding


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens from a sign-in or a refresh. Times are aware, in UTC. The repr has no tokens, so it may be logged."""

    token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    refresh_expires_at: datetime
    scope: str


def sign_in(request: HttpRequest | Request, *, username: str, password: str, scope: str) -> TokenPair:
    """Sign in with a password, and return the tokens of a new family.

    Raises:
        Refused: UNAUTHENTICATED, the same for a wrong password, a disabled account and a missing one;
            THROTTLED, after too many attempts.
    """
    profile = authenticate(request, username=username, password=password)
    pair = _start(profile, scope, request) if isinstance(profile, Profile) else None
    if pair is None:
        raise Refused(Outcome.UNAUTHENTICATED, _("Wrong username or password. Check both."))
    return pair


def start(profile: Profile, scope: str = tokens.READ_WRITE, request: HttpRequest | Request | None = None) -> TokenPair:
    """Start a family of a profile, and return its tokens.

    Args:
        profile: the account.
        scope: scope of the tokens: `tokens.READ` or `tokens.READ_WRITE`.
        request: the request, recorded as the family's first use; None for a command.

    Raises:
        Refused: UNAUTHENTICATED: the account or its sessions have ended since `profile` was loaded.
    """
    pair = _start(profile, scope, request)
    if pair is None:
        raise sign_in_ended()
    return pair


def _start(profile: Profile, scope: str, request: HttpRequest | Request | None) -> TokenPair | None:
    with transaction.atomic():
        # The lock makes a concurrent deletion wait for the family, and so delete it.
        if accounts.lock_account(profile) is None:
            return None
        family = TokenFamily(
            profile=profile,
            scope=scope,
            session_version=profile.session_version,
            expires_at=timezone.now() + timedelta(days=settings.REFRESH_TOKEN_DAYS),
            **use_of(request),
        )
        text = _text(family.pk, secrets.token_bytes(NONCE_BYTES))
        family.digest = tokens.digest(text)
        family.save(force_insert=True)
    return _pair(family, text)


def refresh(request: HttpRequest | Request, *, refresh_token: str) -> TokenPair:
    """Use a refresh token, and return the family's next tokens.

    Raises:
        Refused: UNAUTHENTICATED: the token is unknown, its family has ended, or it was used before.
    """
    digest = tokens.digest(refresh_token)
    with transaction.atomic():
        family = _locked(refresh_token)
        if family is None or not is_alive(family):
            raise _bad()
        child = _child(family, refresh_token)
        used_at = family.rotated_at or family.created_at
        is_repeated = family.previous_digest == digest and used_at >= timezone.now() - GRACE
        if family.digest == digest:
            used = {"digest": tokens.digest(child), "previous_digest": digest, "rotated_at": timezone.now()}
            used |= use_of(request)
            for name, value in used.items():
                setattr(family, name, value)
            family.save(update_fields=list(used))
        elif not is_repeated:
            _end(family)
    if family.ended_at:  # raised after the transaction, which must be committed
        security.log("refresh_reuse", family.profile, request=request, family=family.pk)
        raise _bad()
    return _pair(family, child)


def revoke(request: HttpRequest | Request, *, refresh_token: str) -> None:
    """End the family of a token. An invalid token is not an error (RFC 7009, section 2.2)."""
    with transaction.atomic():
        family = _locked(refresh_token)
        if family is None or not is_alive(family):
            return
        _end(family)
    security.log("revoked", family.profile, request=request, family=family.pk)


def living(families: QuerySet[TokenFamily]) -> QuerySet[TokenFamily]:
    """The families that have neither ended nor expired."""
    return families.filter(ended_at=None, expires_at__gt=timezone.now())


def end(
    families: QuerySet[TokenFamily],
    *,
    event: security.Event = "revoked",
    request: HttpRequest | Request | None = None,
    **facts: object,
) -> list[TokenFamily]:
    """End the families that have not ended or expired, and return them with their profiles.

    The security log gets an `event` for each, with `facts` and the address of the request, if any.
    """
    with transaction.atomic():
        rows = living(families).select_related("profile").select_for_update(of=("self",)).order_by("pk")
        ended = list(rows)
        TokenFamily.objects.filter(pk__in=[family.pk for family in ended]).update(ended_at=timezone.now())
    for family in ended:
        security.log(event, family.profile, request=request, family=family.pk, **facts)
    return ended


def sign_out_everywhere(request: HttpRequest | Request, profile: Profile) -> None:
    """End every family and session of a profile."""
    accounts.sign_out_everywhere(profile)
    security.log("signed_out_everywhere", profile, request=request)


def change_password(
    request: HttpRequest | Request, profile: Profile, *, old_password: str, new_password: str
) -> TokenPair:
    """Set a new password, which ends every family, and start a family for the caller.

    Raises:
        ValidationError: the old password is wrong, or the account has none.
        Refused: THROTTLED, after too many password changes by the owner; attempts to sign in are counted separately.
    """
    count_password_change(request, profile)
    if not profile.has_usable_password():
        message = _("This account signs in through another service. Change the password there.")
        raise ValidationError({"old_password": [ErrorDetail(message, code=InvalidCode.INVALID)]})
    if not profile.check_password(old_password):
        security.log("password_change_failed", profile, request=request)
        message = _("Wrong password. Give the password that you sign in with.")
        raise ValidationError({"old_password": [ErrorDetail(message, code=InvalidCode.INVALID)]})
    row = accounts.change_password(profile, new_password)
    security.log("password_changed", row, request=request)
    return start(row, request=request)


def _locked(text: str) -> TokenFamily | None:
    """The locked family of a token, the newest or an earlier one. PostgreSQL locks in the order of `of`: the profile
    first, like every write, so that a concurrent deletion of the account runs entirely before or after."""
    digest, key = tokens.digest(text), _family_key(text)
    named = Q(digest=digest) | Q(previous_digest=digest)
    rows = TokenFamily.objects.select_related("profile").filter(named | Q(pk=key) if key else named)
    return next(iter(rows.select_for_update(of=("profile", "self"), no_key=True)), None)


def is_alive(family: TokenFamily) -> bool:
    """Whether the family has not ended or expired, and its account's sessions have not ended."""
    return (
        family.ended_at is None
        and family.expires_at > timezone.now()
        and family.profile.is_active
        and constant_time_compare(family.session_version, family.profile.session_version)
    )


def _end(family: TokenFamily) -> None:
    family.ended_at = timezone.now()
    family.save(update_fields=["ended_at"])


def _pair(family: TokenFamily, refresh_token: str) -> TokenPair:
    access = tokens.issue(family)
    return TokenPair(access.token, refresh_token, access.expires_at, family.expires_at, family.scope)


def _bad() -> Refused:
    return Refused(Outcome.UNAUTHENTICATED, _("The refresh token is invalid or expired. Sign in again."))


# A token's text is the key of its family, a nonce, and a MAC of both with a secret key, in URL-safe base64. So a used
# token identifies its family without a row per token, and a forged text cannot end a family.


def _text(family: UUID, nonce: bytes) -> str:
    content = family.bytes + nonce
    return base64.urlsafe_b64encode(content + _mac("token", content)).decode()


def _child(family: TokenFamily, text: str) -> str:
    """The next token after this one; always the same for the same token."""
    return _text(family.pk, _mac("child", text)[:NONCE_BYTES])


def _family_key(text: str) -> UUID | None:
    """The key of the family for which the token was issued; None for a forged text."""
    try:
        content = base64.urlsafe_b64decode(text.encode())
        family, nonce = UUID(bytes=content[:UUID_BYTES]), content[UUID_BYTES:][:NONCE_BYTES]
    except ValueError:
        return None
    return family if constant_time_compare(text, _text(family, nonce)) else None


def _mac(purpose: str, value: str | bytes) -> bytes:
    return salted_hmac(f"profiles.families.{purpose}", value, algorithm="sha256").digest()
