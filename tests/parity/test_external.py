"""Access tokens of an OpenID issuer in both APIs: which are valid, and for which account."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from profiles.core.metrics import ISSUER_FAILURES
from profiles.identity import accounts, external, families, issuers
from profiles.models import ExternalIdentity, Profile
from tests.cast import PASSWORD
from tests.issuer import AUDIENCE, SCOPES, key
from tests.parity.test_statements import OPERATIONS, check_statements
from tests.state import stored, undone

IN_2023, IN_2096 = 1_700_000_000, 4_000_000_000


@pytest.fixture(autouse=True)
def linked(issuer, cast):
    """Link `owner` to an identity at the issuer."""
    cast["owner"].external_identities.create(issuer=issuer.url, subject="of owner")


@pytest.fixture
def eager(monkeypatch):
    """Let keys be fetched again at any time."""
    monkeypatch.setattr(issuers, "COOLDOWN", 0)
    monkeypatch.setattr(issuers, "LIFESPAN", 0)


def outcomes(apis, token):
    """The outcome of reading `me`, equal in both APIs."""
    first, second = (api.view_me(token=token) for api in apis)
    assert first == second
    return first.outcome


def check_refused(apis, token):
    before = stored()
    assert outcomes(apis, token) == "UNAUTHENTICATED"
    for api in apis:
        answer = api.view_me(token=token)
        assert answer.errors[0][2] == "The token is invalid or expired. Sign in again."
    assert stored() == before


def test_a_good_token_is_its_accounts(issuer, cast, apis):
    token = issuer.token("of owner")
    for api in apis:
        answer = api.view_me(token=token)
        assert (answer.outcome, answer.body["username"], answer.body["email"]) == (
            "done",
            "owner",
            "owner@example.com",
        )
        with undone():
            assert api.update(cast.pk("owner"), {"bio": "New."}, token=token).body["updated_by"] == cast.pk("owner")
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


@pytest.mark.parametrize(
    "claims",
    [
        {"typ": "JWT"},
        {"typ": "application/at+jwt"},
        {"aud": ["https://others.example.com", AUDIENCE]},
        {"scope": [*SCOPES[""].split(), "openid"]},
        {"scp": SCOPES[""], "without": ("scope",)},
        {"exp": IN_2096 + 0.5},
        {"client_id": "app", "jti": "1", "auth_time": 1, "acr": "x", "roles": ["admin"], "is_staff": True},
    ],
    ids=str,
)
def test_a_token_of_another_shape(issuer, cast, apis, claims):
    token = issuer.token("of owner", **claims)
    for api in apis:
        with undone():
            assert api.update(cast.pk("owner"), {"bio": "New."}, token=token).outcome == "done"
            assert api.update(cast.pk("known"), {"bio": "New."}, token=token).outcome == "FORBIDDEN"


@pytest.mark.parametrize("scope", ["profiles:read", "openid profiles:read email"])
def test_a_token_of_read_scope_writes_nothing(issuer, cast, apis, scope):
    token = issuer.token("of owner", scope=scope)
    assert outcomes(apis, token) == "done"
    for api in apis:
        before = stored()
        assert api.update(cast.pk("owner"), {"bio": "New."}, token=token).outcome == "FORBIDDEN"
        assert stored() == before


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "openid email"},
        {"scope": "write"},  # a scope of ours, not of the issuer's
        {"scope": ["profiles:read "]},
        {"scope": 1},
        {"scope": None},
        {"without": ("scope",)},
        {"aud": "others"},
        {"aud": AUDIENCE + "/"},
        {"aud": []},
        {"without": ("aud",)},
        {"exp": IN_2023},
        {"exp": "soon"},
        {"without": ("exp",)},
        {"nbf": IN_2096},
        {"iat": IN_2096},
        {"without": ("iat",)},
        {"without": ("sub",)},
        {"sub": ""},
        {"sub": 1},
        {"sub": "of\0owner"},
        {"sub": "öwner"},
        {"sub": "x" * 256},
        {"without": ("iss",)},
        {"iss": "https://others.example.com"},
        {"iss": ["https://others.example.com"]},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us(issuer, apis, claims):
    check_refused(apis, issuer.token("of owner", **claims))


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "x"}, {"at_hash": "x"}, {"c_hash": "x"}, {"typ": "id+jwt"}, {"typ": "logout+jwt"}, {"typ": None}],
    ids=str,
)
def test_an_id_token_is_no_access_token(issuer, apis, claims):
    """It is refused even with our audience and our scopes."""
    check_refused(apis, issuer.token("of owner", **claims))


def by_hand(token, alg, sign):
    """The token with another algorithm and signature."""
    header, payload, _ = token.split(".")
    header = json.loads(base64.urlsafe_b64decode(header + "==")) | {"alg": alg}
    parts = [json.dumps(header).encode(), base64.urlsafe_b64decode(payload + "==")]
    signed = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    return f"{signed}.{base64.urlsafe_b64encode(sign(signed.encode())).rstrip(b'=').decode()}"


def test_a_token_that_the_public_key_signed(issuer, apis):
    """RFC 8725, section 2.1: the public key must not be accepted as an HMAC secret."""
    good = issuer.token("of owner")
    assert outcomes(apis, good) == "done"
    public = key("first").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (public, public.strip(), json.dumps(issuer.key_set()["keys"][0]).encode()):
        check_refused(
            apis, by_hand(good, "HS256", lambda text, secret=secret: hmac.digest(secret, text, hashlib.sha256))
        )


@pytest.mark.parametrize("alg", ["none", "None", "", None, 1, ["RS256"]])
def test_a_token_that_nobody_signed(issuer, apis, alg):
    check_refused(apis, by_hand(issuer.token("of owner"), alg, lambda text: b""))
    assert issuer.asked == []


def test_a_token_of_another_algorithm_or_key(issuer, apis):
    check_refused(apis, issuer.token("of owner", algorithm="RS512"))
    check_refused(apis, issuer.token("of owner", signed_by=key("others")))
    check_refused(apis, issuer.token("of owner")[:-8] + "AAAAAAAA")
    check_refused(apis, issuer.token("of owner", kid="unknown"))


def test_a_shared_secret_among_the_keys_is_none(issuer, settings, apis):
    jwk = {"kty": "oct", "kid": "secret", "k": base64.urlsafe_b64encode(b"s" * 32).decode()}
    issuer.key_set = lambda: {"keys": [jwk, *type(issuer).key_set(issuer)["keys"]]}
    try:
        token = by_hand(
            issuer.token("of owner", kid="secret"), "HS256", lambda text: hmac.digest(b"s" * 32, text, "sha256")
        )
        check_refused(apis, token)
    finally:
        del issuer.key_set


@pytest.mark.parametrize(("filling", "outcome"), [(5_000, "done"), (6_000, "UNAUTHENTICATED")])
def test_a_long_token(issuer, apis, filling, outcome):
    token = issuer.token("of owner", groups="x" * filling)
    assert (len(token) <= external.LONGEST) is (outcome == "done")
    assert outcomes(apis, token) == outcome


@pytest.mark.parametrize(
    "payload", ["", "!", "é", "e30", "W10", "MQ", "Wzk=", "bnVsbA", "eyJpc3MiOltdfQ", "eyJpc3MiOnt9fQ"]
)
def test_a_token_that_names_no_issuer(issuer, apis, payload):
    check_refused(apis, f"e30.{payload}.e30")
    check_refused(apis, payload or ".")


def test_our_own_tokens_ask_no_issuer(issuer, cast, apis):
    assert outcomes(apis, cast.token("owner")) == "done"
    assert issuer.asked == []


# Keys


def test_keys_are_fetched_once(issuer, apis):
    for _ in range(3):
        assert outcomes(apis, issuer.token("of owner")) == "done"
    assert issuer.asked.count("/keys") == 1


def test_a_new_key_is_found(issuer, apis, eager):
    assert outcomes(apis, issuer.token("of owner")) == "done"
    old, issuer.kids = issuer.token("of owner"), ["first", "second"]
    assert outcomes(apis, issuer.token("of owner", kid="second")) == "done"
    assert outcomes(apis, old) == "done"


def test_a_withdrawn_key_is_one_no_longer(issuer, apis, eager):
    old = issuer.token("of owner")
    assert outcomes(apis, old) == "done"
    issuer.kids = ["second"]
    check_refused(apis, old)
    assert outcomes(apis, issuer.token("of owner")) == "done"


def test_unknown_keys_do_not_make_us_fetch(issuer, apis):
    """At most one fetch in `COOLDOWN` seconds, for any number of unknown keys."""
    for number in range(20):
        check_refused(apis, issuer.token("of owner", kid=f"made up {number}", signed_by=key("others")))
    assert issuer.asked.count("/keys") == 1
    assert outcomes(apis, issuer.token("of owner")) == "done"
    assert issuer.asked.count("/keys") == 1


def failures(issuer):
    return ISSUER_FAILURES.labels(issuer.url)._value.get()


def check_unavailable(apis, token):
    first, second = (api.view_me(token=token) for api in apis)
    assert first.errors == second.errors
    assert (first.outcome, second.outcome) == ("UNAVAILABLE", "UNAVAILABLE")
    rest, graphql = apis
    for response in (
        rest.send("GET", "/profiles/me/", token=token),
        graphql.send("mutation { logoutEverywhere { loggedOut } }", token=token),
    ):
        assert (response.status_code, response["Retry-After"]) == (503, str(issuers.COOLDOWN))
        assert response.headers["Content-Type"].startswith("application/json")


def test_an_issuer_that_does_not_answer(issuer, apis):
    issuer.is_away, before = True, failures(issuer)
    check_unavailable(apis, issuer.token("of owner"))
    assert len(issuer.asked) == 1
    assert failures(issuer) == before + 1


def test_an_issuer_that_answers_again(issuer, apis, eager):
    issuer.is_away = True
    check_unavailable(apis, issuer.token("of owner"))
    issuer.is_away = False
    assert outcomes(apis, issuer.token("of owner")) == "done"


def test_known_keys_are_used_while_the_issuer_does_not_answer(issuer, apis, eager):
    assert outcomes(apis, issuer.token("of owner")) == "done"
    issuer.is_away, before = True, failures(issuer)
    assert outcomes(apis, issuer.token("of owner")) == "done"
    assert failures(issuer) > before
    check_unavailable(apis, issuer.token("of owner", kid="second"))


def test_a_closed_port(issuer, cast, apis, settings):
    settings.OIDC_ISSUERS = [issuer.setting(jwks_uri="http://127.0.0.1:1/keys")]
    issuers.issuers.cache_clear()
    check_unavailable(apis, issuer.token("of owner"))
    assert outcomes(apis, cast.token("owner")) == "done"


@pytest.mark.parametrize(
    "wrong",
    [
        {"named": "https://others.example.com"},
        {"keys_at": "file:///etc/passwd"},
        {"keys_at": "ftp://127.0.0.1/keys"},
        {"keys_at": None},
        {"keys_at": ["x"]},
        {"kids": []},
    ],
    ids=str,
)
def test_documents_that_are_wrong(issuer, apis, wrong):
    token = issuer.token("of owner")
    for name, value in wrong.items():
        setattr(issuer, name, value)
    check_unavailable(apis, token)


def test_a_uri_of_keys_needs_no_discovery(issuer, apis, settings):
    settings.OIDC_ISSUERS = [issuer.setting(jwks_uri=f"{issuer.url}/keys")]
    issuers.issuers.cache_clear()
    assert outcomes(apis, issuer.token("of owner")) == "done"
    assert issuer.asked == ["/keys"]


# Accounts


def test_an_identity_without_an_account(issuer, apis):
    """A token's name and address do not select an account."""
    token = issuer.token("of nobody", preferred_username="owner", email="owner@example.com", name="Owner")
    before = stored()
    for api in apis:
        answer = api.view_me(token=token)
        assert answer.outcome == "UNAUTHENTICATED"
        assert answer.errors[0][2] == "This identity has no account here. Ask staff to link one."
    assert stored() == before
    assert ExternalIdentity.objects.count() == 1


