"""Sign-in attempts: one count for both APIs and the admin."""

import json
import socket

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.test import RequestFactory

from profiles import fields, filters, models
from profiles.core import parsers
from profiles.identity import counters, throttling
from profiles.identity.counters import Memory
from profiles.identity.throttling import Budget
from profiles.models import Profile
from tests.apis import RESTAPI, GraphQLAPI
from tests.cast import PASSWORD
from tests.conftest import HTTPSClient
from tests.parity.test_statements import statements
from tests.proxy import proxying
from tests.state import undone

LIMIT = 10  # the default per account


@pytest.fixture
def hashings(monkeypatch):
    """The number of password hashings, the cost of an attempt."""
    made = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args: made.append(1) or encode(*args))
    return made


def test_one_attempt_too_many_is_refused_in_both_apis(cast, apis, hashings):
    hashings.clear()
    for n in range(LIMIT):
        assert apis[n % 2].sign_in(("owner", "OWNER", "ｏｗｎｅｒ")[n % 3], "wrong").outcome == "UNAUTHENTICATED"
    first, second = (api.sign_in("owner", PASSWORD) for api in apis)
    assert first.outcome == second.outcome == "THROTTLED"
    assert len(hashings) == LIMIT  # the right password was not checked
    assert 0 < first.details["retry_after"] <= 300
    assert 0 < second.details["retryAfter"] <= 300
    assert apis[0].sign_in("member", PASSWORD).outcome == "done"


def test_a_refusal_says_when_to_come_back(cast, rest):
    for _ in range(LIMIT):
        rest.sign_in("owner", "wrong")
    response = rest.send("POST", "/auth/token/", {"username": "owner", "password": "wrong"})
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 300


NEW = "a staple for the horse"


def test_an_owners_guesses_of_the_old_password_are_counted_apart(cast, apis):
    token = cast.token("owner")
    for n in range(LIMIT):
        answer = apis[n % 2].change_password("wrong", NEW, token=token)
        assert answer.errors == (
            ("invalid", "old_password", "Wrong password. Give the password that you sign in with."),
        )
    for api in apis:
        assert api.change_password(PASSWORD, NEW, token=token).outcome == "THROTTLED"
        assert api.change_password("wrong", NEW, token=cast.token("member")).outcome == "invalid"
        assert api.sign_in("owner", PASSWORD).outcome == "done"


@pytest.mark.parametrize("changing", [0, 1])
def test_a_strangers_guesses_leave_the_owner_its_change_of_password(cast, apis, changing):
    token = cast.token("owner")
    for n in range(LIMIT + 1):
        apis[n % 2].sign_in("owner", "wrong")
    assert apis[0].sign_in("owner", PASSWORD).outcome == "THROTTLED"
    assert apis[changing].change_password(PASSWORD, NEW, token=token).outcome == "done"


def test_a_token_that_may_not_write_takes_no_attempt_from_its_owner(cast, apis):
    for n in range(LIMIT + 1):
        answer = apis[n % 2].change_password("wrong", NEW, token=cast.token("owner (read)"))
        assert answer.outcome == "FORBIDDEN"
    assert apis[0].change_password(PASSWORD, NEW, token=cast.token("owner")).outcome == "done"


def test_a_strangers_guesses_leave_the_admins_change_of_password(cast, client, rest):
    client.force_login(cast["staff"])
    for _ in range(LIMIT + 1):
        rest.sign_in("staff", "wrong")
    new = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert client.post("/admin/password_change/", new).status_code == 302


def apis_at(address):
    """Both APIs, for a client at this address behind a trusted proxy."""
    client = HTTPSClient(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=address)
    return RESTAPI(client), GraphQLAPI(client)


@pytest.fixture
def behind_a_proxy(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]


@pytest.mark.parametrize("owners", ["198.51.100.8", "2001:db8:1:2::1"])
def test_guesses_from_one_network_do_not_lock_the_owner_on_another(cast, behind_a_proxy, owners):
    stranger, at_home = apis_at("198.51.100.7"), apis_at(owners)
    for n in range(LIMIT):
        assert stranger[n % 2].sign_in("owner", "wrong").outcome == "UNAUTHENTICATED"
    for api in stranger:
        assert api.sign_in("owner", PASSWORD).outcome == "THROTTLED"
    for api in at_home:
        assert api.sign_in("owner", PASSWORD).outcome == "done"


