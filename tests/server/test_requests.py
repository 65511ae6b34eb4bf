"""Malformed requests: each gets a documented error code in the API's form, with an id that the log contains."""

import json
import socket
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

from profiles.core.outcomes import Outcome
from tests.profiles.rest.test_http import UNREADABLE
from tests.server.conftest import MOST_SECONDS, serving

SECRET = "a-token-that-nobody-logs"
READS = {"rest": "/profiles/?page_size=1", "graphql": "/graphql/?query={__typename}"}
TAKES_A_BODY = {"rest": "/profiles/", "graphql": "/graphql/"}

CHARSETS = [
    "charset=undefined",
    "charset=utf-16",
    "charset=no-such",
    "charset=rot13",
    "charset=zlib",
    "charset=unicode_escape",
    "charset=",
    "charset=é",
    "charset=utf-8; charset=latin-1",
    "charset*=no-such''utf-8",
    "charset*=undefined''utf-8",
    "x*=undefined''%ff",
]
HOSTS = ["evil.example", "", "127.0.0.1@evil.example", "[::1", "a b", "x" * 5_000]

pytestmark = pytest.mark.django_db  # the database exists for the server, which is another process


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("requests") / "log"


@pytest.fixture(scope="module")
def server(test_database, log):
    """A server with its own log."""
    with serving(log, **test_database) as address:
        yield address