def test_a_subject_is_of_one_issuer(issuer, cast, apis):
    ExternalIdentity.objects.all().delete()
    cast["owner"].external_identities.create(issuer="https://others.example.com", subject="of owner")
    assert outcomes(apis, issuer.token("of owner")) == "UNAUTHENTICATED"


def test_a_disabled_account(issuer, apis):
    Profile.objects.filter(username="owner").update(is_active=False)
    check_refused(apis, issuer.token("of owner"))


ENDINGS = {
    "signed out everywhere": lambda profile: accounts.sign_out_everywhere(profile),
    "a new password": lambda profile: accounts.change_password(profile, "another staple of the horse"),
}


@pytest.mark.parametrize("end", ENDINGS)
def test_tokens_from_before_the_end_of_the_sign_ins(issuer, cast, apis, end):
    before = issuer.token("of owner", iat=time.time() - 1)
    assert outcomes(apis, before) == "done"
    ENDINGS[end](cast["owner"])
    check_refused(apis, before)
    assert outcomes(apis, issuer.token("of owner", iat=time.time() + 1)) == "done"


def test_signing_out_everywhere_by_a_token_of_the_issuer(issuer, cast, apis):
    for api in apis:
        with undone():
            own, token = families.start(cast["owner"]).token, issuer.token("of owner", iat=time.time() - 1)
            assert api.log_out_everywhere(token=token).outcome == "done"
            assert outcomes(apis, token) == outcomes(apis, own) == "UNAUTHENTICATED"


