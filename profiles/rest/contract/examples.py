"""Examples in the contract: unsaved rows, rendered by the serializers."""

from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from profiles.core.actors import Actor
from profiles.core.models import Source
from profiles.core.preconditions import entity_tag
from profiles.exports import ExportSerializer
from profiles.identity import credentials, personal_tokens, sign_ins
from profiles.identity.families import TokenPair
from profiles.identity.tokens import READ_WRITE, AccessToken
from profiles.models import Change, Export, PersonalToken, Profile, TokenFamily
from profiles.policy import Visibility
from profiles.resource import PROFILES
from profiles.serializers import ProfileSerializer

JOINED = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
CHANGED = JOINED + timedelta(days=10)
EXPIRY = CHANGED + timedelta(minutes=5)
SIGN_IN_EXPIRY = CHANGED + timedelta(days=14)

_john = Profile(
    pk=1,
    username="john_doe",
    email="john@example.com",
    email_verified=True,
    bio="Updated bio content.",
    display_name="John Doe",
    location="Madrid",
    website="https://john.example.com",
    time_zone="Europe/Madrid",
    visibility=Visibility.PUBLIC,
    created_at=JOINED,
    updated_at=CHANGED,
    version=2,
)
_john.updated_by = _john
_ada = Profile(
    pk=4,
    username="ada_lovelace",
    email="ada@example.com",
    created_at=CHANGED,
    updated_at=CHANGED,
)
_change = Change(
    profile=_john,
    version=2,
    actor=_john,
    at=CHANGED,
    source=Source.REST,
    request_id=UUID("6f1c2d1e-8a60-4f0a-9b0e-3d1f0c6a7b52"),
    fields={"bio": ["", "Updated bio content."]},
)
_family = TokenFamily(
    id=UUID("0c5d7a52-42f7-4e0c-8d4b-5a3f1de0b9c1"),
    scope=READ_WRITE,
    client="Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    address="192.0.2.7",
    created_at=CHANGED,
    last_used_at=CHANGED,
    expires_at=SIGN_IN_EXPIRY,
)
_session = copy(_family)
vars(_session).update(used_at=CHANGED, is_current=True)
_personal_token = PersonalToken(
    id=UUID("5c1b0c8e-6d0e-4e0a-9a55-0f3f6d3c2b10"),
    label="Nightly export",
    scope="exportProfile getOwnProfile",
    created_at=CHANGED,
    expires_at=CHANGED + timedelta(days=90),
)
_personal_token.text = "prf_" + "0" * 30 + "000000"  # with a wrong checksum, so that secret scanners ignore it
_as_john = {"actor": Actor(_john)}

ACCESS_TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"
REFRESH_TOKEN = "a-refresh-token-is-longer-than-this"
PASSWORD = "demo-pass-123"  # of the demo accounts, such as john_doe: the docs page sends it

CODE = "WDJB-MJHT"  # from RFC 8628, section 3.3.1
UNDO_TOKEN = "a-token-of-a-mail-is-longer-than-this-one"
NEW_PASSWORD = "a longer battery staple"

PROFILE: dict[str, Any] = dict(ProfileSerializer(_john, context=_as_john).data)
SIGN_UP = {"username": _ada.username, "email": _ada.email, "password": PASSWORD}
SIGNED_UP: dict[str, Any] = dict(ProfileSerializer(_ada, context={"actor": Actor(_ada)}).data)
CHANGE: dict[str, Any] = dict(PROFILES.change_serializer(_change, context=_as_john).data)
OLD_TAG = '"1-0b2f6d1c9a7e4835"'
READ_ANSWER = {"status": 200, "etag": entity_tag(PROFILE, _john.version), "body": PROFILE}
EXPORT: dict[str, Any] = ExportSerializer(
    {
        "profile": _john,
        "account": {"is_staff": False, "is_superuser": False, "groups": [], "permissions": [], "sign_outs": 0},
        "history": [_change],
        "writes_to_others": [],
        "sign_ins": [_family],
        "personal_tokens": [_personal_token],
        "external_identities": [],
        "codes": [],
        "email_undos": [],
        "idempotency_keys": [],
        "admin_sessions": [],
        "admin_log": [],
        "exports": [Export(started_at=CHANGED)],
    },
    context=_as_john,
).data
_tokens = credentials.Tokens(TokenPair(ACCESS_TOKEN, REFRESH_TOKEN, EXPIRY, SIGN_IN_EXPIRY, READ_WRITE)).data
_facts = credentials.TokenFacts(AccessToken(ACCESS_TOKEN, _john, EXPIRY, READ_WRITE)).data
IDENTITY: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # the input and the output of each operation
    "tokenAuth": ({"username": "john_doe", "password": PASSWORD, "scope": "write"}, _tokens),
    "refreshToken": ({"refresh_token": REFRESH_TOKEN}, _tokens),
    "verifyToken": ({"token": ACCESS_TOKEN}, _facts),
    "revokeToken": ({"refresh_token": REFRESH_TOKEN}, {"revoked": True}),
    "logoutEverywhere": ({}, {"logged_out": True}),
    "changePassword": ({"old_password": PASSWORD, "new_password": NEW_PASSWORD}, _tokens),
    "requestRecovery": ({"email": _john.email}, {"requested": True}),
    "confirmRecovery": ({"email": _john.email, "code": CODE, "new_password": NEW_PASSWORD}, _tokens),
    "verifyEmail": ({"code": CODE}, {"verified": True}),
    "resendVerification": ({}, {"requested": True}),
    "undoEmailChange": ({"token": UNDO_TOKEN}, {"undone": True}),
    "listSessions": ({}, {"results": [sign_ins.Session(_session).data]}),
    "endSession": ({}, {"ended": True}),
    "endOtherSessions": ({}, {"ended": True}),
    "createPersonalToken": (
        {"label": "Nightly export", "scopes": ["getOwnProfile", "exportProfile"], "days": 90},
        personal_tokens.PersonalTokenCreated(_personal_token).data,
    ),
    "listPersonalTokens": ({}, {"results": [personal_tokens.PersonalToken(_personal_token).data]}),
    "revokePersonalToken": ({}, {"revoked": True}),
}
KEY_SET = {
    "keys": [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",  # from RFC 8037, appendix A.2
            "kid": "2026-11",
            "use": "sig",
            "alg": "EdDSA",
        }
    ]
}


def page(*rows: dict[str, Any], path: str) -> dict[str, Any]:
    """A first page with these rows, followed by another page."""
    return {
        "results": list(rows),
        "next": f"https://example.com{path}?cursor=WyJhIl0&direction=forward",
        "previous": None,
        "next_cursor": "WyJhIl0",
        "previous_cursor": None,
    }
