"""The service behind Caddy with our Caddyfile: TLS, and a restart that loses no request."""

import json
import os
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import httpx
import pytest

from tests.server.conftest import MOST_SECONDS, ROOT, UNTHROTTLED, database_url

pytestmark = pytest.mark.django_db(transaction=True)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def ended(process):
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(MOST_SECONDS) == 0


@pytest.fixture
def upstream():
    return free_port()


@pytest.fixture
def proxy(tool, tmp_path, upstream):
    """Caddy's address and a client that trusts its certificate.

    Only settings that need another network are changed in the Caddyfile.
    """
    port, caddy = free_port(), tool("caddy")
    variables = {"SITE": f"https://localhost:{port}", "UPSTREAM": f"127.0.0.1:{upstream}", "HOME": str(tmp_path)}
    file = ROOT / "server" / "deploy" / "Caddyfile"
    adapted = subprocess.run([caddy, "adapt", "--config", file], env=variables, capture_output=True, check=True)
    config = json.loads(adapted.stdout) | {"admin": {"disabled": True}}
    config["apps"]["http"]["http_port"] = free_port()
    config["apps"]["pki"] = {"certificate_authorities": {"local": {"install_trust": False}}}
    (tmp_path / "caddy.json").write_text(json.dumps(config))
    with (
        (tmp_path / "caddy.log").open("w") as log,
        ended(
            subprocess.Popen([caddy, "run", "--config", "caddy.json"], cwd=tmp_path, env=variables, stderr=log)
        ) as process,
    ):
        root = tmp_path / ".local/share/caddy/pki/authorities/local/root.crt"
        while not (context := _trusting(root, port)):
            assert process.poll() is None, (tmp_path / "caddy.log").read_text()
        yield lambda: httpx.Client(base_url=variables["SITE"], verify=context, timeout=2 * MOST_SECONDS)


def _trusting(root, port):
    """A TLS context that trusts this certificate, or None until Caddy completes a handshake."""
    try:
        context = ssl.create_default_context(cafile=root)
        with socket.create_connection(("localhost", port)) as connection:
            context.wrap_socket(connection, server_hostname="localhost").close()
    except OSError:
        return None
    return context


@contextmanager
def service(upstream, log_path):
    environment = UNTHROTTLED | {"DATABASE_URL": database_url(), "ALLOWED_HOSTS": "localhost", "PORT": str(upstream)}
    with log_path.open("a") as log:
        command = [sys.executable, "-m", "gunicorn"]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=log, stderr=log)
    with ended(process):
        yield process


def test_a_request_through_caddy_is_one_over_tls(proxy, upstream, tmp_path):
    with service(upstream, tmp_path / "log"), proxy() as client:
        answer = client.get("/profiles/", headers={"X-Forwarded-Proto": "http"})
        assert answer.status_code == 200  # without a redirect to https
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_a_restart_behind_caddy_loses_no_request(proxy, upstream, tmp_path):
    is_over = Event()

    def statuses():
        with proxy() as client:
            return {client.get("/profiles/").status_code for _ in iter(is_over.is_set, True)}

    with ThreadPoolExecutor() as pool, proxy() as client:
        with service(upstream, tmp_path / "log"):
            assert client.get("/profiles/").status_code == 200
            clients = [pool.submit(statuses) for _ in range(4)]
        try:
            with service(upstream, tmp_path / "log"):
                assert client.get("/profiles/").status_code == 200
                is_over.set()
                assert [each.result() for each in clients] == [{200}] * 4
        finally:
            is_over.set()
