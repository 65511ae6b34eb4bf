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
LIFESPAN = 300  # seconds after which keys are fetched anew: so long is a key accepted that the issuer withdrew
COOLDOWN = 10  # seconds between two fetches at the least, whatever tokens come
TIMEOUT = 3  # seconds that the issuer may take to answer
PATIENCE = 1  # seconds that a request waits while another one fetches the key that it needs


@dataclass(frozen=True, slots=True)
class Issuer:
    """An OpenID issuer, as `OIDC_ISSUERS` describes it.

    Attributes:
        url: its identifier, which its tokens have as `iss`.
        audience: the name that it knows this service by, which its tokens have as `aud`.
        algorithms: those that its tokens may be signed by.
        provision: whether an identity without an account is given one.
        claims: the claim that has the value of each of these fields.
        scopes: `read` or `write` by its own scope.
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
    """The issuers of this process, by their URLs. Their keys are fetched when they are first needed."""
    count_from_zero(ISSUER_FAILURES, [each["issuer"] for each in settings.OIDC_ISSUERS])
    return {each["issuer"]: _issuer(**each) for each in settings.OIDC_ISSUERS}


def _issuer(*, issuer: str, jwks_uri: str, algorithms: list[str], **others: Any) -> Issuer:
    return Issuer(url=issuer, algorithms=tuple(algorithms), keys=Keys(issuer, jwks_uri), **others)


class Keys:
    """The public keys of an issuer, by `kid`, as it last published them (RFC 7517).

    They are fetched for a `kid` that is not among them, and when they are `LIFESPAN` old; within `COOLDOWN` of a fetch
    they are not, so that made-up tokens do not make this service send requests. While the issuer does not answer, the
    keys that it published last are used.

    PyJWT's `PyJWKClient` fetches, and keeps nothing: its own cache fetches without a pause where the issuer does not
    answer, forgets the keys then, and has each request wait for that.

    Args:
        issuer: the issuer's URL.
        uri: of the keys; "" where the issuer's discovery document names it.
    """

    def __init__(self, issuer: str, uri: str) -> None:
        self.issuer = issuer
        self.uri = uri
        self._keys: dict[str, PyJWK] = {}
        self._tried_at = self._fetched_at = -math.inf
        self._turn = Lock()

    def key(self, kid: str) -> PyJWK | None:
        """The key of this `kid`; None where the issuer has none.

        Raises:
            Refused: UNAVAILABLE: the issuer does not answer, and the key is not known.
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
        """Fetch the keys, unless that was tried within `COOLDOWN` or another thread does it for longer than this."""
        if not self._turn.acquire(timeout=patience):
            return
        try:
            if time.monotonic() - self._tried_at >= COOLDOWN:
                self._tried_at = time.monotonic()
                self._keys = self._fetched()
                self._fetched_at = self._tried_at
        except Exception as error:  # whatever the issuer answers
            ISSUER_FAILURES.labels(self.issuer).inc()
            logger.warning("The keys of the issuer %s can't be fetched: %s", self.issuer, error)
        finally:
            self._turn.release()

    def _fetched(self) -> dict[str, PyJWK]:
        published = PyJWKSet.from_dict(_document(self.uri or self._discovered())).keys
        return {key.key_id: key for key in published if key.key_id and key.public_key_use in (None, "sig")}

    def _discovered(self) -> str:
        """The URI of the keys. Raises `ValueError`: the document is of another issuer, or names no URI as safe as the
        issuer's (OpenID Connect Discovery 1.0, section 4.3)."""
        found = _document(self.issuer.rstrip("/") + DISCOVERY)
        uri = found.get("jwks_uri")
        if found.get("issuer") != self.issuer or not isinstance(uri, str):
            raise ValueError("its discovery document is another issuer's, or has no jwks_uri")
        if urlsplit(uri).scheme not in ("https", urlsplit(self.issuer).scheme):
            raise ValueError("its jwks_uri is not https")
        return uri


def _document(url: str) -> dict[str, Any]:
    """The JSON object at a URL, which may not redirect. Raises whatever can be wrong."""
    return cast(dict[str, Any], PyJWKClient(url, cache_jwk_set=False, timeout=TIMEOUT).fetch_data())