def test_an_account_has_a_ceiling_over_all_networks(cast, behind_a_proxy, settings):
    settings.SIGN_IN_CEILING_PER_ACCOUNT = "12 per 5 minutes"
    for n in range(12):
        assert apis_at(f"198.51.100.{n}")[n % 2].sign_in("owner", "wrong").outcome == "UNAUTHENTICATED"
    for api in apis_at("198.51.100.99"):
        assert api.sign_in("owner", PASSWORD).outcome == "THROTTLED"
        assert api.sign_in("member", PASSWORD).outcome == "done"


def test_an_address_over_its_limit_locks_no_account(cast, behind_a_proxy, client, settings):
    settings.SIGN_IN_LIMIT_PER_ADDRESS, settings.SIGN_IN_CEILING_PER_ACCOUNT = "4 per minute", "6 per minute"
    stranger = apis_at("198.51.100.7")
    for n in range(4):
        stranger[n % 2].sign_in("nobody", "wrong")
    in_the_admin = HTTPSClient(REMOTE_ADDR="198.51.100.7", raise_request_exception=False)
    for n in range(20):
        assert stranger[n % 2].sign_in("owner", "wrong").outcome == "THROTTLED"
        guess = {"username": "owner", "password": "wrong"}
        assert in_the_admin.post("/admin/login/", guess).status_code == 429
    for api in apis_at("198.51.100.8"):
        assert api.sign_in("owner", PASSWORD).outcome == "done"


@pytest.mark.parametrize("username", ["x" * 51, "\ufdfa" * 16_000, "a b", "\ufdfa"])
def test_a_text_that_is_no_username_is_counted_by_the_address_and_under_one_key(cast, apis, settings, username):
    settings.SIGN_IN_LIMIT_PER_ADDRESS = "4 per minute"
    is_long = len(username) > 50
    for n in range(4):
        answer = apis[n % 2].sign_in(username + "." * n * is_long, "wrong")
        assert answer.outcome == ("invalid" if is_long else "UNAUTHENTICATED")
        assert [error[:2] for error in answer.errors if is_long] == [("max_length", "username")] * is_long
    assert {api.sign_in(username, "wrong").outcome for api in apis} == {"THROTTLED"}
    keys = list(throttling.counter().shared.logs)
    assert max(map(len, keys)) < 100
    assert len([key for key in keys if key.startswith("account:")]) == 2  # one with the address, one without


def test_a_username_is_one_key_in_whatever_spelling():
    spellings = ("owner", "OWNER", "ｏｗｎｅｒ")
    assert len({throttling.sign_in_attempts(None, name)[0].key for name in spellings}) == 1
    assert len({throttling.sign_in_attempts(None, name)[0].key for name in ("a", "b", None, 1)}) == 3


def test_guesses_in_the_admin_are_counted_too(cast, client, rest):
    client.raise_request_exception = False
    for _ in range(LIMIT):
        client.post("/admin/login/", {"username": "staff", "password": "wrong"})
    assert client.post("/admin/login/", {"username": "staff", "password": PASSWORD}).status_code == 429
    assert rest.sign_in("staff", PASSWORD).outcome == "THROTTLED"


def test_a_sign_in_to_the_admin_spends_the_addresss_writes(cast, client, rest, settings):
    settings.WRITE_LIMIT = "3 per minute"
    client.raise_request_exception = False
    guess = {"username": "nobody", "password": "wrong"}
    assert [client.post("/admin/login/", guess).status_code for _ in range(4)] == [200] * 3 + [429]
    assert rest.sign_in("owner", PASSWORD).outcome == "THROTTLED"
    assert client.get("/admin/login/").status_code == 200


