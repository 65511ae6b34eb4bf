"""Access tokens: issuing, verifying, and identifying the caller, for both APIs.

django-graphql-jwt's settings name the handlers that it calls (`claims_for`, `encode`, `decode`,
`family_of`, `profile_signed_in`). RFC 7519 defines the claims.
"""

import hashlib
import secrets
import string
import time
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID, uuid4

import jwt
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from graphql_jwt.exceptions import JSONWebTokenError
from graphql_jwt.settings import jwt_settings
from graphql_jwt.shortcuts import get_token
from graphql_jwt.utils import get_payload, get_user_by_payload

from profiles.core.actors import Actor
from profiles.core.outcomes import bad_token, sign_in_ended
from profiles.core.statements import Wanted, find
from profiles.identity import external, keys, scopes
from profiles.models import PersonalToken, Profile, TokenFamily

READ = "read"
READ_WRITE = "read write"
CLAIMS = ("sub", "iat", "exp", "jti", "typ", "aud", "iss", "scope", "sv", "sid")
LONGEST = 2_000  # characters of a token; with RS256 and a key of 4,096 bits, ours have about 1,300
KEPT = 2_048  # verified tokens in the cache: about 5 MB
ACCESS = "access"  # the `typ` of an access token

PREFIX = "prf_"  # of a personal token; a JWT cannot begin with it
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH = 30  # digits: 178 bits
CHECKSUM_LENGTH = 6  # digits: 32 bits
PERSONAL_LENGTH = len(PREFIX) + RANDOM_LENGTH + CHECKSUM_LENGTH


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A valid access token and its account. `expires_at` is aware, in UTC; `sign_in` is the key of its family."""

    token: str = field(repr=False)
    profile: Profile
    expires_at: datetime
    scope: str
    sign_in: UUID | None = None


def issue(family: TokenFamily) -> AccessToken:
    """Issue an access token for a sign-in."""
    token = get_token(family.profile, sid=str(family.pk), scope=family.scope)
    return AccessToken(token, family.profile, _expiry(get_payload(token)), family.scope)


def read(token: str) -> AccessToken:
    """Verify an access token and load its account, in one SQL statement.

    Raises:
        Refused: UNAUTHENTICATED: the token is malformed, expired or not ours, or its sign-in has ended.
    """
    try:
        claims = _verified(token, keys.algorithm(), tuple(settings.JWT_KEYS.items()))
        profile = get_user_by_payload(claims) if claims["exp"] > time.time() else None
    except JSONWebTokenError:
        profile = None
    if (
        profile is None
        or claims["sub"] != str(profile.pk)
        or not constant_time_compare(claims["sv"], profile.session_version)
    ):
        raise sign_in_ended()
    return AccessToken(token, profile, _expiry(claims), claims["scope"], claims["sid"])


@lru_cache(KEPT)
def _verified(token: str, algorithm: str, keys: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """The claims of a token with a valid signature, cached for later requests. The token may have expired since.

    Raises:
        JSONWebTokenError: the token is malformed or not ours, or was already expired when it was first verified.
    """
    claims: dict[str, Any] = get_payload(token)
    return claims


def identify(authorization: str | None) -> Actor:
    """The caller with this `Authorization` header (RFC 6750, section 2.1), in at most one SQL statement. The token is
    ours or from an issuer in `OIDC_ISSUERS`.

    Args:
        authorization: the header's value; None without a header: an anonymous caller.

    Raises:
        Refused: UNAUTHENTICATED: the header does not contain a valid token; it is never treated as no header. For an
            issuer's token, as `external.identify` does.
    """
    if authorization is None:
        return Actor()
    scheme, _blank, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise bad_token(_("Send the token as 'Authorization: Bearer TOKEN'."))
    text = token.strip()
    if text.startswith(PREFIX):
        return _of_personal_token(text)
    if issuer := external.issuer_of(text):
        return external.identify(issuer, text)
    if len(text) > LONGEST:
        raise sign_in_ended()
    good = read(text)
    return Actor(good.profile, token_writes=good.scope == READ_WRITE, sign_in=good.sign_in)


def _expiry(claims: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(claims["exp"], UTC)


# The handlers that django-graphql-jwt calls


def claims_for(profile: Profile, context: object = None) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "sub": str(profile.pk),  # not the username, which can later belong to another account
        "iat": now,
        "exp": now + jwt_settings.JWT_EXPIRATION_DELTA,
        "jti": uuid4().hex,
        "typ": ACCESS,
        "aud": jwt_settings.JWT_AUDIENCE,
        "iss": jwt_settings.JWT_ISSUER,
        "sv": profile.session_version,
    }


def encode(claims: dict[str, Any], context: object = None) -> str:
    """Sign with the current key."""
    kid, key = keys.signing_key()
    return jwt.encode(claims, key, keys.algorithm(), headers={"kid": kid})


def decode(token: str, context: object = None) -> dict[str, Any]:
    """Verify a token, require all of `CLAIMS`, and return them.

    Raises:
        jwt.InvalidTokenError: the token is invalid in any way.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            keys.verifying_key(jwt.get_unverified_header(token)["kid"]),
            algorithms=[keys.algorithm()],
            audience=jwt_settings.JWT_AUDIENCE,
            issuer=jwt_settings.JWT_ISSUER,
            # `iat` is not verified: the signature is ours, and clocks of hosts differ.
            options={"require": list(CLAIMS), "strict_aud": True, "verify_iat": False},
        )
        claims["sid"] = UUID(claims["sid"])
        _expiry(claims)
    except jwt.InvalidTokenError:
        raise
    except Exception as error:  # headers and claims can have any JSON type
        raise jwt.InvalidTokenError(str(error)) from error
    if claims["typ"] != ACCESS or claims["scope"] not in (READ, READ_WRITE) or not isinstance(claims["sv"], str):
        raise jwt.InvalidTokenError("not an access token")
    return claims