def test_an_account_that_was_disabled_meanwhile(issuer, cast, apis):
    """Staff disable the account and enable it again."""
    token, staff = issuer.token("of owner", iat=time.time() - 1), cast.token("staff")
    for is_active in (False, True):
        assert apis[0].update(cast.pk("owner"), {"is_active": is_active}, token=staff).outcome == "done"
    check_refused(apis, token)


def test_a_write_of_an_account_that_ended_meanwhile(issuer, cast, apis, monkeypatch):
    account_of = external.account_of

    def ended(token):
        actor = account_of(token)
        accounts.sign_out_everywhere(Profile.objects.get(username="owner"))
        return actor

    monkeypatch.setattr(external, "account_of", ended)
    for api in apis:
        with undone():
            answer = api.update(cast.pk("owner"), {"bio": "New."}, token=issuer.token("of owner"))
            assert answer.outcome == "UNAUTHENTICATED"
            assert Profile.objects.get(username="owner").bio == "Mine."


def test_an_account_without_a_password_has_none_to_change(issuer, cast, apis):
    Profile.objects.filter(username="owner").update(password="!")
    answers = [api.change_password(PASSWORD, "a new staple", token=issuer.token("of owner")) for api in apis]
    assert answers[0] == answers[1]
    assert answers[0].errors == (
        (
            "invalid",
            "old_password",
            "This account signs in through another service. Change the password there.",
        ),
    )


