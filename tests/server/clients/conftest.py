"""The service that `make run` runs, with the demo's accounts, and a way to run a client of it."""

import os
import subprocess

import pytest
from django.core.management import call_command

from tests.server.conftest import PATH, ROOT, serving

CLIENTS = ROOT / "server" / "clients"
MOST_SECONDS = 300


@pytest.fixture(scope="session")
def debug_server(test_database, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("debug") / "log", **test_database, DEBUG="true") as served:
        yield served


@pytest.fixture
def address(debug_server, transactional_db, django_db_reset_sequences, settings):
    settings.DEBUG = True
    call_command("demo")
    return debug_server


def run(*command, cwd):
    """The output of a command that succeeds."""
    options = {"cwd": cwd, "env": os.environ | {"PATH": PATH}, "timeout": MOST_SECONDS}
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
