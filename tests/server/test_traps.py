"""Hostile requests to the shipped server; it answers as Django's test client does."""

import json

import pytest

from profiles.models import Change, Profile
from tests.apis import RESTAPI, GraphQLAPI
from tests.cast import PASSWORD
from tests.graphql_api.core.test_http import NO_REQUESTS
from tests.graphql_api.core.test_limits import WHATEVER_SHAPE
from tests.parity.cases import CASES
from tests.parity.test_cases import check_answer, check_rows, comparable, perform
from tests.state import stored


@pytest.fixture
def graphql(served):
    return GraphQLAPI(served)


def send(served, body, content_type="application/json", **headers):
    """Send a body to GraphQL; return the status and the first error's code."""
    response = served.generic("POST", "/graphql/", body, content_type, headers)
    return response.status_code, response.json()["errors"][0]["extensions"]["code"]


def restore(before):
    profiles, _ = before
    Change.objects.all().delete()
    for row in profiles:
        Profile.objects.filter(pk=row["id"]).update(**row)


def test_the_parity_table(cast, served):
    apis = RESTAPI(served), GraphQLAPI(served)
    before = stored()
    for case in CASES:
        answers = []
        for api in apis:
            answers.append(perform(api, case, cast))
            check_answer(case, answers[-1])
            check_rows(case, api, cast, before)
            restore(before)
        assert comparable(answers[0]) == comparable(answers[1]), case.label


def test_a_filter_that_no_database_stores(cast, served):
    for text in ("a\0b", "x" * 201, "a\nb"):
        rest, graphql = (api.list(username=text) for api in (RESTAPI(served), GraphQLAPI(served)))
        assert (rest.outcome, graphql.outcome) == ("invalid", "BAD_REQUEST"), text


@pytest.mark.parametrize("query", WHATEVER_SHAPE)
def test_a_document_of_whatever_shape(db, served, query):
    status, code = send(served, json.dumps({"query": query}))
    assert status == 200
    assert code in ("TOO_COMPLEX", "BAD_REQUEST")


@pytest.mark.parametrize("body", NO_REQUESTS)
def test_a_body_that_is_no_request(db, served, body):
    assert send(served, body) == (400, "BAD_REQUEST")


def test_the_schema_is_not_guessed(db, graphql):
    for query in ("{ profil { id } }", "{ __schema { types { name } } }", "{ profile(pc: 1) { pk } }"):
        body = graphql.send(query).json()
        assert "data" not in body
        assert not any("Did you mean" in error["message"] for error in body["errors"])


def test_passwords_by_the_dozen(cast, graphql):
    guesses = " ".join(f'a{n}: tokenAuth(username: "owner", password: "{PASSWORD}") {{ token }}' for n in range(10))
    body = graphql.send(f"mutation {{ {guesses} me: logoutEverywhere {{ ended }} }}").json()
    assert "data" not in body
    assert {error["extensions"]["code"] for error in body["errors"]} <= {"BAD_REQUEST", "TOO_COMPLEX"}


@pytest.mark.parametrize(
    "content_type",
    ["application/graphql", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"],
)
def test_a_form_of_another_origin_writes_nothing(cast, served, content_type):
    before = stored()
    cookies = {"cookie": f"JWT={cast.token('owner')}; sessionid=x", "origin": "https://elsewhere.example"}
    mutation = (
        f'mutation {{ updateProfile(input: {{id: "{cast["owner"].node_id}", bio: "x"}}) {{ profile {{ pk }} }} }}'
    )
    for body in (b"query=" + mutation.encode(), mutation.encode(), b"\xff"):
        assert send(served, body, content_type, **cookies) == (415, "UNSUPPORTED_MEDIA_TYPE")
        response = served.generic("PATCH", f"/profiles/{cast.pk('owner')}/", body, content_type, cookies)
        assert response.status_code in (401, 415)
    assert stored() == before


def test_each_mutation_of_a_document_stands_by_itself(cast, graphql):
    owner, hidden = (cast[name].node_id for name in ("owner", "hidden"))
    body = graphql.send(
        f"""mutation {{
            first: updateProfile(input: {{id: "{owner}", bio: "Stays."}}) {{ profile {{ bio }} }}
            second: updateProfile(input: {{id: "{hidden}", bio: "x"}}) {{ profile {{ bio }} }}
        }}""",
        token=cast.token("owner"),
    ).json()
    assert body["data"] == {"first": {"profile": {"bio": "Stays."}}, "second": None}
    assert Profile.objects.get(pk=cast.pk("owner")).bio == "Stays."


def test_an_error_within_a_row_says_which(cast, served):
    rows = [(cast.pk("owner"), {"bio": "x"}), (cast.pk("known"), {"email": "nobody"})]
    for api in (RESTAPI(served), GraphQLAPI(served)):
        answer = api.update_many(rows, token=cast.token("staff"))
        assert [error[:2] for error in answer.errors] == [("invalid", "1.email")]
