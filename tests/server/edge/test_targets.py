"""HTTP on the deployed server: request targets, hosts, responses without a body, request ids."""

import json
import socket
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

from profiles.core.outcomes import Outcome
from profiles.models import Change
from tests.server.conftest import MOST_SECONDS, serving

HOST = b"Host: 127.0.0.1\r\n"
EVIL = b"Host: evil.example\r\n"
LAST = b"X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
OURS = "11111111-2222-3333-4444-55555555abcd"

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("targets") / "log"


@pytest.fixture(scope="module")
def server(test_database, log):
    """A server with its own log."""
    with serving(log, **test_database) as address:
        yield address


@pytest.fixture
def send(server, log):
    """Send a request line with headers; return the whole response and the server's new log lines."""
    place = urlsplit(server)

    def send(line, headers=HOST):
        before = len(log.read_text())
        with socket.create_connection((place.hostname, place.port), timeout=MOST_SECONDS) as connection:
            connection.sendall(
                line.encode() + b"\r\n" + headers + b"X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
            )
            with connection.makefile("rb") as answer:
                head, _, body = answer.read().partition(b"\r\n\r\n")
        status, *names = head.decode().split("\r\n")
        response = httpx.Response(int(status.split()[1]), headers=[n.split(": ", 1) for n in names], content=body)
        return response, log.read_text()[before:].splitlines()

    return send


def assert_refused(response, lines, outcome):
    """Check for an error in the APIs' JSON form, with one log line."""
    length = response.headers.get("content-length")
    assert (response.status_code, response.headers["content-type"]) == (outcome.status, "application/json")
    assert f'"{outcome.code}"' in response.text
    assert length is None or int(length) == len(response.content)
    assert len(lines) == 1, lines
    line = json.loads(lines[0])
    assert (line["level"], line["request_id"]) == ("warning", response.headers["x-request-id"])


def test_options_of_the_whole_service(send):
    response, lines = send("OPTIONS * HTTP/1.1")
    assert (response.status_code, response.content, response.headers["content-length"]) == (200, b"", "0")
    assert {"GET", "PATCH", "DELETE", "OPTIONS"} <= set(response.headers["allow"].split(", "))
    assert "content-type" not in response.headers
    assert lines == []


@pytest.mark.parametrize(
    "line",
    ["POST * HTTP/1.1", "GET * HTTP/1.1", "DELETE *x HTTP/1.1", "OPTIONS *?x HTTP/1.1", "GET foo HTTP/1.1",
     "GET profiles/ HTTP/1.1", "GET 127.0.0.1:80 HTTP/1.1", "GET ://x HTTP/1.1", "GET http://[::1 HTTP/1.1",
     "GET http:///profiles/ HTTP/1.1", "GET ftp://127.0.0.1/profiles/ HTTP/1.1", "CONNECT * HTTP/1.1",
     "GET http://evil.example/profiles/ HTTP/1.1", "GET http://x@127.0.0.1/profiles/ HTTP/1.1"],
)  # fmt: skip
def test_a_target_that_is_none_of_ours(send, line):
    assert_refused(*send(line), Outcome.BAD_REQUEST)


def test_connect(send):
    response, lines = send("CONNECT example.com:443 HTTP/1.1")
    assert_refused(response, lines, Outcome.METHOD_NOT_ALLOWED)
    assert "GET" in response.headers["allow"]


@pytest.mark.parametrize(
    "line", ["GET /profiles/ HTTP/1.1", "OPTIONS * HTTP/1.1", "GET / HTTP/1.0", "CONNECT x:1 HTTP/1.1"]
)
@pytest.mark.parametrize("headers", [EVIL, b"Host: \r\n", b"Host: a b\r\n", b"Host: 127.0.0.1@evil.example\r\n"])
def test_a_host_that_is_not_ours(send, line, headers):
    response, lines = send(line, headers)
    assert_refused(response, lines, Outcome.BAD_REQUEST)
    assert "The Host header names another host." in response.text