def test_a_deleted_account_is_no_longer_one(issuer, cast, apis):
    for api in apis:
        with undone():
            token = issuer.token("of owner")
            assert api.delete(cast.pk("owner"), token=token).outcome == "done"
            assert outcomes(apis, token) == "UNAUTHENTICATED"
            assert not ExternalIdentity.objects.exists()


def test_later_operations_of_a_document(issuer, cast, graphql):
    """An operation after the end of the sign-ins fails, like the next request."""
    token = issuer.token("of owner", iat=time.time() - 1)
    update = f'updateProfile(input: {{id: "{cast["owner"].node_id}", bio: "x"}}) {{ profile {{ pk }} }}'
    body = graphql.send(f"mutation {{ a: logoutEverywhere {{ loggedOut }} b: {update} }}", token=token).json()
    assert body["data"] == {"a": {"loggedOut": True}, "b": None}
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("label", [label for label, (actor, *_) in OPERATIONS.items() if actor != "anonymous"])
def test_a_token_of_an_issuer_costs_no_more(issuer, cast, apis, label):
    check_statements(cast, apis, label, cast.token(f"{OPERATIONS[label][0]} (external)"))


def test_the_clock_of_the_issuer_may_differ_a_little(issuer, apis):
    late = timezone.now() + timedelta(seconds=external.LEEWAY - 10)
    assert outcomes(apis, issuer.token("of owner", iat=int(late.timestamp()))) == "done"