def test_a_post_in_the_admin_spends_the_callers_writes(cast, client, rest, settings):
    settings.WRITE_LIMIT = "2 per minute"
    client.raise_request_exception = False
    client.force_login(cast["staff"])
    path = f"/admin/profiles/profile/{cast.pk('owner')}/change/"
    assert [client.post(path, {"bio": "x"}).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get(path).status_code == 200
    answer = rest.update(cast.pk("staff"), {"bio": "x"}, token=cast.token("staff"))
    assert answer.outcome == "THROTTLED"


def test_an_address_has_a_limit_over_all_accounts(cast, apis, settings):
    settings.SIGN_IN_LIMIT_PER_ADDRESS = "4 per minute"
    for n in range(4):
        assert apis[n % 2].sign_in(f"guess{n}", "wrong").outcome == "UNAUTHENTICATED"
    assert apis[0].sign_in("owner", PASSWORD).outcome == "THROTTLED"


@pytest.mark.parametrize("way", ["rest", "graphql", "admin"])
def test_a_sign_in_clears_no_count(cast, client, apis, settings, way):
    """Neither the account's count nor the address's."""
    settings.SIGN_IN_LIMIT_PER_ADDRESS = f"{LIMIT + 3} per minute"
    for n in range(LIMIT - 1):
        assert apis[n % 2].sign_in("staff", "wrong").outcome == "UNAUTHENTICATED"
    if way == "admin":
        assert client.post("/admin/login/", {"username": "staff", "password": PASSWORD}).status_code == 302
    else:
        assert apis[way == "graphql"].sign_in("staff", PASSWORD).outcome == "done"
    assert {api.sign_in("staff", PASSWORD).outcome for api in apis} == {"THROTTLED"}
    assert apis[0].sign_in("member", PASSWORD).outcome == "done"
    assert {api.sign_in("member", PASSWORD).outcome for api in apis} == {"THROTTLED"}


def test_a_new_password_clears_no_count(cast, apis):
    for n in range(LIMIT - 1):
        assert apis[n % 2].change_password("wrong", NEW, token=cast.token("owner")).outcome == "invalid"
        assert apis[n % 2].sign_in("owner", "wrong").outcome == "UNAUTHENTICATED"
    token = apis[0].change_password(PASSWORD, NEW, token=cast.token("owner")).body["token"]
    assert apis[1].sign_in("owner", NEW).outcome == "done"
    for api in apis:
        assert api.change_password(NEW, PASSWORD, token=token).outcome == "THROTTLED"
        assert api.sign_in("owner", NEW).outcome == "THROTTLED"


@pytest.mark.parametrize("username", ["owner", "nobody", "gone", "a b", "é"])
def test_every_attempt_costs_one_hashing(cast, rest, hashings, username):
    hashings.clear()
    rest.sign_in(username, "wrong")
    assert len(hashings) == 1


def test_a_refused_sign_in_costs_the_same_whoever_it_names(cast, apis, hashings):
    Profile.objects.filter(username="known").update(password=make_password(None))  # signs in at an issuer
    costs = set()
    for api in apis:
        for username in ("owner", "nobody", "gone", "known"):
            hashings.clear()
            sent = statements(lambda d=api, u=username: d.sign_in(u, "wrong"))
            costs.add((len(sent), len(hashings)))
    assert costs == {(2, 1)}


def test_fifty_aliases_are_refused_whole(cast, graphql, hashings):
    hashings.clear()
    for count, code in ((50, "TOO_COMPLEX"), (10, "BAD_REQUEST")):
        aliases = " ".join(f'a{n}: tokenAuth(username: "owner", password: "{n}") {{ token }}' for n in range(count))
        response = graphql.send(f"mutation {{ {aliases} }}")
        assert [error["extensions"]["code"] for error in response.json()["errors"]] == [code]
    hidden = 'fragment F on Mutation { a: tokenAuth(username: "owner", password: "1") { token } }'
    change = 'changePassword(oldPassword: "1", newPassword: "2") { token }'
    response = graphql.send(f"mutation {{ ...F {change} }} {hidden}")
    assert (
        "once: changePassword, confirmRecovery, createProfile, requestRecovery"
        in response.json()["errors"][0]["message"]
    )
    assert not hashings


def test_one_in_a_document_beside_others_is_taken(cast, graphql):
    response = graphql.send(f'mutation {{ tokenAuth(username: "owner", password: "{PASSWORD}") {{ scope }} }}')
    assert response.json()["data"]["tokenAuth"] == {"scope": "read write"}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "1.1.1.1", "203.0.113.9"),  # not a trusted proxy, so its header is ignored
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),  # the first one is forged by the client
        ("10.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("", "1.1.1.1", ""),  # a Unix socket
        # An IPv4 address counts as one in any IPv6 notation
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("::ffff:cb00:7109", "", "203.0.113.9"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, ::ffff:198.51.100.7, ::ffff:10.0.0.2", "198.51.100.7"),
        ("10.9.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
        ("172.16.0.1", "198.51.100.7", "198.51.100.7"),  # trusted as ::ffff:172.16.0.0/108
        ("172.32.0.1", "198.51.100.7", "172.32.0.1"),
        # 6to4 and NAT64 addresses count as their IPv4 address
        ("2002:cb00:7109:5::1", "", "203.0.113.9"),
        ("64:ff9b::cb00:7109", "", "203.0.113.9"),
        ("2002:a00:1::1", "198.51.100.7", "10.0.0.1"),  # but they never count as a proxy
        ("64:ff9b::a00:1", "198.51.100.7", "10.0.0.1"),
        ("::1", "", "::/64"),
        # Ports and zones
        ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8:1:2::3]:443", "2001:db8:1:2::/64"),
        ("10.0.0.1", "[2001:db8:1:2::3]", "2001:db8:1:2::/64"),
        ("10.0.0.1", "[::ffff:198.51.100.7]:443", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7:port", "10.0.0.1"),
        ("10.0.0.1", "[198.51.100.7", "10.0.0.1"),
        ("fe80::1%eth0", "", "fe80::/64"),
    ],
)
def test_an_address_is_the_last_that_is_no_proxy_of_ours(settings, peer, forwarded, address):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "::ffff:172.16.0.0/108"]
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    assert throttling.address_of(request) == address