def test_http_1_1_names_its_host_and_http_1_0_need_not(send):
    assert_refused(*send("GET /profiles/ HTTP/1.1", b""), Outcome.BAD_REQUEST)
    assert send("GET /profiles/ HTTP/1.0", b"")[0].status_code == 200


def test_the_host_of_an_absolute_target_comes_before_the_header(send):
    for headers in (HOST, EVIL):
        response, lines = send("GET http://127.0.0.1/ HTTP/1.1", headers)
        assert (response.status_code, lines) == (200, [])
        assert response.json()["rest"] == "https://127.0.0.1/profiles/me/"


@pytest.mark.parametrize(
    "path", ["/%00", "/%2e%2e/", "/%c0%af", "/static/%00", "/static/..%2f..%2fmanage.py", "/%2F%2F"]
)
def test_a_strange_path_leads_nowhere(send, path):
    assert_refused(*send(f"GET {path} HTTP/1.1"), Outcome.NOT_FOUND)


# Answers without a body


HEADS = [
    "/", "/profiles/?page_size=1", "/profiles/me/", "/nowhere", "/graphql/?query={__typename}", "/openapi.json",
    "/openapi.yaml", "/docs/", "/admin/", "/admin/login/", "/static/admin/links.css", "/.well-known/jwks.json",
]  # fmt: skip


@pytest.mark.parametrize("path", HEADS)
def test_head_is_a_get_without_its_body_and_nothing_is_logged(send, path):
    got, lines = send(f"GET {path} HTTP/1.1")
    headed, lines_of_head = send(f"HEAD {path} HTTP/1.1")
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    ours = {"x-request-id", "date", "expires", "ratelimit", "set-cookie"}
    assert {k: v for k, v in headed.headers.items() if k not in ours} == {
        k: v for k, v in got.headers.items() if k not in ours
    }
    assert headed.headers["content-length"] == str(len(got.content))
    assert len(lines_of_head) == len(lines) == (1 if got.status_code >= 400 else 0)


def test_204_and_304_have_neither_a_body_nor_a_length(cast, send):
    bearer = HOST + b"Authorization: Bearer " + cast.token("owner").encode() + b"\r\n"
    tag = send("GET /profiles/me/ HTTP/1.1", bearer)[0].headers["etag"].encode()
    for method in ("GET", "HEAD"):
        unchanged, lines = send(f"{method} /profiles/me/ HTTP/1.1", bearer + b"If-None-Match: " + tag + b"\r\n")
        assert (unchanged.status_code, unchanged.content, lines) == (304, b"", [])
        assert "content-length" not in unchanged.headers
    deleted, _ = send("DELETE /profiles/me/ HTTP/1.1", bearer)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert not {"content-length", "transfer-encoding"}.intersection(deleted.headers)


# Request ids

NOT_CANONICAL = [
    "", "x", OURS.replace("-", ""), f"{{{OURS}}}", f"urn:uuid:{OURS}", f" {OURS[:-1]}", OURS + "0",
    OURS.replace("1", "١"), OURS.replace("-", "_"), "{" * 2_000 + OURS + "}" * 2_000, f"{OURS},{OURS}", f"{OURS}\t.",
    OURS.replace("a", "g"),
]  # fmt: skip


@pytest.mark.parametrize("given", NOT_CANONICAL)
def test_an_id_that_is_not_canonical_is_not_taken(send, given):
    response, lines = send("GET /profiles/ HTTP/1.1", HOST + b"X-Request-ID: " + given.encode() + b"\r\n")
    made = response.headers["x-request-id"]
    assert str(UUID(made)) == made
    assert made != OURS
    assert lines == []


@pytest.mark.parametrize("given", [OURS, OURS.upper()])
def test_a_canonical_id_is_taken_in_lower_case(cast, send, rest, given):
    response, lines = send("GET /nowhere HTTP/1.1", HOST + b"X-Request-ID: " + given.encode() + b"\r\n")
    assert response.headers["x-request-id"] == OURS
    assert json.loads(lines[0])["request_id"] == OURS
    rest.send("PATCH", "/profiles/me/", {"bio": "B"}, token=cast.token("owner"), x_request_id=given)
    assert Change.objects.get().request_id == UUID(OURS)
