"""GraphQL over HTTP, and the form of its errors."""

import pytest

from graphql_api.schema import schema
from profiles.core.outcomes import Outcome
from profiles.models import Profile
from tests.cast import NOBODY
from tests.state import stored


def first_error(response):
    return response.json()["errors"][0]


def test_with_and_without_the_last_slash(client):
    for path in ("/graphql", "/graphql/"):
        assert client.get(path, {"query": "{ __typename }"}).json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("actor", ["member", "anonymous"])
@pytest.mark.parametrize("update", [False, True])
def test_the_invisible_and_what_never_was_are_equal_byte_for_byte(cast, graphql, actor, update):
    answers = []
    for pk in (cast.pk("hidden"), cast.pk("gone"), NOBODY):
        node_id = Profile(pk=pk).node_id
        query = (
            'mutation ($id: ID!) { updateProfile(input: {id: $id, bio: "x"}) { profile { pk } } }'
            if update
            else "query ($id: ID!) { profile(id: $id) { pk } node(id: $id) { id } }"
        )
        answers.append(graphql.send(query, {"id": node_id}, token=cast.token(actor)))
    assert len({(answer.status_code, answer.content) for answer in answers}) == 1


def test_node_and_profile_find_the_same(cast, graphql):
    query = """query ($id: ID!, $pk: Int!) {
        node(id: $id) { id ... on Profile { username } }
        a: profile(id: $id) { pk } b: profile(pk: $pk) { username } }"""
    owner = cast["owner"]
    response = graphql.send(query, {"id": owner.node_id, "pk": owner.pk}, token=cast.token("owner"))
    assert response.json()["data"] == {
        "node": {"id": owner.node_id, "username": "owner"},
        "a": {"pk": owner.pk},
        "b": {"username": "owner"},
    }


@pytest.mark.parametrize("arguments", ["", '(id: "x", pk: 1)', '(pk: 1, username: "a")', "(id: null)"])
def test_a_profile_is_asked_for_in_exactly_one_way(db, graphql, arguments):
    error = first_error(graphql.send(f"{{ profile{arguments} {{ pk }} }}"))
    assert error["extensions"] == {"code": "BAD_REQUEST"}
    assert error["message"] == "Give exactly one of id, pk and username."


@pytest.mark.parametrize("username", ["a\0b", "\0", "\ud800", "\u202e", "x" * 3000])
def test_what_no_username_looks_like(cast, graphql, username):
    assert graphql.view_by_username(username, token=cast.token("staff")).outcome == "NOT_FOUND"


def test_a_mutation_needs_an_id_and_creates_nothing(cast, graphql):
    before = stored()
    response = graphql.send(
        'mutation { updateProfile(input: {bio: "x"}) { profile { pk } } }', token=cast.token("owner")
    )
    assert first_error(response)["extensions"] == {"code": "BAD_REQUEST"}
    for node_id in ("", "x", "1", "\0", "UHJvZmlsZTo="):
        response = graphql.send(
            "mutation ($id: ID!) { updateProfile(input: {id: $id}) { profile { pk } } }",
            {"id": node_id},
            token=cast.token("staff"),
        )
        assert first_error(response)["extensions"] == {"code": "NOT_FOUND"}
    assert stored() == before


def test_a_mutation_gives_its_id_back(cast, graphql):
    response = graphql.send(
        """mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) {
            clientMutationId profile { bio } errors { code } } }""",
        {"input": {"id": cast["owner"].node_id, "bio": "B", "clientMutationId": "\ud800"}},
        token=cast.token("owner"),
    )
    assert response.json()["data"]["updateProfile"] == {
        "clientMutationId": "\ud800",
        "profile": {"bio": "B"},
        "errors": [],
    }


def test_each_mutation_of_a_document_is_a_transaction_of_its_own(cast, graphql):
    owner = cast["owner"]
    response = graphql.send(
        f"""mutation {{
            first: updateProfile(input: {{id: "{owner.node_id}", bio: "Stays."}}) {{ profile {{ bio }} }}
            second: updateProfile(input: {{id: "{cast["hidden"].node_id}", bio: "x"}}) {{ profile {{ bio }} }}
        }}""",
        token=cast.token("owner"),
    )
    assert response.json()["data"] == {"first": {"profile": {"bio": "Stays."}}, "second": None}
    assert first_error(response)["path"] == ["second"]
    assert Profile.objects.get(pk=owner.pk).bio == "Stays."


def test_a_stale_tag_is_told_the_current_version(cast, graphql):
    answer = graphql.update(cast.pk("owner"), {"bio": "x"}, token=cast.token("owner"), if_match='"1-x"')
    assert (answer.outcome, answer.details) == ("CONFLICT", {"version": 1})


