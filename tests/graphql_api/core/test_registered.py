"""Registered documents: how clients request them, and what each value of GRAPHQL_DOCUMENTS accepts."""

import hashlib
import json
import time

import pytest
from django.core.cache import cache

from graphql_api.core.persisted import FRESH
from graphql_api.core.registering import register
from graphql_api.models import Document
from profiles.core.metrics import DOCUMENTS
from tests.state import stored

TEXT = "query Kind { __typename }"
DATA = {"__typename": "Query"}
MODES = ("any", "report", "registered")
GRAPHQL = "application/graphql-response+json"
HASHED = hashlib.md5(TEXT.encode()).hexdigest()  # noqa: S324  as Relay's compiler names it
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()
APQ = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": DIGEST}}}
CONVENTIONS = {
    "the draft, by SHA-256": {"documentId": f"sha256:{DIGEST}"},
    "the draft, by another id": {"documentId": HASHED},
    "Relay, doc_id": {"doc_id": HASHED},
    "Relay, id": {"id": HASHED},
    "Apollo": APQ,
}


@pytest.fixture(autouse=True)
def nothing_kept(db):
    cache.clear()


@pytest.fixture
def kind():
    """Register the document."""
    register({HASHED: TEXT})


@pytest.fixture(params=MODES)
def mode(request, settings):
    settings.GRAPHQL_DOCUMENTS = request.param
    return request.param


@pytest.fixture
def registered_alone(settings):
    settings.GRAPHQL_DOCUMENTS = "registered"


@pytest.fixture
def later(monkeypatch):
    """Advance the cache's clock by `seconds`."""

    def passed(seconds):
        now = time.time() + seconds
        monkeypatch.setattr("django.core.cache.backends.locmem.time.time", lambda: now)

    return passed


def post(client, accept=GRAPHQL, **body):
    return client.post("/graphql/", body, content_type="application/json", headers={"accept": accept})


def get(client, **parameters):
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
    return client.get("/graphql/", texts, headers={"accept": GRAPHQL})


def code(response):
    return response.json()["errors"][0]["extensions"]["code"]


def counted():
    return {value: DOCUMENTS.labels(value)._value.get() for value in ("yes", "no")}


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
@pytest.mark.parametrize("send", [post, get])
def test_a_registered_document_is_executed_by_each_convention(kind, mode, client, send, convention):
    assert send(client, **convention).json()["data"] == DATA


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
@pytest.mark.parametrize("send", [post, get])
def test_what_is_not_registered_is_unknown_by_each(mode, client, send, convention):
    response = send(client, **convention)
    is_automatic = convention is APQ and mode != "registered"
    expected = "PERSISTED_QUERY_NOT_FOUND" if is_automatic else "DOCUMENT_UNKNOWN"
    assert (response.status_code, code(response)) == (404, expected)


def test_a_client_of_plain_json_is_told_under_a_200(client):
    response = post(client, accept="application/json", documentId=HASHED)
    assert (response.status_code, code(response)) == (200, "DOCUMENT_UNKNOWN")


def test_a_registered_text_is_executed(kind, mode, client):
    assert post(client, query=TEXT).json()["data"] == DATA
    assert post(client, query=TEXT, **APQ).json()["data"] == DATA
    assert get(client, query=TEXT).json()["data"] == DATA


@pytest.mark.parametrize(
    "text", [f"{TEXT} ", "{ __typename }", "{", "{ nothing }", "{ __schema { queryType { name } } }"]
)
def test_any_other_text_is_not_even_read(kind, registered_alone, client, text):
    assert (code(post(client, query=text)), code(get(client, query=text))) == ("DOCUMENT_UNKNOWN",) * 2


def test_a_refused_mutation_writes_nothing(cast, registered_alone, graphql):
    before = stored()
    query = f'mutation {{ updateProfile(input: {{id: "{cast["owner"].node_id}", bio: "B"}}) {{ errors {{ code }} }} }}'
    assert code(graphql.send(query, token=cast.token("owner"))) == "DOCUMENT_UNKNOWN"
    assert stored() == before


def test_an_automatic_one_is_no_registration(client, settings):
    assert post(client, query=TEXT, **APQ).json()["data"] == DATA
    settings.GRAPHQL_DOCUMENTS = "registered"
    assert code(post(client, **APQ)) == "DOCUMENT_UNKNOWN"
    assert code(post(client, query=TEXT, **APQ)) == "DOCUMENT_UNKNOWN"


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
def test_it_is_one_statement_and_then_none(kind, mode, client, convention, django_assert_num_queries):
    post(client, **convention)
    post(client, query=TEXT)
    with django_assert_num_queries(0):
        post(client, **convention)
        post(client, query=TEXT)


def test_an_unknown_one_is_looked_for_once(mode, client, django_assert_num_queries):
    with django_assert_num_queries(1):
        for _ in range(2):
            post(client, documentId="x")


@pytest.mark.parametrize("document_id", ["x" * 201, "\0", "\ud800", "a b", "sha256:", "ß"])
def test_what_is_no_id_is_looked_for_nowhere(client, django_assert_num_queries, document_id):
    with django_assert_num_queries(0):
        assert code(post(client, documentId=document_id)) == "DOCUMENT_UNKNOWN"


