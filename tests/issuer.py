"""An OpenID issuer on the loopback interface: its keys, its HTTP documents, and its access tokens."""

import json
import time
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import RSAAlgorithm

from server.issuers import DEFAULTS

AUDIENCE = "https://profiles.example.com"
SCOPES = {"": "profiles:read profiles:write", "read": "profiles:read"}
LIFETIME = 300  # seconds


@cache
def key(kid):
    """The private key of this `kid`, generated once, because that is slow."""
    return generate_private_key(public_exponent=65_537, key_size=2_048)


class Documents(BaseHTTPRequestHandler):
    """Serve the discovery document and the keys; fail while the issuer is away."""

    def do_GET(self):
        issuer = self.server.issuer
        issuer.asked.append(self.path)
        found = {"/.well-known/openid-configuration": issuer.discovery, "/keys": issuer.key_set}.get(self.path)
        answer = json.dumps(found()).encode() if found and not issuer.is_away else b""
        self.send_response(200 if answer else 500)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


class Issuer:
    """An issuer at `url`. Tests change what it publishes; `asked` records the requests."""

    def __init__(self, url):
        self.url = url
        self.reset()

    def reset(self):
        self.kids, self.asked, self.is_away = ["first"], [], False
        self.named, self.keys_at = self.url, f"{self.url}/keys"

    def discovery(self):
        return {"issuer": self.named, "jwks_uri": self.keys_at}

    def key_set(self):
        keys = [json.loads(RSAAlgorithm.to_jwk(key(kid).public_key())) for kid in self.kids]
        return {"keys": [jwk | {"kid": kid, "use": "sig"} for kid, jwk in zip(self.kids, keys, strict=True)]}

    def setting(self, **members):
        """The issuer's entry of OIDC_ISSUERS, with defaults."""
        return DEFAULTS | {"issuer": self.url, "audience": AUDIENCE} | members

    def token(self, subject, *, kid=None, signed_by=None, algorithm="RS256", typ="at+jwt", without=(), **claims):
        """An access token, valid unless the arguments say otherwise. `scope` is its value, or a key of `SCOPES`."""
        now = int(time.time())
        kid = kid or self.kids[-1]
        good = {"iss": self.url, "sub": subject, "aud": AUDIENCE, "iat": now, "exp": now + LIFETIME, "scope": ""}
        good |= claims
        good["scope"] = SCOPES.get(good["scope"], good["scope"]) if isinstance(good["scope"], str) else good["scope"]
        payload = json.dumps({name: value for name, value in good.items() if name not in without}).encode()
        headers = {"kid": kid, "typ": typ}
        return jwt.PyJWS().encode(payload, signed_by or key(kid), algorithm, headers=headers)

    def token_of(self, profile, scope=""):
        """A token of an identity linked to this profile. `scope` is a key of `SCOPES`."""
        subject = f"subject-{profile.pk}"
        profile.external_identities.get_or_create(issuer=self.url, subject=subject)
        return self.token(subject, scope=scope)


@contextmanager
def issuing():
    """Run an issuer."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Documents) as server:
        server.issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.issuer
        server.shutdown()
        thread.join()
