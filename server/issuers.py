"""Settings of OpenID issuers, from an environment variable in JSON."""

import json
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from server.variables import Variables

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""The algorithms with a public key. With a shared secret (HS256), a verifier could also sign; with `none`, anyone could
(RFC 8725, sections 2.1 and 3.1)."""
FIELDS = ("username", "email", "display_name", "bio", "location", "website", "time_zone")
SCOPES = ("read", "write")
LONGEST = 255  # characters of a URL
DEFAULTS: dict[str, Any] = {
    "algorithms": ["RS256"],
    "jwks_uri": "",
    "provision": False,
    "claims": {"username": "preferred_username", "email": "email", "display_name": "name"},
    "scopes": {"profiles:read": "read", "profiles:write": "write"},
}
MEMBERS = {"issuer", "audience", *DEFAULTS}


def configured(env: Variables, *, debug: bool) -> list[dict[str, Any]]:
    """The issuers of `OIDC_ISSUERS`, each with all of `MEMBERS`.

    If one is invalid, the list is empty, and `env` collects the problems. `debug`: http URLs are allowed.
    """
    try:
        given = json.loads(env.read("OIDC_ISSUERS"))
    except ValueError:
        given = None
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        env.require("OIDC_ISSUERS", False, 'Set a list of objects in JSON: [{"issuer": "https://…", "audience": "…"}].')
        return []
    issuers = [DEFAULTS | each for each in given]
    problems = [problem for each in issuers for problem in _problems(each, debug=debug)]
    if len({str(each.get("issuer")) for each in issuers}) < len(issuers):
        problems.append("Name each issuer once.")
    for problem in problems:
        env.require("OIDC_ISSUERS", False, problem)
    return [] if problems else issuers


def _problems(issuer: dict[str, Any], *, debug: bool) -> Iterator[str]:
    """Advice for each member that is missing, unknown or invalid."""
    if unknown := issuer.keys() - MEMBERS:
        yield f"Leave out {', '.join(sorted(unknown))}: the members are {', '.join(sorted(MEMBERS))}."
    for name in ("issuer", "jwks_uri"):
        if (name == "issuer" or issuer[name]) and not _is_protected(issuer.get(name), debug=debug):
            yield f"Set {name} to an https URL of {LONGEST} characters at the most; http is for DEBUG and loopback."
    if not _is_text(issuer.get("audience")):
        yield "Set audience to this service's name at the issuer, which no client has."
    if not (_is_list(issuer["algorithms"]) and set(issuer["algorithms"]) <= set(ALGORITHMS)):
        yield f"Set algorithms to some of {', '.join(ALGORITHMS)}: never none or HS256, by which anybody could sign."
    if not isinstance(issuer["provision"], bool):
        yield "Set provision to true or false."
    if not (_is_mapping(issuer["claims"]) and issuer["claims"].keys() <= set(FIELDS)):
        yield f"Set claims to an object of a claim's name by field, of {', '.join(FIELDS)}."
    if not (_is_mapping(issuer["scopes"]) and issuer["scopes"] and set(issuer["scopes"].values()) <= set(SCOPES)):
        yield 'Set scopes to an object of "read" or "write" by the issuer\'s scope.'


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_protected(url: Any, *, debug: bool) -> bool:
    """Whether a URL's content certainly comes from its host: by https or from this machine; with `debug` by http."""
    try:
        parts = urlsplit(url) if _is_text(url) else None
        host = parts and parts.hostname
    except ValueError:
        return False
    if not parts or not host or len(url) > LONGEST:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and (debug or _is_loopback(host)))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
