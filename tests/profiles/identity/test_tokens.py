"""Access tokens in both APIs: their owner, and every way to end them."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from django.conf import settings
from django.test import RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from profiles.identity import families, tokens
from profiles.models import Profile
from tests.cast import PASSWORD

KID, KEY = next(iter(settings.JWT_KEYS.items()))


def signed(profile, *, key=KEY, kid=KID, algorithm="HS256", without=(), **claims):
    """A token of the service, valid unless the arguments say otherwise."""
    families.start(profile)
    sign_in = {"sid": str(profile.token_families.latest("created_at").pk), "scope": tokens.READ_WRITE}
    good = tokens.claims_for(profile) | sign_in | claims
    payload = json.dumps(
        {k: v for k, v in good.items() if k not in without}, default=lambda moment: int(moment.timestamp())
    )
    return jwt.PyJWS().encode(payload.encode(), key, algorithm, headers={"kid": kid, "typ": "JWT"})


def answers(apis, authorization):
    """Both APIs' responses to a read of `me` with this Authorization header."""
    rest, graphql = apis
    first = rest.send("GET", "/profiles/me/", authorization=authorization)
    second = graphql.send("{ me { username } }", authorization=authorization)
    return first, second


def check_refused(apis, authorization):
    for response in answers(apis, authorization):
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "data" not in response.json()  # nothing was executed


def check_accepted(apis, token, username="owner"):
    rest, graphql = answers(apis, f"Bearer {token}")
    assert rest.json()["username"] == username
    assert graphql.json()["data"] == {"me": {"username": username}}


def test_signing_in_gives_a_token_thin_both_apis_take(cast, apis):
    for api in apis:
        answer = api.sign_in("OWNER", PASSWORD)
        assert answer.body.keys() == {"token", "refresh_token", "expires_at", "refresh_expires_at", "scope"}
        assert answer.body["scope"] == "read write"
        until = datetime.fromisoformat(answer.body["expires_at"]) - datetime.now(UTC)
        assert timedelta(minutes=4) < until <= timedelta(minutes=5)
        check_accepted(apis, answer.body["token"])


@pytest.mark.parametrize(
    ("username", "password"),
    [("owner", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("a b", PASSWORD), ("owner", PASSWORD + " ")],
)
def test_signing_in_says_the_same_whatever_is_wrong(cast, apis, username, password):
    first, second = (api.sign_in(username, password) for api in apis)
    assert first == second
    assert first.outcome == "UNAUTHENTICATED"
    assert first.errors[0][2] == "Wrong username or password. Check both."


@pytest.mark.parametrize(
    ("username", "password", "error"),
    [
        ("", "x", ("blank", "username")),
        ("a\0", "x", ("invalid", "username")),
        ("owner", "x" * 1025, ("max_length", "password")),
    ],
)
def test_signing_in_with_no_credentials_at_all(cast, apis, username, password, error):
    first, second = (api.sign_in(username, password) for api in apis)
    assert first == second
    assert first.outcome == "invalid"
    assert [e[:2] for e in first.errors] == [error]


def test_signing_in_does_not_make_the_rest_of_the_document_that_user(cast, graphql):
    response = graphql.send(
        f'mutation {{ tokenAuth(username: "owner", password: "{PASSWORD}") {{ token }}'
        f' updateProfile(input: {{id: "{cast["owner"].node_id}", bio: "x"}}) {{ profile {{ bio }} }} }}'
    )
    assert response.json()["data"]["tokenAuth"]["token"]
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_a_renamed_accounts_token_is_still_its_own(cast, apis):
    token = cast.token("owner")
    Profile.objects.filter(username="owner").update(username="renamed")
    Profile.objects.create_user("owner", "other@example.com", PASSWORD)
    check_accepted(apis, token, "renamed")


def test_a_new_password_ends_every_token(cast, apis):
    token = cast.token("owner")
    check_accepted(apis, token)
    cast["owner"].set_password("another one")
    cast["owner"].save()
    check_refused(apis, f"Bearer {token}")


@pytest.mark.parametrize("end", [lambda rows: rows.update(is_active=False), lambda rows: rows.delete()])
def test_a_disabled_or_deleted_accounts_token_is_none(cast, apis, end):
    token = cast.token("owner")
    end(Profile.objects.filter(username="owner"))
    check_refused(apis, f"Bearer {token}")


@pytest.mark.parametrize("claim", tokens.CLAIMS)
def test_every_claim_is_required(cast, apis, claim):
    check_refused(apis, f"Bearer {signed(cast['owner'], without=(claim,))}")


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": "soon"},
        {"aud": "others"},
        {"aud": ["profiles"]},
        {"iss": "others"},
        {"typ": "refresh"},
        {"scope": "admin"},
        {"scope": ["read write"]},
        {"sv": "0"},
        {"sv": 0},
        {"sub": "owner"},
        {"sub": "\0"},
        {"sub": "\ud800"},
        {"sub": ["1"]},
        {"sub": 1},
        {"sub": str(10**400)},
        {"sub": "٣"},
        {"sub": ""},
    ],
    ids=str,
)
def test_every_claim_is_checked(cast, apis, claims):
    check_refused(apis, f"Bearer {signed(cast['owner'], **claims)}")


