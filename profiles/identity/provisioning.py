"""Provisioning: creates an account for an OpenID issuer's identity when its token is first used."""

from __future__ import annotations

import re
import secrets
import unicodedata
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from profiles.core import writing
from profiles.core.actors import Actor
from profiles.identity import security
from profiles.identity.external import ExternalToken, NoAccount, account_of, identity_of
from profiles.models import LINE_LENGTH, USERNAME_LENGTH, ExternalIdentity, Profile
from profiles.serializers import ProfileSerializer

ATTEMPTS = 3  # validations: the claims as sent, without invalid ones, with another suffix
SUFFIX_BYTES = 4
NAMELESS = "user"  # username of an identity without a name, before the suffix


def provision(request: HttpRequest | Request, refused: NoAccount) -> Actor:
    """The caller with a valid token whose identity has no account: creates one, if the issuer's `provision` is on.

    The account is keyed by issuer and subject only. An existing account with the same name or address is not linked:
    the issuer could claim any name or address (OpenID Connect Core 1.0, section 5.7). The new account has no password.

    Raises:
        NoAccount: `refused`, or one that says which claim is missing.
        Refused: as `account_of` does.
    """
    token = refused.token
    if not token.issuer.provision:
        raise refused
    try:
        made = writing.transact(Profile, lambda: _made(token))
    except IntegrityError:  # a concurrent first request created the account
        made = None
    if made:
        security.log("external_sign_up", made, request=request, issuer=token.issuer.url)
    return account_of(token)


def _made(token: ExternalToken) -> Profile | None:
    """Create the account of an identity; None if it has one by now. Call it in a transaction."""
    if identity_of(token):
        return None
    is_verified = token.issuer.claims.get("email") == "email" and token.claims.get("email_verified") is True
    values = _validated(token) | {"password": make_password(None), "email_verified": is_verified}
    profile = writing.create(Profile, values, actor=Actor())
    if not is_verified:
        profile.send_code()
    ExternalIdentity.objects.create(issuer=token.issuer.url, subject=token.subject, profile=profile)
    return profile


def _validated(token: ExternalToken) -> dict[str, Any]:
    """The token's claims, validated like a sign-up. Invalid claims are left out; a username that is taken or reserved
    gets a suffix."""
    claimed = {field: token.claims[claim] for field, claim in token.issuer.claims.items() if claim in token.claims}
    name = _username(claimed.pop("username", None))
    values = {**claimed, "username": name or _with_suffix(NAMELESS)}
    for _attempt in range(ATTEMPTS):
        serializer = ProfileSerializer(data=values, context={"actor": Actor()})
        if serializer.is_valid():
            return dict(serializer.validated_data)
        values = {field: value for field, value in values.items() if field not in serializer.errors}
        values.setdefault("username", _with_suffix(name or NAMELESS))
    message = _("An account needs a valid email address, and the token has none. Ask staff for an account.")
    raise NoAccount(token, message)


def _username(claim: Any) -> str:
    """A username derived from a name at the issuer; "" if no valid character is left. Of an email address it uses the
    local part only, to reveal less."""
    name = claim[:LINE_LENGTH].partition("@")[0] if isinstance(claim, str) else ""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()  # letters without accents
    return re.sub(r"[^A-Za-z0-9._-]+", "-", ascii_name).strip("._-")[:USERNAME_LENGTH]


def _with_suffix(name: str) -> str:
    suffix = f"-{secrets.token_hex(SUFFIX_BYTES)}"
    return name[: USERNAME_LENGTH - len(suffix)] + suffix
