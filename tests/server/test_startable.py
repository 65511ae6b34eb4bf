"""The check of the prerequisites that `make run` makes first."""

import os
import socket
import subprocess
import sys

import pytest

from tests.server.conftest import ROOT


def check(**environment):
    command = [sys.executable, "-m", "server.startable"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_a_port_that_is_in_use_is_named(host):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        done = check(PORT=port, HOST=host)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"The service can't listen on port {port} of {host}: ")
    assert "PORT=" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_free_port_passes(free_tcp_port):
    assert check(PORT=str(free_tcp_port)).returncode == 0


@pytest.mark.parametrize("port", ["http", "70000"])
def test_what_is_no_port_is_named(port):
    done = check(PORT=port)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "PORT" in done.stderr


def test_missing_variables_are_named():
    done = check(SECRET_KEY="")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "  SECRET_KEY: Missing." in done.stderr