def test_what_is_registered_meanwhile_is_soon_known(registered_alone, client, later):
    assert code(post(client, documentId=HASHED)) == "DOCUMENT_UNKNOWN"
    register({HASHED: TEXT})
    later(FRESH + 1)
    assert post(client, documentId=HASHED).json()["data"] == DATA


@pytest.mark.parametrize("convention", [*CONVENTIONS.values(), {"query": TEXT}], ids=[*CONVENTIONS, "its text"])
def test_what_is_removed_is_soon_unknown(kind, registered_alone, client, later, convention):
    assert post(client, **convention).json()["data"] == DATA
    Document.objects.all().delete()
    later(FRESH + 1)
    assert code(post(client, **convention)) == "DOCUMENT_UNKNOWN"


@pytest.mark.parametrize("name", ["documentId", "doc_id", "id"])
def test_an_id_is_a_string(client, name):
    response = post(client, **{name: 1})
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert f"'{name}'" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("sent", [{}, {"documentId": None}, {"documentId": ""}, {"query": ""}])
def test_one_of_them_is_needed(client, sent):
    response = post(client, **sent)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("number", [1, "unknown", HASHED])
def test_an_id_beside_a_text_is_ignored(kind, client, number):
    assert "me" in post(client, accept="application/json", query="{ me { pk } }", id=number).json()["data"]


def test_one_of_its_operations_is_executed_with_its_variables(registered_alone, cast, client):
    register({"both": "query A($pk: Int!) { profile(pk: $pk) { username } } query B { __typename }"})
    sent = {"documentId": "both", "operationName": "A", "variables": {"pk": cast.pk("shown")}}
    for send in (post, get):
        assert send(client, **sent).json()["data"] == {"profile": {"username": "shown"}}


def test_a_mutation_is_not_sent_by_get(registered_alone, client):
    register({"m": 'mutation M { verifyToken(token: "x") { scope } }'})
    response = get(client, documentId="m")
    assert (response.status_code, code(response)) == (405, "METHOD_NOT_ALLOWED")


def test_the_limits_and_the_throttle_hold(cast, mode, client, settings):
    settings.READ_LIMIT = "2 per minute"
    text = (
        "query N($n: Int!) { profiles(first: $n) { edges { node { updatedBy { updatedBy { updatedBy { pk } } } } } } }"
    )
    register({"n": text})
    first, refused, throttled = (post(client, documentId="n", variables={"n": n}).json() for n in (1, 100, 1))
    assert "data" in first
    assert refused["errors"][0]["extensions"]["limit"] == "rows"
    assert throttled["errors"][0]["extensions"]["code"] == "THROTTLED"


def test_an_unknown_one_counts_as_a_read(mode, client, settings):
    settings.READ_LIMIT = "2 per minute"
    assert [code(post(client, documentId="x")) for _ in range(3)] == ["DOCUMENT_UNKNOWN"] * 2 + ["THROTTLED"]


@pytest.mark.parametrize(("who", "is_shown"), [("everybody", True), ("members", False), ("nobody", False)])
def test_registering_a_query_of_the_schema_shows_it_to_nobody_else(registered_alone, client, settings, who, is_shown):
    settings.GRAPHQL_INTROSPECTION = who
    register({"schema": "query Schema { __schema { queryType { name } } }"})
    assert ("data" in post(client, documentId="schema").json()) == is_shown


def test_a_report_counts_what_is_executed(kind, settings, client):
    settings.GRAPHQL_DOCUMENTS = "report"
    before = counted()
    for sent in (CONVENTIONS["Relay, id"], APQ, {"query": TEXT}, {"query": "{ __typename }"}):
        assert "data" in post(client, **sent).json()
    for refused in ({"query": "{"}, {"query": "{ nothing }"}, {"documentId": "unknown"}):
        assert "errors" in post(client, **refused).json()
    assert counted() == {"yes": before["yes"] + 3, "no": before["no"] + 1}


def test_a_report_names_each_now_and_then_without_its_text(settings, client, caplog, later):
    settings.GRAPHQL_DOCUMENTS = "report"
    text = f"query {'N' * 200} {{ secret: __typename }}"
    for _ in range(3):
        post(client, query=text)
    assert len(caplog.records) == 1
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert caplog.messages == [f"A document is not registered: sha256:{digest}, operation {'N' * 100}"]
    later(FRESH + 1)
    post(client, query=text)
    assert len(caplog.records) == 2


@pytest.mark.parametrize("documents", ["any", "registered"])
def test_nothing_is_counted_elsewhere(kind, settings, client, caplog, documents):
    settings.GRAPHQL_DOCUMENTS = documents
    before = counted()
    post(client, query=TEXT)
    post(client, query="{ __typename }")
    assert counted() == before
    assert "is not registered" not in caplog.text


def test_any_document_needs_no_statement(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert post(client, query=TEXT).json()["data"] == DATA