def family_of(claims: dict[str, Any]) -> UUID:
    return cast(UUID, claims["sid"])


def profile_signed_in(family: UUID) -> Profile | None:
    """The profile of a sign-in; None if it has ended."""
    condition = Q(
        token_families__pk=family, token_families__ended_at=None, token_families__expires_at__gt=timezone.now()
    )
    return next(iter(find(Profile, condition, Wanted(related=""))), None)


# Personal tokens: see `personal_tokens`


def personal_text() -> str:
    """The text of a new personal token."""
    content = PREFIX + "".join(secrets.choice(BASE62) for _place in range(RANDOM_LENGTH))
    return content + _checksum(content)


def digest(text: str) -> str:
    """The stored digest of a refresh token or a personal token: SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _of_personal_token(text: str) -> Actor:
    """The caller with a personal token. Executes no SQL if the checksum is wrong, otherwise one statement.

    Raises:
        Refused: UNAUTHENTICATED: the token is unknown, revoked or expired, or its account's sign-ins have ended.
    """
    content = text[:-CHECKSUM_LENGTH]
    if len(text) != PERSONAL_LENGTH or not text.isascii() or text != content + _checksum(content):
        raise sign_in_ended()
    condition = Q(digest=digest(text), revoked_at=None, expires_at__gt=timezone.now(), profile__is_active=True)
    token = next(iter(find(PersonalToken, condition, Wanted(related="profile"))), None)
    if token is None or not constant_time_compare(token.session_version, token.profile.session_version):
        raise sign_in_ended()
    may_write, operations = scopes.granted(token.scope)
    return Actor(token.profile, may_write, operations, personal_token=token)


def _checksum(content: str) -> str:
    """The CRC-32 of a text (ISO 3309), in base62."""
    number, digits = zlib.crc32(content.encode()), ""
    for _place in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(BASE62))
        digits = BASE62[digit] + digits
    return digits
