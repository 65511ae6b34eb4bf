"""Identity: access tokens, issued and read. Both doors authenticate here.

django-graphql-jwt calls the handlers (`claims_for`, `encode`, `decode`, `subject_of`,
`profile_with_key`) by the names that its settings give; RFC 7519 defines the claims.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jwt
from django.conf import settings
from django.contrib.auth import authenticate
from django.utils.crypto import constant_time_compare, salted_hmac
from graphql_jwt.exceptions import JSONWebTokenError
from graphql_jwt.settings import jwt_settings
from graphql_jwt.shortcuts import get_token
from graphql_jwt.utils import get_payload, get_user_by_payload

from profiles.models import Profile
from profiles.outcomes import Outcome, Refused
from profiles.policy import Actor

READ = "read"
READ_WRITE = "read write"
CLAIMS = ("sub", "iat", "exp", "jti", "typ", "aud", "iss", "scope", "sv")
ACCESS = "access"  # the `typ` of a token that identifies a caller


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token as its owner is given it. `expires_at` is aware, in UTC."""

    token: str
    expires_at: datetime
    scope: str


def sign_in(username: str, password: str) -> AccessToken:
    """A token for whoever knows the password.

    Raises:
        Refused: UNAUTHENTICATED, the same for a wrong password, a disabled account and none at all.
    """
    profile = authenticate(username=username, password=password)
    if not isinstance(profile, Profile):
        raise Refused(Outcome.UNAUTHENTICATED, "The username or the password is wrong.")
    return issue(profile)


def issue(profile: Profile, scope: str = READ_WRITE) -> AccessToken:
    """A new access token for this profile. `scope` is `READ` or `READ_WRITE`."""
    token = get_token(profile, scope=scope)
    return AccessToken(token, datetime.fromtimestamp(get_payload(token)["exp"], UTC), scope)


def identify(authorization: str | None) -> Actor:
    """Who sends this `Authorization` header (RFC 6750, section 2.1), in one SQL statement at most.

    Args:
        authorization: the header's value; None where there is none, which is nobody in particular.

    Raises:
        Refused: UNAUTHENTICATED: a header that says anything else than a good token is refused, and
            never taken for no header.
    """
    if authorization is None:
        return Actor()
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise _bad("Send the token as 'Authorization: Bearer TOKEN'.")
    try:
        claims = get_payload(token.strip())
        profile = get_user_by_payload(claims)
    except JSONWebTokenError:
        profile = None
    if profile is None or not constant_time_compare(claims["sv"], session_version(profile)):
        raise _bad("The token is not valid, or no longer. Sign in again.")
    return Actor(profile, may_write=claims["scope"] == READ_WRITE)


def _bad(message: str) -> Refused:
    # RFC 6750, section 3.1
    return Refused(Outcome.UNAUTHENTICATED, message, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def session_version(profile: Profile) -> str:
    """What the tokens of this profile must carry as `sv`: another one after each change of password."""
    return salted_hmac("profiles.tokens", profile.get_session_auth_hash(), algorithm="sha256").hexdigest()


# The handlers that django-graphql-jwt calls


def claims_for(profile: Profile, context: object = None) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "sub": str(profile.pk),  # never the username: somebody else may have it tomorrow
        "iat": now,
        "exp": now + jwt_settings.JWT_EXPIRATION_DELTA,
        "jti": uuid4().hex,
        "typ": ACCESS,
        "aud": jwt_settings.JWT_AUDIENCE,
        "iss": jwt_settings.JWT_ISSUER,
        "scope": READ_WRITE,
        "sv": session_version(profile),
    }


def encode(claims: dict[str, Any], context: object = None) -> str:
    """Sign with the current key, which is the first."""
    kid, key = next(iter(settings.JWT_KEYS.items()))
    return jwt.encode(claims, key, jwt_settings.JWT_ALGORITHM, headers={"kid": kid})


def decode(token: str, context: object = None) -> dict[str, Any]:
    """The claims of a token, each of `CLAIMS` there and checked.

    Raises:
        jwt.InvalidTokenError: anything about it is not as it must be.
    """
    try:
        key = settings.JWT_KEYS[jwt.get_unverified_header(token)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[jwt_settings.JWT_ALGORITHM],
            audience=jwt_settings.JWT_AUDIENCE,
            issuer=jwt_settings.JWT_ISSUER,
            # A moment in the past says nothing of a token that we signed, and hosts' clocks differ.
            options={"require": list(CLAIMS), "strict_aud": True, "verify_iat": False},
        )
    except jwt.InvalidTokenError:
        raise
    except Exception as error:  # whatever shape a header or a claim has
        raise jwt.InvalidTokenError(str(error)) from error
    if claims["typ"] != ACCESS or claims["scope"] not in (READ, READ_WRITE) or not isinstance(claims["sv"], str):
        raise jwt.InvalidTokenError("not an access token")
    return claims


def subject_of(claims: dict[str, Any]) -> str:
    return str(claims["sub"])


def profile_with_key(subject: str) -> Profile | None:
    return Profile.objects.with_key(subject).first()
