"""Attempts to sign in: counted one by one, whichever door they come through."""

import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import RequestFactory
from limits import parse

from profiles import throttling
from profiles.models import Profile
from profiles.throttling import Budget
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
        assert answer.errors == (
            ("invalid", "old_password", "This is not your password. Give the one that you sign in with."),
        )
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
    for count, code in ((50, "TOO_COMPLEX"), (10, "BAD_REQUEST")):
        aliases = " ".join(f'a{n}: tokenAuth(username: "owner", password: "{n}") {{ token }}' for n in range(count))
        response = graphql.send(f"mutation {{ {aliases} }}")
        assert [error["extensions"]["code"] for error in response.json()["errors"]] == [code]
    hidden = 'fragment F on Mutation { a: tokenAuth(username: "owner", password: "1") { token } }'
    change = 'changePassword(oldPassword: "1", newPassword: "2") { token }'
    response = graphql.send(f"mutation {{ ...F {change} }} {hidden}")
    assert "no second: changePassword, createProfile, tokenAuth." in response.json()["errors"][0]["message"]
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


def read(door, cast, **who):
    return door.view(cast.pk("shown"), **who).outcome


def test_both_doors_spend_one_budget(cast, doors, settings):
    settings.READ_LIMIT, settings.WRITE_LIMIT = "5 per minute", "2 per minute"
    token = cast.token("owner")
    outcomes = [read(doors[n % 2], cast, token=token) for n in range(6)]
    assert outcomes == ["done"] * 5 + ["THROTTLED"]
    writes = [doors[n % 2].update(cast.pk("owner"), {"bio": str(n)}, token=token).outcome for n in range(3)]
    assert writes == ["done"] * 2 + ["THROTTLED"]
    assert [read(door, cast, token=cast.token("member")) for door in doors] == ["done"] * 2
    assert [read(door, cast) for door in doors] == ["done"] * 2  # nobody in particular, by address


def test_a_document_counts_as_many_as_its_root_fields_all_or_none(cast, graphql, rest, settings):
    settings.READ_LIMIT = "5 per minute"
    four = "{ " + " ".join(f"a{n}: profile(pk: {cast.pk('shown')}) {{ pk }}" for n in range(4)) + " }"
    first = graphql.send(four)
    assert first.headers["RateLimit"] == '"reads";r=1;t=60'
    assert first.json()["extensions"]["cost"]["operations"] == 4
    assert first.json()["data"]["a3"] == {"pk": cast.pk("shown")}
    refused = graphql.send(four)
    (error,) = refused.json()["errors"]
    assert (error["extensions"]["code"], "data" in refused.json()) == ("THROTTLED", False)
    assert 0 < error["extensions"]["retryAfter"] == int(refused.headers["Retry-After"]) <= 60
    assert read(rest, cast) == "done"
    assert read(rest, cast) == "THROTTLED"


@pytest.mark.parametrize("query", ["{", "{ nothing }", "{ a { b } }", "{" + " me { pk }" * 30 + "}"])
def test_what_is_refused_is_counted_too(cast, graphql, settings, query):
    settings.READ_LIMIT = "2 per minute"
    codes = [graphql.send(query).json()["errors"][0]["extensions"]["code"] for _ in range(3)]
    assert codes[0] == codes[1] in ("BAD_REQUEST", "TOO_COMPLEX")
    assert codes[2] == "THROTTLED"


def test_every_answer_says_what_is_left(cast, doors, settings):
    settings.READ_LIMIT, settings.WRITE_LIMIT = "5 per 2 minutes", "3 per hour"
    rest, graphql = doors
    policies = [
        rest.send("GET", f"/profiles/{cast.pk('shown')}/"),
        graphql.send("{ me { pk } }"),
        rest.send("PATCH", f"/profiles/{cast.pk('owner')}/", {"bio": "x"}),
        graphql.send('mutation { verifyToken(token: "x") { scope } }'),
        rest.send("POST", "/auth/token/", {"username": "owner", "password": PASSWORD}),
    ]
    assert [response.headers["RateLimit-Policy"] for response in policies] == [
        *['"reads";q=5;w=120'] * 2,
        *['"writes";q=3;w=3600'] * 2,
        '"sign_ins";q=100;w=300',
    ]
    assert [response.headers["RateLimit"].split(";")[1] for response in policies] == [
        "r=4",
        "r=3",
        "r=2",
        "r=1",
        "r=99",
    ]


# Where Redis does not answer


@pytest.fixture(params=["away", "frozen"])
def lost_redis(request, settings):
    """A Redis that is not there, or takes what it is sent and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        settings.REDIS_URL = f"redis://127.0.0.1:{listener.getsockname()[1] if request.param == 'frozen' else 1}/0"
        throttling.counter.cache_clear()
        yield


def test_without_redis_reads_pass_and_attempts_are_counted_here(cast, doors, settings, lost_redis, caplog):
    settings.READ_LIMIT, settings.WRITE_LIMIT = "2 per minute", "12 per minute"
    assert [read(doors[n % 2], cast) for n in range(6)] == ["done"] * 6
    outcomes = [doors[n % 2].sign_in("owner", "wrong").outcome for n in range(LIMIT + 1)]
    assert outcomes == ["UNAUTHENTICATED"] * LIMIT + ["THROTTLED"]
    said = [record for record in caplog.records if record.name == "profiles.throttling"]
    assert len(said) == 1
    assert said[0].getMessage().startswith("Redis does not answer")


def test_redis_is_asked_again_and_a_line_is_written_once_a_minute(lost_redis, monkeypatch, caplog):
    now = 0.0
    monkeypatch.setattr(throttling.time, "monotonic", lambda: now)
    asked = []
    counter = throttling.counter()
    shared = counter.shared.hit
    monkeypatch.setattr(counter.shared, "hit", lambda *args, **kwargs: asked.append(now) or shared(*args, **kwargs))
    for now in (0, 1, 4.9, 5, 9, 30, 59, 64, 70):  # noqa: B007  the clock reads it
        counter.hit(throttling.Budget.WRITES.limit, "writes", "x")
    assert asked == [0, 5, 30, 59, 64, 70]
    assert len(caplog.records) == 2  # at 0 and at 64


def test_a_command_has_no_address(db):
    throttling.count_sign_in(None, Profile.USERNAME_FIELD)


THREADS = 8


@pytest.fixture
def threads_in_a_hurry():
    """Threads that take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_in_memory_exactly_as_many_pass_however_many_threads_ask(threads_in_a_hurry):
    """The library's own store is made for one thread: it started its timer twice, and raised."""
    limit, asked = parse("300 per minute"), 40
    for number in range(20):
        counting = throttling.Counter(throttling.LocalStorage())

        def hits(_, counting=counting, key=str(number)):
            return sum(counting.hit(limit, Budget.WRITES, key).passed for _ in range(asked))

        with ThreadPoolExecutor(THREADS) as pool:
            passed = sum(pool.map(hits, range(THREADS)))
        assert passed == min(limit.amount, THREADS * asked)