def test_a_forged_header_moves_nothing(cast, rest):
    guess = {"username": "owner", "password": "x"}
    outcomes = [
        rest.send("POST", "/auth/token/", guess, x_forwarded_for=f"9.9.9.{n}").status_code for n in range(LIMIT + 1)
    ]
    assert outcomes == [401] * LIMIT + [429]


def read(api, cast, **who):
    return api.view(cast.pk("shown"), **who).outcome


def test_both_apis_spend_one_budget(cast, apis, settings):
    settings.READ_LIMIT, settings.WRITE_LIMIT = "5 per minute", "2 per minute"
    token = cast.token("owner")
    outcomes = [read(apis[n % 2], cast, token=token) for n in range(6)]
    assert outcomes == ["done"] * 5 + ["THROTTLED"]
    writes = [apis[n % 2].update(cast.pk("owner"), {"bio": str(n)}, token=token).outcome for n in range(3)]
    assert writes == ["done"] * 2 + ["THROTTLED"]
    assert [read(api, cast, token=cast.token("member")) for api in apis] == ["done"] * 2
    assert [read(api, cast) for api in apis] == ["done"] * 2  # anonymous, by address


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


def test_every_answer_says_what_is_left(cast, apis, settings):
    settings.READ_LIMIT, settings.WRITE_LIMIT = "5 per 2 minutes", "3 per hour"
    rest, graphql = apis
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


def test_an_address_has_a_limit_over_its_accounts(cast, apis, settings):
    settings.READ_LIMIT_PER_ADDRESS, settings.WRITE_LIMIT_PER_ADDRESS = "4 per 2 minutes", "3 per minute"
    tokens = [cast.token(name) for name in ("owner", "member", "known", "hidden", "staff")]
    assert [read(apis[n % 2], cast, token=token) for n, token in enumerate(tokens)] == ["done"] * 4 + ["THROTTLED"]
    refused = apis[0].send("GET", "/profiles/me/", token=tokens[0])
    assert refused.headers["RateLimit-Policy"] == '"reads_per_address";q=4;w=120'
    assert read(apis[0], cast) == "done"  # an anonymous caller has the budget of its address
    writes = [apis[n % 2].sign_in(name, PASSWORD) for n, name in enumerate(("owner", "member"))]
    assert [answer.outcome for answer in writes] == ["done"] * 2
    outcomes = [
        apis[n % 2].update(cast.pk(name), {"bio": "x"}, token=cast.token(name)).outcome
        for n, name in enumerate(("owner", "member", "known", "hidden"))
    ]
    assert outcomes == ["done"] * 3 + ["THROTTLED"]