@pytest.fixture(params=["served", "client"])
def http(request):
    """The deployed service, or Django's test client."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=READS)
def api(request):
    return request.param


def assert_refused(response, api, outcome):
    body = response.json()
    code = body["errors"][0]["code"] if api == "rest" else body["errors"][0]["extensions"]["code"]
    assert (response.status_code, code) == (outcome.status, outcome.code)
    assert set(body) == ({"type", "errors"} if api == "rest" else {"errors"})
    assert response.headers["content-type"] == "application/json"
    assert UUID(response.headers["x-request-id"])


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_charset_other_than_utf_8(served, api, charset, body):  # Django's test client has its own request class
    method, path = ("POST", TAKES_A_BODY[api]) if body else ("GET", READS[api])
    response = served.generic(method, path, body, f"application/json; {charset}".encode())
    assert_refused(response, api, Outcome.UNSUPPORTED_MEDIA_TYPE)


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", '; charset="UTF-8"', ";charset=utf8", "; x=y"])
def test_utf_8_by_any_of_its_names(http, api, charset):
    response = http.generic("POST", TAKES_A_BODY[api], b"{}", f"application/json{charset}")
    assert response.status_code == 400  # it was parsed: an empty object lacks required fields
    assert http.generic("GET", READS[api], b"", f"application/json{charset}").status_code == 200


@pytest.mark.parametrize("query", ["%ff", "a=%ff", "%ED%A0%80=a", "a=%C0%80", "a=1&b=%E2%82"])
def test_a_query_that_is_not_utf_8(http, api, query):
    assert_refused(http.generic("GET", f"{TAKES_A_BODY[api]}?{query}"), api, Outcome.BAD_REQUEST)


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_is_not_ours(http, api, host):
    assert_refused(http.generic("GET", READS[api], headers={"host": host}), api, Outcome.BAD_REQUEST)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "INVENTED"])
def test_a_method_that_there_is_not(http, api, method):
    response = http.generic(method, TAKES_A_BODY[api])
    assert_refused(response, api, Outcome.METHOD_NOT_ALLOWED)
    assert {"GET", "HEAD", "OPTIONS", "POST"} <= set(response.headers["allow"].split(", "))
    assert http.generic(method, "/nowhere/").status_code == 404


def test_options_says_what_a_path_takes(http, api):
    response = http.generic("OPTIONS", TAKES_A_BODY[api])
    assert (response.status_code, response.content, response.headers["content-length"]) == (200, b"", "0")
    assert {"GET", "HEAD", "OPTIONS", "POST"} <= set(response.headers["allow"].split(", "))


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_json_that_cannot_be_read(http, api, body):
    response = http.generic("POST", TAKES_A_BODY[api], body, "application/json")
    assert_refused(response, api, Outcome.BAD_REQUEST)
    assert b"codec" not in response.content  # Python's error text is not shown
    assert b"sys." not in response.content


def test_a_body_that_is_too_large(http, api):
    for size in [102_401, 2_000_000] * 5:  # with one client: each answer leaves a usable connection
        response = http.generic("POST", TAKES_A_BODY[api], b"x" * size, "application/json")
        assert_refused(response, api, Outcome.CONTENT_TOO_LARGE)


@pytest.mark.parametrize("value", [b"\xff", "€".encode(), b"\xed\xa0\x80"])
@pytest.mark.parametrize("name", ["authorization", "accept"])
def test_a_header_that_is_not_ascii_is_no_better_than_another_wrong_one(served, api, name, value):
    outcome = {"authorization": Outcome.UNAUTHENTICATED, "accept": Outcome.NOT_ACCEPTABLE}[name]
    assert_refused(served.generic("GET", READS[api], headers={name: b"Bearer " + value}), api, outcome)


@pytest.mark.parametrize("name", ["x-request-id", "if-none-match", "idempotency-key", "origin", "cookie"])
def test_a_header_that_is_not_read_may_hold_anything(served, api, name):
    response = served.generic("GET", READS[api], headers={name: b"\xff\xed\xa0\x80"})
    assert response.status_code == 200
    assert UUID(response.headers["x-request-id"])


@pytest.mark.parametrize("path", ["/profiles/by-username/%ff/", "/profiles/by-username/%00/", "/%ff", "/graphql/%ff"])
def test_a_path_that_is_not_utf_8_leads_nowhere(served, path):
    assert served.generic("GET", path).status_code in (401, 404)


def test_the_log_has_the_id_of_a_refusal(served, api, log):
    refusals = [
        served.generic("GET", READS[api], content_type="text/plain; charset=undefined"),
        served.generic("GET", READS[api], headers={"host": "evil.example"}),
        served.generic("TRACE", TAKES_A_BODY[api]),
    ]
    for response in refusals:
        (line,) = [line for line in log.read_text().splitlines() if response.headers["x-request-id"] in line]
        assert json.loads(line)["level"] in ("warning", "error")


# Requests that gunicorn cannot parse, and Django never sees

REQUEST = b"%s HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n"
POST = REQUEST % b"POST /graphql/" + b"Content-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
NO_HTTP = {
    "no request at all": b"\x16\x03\x01\x02\r\n\r\n",
    "a version of the future": b"GET / HTTP/9.9\r\n\r\n",
    "HTTP/2 unasked": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method in small letters": REQUEST % b"get /" + b"\r\n",
    "a URL too long": REQUEST % (b"GET /graphql/?query=" + b"x" * 10_000) + b"\r\n",
    "a URL with bytes": REQUEST % b"GET /profiles/\xe2\x82\xac" + b"\r\n",
    "a URL with NUL": REQUEST % b"GET /profiles/\0" + b"\r\n",
    "a header too long": REQUEST % b"GET /" + b"X: " + b"x" * 10_000 + b"\r\n\r\n",
    "too many headers": REQUEST % b"GET /" + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n",
    "NUL in a header": REQUEST % b"GET /" + f"Authorization: Bearer {SECRET}\0\r\n\r\n".encode(),
    "a header without its colon": REQUEST % b"GET /" + f"Authorization Bearer {SECRET}\r\n\r\n".encode(),
    "two hosts": REQUEST % b"GET /" + b"Host: evil.example\r\n\r\n",
    "a length that is no number": POST + b"Content-Length: two\r\n\r\n{}",
    "a length below nothing": POST + b"Content-Length: -1\r\n\r\n{}",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length and chunks": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a coding that there is not": POST + b"Transfer-Encoding: invented\r\n\r\n{}",
    "a chunk of no size": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "a chunk without its end": CHUNKED + b"2\r\n{}0\r\n\r\n",
    "an expectation that there is not": POST + b"Content-Length: 2\r\nExpect: wonders\r\n\r\n{}",
}


def exchange(address, request):
    """Send these bytes; read the whole response."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=MOST_SECONDS) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as answer:
            head, _, body = answer.read().partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    return httpx.Response(int(status.split()[1]), headers=[h.split(": ", 1) for h in headers], content=body)


@pytest.mark.parametrize("label", NO_HTTP)
def test_what_is_no_http(server, log, label):
    response = exchange(server, NO_HTTP[label])
    assert_refused(response, "rest", Outcome.BAD_REQUEST)
    assert response.headers["connection"] == "close"
    assert f'"request_id":"{response.headers["x-request-id"]}"' in log.read_text()
    assert SECRET not in log.read_text()
    assert SECRET not in response.text
