"""Slow and silent clients: others are answered meanwhile, and slow ones too once they have sent their request."""

import socket
import struct
import time
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import httpx
import pytest

from tests.server.conftest import MOST_SECONDS, ServerClient, serving

MANY = 40  # connections, more than the threads of both processes
HEAD = b"%s HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Proto: https\r\nContent-Type: application/json\r\n"
GET = HEAD % b"GET /profiles/"
POST = HEAD % b"POST /graphql/"
BODY = b'{"query": "{ __typename }"}'
ANSWER = {"__typename": "Query"}
WHOLE = {
    "a read": GET + b"\r\n",
    "a body": POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
    "chunks": POST
    + b"Transfer-Encoding: Chunked\r\n\r\n"
    + b"3;a=b\r\n"
    + BODY[:3]
    + b"\r\n18\r\n"
    + BODY[3:]
    + b"\r\n0\r\n\r\n",
    "chunks with a trailer": POST + b"transfer-encoding: chunked\r\n\r\n1B\r\n" + BODY + b"\r\n0\r\nX: y\r\n\r\n",
}
UNFINISHED = {
    "nothing": b"",
    "half a line": b"GET /prof",
    "half a head": GET + b"Authoriz",
    "half a body": POST + b"Content-Length: 27\r\n\r\n" + BODY[:5],
    "half the chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n1B\r\n" + BODY[:5],
    "a request, and half of the next": WHOLE["a read"] + GET,
}


def connect(address):
    place = urlsplit(address)
    return closing(socket.create_connection((place.hostname, place.port), timeout=MOST_SECONDS))


def status_of(answers):
    """Read one response from a connection's `makefile`; return its status and body."""
    status = int(answers.readline().split()[1])
    headers = dict(line.lower().split(b": ", 1) for line in iter(answers.readline, b"\r\n"))
    return status, answers.read(int(headers.get(b"content-length", 0)))


@pytest.mark.parametrize("label", UNFINISHED)
def test_clients_that_have_not_sent_a_request_hold_no_thread(server, label):
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(connect(server)).sendall(UNFINISHED[label])
        for _ in range(3):
            assert (
                httpx.get(f"{server}/profiles/", headers=ServerClient.proxied, timeout=MOST_SECONDS).status_code == 200
            )


@pytest.mark.parametrize("label", WHOLE)
def test_a_request_is_answered_however_it_arrives(server, label):
    """In single bytes, in two parts, and on one connection: two requests at once, and one and a half."""
    request = WHOLE[label]
    ways = [[bytes([byte]) for byte in request], [request[:70], request[70:]]]
    if "chunks" not in label:
        ways += [[request * 2], [request + request[:90], request[90:]]]
    for parts in ways:
        with connect(server) as connection, connection.makefile("rb") as answers:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for part in parts:
                connection.sendall(part)
            for _ in range(b"".join(parts).count(b"HTTP/1.1")):
                status, body = status_of(answers)
                assert status == 200
                assert label == "a read" or httpx.Response(200, content=body).json()["data"] == ANSWER


def test_a_client_that_waits_to_be_told_to_go_on(server):
    with connect(server) as connection, connection.makefile("rb") as answers:
        connection.sendall(POST + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(BODY))
        assert status_of(answers) == (100, b"")
        connection.sendall(BODY)
        status, _ = status_of(answers)
        while status == 100:
            status, _ = status_of(answers)
        assert status == 200


def test_clients_that_are_gone_before_they_are_told_to_go_on(server):
    for _ in range(MANY):
        with connect(server) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closes with a reset
            connection.sendall(POST + b"Content-Length: 27\r\nExpect: 100-continue\r\n\r\n")
    assert httpx.get(f"{server}/profiles/", headers=ServerClient.proxied, timeout=MOST_SECONDS).status_code == 200


def test_a_client_that_ends_in_the_middle_of_a_body_is_answered(server):
    with connect(server) as connection, connection.makefile("rb") as answers:
        connection.sendall(POST + b"Content-Length: 27\r\n\r\n" + BODY[:5])
        connection.shutdown(socket.SHUT_WR)
        assert status_of(answers)[0] == 400


def test_a_head_without_end_is_refused(server):
    with connect(server) as connection, connection.makefile("rb") as answers:
        connection.sendall(GET + b"X: y\r\n" * 15_000)
        status, body = status_of(answers)
        assert status == 400
        assert b"too many headers" in body


def test_clients_that_do_not_read_hold_no_thread(cast, server):
    token = cast.token("owner").encode()
    page = HEAD % b"GET /profiles/?page_size=100" + b"Authorization: Bearer " + token + b"\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(connect(server)).sendall(page)
        assert httpx.get(f"{server}/profiles/", headers=ServerClient.proxied, timeout=MOST_SECONDS).status_code == 200


def test_the_oldest_that_waits_makes_room(test_database, tmp_path):
    environment = {"WEB_CONCURRENCY": "1", "GUNICORN_CMD_ARGS": "--worker-connections 20"}
    with serving(tmp_path / "log", **test_database | environment) as address, ExitStack() as stack:
        waiting = [stack.enter_context(connect(address)) for _ in range(60)]
        assert httpx.get(f"{address}/profiles/", headers=ServerClient.proxied, timeout=MOST_SECONDS).status_code == 200
        assert waiting[0].recv(1) == b""
        waiting[-1].sendall(WHOLE["a read"])
        assert status_of(waiting[-1].makefile("rb"))[0] == 200


def test_a_stop_does_not_wait_for_those_that_send_nothing(test_database, tmp_path):
    with ExitStack() as stack:
        with serving(tmp_path / "log", **test_database) as address:
            for _ in range(MANY):
                stack.enter_context(connect(address))
            assert httpx.get(f"{address}/profiles/", headers=ServerClient.proxied).status_code == 200
            start = time.monotonic()
        assert time.monotonic() - start < MOST_SECONDS / 2
