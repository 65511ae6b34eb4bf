"""Automatic persisted queries, as Apollo's clients send them."""

import hashlib
import json
import time

import pytest
from django.core.cache import cache

from graphql_api.core.persisted import KEPT

QUERY = "{ __typename }"


@pytest.fixture(autouse=True)
def nothing_kept(db):
    cache.clear()


def digest(query):
    return hashlib.sha256(query.encode()).hexdigest()


def extensions(query=QUERY, **others):
    return {"persistedQuery": {"version": 1, "sha256Hash": digest(query)} | others}


def post(client, accept="application/json", **body):
    return client.post("/graphql/", body, content_type="application/json", headers={"accept": accept})


def test_a_document_is_sent_whole_once(client):
    unknown = post(client, extensions=extensions()).json()["errors"][0]
    assert (unknown["message"], unknown["extensions"]["code"]) == (
        "PersistedQueryNotFound",
        "PERSISTED_QUERY_NOT_FOUND",
    )
    assert post(client, query=QUERY, extensions=extensions()).json()["data"] == {"__typename": "Query"}
    assert post(client, extensions=extensions()).json()["data"] == {"__typename": "Query"}
    got = client.get("/graphql/", {"extensions": json.dumps(extensions())})
    assert got.json()["data"] == {"__typename": "Query"}


def test_it_is_forgotten_in_time(client, monkeypatch):
    post(client, query=QUERY, extensions=extensions())
    later = time.time() + KEPT + 1
    monkeypatch.setattr("django.core.cache.backends.locmem.time.time", lambda: later)
    assert "errors" in post(client, extensions=extensions()).json()


def test_a_document_under_another_hash_is_refused_and_not_kept(client):
    answer = post(client, query="{ me { pk } }", extensions=extensions())
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert "errors" in post(client, extensions=extensions()).json()


@pytest.mark.parametrize("query", ["{", "{ nothing }", "{ " + "me { pk } " * 30 + "}"])
def test_what_is_refused_is_not_kept(client, query):
    post(client, query=query, extensions=extensions(query))
    again = post(client, extensions=extensions(query)).json()["errors"][0]
    assert again["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "persisted",
    [1, [], {}, {"version": 2}, {"version": True, "sha256Hash": ""}, {"version": 1, "sha256Hash": "x" * 64}],
)
def test_a_hash_that_is_none_is_the_clients_error(client, persisted):
    answer = post(client, extensions={"persistedQuery": persisted})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


def test_the_limits_and_the_throttle_hold_for_a_kept_one(client, cast, settings):
    settings.READ_LIMIT = "2 per minute"
    query = (
        "query ($n: Int!) { profiles(first: $n) { edges { node { updatedBy { updatedBy { updatedBy { pk } } } } } } }"
    )
    assert "data" in post(client, query=query, variables={"n": 1}, extensions=extensions(query)).json()
    refused, throttled = (post(client, variables={"n": 100}, extensions=extensions(query)).json() for _ in range(2))
    assert refused["errors"][0]["extensions"]["limit"] == "rows"
    assert throttled["errors"][0]["extensions"]["code"] == "THROTTLED"


def test_a_mutation_is_kept_and_still_not_sent_by_get(client):
    query = 'mutation { verifyToken(token: "x") { scope } }'
    post(client, query=query, extensions=extensions(query))
    assert client.get("/graphql/", {"extensions": json.dumps(extensions(query))}).status_code == 405