def test_what_a_caller_may_not_do_is_not_counted_for_its_address(cast, apis, settings):
    settings.READ_LIMIT, settings.READ_LIMIT_PER_ADDRESS = "2 per minute", "4 per minute"
    token = cast.token("owner")
    assert [read(apis[n % 2], cast, token=token) for n in range(9)] == ["done"] * 2 + ["THROTTLED"] * 7
    assert [read(api, cast, token=cast.token("member")) for api in apis] == ["done"] * 2


def sign_ups(apis, count, **who):
    return [
        apis[n % 2]
        .create({"username": f"new{n}-{len(who)}", "email": "new@example.com", "password": NEW}, **who)
        .outcome
        for n in range(count)
    ]


def test_an_address_has_a_limit_of_sign_ups(cast, apis, settings):
    settings.SIGN_UP_LIMIT_PER_ADDRESS = "3 per hour"
    assert sign_ups(apis, 5) == ["done"] * 3 + ["THROTTLED"] * 2
    token = cast.token("member")
    assert sign_ups(apis, 2, token=token) == ["THROTTLED"] * 2  # an account does not raise the limit
    assert sign_ups(apis, 5, token=cast.token("staff")) == ["done"] * 5
    assert apis[0].send("GET", "/profiles/").status_code == 200
    refused = apis[0].send("POST", "/profiles/", {})
    assert (refused.status_code, refused.headers["RateLimit-Policy"]) == (429, '"sign_ups";q=3;w=3600')


# Refusals before the body is parsed


BODIES = {
    "no object": ("[]", "application/json", 400),
    "nested deep": ("[" * 45_000 + "]" * 45_000, "application/json", 400),
    "no JSON": ("{", "application/json", 400),
    "no UTF-8": (b"\xff", "application/json", 400),
    "another media type": ("query", "text/plain", 415),
    "no document": ("{}", "application/json", 400),
    "a variable that is none": ('{"query": "{ a }", "variables": 1}', "application/json", 400),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_no_document_spends_a_read(client, db, settings, body):
    settings.READ_LIMIT = "2 per minute"
    content, content_type, status = BODIES[body]
    answers = [client.post("/graphql/", content, content_type=content_type) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 429]
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == ["r=1", "r=0", "r=0"]


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_no_input_spends_a_write(client, db, settings, body):
    settings.WRITE_LIMIT = "2 per minute"
    content, content_type, _ = BODIES[body]
    for path in ("/auth/token/", "/auth/token/verify/", "/profiles/"):
        throttling.counter.cache_clear()
        answers = [client.post(path, content, content_type=content_type).status_code for _ in range(3)]
        assert answers[0] == answers[1] in (400, 415)
        assert answers[2] == 429


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/graphql/?query=mutation{logoutEverywhere{loggedOut}}"),
        ("GET", "/graphql/?variables={"),
        ("PUT", "/graphql/"),
        ("OPTIONS", "/graphql/"),
        ("OPTIONS", "/profiles/"),
        ("GET", "/auth/token/"),
    ],
)
def test_every_method_is_counted(client, db, settings, method, path):
    settings.READ_LIMIT = "2 per minute"
    answers = [client.generic(method, path) for _ in range(3)]
    assert ["THROTTLED" in answer.content.decode() for answer in answers] == [False, False, True]


@pytest.mark.parametrize("token", ["nonsense", "x" * 3_000])
def test_a_bad_token_is_counted_by_its_address(cast, apis, settings, token):
    settings.READ_LIMIT = "4 per minute"
    outcomes = [api.view_me(token=token).outcome for api in apis * 2]
    assert outcomes == ["UNAUTHENTICATED"] * 4
    assert {api.view_me(token=token).outcome for api in apis} == {"THROTTLED"}
    assert read(apis[0], cast, token=cast.token("owner")) == "done"


