"""A real server's stop and reload: the requests it still answers, and when it ends."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest

from tests.server.conftest import MOST_SECONDS, TRUST, ServerClient, running

pytestmark = pytest.mark.django_db(transaction=True)


def status(address, path):
    return httpx.get(address + path, headers=ServerClient.proxied, timeout=MOST_SECONDS, verify=TRUST).status_code


def until(is_reached, step):
    """Call `step` until `is_reached` returns true."""
    while not is_reached():
        step()


def test_a_stopping_server_is_unready_serves_on_and_finishes_its_requests(test_database, tmp_path):
    os.mkfifo(gate := tmp_path / "gate")
    environment = test_database | {"STOP_DELAY": "600", "GATE": str(gate)}
    with (
        running(tmp_path / "log", "tests.server.gate", **environment) as (address, process),
        ThreadPoolExecutor() as pool,
    ):
        assert status(address, "/readyz") == 200
        request = pool.submit(httpx.get, f"{address}/gate", timeout=MOST_SECONDS)
        with gate.open("w") as pipe:  # a thread has the request
            process.terminate()
            until(lambda: status(address, "/readyz") == 503, lambda: None)
            assert [status(address, path) for path in ("/livez", "/profiles/")] == [200, 200]
            process.terminate()  # the second signal ends STOP_DELAY early
            until(lambda: "Handling signal: term" in log_after_first(tmp_path), lambda: None)
            pipe.write("whole")
        assert request.result().text == "whole"
        assert process.wait(MOST_SECONDS) == 0


def log_after_first(folder):
    return (folder / "log").read_text().partition("Handling signal: term")[2]


@pytest.mark.parametrize(("delay", "number"), [("0.2", signal.SIGTERM), ("600", signal.SIGINT)])
def test_a_server_ends_with_status_0(test_database, tmp_path, delay, number):
    with running(tmp_path / "log", **test_database, STOP_DELAY=delay) as (_, process):
        process.send_signal(number)
        assert process.wait(MOST_SECONDS) == 0


def test_a_reload_loses_no_request(test_database, tmp_path):
    """The server stays ready: new workers answer on the same socket while old ones finish."""
    is_over = Event()

    def statuses(address, kept_connections):
        with httpx.Client(
            limits=httpx.Limits(max_keepalive_connections=kept_connections), timeout=MOST_SECONDS
        ) as client:
            return {client.get(f"{address}/readyz").status_code for _ in iter(is_over.is_set, True)}

    def has_reloaded():
        return (tmp_path / "log").read_text().count("Worker exiting") == 2

    with (
        running(tmp_path / "log", **test_database, STOP_DELAY="1") as (address, process),
        ThreadPoolExecutor() as pool,
    ):
        clients = [pool.submit(statuses, address, kept_connections) for kept_connections in (0, 0, 1, 1)]
        try:
            process.send_signal(signal.SIGHUP)
            until(has_reloaded, lambda: status(address, "/livez"))
            assert status(address, "/livez") == 200  # from a new worker
        finally:
            is_over.set()
        assert [client.result() for client in clients] == [{200}] * 4