def test_a_mutation_by_get_is_refused(cast, client):
    query = f'mutation {{ updateProfile(input: {{id: "{cast["owner"].node_id}", bio: "x"}}) {{ profile {{ pk }} }} }}'
    before = stored()
    response = client.get("/graphql/", {"query": query}, headers={"authorization": f"Bearer {cast.token('owner')}"})
    assert (response.status_code, first_error(response)["extensions"]) == (405, {"code": "METHOD_NOT_ALLOWED"})
    assert stored() == before


NO_REQUESTS = [
    "[]", "[1]", "[null]", "null", "1", "{}", '{"query": 1}', '{"query": ""}', '{"query": "{a}", "variables": []}',
    '{"query": "{a}", "variables": "{}"}', '{"query": "{a}", "operationName": 1}',
]  # fmt: skip


@pytest.mark.parametrize("body", NO_REQUESTS)
def test_a_request_that_is_none(client, body):
    response = client.post("/graphql/", body, content_type="application/json")
    assert (response.status_code, first_error(response)["extensions"]) == (400, {"code": "BAD_REQUEST"})


def test_only_json_is_taken(client):
    for content_type in ("application/graphql", "application/x-www-form-urlencoded", "text/plain"):
        response = client.post("/graphql/", b"query=\xff", content_type=content_type)
        assert (response.status_code, first_error(response)["extensions"]) == (415, {"code": "UNSUPPORTED_MEDIA_TYPE"})


@pytest.mark.parametrize(
    "query",
    ["{", "{ nothing }", "query ($x: Int!) { profile(pk: $x) { pk } }", 'query { profile(pk: "x") { pk } }',
     "query A { me { pk } } query B { me { pk } }", "fragment A on Profile { ...A } { me { ...A } }"],
)  # fmt: skip
def test_a_document_that_is_wrong_is_said_to_be(client, query):
    response = client.post("/graphql/", {"query": query}, content_type="application/json")
    assert response.status_code == 200
    assert first_error(response)["extensions"] == {"code": "BAD_REQUEST"}
    assert "data" not in response.json()


LONG = "1" * 4_301  # more digits than Python converts to an integer

LONG_NUMBERS = [
    "{ profiles(first: %s) { totalCount } }", "{ profiles(first: -%s) { totalCount } }", "{ profile(pk: %s) { pk } }",
    "{ profile(pk: %s.5) { pk } }", "query ($n: Int = %s) { profiles(first: $n) { totalCount } }",
    "query ($n: [Int] = [[%s]]) { me { pk } }", "{ me @skip(if: %s) { pk } }", "{ me(x: {y: [%s]}) { pk } }",
]  # fmt: skip


@pytest.mark.parametrize("query", LONG_NUMBERS)
def test_a_number_of_too_many_digits_is_the_clients_error(client, query):
    response = client.post(
        "/graphql/", {"query": query % LONG}, content_type="application/json", headers={"accept": GRAPHQL}
    )
    assert (response.status_code, first_error(response)["extensions"]) == (400, {"code": "BAD_REQUEST"})
    assert "too many digits" in first_error(response)["message"]


@pytest.mark.parametrize("name", ["validation.validate", "limits.parse", "limits.get_variable_values"])
@pytest.mark.parametrize("error", [RecursionError, ValueError, KeyError])
def test_what_graphql_core_does_not_expect_is_the_clients_error_and_logged(client, monkeypatch, caplog, name, error):
    def broken(*args, **kwargs):
        raise error("hunter2")

    monkeypatch.setattr(f"graphql_api.core.{name}", broken)
    body = {"query": f"{{ __typename }} # {name} {error}"}
    response = client.post("/graphql/", body, content_type="application/json", headers={"accept": GRAPHQL})
    assert (response.status_code, first_error(response)["extensions"]) == (400, {"code": "BAD_REQUEST"})
    assert "hunter2" not in response.content.decode()
    assert "graphql-core could not read a document" in caplog.text


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("query ($x: Boolean = true) { me @skip(if: $x) { pk } }", None),
        ("query ($x: Boolean = true) { me { pk @skip(if: $x) } }", ["me"]),
        ("query ($x: Boolean = true) { me { ... @include(if: $x) { pk } } }", ["me"]),
        ("query ($x: Boolean = true) { me { updatedBy { pk @skip(if: $x) } } }", ["me", "updatedBy"]),
        ("query ($x: Boolean = true) { profiles { totalCount @skip(if: $x) } }", ["profiles"]),
        ("query ($x: Boolean = true) { profiles { edges { node { pk @skip(if: $x) } } } }", None),
        ('query ($x: ID = "x") { node(id: $x) { id } }', ["node"]),
    ],
)
def test_an_argument_that_graphql_core_refuses_is_a_bad_request_at_any_depth(cast, graphql, query, path):
    owner = cast["owner"]
    owner.updated_by = owner
    owner.save()
    error = first_error(graphql.send(query, {"x": None}, token=cast.token("owner")))
    assert error["extensions"] == {"code": "BAD_REQUEST"}
    assert "must not be null" in error["message"]
    assert path is None or error["path"] == path