@pytest.fixture
def parsed(monkeypatch):
    """The number of parsed bodies."""
    bodies = []
    parse_json = parsers.parse_json
    monkeypatch.setattr(parsers, "parse_json", lambda text: bodies.append(1) or parse_json(text))
    return bodies


REFUSED_DOCUMENTS = {
    "no document": "[]",
    "a query": json.dumps({"query": "{ me { pk } }"}),
    "a query that says mutation in a comment": json.dumps({"query": "{ me { pk } } # mutation"}),
    "a query of several fields": json.dumps({"query": "{ a: me { pk } b: me { pk } }"}),
    "a mutation": json.dumps({"query": 'mutation { verifyToken(token: "x") { scope } }'}),
}


@pytest.mark.parametrize("body", REFUSED_DOCUMENTS)
def test_documents_are_not_read_on_and_on_to_be_refused(client, db, settings, parsed, body):
    settings.READ_LIMIT, settings.WRITE_LIMIT = "1 per minute", "0 per minute"
    answers = [client.post("/graphql/", REFUSED_DOCUMENTS[body], content_type="application/json") for _ in range(100)]
    assert "THROTTLED" in answers[-1].content.decode()
    most = throttling.REFUSALS.amount
    assert most <= len(parsed) <= most + 1
    other = client.post("/graphql/", "[]", content_type="application/json", REMOTE_ADDR="198.51.100.7")
    assert other.status_code == 400  # another caller's body is parsed


def test_sign_ins_are_not_read_on_and_on_to_be_refused(client, db, settings, parsed):
    settings.WRITE_LIMIT = "2 per minute"
    answers = [client.post("/auth/token/", "[]", content_type="application/json").status_code for _ in range(100)]
    assert answers == [400] * 2 + [429] * 98
    assert len(parsed) == throttling.REFUSALS.amount + 2


# One round trip to Redis

OPERATIONS = {
    "a read": lambda api, cast: api.view(cast.pk("shown")),
    "a member's read": lambda api, cast: api.view(cast.pk("shown"), token=cast.token("member")),
    "a list": lambda api, cast: api.list(),
    "a write": lambda api, cast: api.update(cast.pk("owner"), {"bio": "B"}, token=cast.token("owner")),
    "a sign-in": lambda api, cast: api.sign_in("owner", PASSWORD),
    "a wrong password": lambda api, cast: api.sign_in("owner", "wrong"),
    "a username that is too long": lambda api, cast: api.sign_in("x" * 51, "wrong"),
    "a new password": lambda api, cast: api.change_password(PASSWORD, NEW, token=cast.token("owner")),
    "a sign-up": lambda api, cast: api.create({"username": "new", "email": "n@example.com", "password": NEW}),
    "a bad token": lambda api, cast: api.view_me(token="nonsense"),
}


@pytest.fixture(params=[0, 0.06], ids=["quick", "slow"])
def redis_proxy(request, settings, redis_url):
    """A proxy in front of Redis, slow or fast. This process is already connected."""
    with proxying(redis_url, delay=request.param) as proxy:
        settings.REDIS_URL, settings.REDIS_TIMEOUT = proxy.url, 10
        throttling.counter.cache_clear()
        throttling.count_sign_in(None, "x")
        yield proxy
        throttling.counter().shared.redis.close()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_request_takes_one_round_trip(cast, apis, redis_proxy, operation):
    for api in apis:
        redis_proxy.trips = 0
        with undone():
            OPERATIONS[operation](api, cast)
        assert redis_proxy.trips == 1


def test_a_throttled_request_takes_one_round_trip(cast, apis, settings, redis_proxy):
    settings.READ_LIMIT = settings.SIGN_IN_LIMIT_PER_ADDRESS = "0 per minute"
    for api in apis:
        for operation in ("a read", "a sign-in"):
            redis_proxy.trips = 0
            assert OPERATIONS[operation](api, cast).outcome == "THROTTLED"
            assert redis_proxy.trips == 1


