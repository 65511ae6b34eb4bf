"""Access tokens of OpenID issuers: verification, and lookup of their accounts (RFC 9068, RFC 8725)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
import orjson
from django.db.models import Q
from django.utils.translation import gettext as _
from jwt.utils import base64url_decode

from profiles.core.actors import Actor
from profiles.core.outcomes import Outcome, Refused, bad_token, sign_in_ended
from profiles.core.statements import Wanted, find
from profiles.identity.issuers import Issuer, issuers
from profiles.models import SUBJECT_LENGTH, ExternalIdentity

LONGEST = 8_000  # characters of a token: more than for ours, because issuers add claims, but within a header's limit
LEEWAY = 30  # seconds of clock skew to the issuer
REQUIRED = ["iss", "sub", "aud", "exp", "iat"]
TYPES = ("at+jwt", "application/at+jwt", "jwt")  # `typ`: RFC 9068, section 2.1; older issuers use "jwt"
OF_ID_TOKENS = {"nonce", "at_hash", "c_hash"}  # claims of ID tokens: OpenID Connect Core 1.0, sections 2 and 3.3.2.11


@dataclass(frozen=True, slots=True)
class ExternalToken:
    """A valid token of an issuer. `issued_at` is aware, in UTC."""

    issuer: Issuer
    subject: str
    issued_at: datetime
    may_write: bool
    claims: dict[str, Any]


class NoAccount(Refused):
    """The refusal of a valid token whose identity has no account."""

    def __init__(self, token: ExternalToken, message: str = "") -> None:
        refused = bad_token(message or _("This identity has no account here. Ask staff to link one."))
        super().__init__(Outcome.UNAUTHENTICATED, refused.message, headers=refused.headers)
        self.token = token


def issuer_of(token: str) -> Issuer | None:
    """The issuer named in an unverified token; None if it is not in `OIDC_ISSUERS`."""
    known = issuers()
    if not known or len(token) > LONGEST:
        return None
    try:
        return known.get(orjson.loads(base64url_decode(token.split(".")[1]))["iss"])
    except (LookupError, TypeError, ValueError):  # not a JWT, or without issuer
        return None


def identify(issuer: Issuer, text: str) -> Actor:
    """The caller with this issuer's token, in at most one SQL statement.

    Raises:
        Refused: as `read` and `account_of` do.
    """
    return account_of(read(issuer, text))


def read(issuer: Issuer, text: str) -> ExternalToken:
    """Verify an issuer's access token and return its content.

    ID tokens are refused: they tell a client who signed in, and are not meant for APIs (RFC 9068, section 5). They
    have another audience and no scope; in addition, `typ` and the claims that only ID tokens have are checked.

    Raises:
        Refused: UNAUTHENTICATED: the token is malformed, expired, for another audience, or without a known scope.
            UNAVAILABLE: the key is unknown and the issuer does not respond.
    """
    try:
        header = jwt.get_unverified_header(text)
        if header["typ"].lower() not in TYPES or header["alg"] not in issuer.algorithms:
            raise jwt.InvalidTokenError("neither this type nor this algorithm is accepted")
        if (key := issuer.keys.key(header["kid"])) is None:
            raise jwt.InvalidTokenError("the issuer has no such key")
        claims = jwt.decode(
            text,
            key,
            algorithms=issuer.algorithms,
            audience=issuer.audience,
            issuer=issuer.url,
            leeway=LEEWAY,
            options={"require": REQUIRED},
        )
        return _token(issuer, claims)
    except Refused:
        raise
    except Exception:  # headers and claims can have any JSON type
        raise sign_in_ended() from None


def _token(issuer: Issuer, claims: dict[str, Any]) -> ExternalToken:
    """The token with these verified claims. Raises `ValueError`: a claim is invalid."""
    subject, granted = claims["sub"], {issuer.scopes[name] for name in _scopes(claims) if name in issuer.scopes}
    if OF_ID_TOKENS & claims.keys() or not granted or not is_subject(subject):
        raise ValueError("an ID token, or no scope or subject of ours")
    issued_at = datetime.fromtimestamp(int(claims["iat"]), UTC)
    return ExternalToken(issuer, subject, issued_at, "write" in granted, claims)


def _scopes(claims: dict[str, Any]) -> list[str]:
    """A token's scopes: `scope` (RFC 9068, section 2.2.3), or `scp` with some issuers; a string or a list."""
    scopes = claims.get("scope", claims.get("scp", ""))
    return scopes.split(" ") if isinstance(scopes, str) else [name for name in scopes if isinstance(name, str)]


def is_subject(text: str) -> bool:
    """Whether a text is a valid subject (OpenID Connect Core 1.0, section 2)."""
    return 0 < len(text) <= SUBJECT_LENGTH and text.isascii() and text.isprintable()


def account_of(token: ExternalToken) -> Actor:
    """The caller with a verified token, in one SQL statement.

    Raises:
        NoAccount: its identity has no account.
        Refused: UNAUTHENTICATED: the account is disabled, or its sign-ins have ended since the token was issued.
    """
    identity = identity_of(token)
    if identity is None:
        raise NoAccount(token)
    if not identity.profile.is_active or (identity.not_before and token.issued_at < identity.not_before):
        raise sign_in_ended()
    return Actor(identity.profile, token_writes=token.may_write)


def identity_of(token: ExternalToken) -> ExternalIdentity | None:
    """The identity of a token, with its profile, or None."""
    condition = Q(issuer=token.issuer.url, subject=token.subject)
    return next(iter(find(ExternalIdentity, condition, Wanted(related="profile"))), None)