def test_one_fields_invalid_argument_does_not_refuse_another(cast, graphql):
    query = 'query ($x: ID = "x", $pk: Int) { a: node(id: $x) { id } b: profile(pk: $pk) { pk } }'
    response = graphql.send(query, {"x": None, "pk": cast.pk("owner")}, token=cast.token("owner")).json()
    assert response["data"] == {"a": None, "b": {"pk": cast.pk("owner")}}
    assert [error["path"] for error in response["errors"]] == [["a"]]


def test_a_result_that_graphql_core_refuses_is_ours(cast, graphql, monkeypatch):
    monkeypatch.setattr(schema.graphql_schema.type_map["Profile"].fields["pk"], "resolve", lambda *args: "no number")
    # A document of its own, because a document's plans are cached with their resolvers.
    error = first_error(graphql.send("query Refused { me { pk } }", token=cast.token("owner")))
    assert error["extensions"]["code"] == "INTERNAL"
    assert "no number" not in error["message"]


def test_a_lone_surrogate_in_an_error_can_be_sent(client):
    body = '{"query": "query ($pk: Int) { profile(pk: $pk) { pk } }", "variables": {"pk": "\\ud800"}}'
    response = client.post("/graphql/", body, content_type="application/json")
    assert first_error(response)["extensions"] == {"code": "BAD_REQUEST"}


def test_every_outcome_of_rest_has_a_status_of_its_own_or_says_more_of_anothers():
    of_documents = {Outcome.TOO_COMPLEX, Outcome.PERSISTED_QUERY_NOT_FOUND, Outcome.DOCUMENT_UNKNOWN}
    more = {Outcome.CODE_INVALID, Outcome.EMAIL_UNVERIFIED}
    assert {Outcome.with_status(outcome.status) for outcome in Outcome} == set(Outcome) - of_documents - more


def test_a_parameter_stands_once(client):
    response = client.get("/graphql/?query={__typename}&query={__schema{types{name}}}")
    assert (response.status_code, first_error(response)["extensions"]["code"]) == (400, "BAD_REQUEST")


def test_a_scalar_that_breaks_keeps_its_text_to_itself(cast, client, monkeypatch):
    def broken(value):
        raise RuntimeError("hunter2")

    monkeypatch.setattr(schema.graphql_schema.type_map["DateTime"], "parse_value", broken)
    query = "query ($at: DateTime) { profiles(filter: {createdAfter: $at}) { totalCount } }"
    body = {"query": query, "variables": {"at": "2020-01-01T00:00:00Z"}}
    response = client.post("/graphql/", body, content_type="application/json")
    assert "hunter2" not in response.content.decode()
    assert first_error(response)["extensions"]["code"] == "INTERNAL"


# The media type, and the statuses that it allows

GRAPHQL = "application/graphql-response+json"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        (f"application/json;q=0.4, {GRAPHQL};q=0.5", GRAPHQL),
        (f"{GRAPHQL};q=0.1, application/json", "application/json"),
        (f"text/html, {GRAPHQL};q=0.1", GRAPHQL),
    ],
)
def test_the_media_type_is_the_one_that_is_preferred(client, accept, media_type):
    headers = {"accept": accept} if accept else {}
    response = client.get("/graphql/", {"query": "{ __typename }"}, headers=headers)
    assert response.headers["Content-Type"].partition(";")[0] == media_type
    assert "Accept" in response.headers["Vary"]


def test_a_media_type_that_there_is_not(client):
    response = client.get("/graphql/", {"query": "{ __typename }"}, headers={"accept": "application/xml"})
    assert (response.status_code, first_error(response)["extensions"]["code"]) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    ("query", "limits", "code", "status"),
    [
        ("{", {}, "BAD_REQUEST", 400),
        ("{ nothing }", {}, "BAD_REQUEST", 400),
        ("query ($n: Int!) { profile(pk: $n) { pk } }", {}, "BAD_REQUEST", 400),
        ("{ " + "me { pk } " * 30 + "}", {}, "TOO_COMPLEX", 400),
        ("{ me { pk } }", {"READ_LIMIT": "0 per minute"}, "THROTTLED", 429),
        ("{ me { pk } }", {}, "UNAUTHENTICATED", 200),  # the document was executed
        ("{ profiles(first: 101) { totalCount } }", {}, "BAD_REQUEST", 200),
    ],
)
def test_a_status_says_whether_it_was_executed_to_who_knows_the_media_type(
    cast, client, settings, query, limits, code, status
):
    for name, limit in limits.items():
        setattr(settings, name, limit)
    for accept, expected in ((GRAPHQL, status), ("application/json", 200)):
        response = client.post(
            "/graphql/", {"query": query}, content_type="application/json", headers={"accept": accept}
        )
        assert (response.status_code, first_error(response)["extensions"]["code"]) == (expected, code)
        assert ("data" in response.json()) == (status == 200)
