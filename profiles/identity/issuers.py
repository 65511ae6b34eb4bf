"""The OpenID issuers of `OIDC_ISSUERS`, and their public keys."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from jwt import PyJWK, PyJWKClient, PyJWKSet

from profiles.core.metrics import ISSUER_FAILURES, count_from_zero
from profiles.core.outcomes import Outcome, Refused

logger = logging.getLogger(__name__)

DISCOVERY = "/.well-known/openid-configuration"  # OpenID Connect Discovery 1.0, section 4
LIFESPAN = 300  # seconds before keys are fetched again; a key that the issuer withdrew is accepted for as long
COOLDOWN = 10  # minimum seconds between two fetches
TIMEOUT = 3  # seconds to wait for the issuer's response
PATIENCE = 1  # seconds that a request waits for another one's fetch of the key


@dataclass(frozen=True, slots=True)
class Issuer:
    """An OpenID issuer from `OIDC_ISSUERS`.

    Attributes:
        url: its identifier, the claim `iss` of its tokens.
        audience: its name for this service, the claim `aud` of its tokens.
        algorithms: the accepted signature algorithms.
        provision: whether to create accounts for identities without one.
        claims: the name of a claim, by the field that it fills.
        scopes: `read` or `write`, by the issuer's scope.
        keys: its public keys.
    """

    url: str
    audience: str
    algorithms: tuple[str, ...]
    provision: bool
    claims: Mapping[str, str]
    scopes: Mapping[str, str]
    keys: Keys


@cache
def issuers() -> dict[str, Issuer]:
    """The issuers in `OIDC_ISSUERS`, by URL. Their keys are fetched on first use."""
    count_from_zero(ISSUER_FAILURES, [each["issuer"] for each in settings.OIDC_ISSUERS])
    return {each["issuer"]: _issuer(**each) for each in settings.OIDC_ISSUERS}


def _issuer(*, issuer: str, jwks_uri: str, algorithms: list[str], **others: Any) -> Issuer:
    return Issuer(url=issuer, algorithms=tuple(algorithms), keys=Keys(issuer, jwks_uri), **others)


class Keys:
    """A cache of an issuer's public keys, by `kid` (RFC 7517).

    The keys are fetched for an unknown `kid`, and when they are `LIFESPAN` old, but at most once in `COOLDOWN`, so
    that forged tokens cannot make this service send requests. While the issuer does not respond, the cached keys
    stay in use.

    PyJWT's `PyJWKClient` fetches without caching here: if the issuer does not respond, its own cache fetches again
    for every request, drops the keys, and makes each request wait.

    Args:
        issuer: the issuer's URL.
        uri: URI of the keys; "" to read it from the issuer's discovery document.
    """

    def __init__(self, issuer: str, uri: str) -> None:
        self.issuer = issuer
        self.uri = uri
        self._keys: dict[str, PyJWK] = {}
        self._tried_at = self._fetched_at = -math.inf
        self._turn = Lock()

    def key(self, kid: str) -> PyJWK | None:
        """The key with this `kid`; None if the issuer has none.

        Raises:
            Refused: UNAVAILABLE: the key is unknown and the issuer does not respond.
        """
        is_known = kid in self._keys
        if not is_known or time.monotonic() - self._fetched_at > LIFESPAN:
            self._refresh(patience=0 if is_known else PATIENCE)
        key = self._keys.get(kid)
        if key is None and self._fetched_at < self._tried_at:
            message = _("The issuer of the token does not answer. Retry after the time in Retry-After.")
            raise Refused(Outcome.UNAVAILABLE, message, retry_after=COOLDOWN)
        return key

    def _refresh(self, *, patience: float) -> None:
        """Fetch the keys, unless a fetch was tried within `COOLDOWN`. Waits up to `patience` seconds for another
        thread's fetch."""
        if not self._turn.acquire(timeout=patience):
            return
        try:
            if time.monotonic() - self._tried_at >= COOLDOWN:
                self._tried_at = time.monotonic()
                self._keys = self._fetched()
                self._fetched_at = self._tried_at
        except Exception as error:  # the issuer can return anything
            ISSUER_FAILURES.labels(self.issuer).inc()
            logger.warning("The keys of the issuer %s can't be fetched: %s", self.issuer, error)
        finally:
            self._turn.release()

    def _fetched(self) -> dict[str, PyJWK]:
        published = PyJWKSet.from_dict(_document(self.uri or self._discovered())).keys
        return {key.key_id: key for key in published if key.key_id and key.public_key_use in (None, "sig")}

    def _discovered(self) -> str:
        """The keys' URI from the discovery document. Raises `ValueError`: the document belongs to another issuer, or
        its `jwks_uri` is missing or less secure than the issuer's URL (OpenID Connect Discovery 1.0, section 4.3)."""
        found = _document(self.issuer.rstrip("/") + DISCOVERY)
        uri = found.get("jwks_uri")
        if found.get("issuer") != self.issuer or not isinstance(uri, str):
            raise ValueError("its discovery document is another issuer's, or has no jwks_uri")
        if urlsplit(uri).scheme not in ("https", urlsplit(self.issuer).scheme):
            raise ValueError("its jwks_uri is not https")
        return uri


def _document(url: str) -> dict[str, Any]:
    """The JSON object at a URL, without following redirects. Raises an exception of any type on failure."""
    return cast(dict[str, Any], PyJWKClient(url, cache_jwk_set=False, timeout=TIMEOUT).fetch_data())
