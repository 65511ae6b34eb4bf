"""Signing keys: secrets, and key pairs whose public half is published for other verifiers."""

import subprocess

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.core.exceptions import ImproperlyConfigured

from profiles.identity import families, keys

MAKE = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


@pytest.fixture(params=MAKE)
def algorithm(request, settings):
    settings.JWT_ALGORITHM = request.param
    return request.param


def write(path, key, *, public=False):
    if public:
        path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    else:
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(path)


def test_a_pair_signs_and_whoever_fetches_the_set_verifies(cast, client, apis, algorithm, settings, tmp_path):
    settings.JWT_KEYS = {"new": write(tmp_path / "new.pem", MAKE[algorithm]())}
    token = families.start(cast["owner"]).token
    for api in apis:
        assert api.view_me(token=token).outcome == "done"
    response = client.get("/.well-known/jwks.json")
    assert response.headers["Cache-Control"] == "public, max-age=300"
    key_set = jwt.PyJWKSet.from_dict(response.json())
    key = key_set[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=[algorithm], audience="profiles")["sub"] == str(cast.pk("owner"))
    assert not {"d", "p", "q"} & response.json()["keys"][0].keys()


@pytest.mark.parametrize("public", [True, False])
def test_rotating_signs_nobody_out(cast, client, apis, algorithm, settings, tmp_path, public):
    first, second = MAKE[algorithm](), MAKE[algorithm]()
    settings.JWT_KEYS = {"first": write(tmp_path / "first.pem", first)}
    token = families.start(cast["owner"]).token
    settings.JWT_KEYS = {
        "second": write(tmp_path / "second.pem", second),
        "first": write(tmp_path / "first-kept.pem", first, public=public),
    }
    newer = families.start(cast["owner"]).token
    assert jwt.get_unverified_header(newer)["kid"] == "second"
    for api in apis:
        assert api.view_me(token=token).outcome == api.view_me(token=newer).outcome == "done"
    assert [key["kid"] for key in client.get("/.well-known/jwks.json").json()["keys"]] == ["second", "first"]
    settings.JWT_KEYS = {"second": settings.JWT_KEYS["second"]}
    for api in apis:
        assert api.view_me(token=token).outcome == "UNAUTHENTICATED"


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(cast, apis, algorithm, settings, tmp_path):
    key = MAKE[algorithm]()
    settings.JWT_KEYS = {"k": write(tmp_path / "k.pem", key)}
    good = families.start(cast["owner"]).token
    claims = jwt.decode(good, options={"verify_signature": False})
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) if algorithm == "EdDSA" else b"p" * 64
    forged = jwt.encode(claims, public.ljust(32), "HS256", headers={"kid": "k"})
    for api in apis:
        assert api.view_me(token=good).outcome == "done"
        assert api.view_me(token=forged).outcome == "UNAUTHENTICATED"


def test_rotating_secrets_signs_nobody_out(cast, apis, settings):
    settings.JWT_KEYS = {"first": "1" * 32}
    token = families.start(cast["owner"]).token
    settings.JWT_KEYS = {"second": "2" * 32, "first": "1" * 32}
    for api in apis:
        assert api.view_me(token=token).outcome == "done"


def test_secrets_are_published_nowhere(client):
    assert client.get("/.well-known/jwks.json").json() == {"keys": []}


def test_a_file_that_is_no_key(algorithm, settings, tmp_path):
    other = tmp_path / "other.pem"
    write(other, ec.generate_private_key(ec.SECP256R1()))
    (tmp_path / "text.pem").write_text("no key")
    for path, message in {
        str(other): f"holds no key for {algorithm}",
        str(tmp_path / "text.pem"): "is no PEM file of a key",
        str(tmp_path / "missing.pem"): "is no PEM file of a key",
        write(tmp_path / "public.pem", MAKE[algorithm](), public=True): "must hold the private key",
    }.items():
        settings.JWT_KEYS = {"k": path}
        with pytest.raises(ImproperlyConfigured, match=message):
            keys.signing_key()


def test_openssl_makes_a_key_that_is_taken(settings, tmp_path):
    settings.JWT_ALGORITHM = "EdDSA"
    path = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(path)], check=True)  # noqa: S607
    settings.JWT_KEYS = {"k": str(path)}
    assert keys.signing_key()[0] == "k"
