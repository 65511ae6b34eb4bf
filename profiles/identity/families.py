"""Signing in and out: families of tokens, each from one sign-in to its end.

A refresh token is used once: it gives the family's next one. A family keeps two digests and no text: of its newest
token and of that one's direct predecessor. A child's text follows from its parent's by a key of ours; so the direct
predecessor, presented again within `GRACE` (a client that lost the answer, or asked twice at once), gets the same
child. Any other used token that comes again was stolen, from us or from the client: its family ends (RFC 9700, section
4.14.2). A token that was given out before tokens named their family is valid until it is used or expires.
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
NONCE_BYTES = 30  # 240 bits; with key and MAC a text needs no padding


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in or a refresh gives. Times are aware, in UTC. The tokens are in no text of it: it may be logged."""

    token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    refresh_expires_at: datetime
    scope: str


def sign_in(request: HttpRequest | Request, *, username: str, password: str, scope: str) -> TokenPair:
    """The tokens of a new family, for whoever knows the password.

    Raises:
        Refused: UNAUTHENTICATED, the same for a wrong password, a disabled account and none at all;
            THROTTLED, after too many attempts.
    """
    profile = authenticate(request, username=username, password=password)
    pair = _start(profile, scope, request) if isinstance(profile, Profile) else None
    if pair is None:
        raise Refused(Outcome.UNAUTHENTICATED, _("Wrong username or password. Check both."))
    return pair


def start(profile: Profile, scope: str = tokens.READ_WRITE, request: HttpRequest | Request | None = None) -> TokenPair:
    """A new family of this profile, whose tokens have this scope: `tokens.READ` or `tokens.READ_WRITE`.

    The request that starts it, if one does, is its first use.

    Raises:
        Refused: UNAUTHENTICATED: the account or its sessions have ended since `profile` was read.
    """
    pair = _start(profile, scope, request)
    if pair is None:
        raise sign_in_ended()
    return pair


def _start(profile: Profile, scope: str, request: HttpRequest | Request | None) -> TokenPair | None:
    with transaction.atomic():
        # Locked, so that a deletion waits until the family is there to be deleted.
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
    """The family's next tokens.

    Raises:
        Refused: UNAUTHENTICATED: no token of ours, its family has ended, or it was used before.
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
    if family.ended_at:  # said after the transaction, which must stand
        security.log("refresh_reuse", family.profile, request=request, family=family.pk)
        raise _bad()
    return _pair(family, child)


def revoke(request: HttpRequest | Request, *, refresh_token: str) -> None:
    """End the family of this token. One that is none is no error (RFC 7009, section 2.2)."""
    with transaction.atomic():
        family = _locked(refresh_token)
        if family is None or not is_alive(family):
            return
        _end(family)
    security.log("revoked", family.profile, request=request, family=family.pk)


def living(families: QuerySet[TokenFamily]) -> QuerySet[TokenFamily]:
    """Those of these families that have neither ended nor expired."""
    return families.filter(ended_at=None, expires_at__gt=timezone.now())


def end(
    families: QuerySet[TokenFamily],
    *,
    event: security.Event = "revoked",
    request: HttpRequest | Request | None = None,
    **facts: object,
) -> list[TokenFamily]:
    """End those of these families that live, and give them back, each with its profile.

    Each is an `event` of the security log, with `facts` and the address of the request, if there is one.
    """
    with transaction.atomic():
        rows = living(families).select_related("profile").select_for_update(of=("self",)).order_by("pk")
        ended = list(rows)
        TokenFamily.objects.filter(pk__in=[family.pk for family in ended]).update(ended_at=timezone.now())
    for family in ended:
        security.log(event, family.profile, request=request, family=family.pk, **facts)
    return ended


def sign_out_everywhere(request: HttpRequest | Request, profile: Profile) -> None:
    """End every family of this profile, and its sessions."""
    accounts.sign_out_everywhere(profile)
    security.log("signed_out_everywhere", profile, request=request)


def change_password(
    request: HttpRequest | Request, profile: Profile, *, old_password: str, new_password: str
) -> TokenPair:
    """Give a profile a new password, which ends every family, and start one for whoever changed it.

    Raises:
        ValidationError: the old password is wrong, or there is none.
        Refused: THROTTLED, after too many attempts of the owner's: attempts to sign in are counted apart.
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
    """The family of this token, the newest or an older one. PostgreSQL locks in the order of `of`: the profile first,
    as every write does, so that a deletion of the account comes entirely before or entirely after."""
    digest, key = tokens.digest(text), _family_key(text)
    named = Q(digest=digest) | Q(previous_digest=digest)
    rows = TokenFamily.objects.select_related("profile").filter(named | Q(pk=key) if key else named)
    return next(iter(rows.select_for_update(of=("profile", "self"), no_key=True)), None)


def is_alive(family: TokenFamily) -> bool:
    """Whether the tokens of this family are good, all else being well."""
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


# A token's text: the key of its family, a nonce, and a MAC of both by a key of ours, in URL-safe base64. So a used
# token leads to its family without a row per token, and a made-up text ends no family.


def _text(family: UUID, nonce: bytes) -> str:
    content = family.bytes + nonce
    return base64.urlsafe_b64encode(content + _mac("token", content)).decode()


def _child(family: TokenFamily, text: str) -> str:
    """The token that follows this one: the same, however often it is asked for."""
    return _text(family.pk, _mac("child", text)[:NONCE_BYTES])


def _family_key(text: str) -> UUID | None:
    """The key of the family that we gave this text out for; None for any other text."""
    try:
        content = base64.urlsafe_b64decode(text.encode())
        family, nonce = UUID(bytes=content[:UUID_BYTES]), content[UUID_BYTES:][:NONCE_BYTES]
    except ValueError:
        return None
    return family if constant_time_compare(text, _text(family, nonce)) else None


def _mac(purpose: str, value: str | bytes) -> bytes:
    return salted_hmac(f"profiles.families.{purpose}", value, algorithm="sha256").digest()