def test_another_key_and_another_algorithm(cast, apis):
    owner = cast["owner"]
    check_refused(apis, f"Bearer {signed(owner, key='x' * 32)}")
    check_refused(apis, f"Bearer {signed(owner, kid='unknown')}")
    check_refused(apis, f"Bearer {signed(owner, algorithm='HS512', key=KEY)}")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT", "kid": KID}).encode()).rstrip(b"=")
    body = signed(owner).split(".")[1]
    check_refused(apis, f"Bearer {header.decode()}.{body}.")


def test_the_previous_key_is_still_accepted(cast, apis):
    kid, key = list(settings.JWT_KEYS.items())[1]
    check_accepted(apis, signed(cast["owner"], kid=kid, key=key))


@pytest.mark.parametrize(
    "scheme", ["JWT {}", "Token {}", "Basic {}", "{}", "Bearer", "Bearer ", "Bearer {} {}", "Bearer é"]
)
def test_a_header_that_is_no_bearer_token_is_refused_and_not_taken_for_none(cast, apis, scheme):
    token = cast.token("owner")
    check_refused(apis, scheme.format(token, token))


def test_the_schemes_case_does_not_matter(cast, apis):
    for response in answers(apis, f"bEARER {cast.token('owner')}"):
        assert response.status_code == 200


@given(data=st.data())
@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_token_is_refused(cast, apis, data):
    token = cast.token("owner")
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=255))
    damaged = token[:place] + other + token[place + 1 :]
    try:
        same = tokens.decode(damaged) == tokens.decode(token)  # base64's last letter has unused bits
    except jwt.InvalidTokenError:
        same = False
    if not same:
        check_refused(apis, f"Bearer {damaged}")


@given(
    claims=st.dictionaries(
        st.sampled_from(tokens.CLAIMS),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(allow_nan=False),
            st.text(st.characters(codec=None)),
            st.lists(st.integers()),
            st.sampled_from(["", "\0", "1", "read", "access", "profiles", 10**400, {"a": 1}]),
        ),
        min_size=1,
    )
)
@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_signed_token_says_it_is_good_or_refused(cast, apis, claims):
    for response in answers(apis, f"Bearer {signed(cast['owner'], **claims)}"):
        assert response.status_code in (200, 401)
        if response.status_code == 401:
            assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_neither_api_reads_a_cookie(cast, client, rest, graphql):
    client.force_login(cast["staff"])
    client.cookies["JWT"] = cast.token("staff")
    assert rest.send("GET", "/profiles/me/").status_code == 401
    assert graphql.send("{ me { pk } }").json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert not graphql.send("{ __typename }").cookies  # nor sets one


def test_a_read_token_reads_by_post_and_writes_nothing(cast, graphql):
    token = cast.token("owner (read)")
    assert graphql.view_me(token=token).outcome == "done"
    assert graphql.update(cast.pk("owner"), {"bio": "x"}, token=token).outcome == "FORBIDDEN"


@pytest.mark.parametrize("fields", [1, 500])
@pytest.mark.parametrize("deleted", [False, True])
def test_one_statement_identifies_the_caller_however_many_fields_there_are(
    cast, graphql, fields, deleted, django_assert_num_queries
):
    token = cast.token("owner")
    if deleted:
        cast["owner"].delete()
    with django_assert_num_queries(1):
        graphql.send("{" + " ".join(f"f{n}: __typename" for n in range(fields)) + "}", token=token)


def test_no_header_costs_nothing(cast, graphql, django_assert_num_queries):
    with django_assert_num_queries(0):
        graphql.send("{ __typename }")


def test_identify_needs_no_request():
    assert tokens.identify(RequestFactory().get("/").headers.get("Authorization")).is_anonymous