def test_the_first_request_of_a_connection_takes_no_more(cast, apis, settings, redis_url):
    """Without a database number or a password, connecting needs no extra command."""
    with proxying(redis_url.rpartition("/")[0]) as proxy:
        settings.REDIS_URL, settings.REDIS_TIMEOUT = proxy.url, 10
        throttling.counter.cache_clear()
        throttling.counter().shared.script = "return {{1, 1, 1}}"  # others may use this database, so count nothing
        assert read(apis[0], cast) == "done"
        assert proxy.trips == 1
        throttling.counter().shared.redis.close()


# Redis is unavailable


@pytest.fixture(params=["away", "frozen"])
def lost_redis(request, settings):
    """A Redis that refuses connections, or accepts them and never responds."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        settings.REDIS_URL = f"redis://127.0.0.1:{listener.getsockname()[1] if request.param == 'frozen' else 1}/0"
        throttling.counter.cache_clear()
        yield


def test_without_redis_reads_pass_and_attempts_are_counted_here(cast, apis, settings, lost_redis, caplog):
    settings.READ_LIMIT, settings.WRITE_LIMIT = "2 per minute", "12 per minute"
    assert [read(apis[n % 2], cast) for n in range(6)] == ["done"] * 6
    outcomes = [apis[n % 2].sign_in("owner", "wrong").outcome for n in range(LIMIT + 1)]
    assert outcomes == ["UNAUTHENTICATED"] * LIMIT + ["THROTTLED"]
    said = [record for record in caplog.records if record.name == "profiles.identity.counters"]
    assert len(said) == 1
    assert said[0].getMessage().startswith("Redis does not answer")


def test_redis_is_asked_again_and_a_line_is_written_once_a_minute(lost_redis, monkeypatch, caplog):
    now = 0.0
    monkeypatch.setattr(counters.time, "monotonic", lambda: now)
    asked = []
    counter = throttling.counter()
    shared = counter.shared.count
    monkeypatch.setattr(counter.shared, "count", lambda counts: asked.append(now) or shared(counts))
    for now in (0, 1, 4.9, 5, 9, 30, 59, 64, 70):  # noqa: B007  the clock reads it
        counter.count(throttling.sign_in_attempts(None, "x"))
    assert asked == [0, 5, 30, 59, 64, 70]
    assert len(caplog.records) == 2  # at 0 and at 64


def test_a_command_has_no_address(db):
    throttling.count_sign_in(None, Profile.USERNAME_FIELD)


def test_an_attempt_that_was_counted_ahead_is_counted_once(db):
    request = RequestFactory().get("/")
    attempts = throttling.sign_in_attempts(request, "owner")
    throttling.spend(request, throttling.Actor(), Budget.WRITES, attempts=attempts)
    for used in (1, 2, 3):  # further attempts of the same request are counted
        throttling.count_sign_in(request, "owner")
        logs = throttling.counter().shared.logs
        assert [logs[attempt.key].used for attempt in attempts] == [used] * 3


def test_the_memory_of_a_process_is_bounded(monkeypatch):
    throttling.counter().shared = memory = Memory(most=100)
    for n in range(1_000):
        request = RequestFactory().get("/", REMOTE_ADDR=f"10.{n // 256}.{n % 256}.1")
        throttling.count_sign_in(request, f"name{n}")
        assert memory.size <= 100
    assert len(memory.logs) <= 100


# No text is normalised before its length is checked


def test_no_text_is_normalised_before_its_length_is_checked(cast, apis, monkeypatch):
    """NFKC turns U+FDFA into 18 characters."""
    lengths = []
    normalize = models.normalize_username
    for module in (models, fields, filters):
        monkeypatch.setattr(module, "normalize_username", lambda text: lengths.append(len(text)) or normalize(text))
    text, token, pk = "\ufdfa" * 300, cast.token("owner"), cast.pk("owner")
    for api in apis:
        api.sign_in(text, "x")
        api.create({"username": text, "email": "n@example.com", "password": NEW})
        api.update(pk, {"username": text}, token=token)
        api.update_many([(pk, {"username": text})], token=token)
        api.view_by_username(text, token=token)
        api.list(username=text)
        api.list(username_prefix=text)
    assert lengths == []
