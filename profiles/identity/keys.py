"""Keys for access tokens, by `kid`: the current one signs; it and earlier ones verify.

With HS256 a key is a secret. With EdDSA or RS256 (RFC 8037, RFC 7518) it is the path of a PEM file: the
current file contains a private key, an earlier one a private or a public key.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

PrivateKey: TypeAlias = RSAPrivateKey | Ed25519PrivateKey
PublicKey: TypeAlias = RSAPublicKey | Ed25519PublicKey

KINDS: dict[str, tuple[type[PrivateKey], type[PublicKey], Any]] = {
    "RS256": (RSAPrivateKey, RSAPublicKey, RSAAlgorithm),
    "EdDSA": (Ed25519PrivateKey, Ed25519PublicKey, OKPAlgorithm),
}
BY_SECRET = "HS256"


def algorithm() -> str:
    """The only accepted signature algorithm."""
    return str(settings.JWT_ALGORITHM)


def signing_key() -> tuple[str, str | PrivateKey]:
    """The current key and its `kid`."""
    kid, value = next(iter(settings.JWT_KEYS.items()))
    if algorithm() == BY_SECRET:
        return kid, value
    key = _load(algorithm(), value)
    if not isinstance(key, KINDS[algorithm()][0]):
        raise ImproperlyConfigured(f"JWT_KEYS: the first key ({kid}) signs, so its file must hold the private key.")
    return kid, key


def verifying_key(kid: str) -> str | PublicKey:
    """The key that verifies signatures with this `kid`. Raises `KeyError`: there is none."""
    value = settings.JWT_KEYS[kid]
    return value if algorithm() == BY_SECRET else _public(_load(algorithm(), value))


def key_set() -> dict[str, list[dict[str, Any]]]:
    """The public keys as a JWK Set (RFC 7517, section 5), for other services that verify tokens; empty with HS256."""
    if algorithm() == BY_SECRET:
        return {"keys": []}
    to_jwk = KINDS[algorithm()][2].to_jwk
    return {
        "keys": [
            json.loads(to_jwk(verifying_key(kid))) | {"kid": kid, "use": "sig", "alg": algorithm()}
            for kid in settings.JWT_KEYS
        ]
    }


@cache
def _load(algorithm: str, path: str) -> PrivateKey | PublicKey:
    private, public, _ = KINDS[algorithm]
    try:
        pem = Path(path).read_bytes()
        key = load_pem_private_key(pem, None) if b"PRIVATE KEY" in pem else load_pem_public_key(pem)
    except (OSError, ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"JWT_KEYS: {path} is no PEM file of a key: {error}") from None
    if not isinstance(key, private | public):
        raise ImproperlyConfigured(f"JWT_KEYS: {path} holds no key for {algorithm}.")
    return key


def _public(key: PrivateKey | PublicKey) -> PublicKey:
    return key.public_key() if isinstance(key, PrivateKey) else key
