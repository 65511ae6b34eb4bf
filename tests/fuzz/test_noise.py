"""Requests that make no sense: random bytes, methods, headers and documents."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.core.outcomes import InvalidCode, Outcome
from tests.state import undone

AT_REST = ["", "me", "me/history", "1/", "1/export", "by-username/owner", "by-username/%F0%28"]
AT_AUTH = ["token/", "token/refresh", "token/verify/", "token/revoke", "password/", "logout-everywhere"]
PATHS = st.sampled_from(
    ["/graphql/", "/graphql", *(f"/profiles/{each}" for each in AT_REST), *(f"/auth/{each}" for each in AT_AUTH)]
)
SEGMENTS = st.text(st.characters(codec="utf-8"), max_size=12)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY"])
WORDS = [
    "{",
    "}",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "...",
    "@",
    "$a",
    "!",
    '"',
    "\\ud800",
    "-1",
    "1e999",
    "null",
    "query",
    "mutation",
    "fragment",
    "on",
    "me",
    "profile",
    "updatedBy",
    "__schema",
    "__typename",
    "pk",
    "id",
    "F",
    "#",
]
DOCUMENTS = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
)
BODIES = st.one_of(
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.builds(lambda d, v: json.dumps({"query": d, "variables": v}).encode(), DOCUMENTS, JSON),
    st.integers(1, 5000).map(lambda depth: b"[" * depth),
)
VALUES = st.text(st.characters(codec="latin-1", exclude_characters="\0\r\n"), max_size=20)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["authorization", "accept", "if-match", "if-none-match", "idempotency-key", "x-request-id", "origin", "cookie"]
    ),
    st.one_of(VALUES, VALUES.map("Bearer {}".format)),
    max_size=3,
)
TYPES = st.one_of(
    st.none(),
    st.sampled_from(["application/json", "application/json; charset=x", "text/plain", "application/graphql"]),
    VALUES,
)
CODES = ({outcome.code for outcome in Outcome} | set(InvalidCode)) - {"INTERNAL", "UNAVAILABLE", "TIMEOUT"}


@pytest.mark.share(0.06)
def test_noise_is_refused_in_the_catalogues_words(cast, wire, progress):
    @given(METHODS, PATHS, st.one_of(st.just(""), SEGMENTS), BODIES, TYPES, HEADERS)
    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    def run(method, path, query, body, media_type, headers):
        with undone():
            response = wire.generic(method, f"{path}?{query}", body, media_type, headers)
        if response.status_code >= 400 and response.content:
            assert {code_of(error) for error in response.json()["errors"]} <= CODES

    def code_of(error):
        """An error's code, where this API has it."""
        return error["extensions"]["code"] if "extensions" in error else error["code"]

    progress.spend(lambda seed: seed(run)())
