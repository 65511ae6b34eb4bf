"""The deployed server by itself."""

import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import psutil
import pytest
from gunicorn.config import Config
from gunicorn.workers.gthread import ThreadWorker

from profiles.core.cpus import ALLOWED
from server.edge.traffic import Traffic
from server.worker import Worker
from tests.cast import PASSWORD
from tests.cluster.processes import wait_until
from tests.server.conftest import TRUST, ServerClient, running, serving


def test_plain_http_is_sent_to_https(server):
    response = httpx.get(f"{server}/profiles/1/")
    assert response.status_code == 301
    assert response.headers["location"].startswith("https://")


def test_a_host_that_is_not_ours_is_refused_in_json(server):
    response = httpx.get(f"{server}/", headers=ServerClient.proxied | {"host": "evil.example"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "BAD_REQUEST"


def test_a_host_that_is_not_ours_is_a_line_in_the_log(test_database, tmp_path):
    with serving(tmp_path / "log", **test_database) as address:
        httpx.get(f"{address}/livez")
        started = (tmp_path / "log").read_text()
        httpx.get(f"{address}/profiles/", headers=ServerClient.proxied | {"host": "evil.example"})
        (line,) = (tmp_path / "log").read_text().removeprefix(started).splitlines()
    logged = json.loads(line)
    assert (logged["level"], logged["logger"]) == ("warning", "django.security.DisallowedHost")


def test_the_threads_of_a_worker_share_a_cpu(test_database, tmp_path):
    with (
        running(tmp_path / "log", **test_database, WEB_CONCURRENCY="1") as (address, process),
        ThreadPoolExecutor(4) as clients,
    ):
        (worker,) = psutil.Process(process.pid).children()

        def share_a_cpu():
            list(clients.map(lambda _: httpx.get(f"{address}/livez", verify=TRUST), range(8)))
            of_threads = [frozenset(os.sched_getaffinity(thread.id)) for thread in worker.threads()]
            main = os.sched_getaffinity(worker.pid)
            return len(main) == 1 and Counter(of_threads)[frozenset(main)] > 2

        wait_until(share_a_cpu, "the main thread and two others are on one CPU")


@pytest.fixture
def worker():
    worker = Worker(1, os.getpid(), [], None, 1, Config(), None)
    with closing(worker.tmp):
        yield worker


def test_a_thread_follows_the_worker_to_another_cpu(worker, monkeypatch):
    monkeypatch.setattr(ThreadWorker, "handle", lambda _self, _connection: os.sched_getaffinity(0))

    def handle_on(cpu):
        worker.cpus = {cpu}
        return worker.handle(None)

    with ThreadPoolExecutor(1) as thread:
        for cpu in ALLOWED:
            assert thread.submit(handle_on, cpu).result() == {cpu}


def test_beside_a_long_request_threads_run_on_any_cpu(worker, monkeypatch):
    monkeypatch.setattr(ThreadWorker, "wait_for_and_dispatch_events", lambda _self, _timeout: None)
    worker.traffic = Traffic()
    worker.traffic.count(1)

    def choose():
        worker.chosen_at = 0.0
        worker.wait_for_and_dispatch_events(0)
        return worker.cpus

    with ThreadPoolExecutor(1) as thread:
        with worker.traffic.long_one():
            assert thread.submit(choose).result() == ALLOWED
        assert len(thread.submit(choose).result()) == 1


def test_signing_in_reading_and_writing(cast, server, at_once):
    [signed_in] = at_once(lambda apis: apis["rest"].sign_in("owner", PASSWORD))
    token = signed_in.body["token"]
    [written] = at_once(lambda apis: apis["graphql"].update(cast.pk("owner"), {"bio": "New."}, token=token))
    [read] = at_once(lambda apis: apis["rest"].view_me(token=token))
    assert written.body == read.body
    assert written.etag == read.etag


def chunked(server, path, *chunks, method="POST", token=None):
    """Send a body in chunks, without a Content-Length."""
    headers = ServerClient.proxied | {"content-type": "application/json"}
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    return httpx.request(method, f"{server}{path}", content=iter(chunks), headers=headers)


def test_a_body_in_chunks_is_read_in_both_apis(cast, server):
    token = cast.token("owner")
    written = chunked(server, "/profiles/me/", b'{"bio": ', b'"In chunks."}', method="PATCH", token=token)
    assert (written.status_code, written.json()["bio"]) == (200, "In chunks.")
    read = chunked(server, "/graphql/", b'{"query": ', b'"{ me { bio } }"}', token=token)
    assert read.json()["data"] == {"me": {"bio": "In chunks."}}


def test_a_body_in_chunks_that_is_too_large_is_refused(cast, server):
    for path, method in (("/profiles/me/", "PATCH"), ("/graphql/", "POST")):
        response = chunked(server, path, *[b"x" * 1024] * 200, method=method, token=cast.token("owner"))
        assert response.status_code == 413


@pytest.mark.parametrize("value", ["on", "off"])
def test_each_request_is_a_line_where_that_is_wanted(test_database, tmp_path, value):
    with serving(tmp_path / "log", ACCESS_LOG=value, **test_database) as address:
        answer = httpx.get(f"{address}/profiles/?search=%0Aa%22b", headers=ServerClient.proxied)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    lines = [
        line
        for line in lines
        if line["logger"] == "gunicorn.access" and line["request_id"] == answer.headers["x-request-id"]
    ]
    assert len(lines) == (value == "on")
    for line in lines:
        assert line["message"] == "GET /profiles/?search=%0Aa%22b 200"
        assert (line["address"], line["bytes"]) == ("127.0.0.1", len(answer.content))


def test_a_request_is_a_line_of_text_where_that_is_wanted(test_database, tmp_path):
    with serving(tmp_path / "log", ACCESS_LOG="on", LOG_FORMAT="line", **test_database) as address:
        answer = httpx.get(f"{address}/profiles/?search=%0Aa%22b", headers=ServerClient.proxied)
    request = f"request={answer.headers['x-request-id']}"
    (line,) = [line for line in (tmp_path / "log").read_text().splitlines() if " ACCESS " in line and request in line]
    assert '127.0.0.1 "GET /profiles/?search=%0Aa%22b HTTP/1.1" 200' in line
