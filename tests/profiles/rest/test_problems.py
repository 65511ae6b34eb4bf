"""Errors as problems (RFC 9457), where `Accept` prefers them."""

import json

import pytest
from django.utils.translation import override

from profiles.core.outcomes import Outcome
from profiles.identity.throttling import counter

JSON, PROBLEM = "application/json", "application/problem+json"
BOTH = f"{JSON}, {PROBLEM}"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (BOTH, PROBLEM),
        (f"{PROBLEM}, {JSON}", PROBLEM),
        (f"{PROBLEM.upper()}, {JSON}", PROBLEM),
        (f"{PROBLEM}, */*", PROBLEM),
        (f"{JSON};q=0.8, {PROBLEM};q=0.9", PROBLEM),
        (f"{JSON}, {PROBLEM};q=0.9", JSON),
        (f"{JSON}, {PROBLEM};q=0", JSON),
        (f"*/*, {PROBLEM};q=0.9", JSON),
    ],
)
def test_accept_says_in_which_form_an_error_is(accept, form, rest, cast):
    headers = {"accept": accept} if accept else {}
    answer = rest.send("GET", "/profiles/me/", **headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, form)
    assert "Accept" in answer.headers["Vary"]
    done = rest.send("GET", f"/profiles/{cast.pk('shown')}/", **headers)
    assert (done.status_code, done.headers["Content-Type"]) == (200, JSON)


def test_who_accepts_problems_alone_accepts_no_profile(rest, cast):
    answer = rest.send("GET", f"/profiles/{cast.pk('shown')}/", accept=PROBLEM)
    assert (answer.status_code, answer.headers["Content-Type"]) == (406, PROBLEM)
    assert answer.json()["title"] == Outcome.NOT_ACCEPTABLE.message


REFUSED = {
    "no such path": (404, "GET", "/nowhere/", None, {}),
    "no such row": (404, "GET", "/profiles/2000000000/", None, {}),
    "no such method": (405, "POST", "/profiles/me/", None, {}),
    "not allowed": (403, "PATCH", "/profiles/{known}/", {"bio": "x"}, {}),
    "a stale tag": (412, "PATCH", "/profiles/me/", {"bio": "x"}, {"if_match": '"0-stale"'}),
    "a stale tag of a read": (412, "GET", "/profiles/me/", None, {"if_match": '"0-stale"'}),
    "another media type": (415, "PATCH", "/profiles/me/", "bio=x", {"media_type": "text/plain"}),
    "another charset": (415, "PATCH", "/profiles/me/", "{}", {"media_type": f"{JSON}; charset=latin-1"}),
    "no JSON": (400, "PATCH", "/profiles/me/", "{", {}),
    "a body that is too large": (413, "PATCH", "/profiles/me/", '"' + "x" * 102_400 + '"', {}),
    "a query that is no UTF-8": (400, "GET", "/profiles/?search=%ff", None, {}),
    "another host": (400, "GET", "/profiles/", None, {"host": "elsewhere.example"}),
    "a row of several": (404, "PATCH", "/profiles/", [{"id": 2_000_000_000, "bio": "x"}], {}),
    "invalid input": (400, "PATCH", "/profiles/me/", {"email": "x", "website": "y"}, {}),
    "an unknown parameter": (400, "GET", "/profiles/me/?x=1", None, {}),
    "a path of no API": (404, "GET", "/static/nothing", None, {}),
    "a contract that is written to": (405, "POST", "/openapi.json", None, {}),
}


@pytest.mark.parametrize(("status", "method", "path", "body", "headers"), REFUSED.values(), ids=REFUSED)
def test_a_problem_holds_what_the_default_form_holds(status, method, path, body, headers, rest, cast, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    path, token = path.format(known=cast.pk("known")), cast.token("member")
    plain, problem = (rest.send(method, path, body, token=token, accept=accept, **headers) for accept in (JSON, BOTH))
    assert (plain.status_code, problem.status_code) == (status, status)
    assert (plain.headers["Content-Type"], problem.headers["Content-Type"]) == (JSON, PROBLEM)
    default, shown = plain.json(), problem.json()
    kind = default.pop("type")
    code = default["errors"][0]["code"]
    assert shown == default | {
        "type": "/guide/reference/outcomes/#"
        + ("codes-of-invalid-input" if kind == "validation_error" else code.lower()),
        "title": shown["title"],
        "status": status,
        "detail": default["errors"][0]["detail"],
        "instance": f"urn:uuid:{problem.headers['X-Request-ID']}",
    }
    if kind != "validation_error":
        assert shown["title"] == Outcome[code].message


def test_a_problem_keeps_the_headers_and_details_of_its_outcome(rest, cast, settings):
    settings.READ_LIMIT = "1 per minute"
    counter.cache_clear()
    for _ in range(2):
        answer = rest.send("GET", f"/profiles/{cast.pk('shown')}/", accept=BOTH)
    assert (answer.status_code, answer.headers["Content-Type"]) == (429, PROBLEM)
    assert answer.headers["Retry-After"] == str(answer.json()["retry_after"])


def test_an_unexpected_error_is_a_problem_without_its_text(client, cast, monkeypatch):
    monkeypatch.setattr("profiles.rest.resources.parse_key", lambda _: 1 / 0)
    client.raise_request_exception = False
    answer = client.get("/profiles/1/", headers={"accept": BOTH})
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, PROBLEM)
    assert answer.json()["instance"] == f"urn:uuid:{answer.json()['id']}"
    assert b"division" not in answer.content


def test_a_problem_is_in_the_caller_s_language(rest):
    answer = rest.send("GET", "/profiles/me/", accept=BOTH, accept_language="de")
    with override("de"):
        assert answer.json()["title"] == Outcome.UNAUTHENTICATED.message


def test_reads_of_a_batch_that_fail_are_problems_too(rest, cast):
    reads = [{"path": "/profiles/me/"}, {"path": f"/profiles/{cast.pk('shown')}/"}]
    failed, done = rest.send("POST", "/batch/", reads, accept=BOTH).json()
    assert (failed["status"], failed["body"]["status"], done["status"]) == (401, 401, 200)


def test_graphql_has_errors_of_its_own(client):
    answer = client.post("/graphql/", "{", content_type=JSON, headers={"accept": BOTH})
    assert answer.headers["Content-Type"] == JSON
    assert json.loads(answer.content)["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}
