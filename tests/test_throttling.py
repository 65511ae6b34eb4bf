"""Attempts to sign in: counted one by one, whichever door they come through."""

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import RequestFactory

from profiles import throttling
from profiles.models import Profile
from profiles.outcomes import Outcome, Refused
from tests.cast import PASSWORD

LIMIT = 10  # per account, as it ships


@pytest.fixture
def hashings(monkeypatch):
    """How often a password was hashed: what an attempt costs."""
    made = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args: made.append(1) or encode(*args))
    return made


def test_one_attempt_too_many_is_refused_at_both_doors(cast, doors, hashings):
    hashings.clear()
    for n in range(LIMIT):
        assert doors[n % 2].sign_in(("owner", "OWNER", "ｏｗｎｅｒ")[n % 3], "wrong").outcome == "UNAUTHENTICATED"
    first, second = (door.sign_in("owner", PASSWORD) for door in doors)
    assert first.outcome == second.outcome == "THROTTLED"
    assert len(hashings) == LIMIT  # the right password was not looked at
    assert 0 < first.details["retry_after"] <= 300
    assert 0 < second.details["retryAfter"] <= 300
    assert doors[0].sign_in("member", PASSWORD).outcome == "done"


def test_a_refusal_says_when_to_come_back(cast, rest):
    for _ in range(LIMIT):
        rest.sign_in("owner", "wrong")
    response = rest.send("POST", "/auth/token/", {"username": "owner", "password": "wrong"})
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 300


def test_guesses_of_the_old_password_are_counted_too(cast, doors):
    token = cast.token("owner")
    for n in range(LIMIT):
        answer = doors[n % 2].change_password("wrong", "a staple for the horse", token=token)
        assert answer.errors == (("invalid", "old_password", "This is not your password."),)
    assert doors[0].change_password(PASSWORD, "a staple for the horse", token=token).outcome == "THROTTLED"
    assert doors[1].sign_in("owner", PASSWORD).outcome == "THROTTLED"


def test_guesses_in_the_admin_are_counted_too(cast, client, rest):
    client.raise_request_exception = False
    for _ in range(LIMIT):
        client.post("/admin/login/", {"username": "staff", "password": "wrong"})
    assert client.post("/admin/login/", {"username": "staff", "password": PASSWORD}).status_code == 429
    assert rest.sign_in("staff", PASSWORD).outcome == "THROTTLED"


def test_an_address_has_a_limit_over_all_accounts(cast, doors, settings):
    settings.SIGN_IN_LIMIT_PER_ADDRESS = "4 per minute"
    for n in range(4):
        assert doors[n % 2].sign_in(f"guess{n}", "wrong").outcome == "UNAUTHENTICATED"
    assert doors[0].sign_in("owner", PASSWORD).outcome == "THROTTLED"


@pytest.mark.parametrize("username", ["owner", "nobody", "gone", "a b", "é"])
def test_every_attempt_costs_one_hashing(cast, rest, hashings, username):
    hashings.clear()
    rest.sign_in(username, "wrong")
    assert len(hashings) == 1


def test_fifty_aliases_are_refused_whole(cast, graphql, hashings):
    hashings.clear()
    aliases = " ".join(f'a{n}: tokenAuth(username: "owner", password: "{n}") {{ token }}' for n in range(50))
    response = graphql.send(f"mutation {{ {aliases} }}")
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["BAD_REQUEST"]
    hidden = 'fragment F on Mutation { a: tokenAuth(username: "owner", password: "1") { token } }'
    change = 'changePassword(oldPassword: "1", newPassword: "2") { token }'
    response = graphql.send(f"mutation {{ ...F {change} }} {hidden}")
    assert "Ask for one changePassword or tokenAuth" in response.json()["errors"][0]["message"]
    assert not hashings


def test_one_in_a_document_beside_others_is_taken(cast, graphql):
    response = graphql.send(f'mutation {{ tokenAuth(username: "owner", password: "{PASSWORD}") {{ scope }} }}')
    assert response.json()["data"]["tokenAuth"] == {"scope": "read write"}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "1.1.1.1", "203.0.113.9"),  # no proxy of ours: nothing it says counts
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),  # what the client wrote itself
        ("10.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("", "1.1.1.1", ""),  # a Unix socket
    ],
)
def test_an_address_is_the_last_that_is_no_proxy_of_ours(settings, peer, forwarded, address):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    assert throttling.address_of(request) == address


def test_a_forged_header_moves_nothing(cast, rest):
    guess = {"username": "owner", "password": "x"}
    outcomes = [
        rest.send("POST", "/auth/token/", guess, x_forwarded_for=f"9.9.9.{n}").status_code for n in range(LIMIT + 1)
    ]
    assert outcomes == [401] * LIMIT + [429]


def test_counting_in_a_redis_that_is_away_is_unavailable(cast, doors, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    for door in doors:
        assert door.sign_in("owner", PASSWORD).outcome == "UNAVAILABLE"
    with pytest.raises(Refused) as refused:
        throttling.count_sign_in(None, "owner")
    assert refused.value.outcome is Outcome.UNAVAILABLE


def test_a_command_has_no_address(db):
    throttling.count_sign_in(None, Profile.USERNAME_FIELD)
