"""Several rows in one document take one statement."""

import pytest

from graphql_api.core.registering import register
from tests.cast import NOBODY


def test_five_profiles_are_one_statement(cast, graphql, django_assert_num_queries):
    token = cast.token("member")
    query = f"""query ($id: ID!) {{
        a: profile(pk: {cast.pk("known")}) {{ username }}
        b: profile(id: $id) {{ username updatedBy {{ pk }} }}
        c: profile(username: "MAILED") {{ username email }}
        ...More
    }}
    fragment More on Query {{
        d: profile(pk: {cast.pk("hidden")}) {{ username }}
        e: node(id: "{cast["gone"].node_id}") {{ id }}
        f: profile(pk: {NOBODY}) {{ username }}
        g: node(id: "nonsense") {{ id }}
        h: profile(pk: {cast.pk("known")}) {{ pk }}
    }}"""
    with django_assert_num_queries(2):  # caller, rows
        body = graphql.send(query, {"id": cast["shown"].node_id}, token=token).json()
    assert body["data"] == {
        "a": {"username": "known"},
        "b": {"username": "shown", "updatedBy": None},
        "c": {"username": "mailed", "email": "mailed@example.com"},
        "d": None,
        "e": None,
        "f": None,
        "g": None,
        "h": {"pk": cast.pk("known")},
    }
    assert [(error["path"], error["extensions"]["code"]) for error in body["errors"]] == [
        ([alias], "NOT_FOUND") for alias in "defg"
    ]


@pytest.mark.parametrize("count", [1, 10])
def test_as_many_as_are_asked_for(cast, graphql, django_assert_num_queries, count):
    token = cast.token("staff")
    pks = [profile.pk for profile in cast.profiles.values()] * 10
    query = "{" + " ".join(f"f{n}: profile(pk: {pk}) {{ username }}" for n, pk in enumerate(pks[:count])) + "}"
    with django_assert_num_queries(2):
        body = graphql.send(query, token=token).json()
    assert None not in body["data"].values()


def test_a_skipped_one_is_not_asked_for(cast, graphql, django_assert_num_queries):
    query = "query ($no: Boolean!) { a: profile(pk: 1) @include(if: $no) { pk } __typename }"
    with django_assert_num_queries(0):
        assert graphql.send(query, {"no": False}).json()["data"] == {"__typename": "Query"}


def test_so_are_those_of_a_registered_document(cast, client, settings, django_assert_num_queries):
    settings.GRAPHQL_DOCUMENTS = "registered"
    register(
        {"several": "query ($a: Int!, $b: Int!) { a: profile(pk: $a) { username } b: profile(pk: $b) { username } }"}
    )
    sent = {"id": "several", "variables": {"a": cast.pk("shown"), "b": cast.pk("mailed")}}
    headers = {"authorization": f"Bearer {cast.token('member')}"}
    for statements in (3, 2):  # caller, rows, and the first time the document
        with django_assert_num_queries(statements):
            body = client.post("/graphql/", sent, content_type="application/json", headers=headers).json()
        assert body["data"] == {"a": {"username": "shown"}, "b": {"username": "mailed"}}


def test_a_list_of_registered_documents_is_not_taken(db, client, settings):
    settings.GRAPHQL_DOCUMENTS = "registered"
    register({"kind": "{ __typename }"})
    response = client.post("/graphql/", [{"id": "kind"}], content_type="application/json")
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Profile { username etag } } }"


def test_nodes_are_answered_one_by_one(cast, graphql, django_assert_num_queries):
    ids = [cast["known"].node_id, cast["hidden"].node_id, "nonsense", cast["shown"].node_id, cast["known"].node_id]
    token = cast.token("member")
    with django_assert_num_queries(2):  # caller, rows
        body = graphql.send(NODES, {"ids": ids}, token=token).json()
    assert [node and node["username"] for node in body["data"]["nodes"]] == ["known", None, None, "shown", "known"]
    assert [(error["path"], error["extensions"]["code"]) for error in body["errors"]] == [
        (["nodes", 1], "NOT_FOUND"),
        (["nodes", 2], "NOT_FOUND"),
    ]
    assert body["extensions"]["cost"] == {"operations": 5, "rows": 5, "values": 16}


def test_so_many_nodes_and_no_more(cast, graphql):
    ids = [profile.node_id for profile in cast.profiles.values()] * 2
    assert len(graphql.send(NODES, {"ids": ids[:10]}, token=cast.token("staff")).json()["data"]["nodes"]) == 10
    body = graphql.send(NODES, {"ids": ids[:11]}, token=cast.token("staff")).json()
    assert [(error["message"], error["extensions"]) for error in body["errors"]] == [
        ("Request at most 10 ids at once.", {"code": "BAD_REQUEST"})
    ]
