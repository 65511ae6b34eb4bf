"""Access tokens of OpenID issuers: verified, and whose account they are (RFC 9068, RFC 8725)."""

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

LONGEST = 8_000  # characters of a token: longer than ours, because issuers add claims; it still fits into a header
LEEWAY = 30  # seconds that the issuer's clock may differ by
REQUIRED = ["iss", "sub", "aud", "exp", "iat"]
TYPES = ("at+jwt", "application/at+jwt", "jwt")  # of a token's header: RFC 9068, section 2.1, and issuers before it
OF_ID_TOKENS = {"nonce", "at_hash", "c_hash"}  # claims: OpenID Connect Core 1.0, sections 2 and 3.3.2.11


@dataclass(frozen=True, slots=True)
class ExternalToken:
    """A good token of an issuer. `issued_at` is aware, in UTC."""

    issuer: Issuer
    subject: str
    issued_at: datetime
    may_write: bool
    claims: dict[str, Any]


class NoAccount(Refused):
    """The refusal of a good token whose identity has no account."""

    def __init__(self, token: ExternalToken, message: str = "") -> None:
        refused = bad_token(message or _("This identity has no account here. Ask staff to link one."))
        super().__init__(Outcome.UNAUTHENTICATED, refused.message, headers=refused.headers)
        self.token = token


def issuer_of(token: str) -> Issuer | None:
    """The issuer that a token names, which is not verified yet; None where it is not of `OIDC_ISSUERS`."""
    known = issuers()
    if not known or len(token) > LONGEST:
        return None
    try:
        return known.get(orjson.loads(base64url_decode(token.split(".")[1]))["iss"])
    except (LookupError, TypeError, ValueError):  # it is no JWT, or names none
        return None


def identify(issuer: Issuer, text: str) -> Actor:
    """Who sends this token of this issuer, in one SQL statement at most.

    Raises:
        Refused: as `read` and `account_of` do.
    """
    return account_of(read(issuer, text))


def read(issuer: Issuer, text: str) -> ExternalToken:
    """What a token of this issuer says.

    An ID token is none: it tells a client who signed in, and is not meant for this service (RFC 9068, section 5). It
    has another audience and no scope, and is refused too by its `typ` or by a claim that ID tokens alone have.

    Raises:
        Refused: UNAUTHENTICATED: it is damaged, expired, not meant for this service or has none of its scopes.
            UNAVAILABLE: the issuer does not answer, and the key is not known.
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
    except Exception:  # whatever shape a header or a claim has
        raise sign_in_ended() from None


def _token(issuer: Issuer, claims: dict[str, Any]) -> ExternalToken:
    """Raises `ValueError`: a claim is not as it must be."""
    subject, granted = claims["sub"], {issuer.scopes[name] for name in _scopes(claims) if name in issuer.scopes}
    if OF_ID_TOKENS & claims.keys() or not granted or not is_subject(subject):
        raise ValueError("an ID token, or no scope or subject of ours")
    issued_at = datetime.fromtimestamp(int(claims["iat"]), UTC)
    return ExternalToken(issuer, subject, issued_at, "write" in granted, claims)


def _scopes(claims: dict[str, Any]) -> list[str]:
    """A token's scopes: `scope` (RFC 9068, section 2.2.3), or the `scp` of some issuers; a text or a list."""
    scopes = claims.get("scope", claims.get("scp", ""))
    return scopes.split(" ") if isinstance(scopes, str) else [name for name in scopes if isinstance(name, str)]


def is_subject(text: str) -> bool:
    """Whether this can be a subject: OpenID Connect Core 1.0, section 2."""
    return 0 < len(text) <= SUBJECT_LENGTH and text.isascii() and text.isprintable()


def account_of(token: ExternalToken) -> Actor:
    """Whose token this is, in one SQL statement.

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
    """The identity that this token is of, with its profile."""
    condition = Q(issuer=token.issuer.url, subject=token.subject)
    return next(iter(find(ExternalIdentity, condition, Wanted(related="profile"))), None)
