"""The service as it is shipped, on an SQLite database of its own, for the scripts that measure it."""

import logging
import os
import secrets
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from psutil import Process

ROOT = Path(__file__).parent.parent.parent
PROXIED = {"x-forwarded-proto": "https"}  # as the proxy in front of the service says
LIMITS = ("READ_LIMIT", "WRITE_LIMIT", "READ_LIMIT_PER_ADDRESS", "WRITE_LIMIT_PER_ADDRESS")
UNLIMITED = "1000000 per minute"
START_SECONDS = 60  # for the server to start, on the slowest machine


def production(url):
    """Environment variables for the service in production mode, on this database and with new keys."""
    return {
        "DJANGO_SETTINGS_MODULE": "server.settings",
        "DATABASE_URL": url,
        "DEBUG": "false",
        "SECRET_KEY": secrets.token_hex(32),
        "JWT_KEYS": f"k={secrets.token_hex(32)}",
        "ALLOWED_HOSTS": "127.0.0.1",
    }


@contextmanager
def database(**environment):
    """Set Django up in production mode on a new, migrated database, with these variables of the environment too."""
    with TemporaryDirectory() as folder:
        os.environ |= production(f"sqlite:///{folder}/bench.sqlite3") | environment
        import django

        django.setup()
        logging.getLogger("httpx").setLevel(logging.WARNING)
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield


def add_demo_accounts(profiles=0):
    """The demo's accounts, and as many generated profiles."""
    from django.conf import settings
    from django.core.management import call_command

    settings.DEBUG = True  # the command refuses production
    with open(os.devnull, "w") as nowhere:
        call_command("demo", profiles=profiles, stdout=nowhere, stderr=nowhere)
    settings.DEBUG = False


@contextmanager
def serving(*arguments, **environment):
    """The address of gunicorn with the shipped configuration, and its workers as `psutil.Process`es.

    `arguments` are further ones of gunicorn, `environment` further variables.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", *arguments],
            cwd=ROOT,
            env=os.environ | environment,
            pass_fds=[listener.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            httpx.get(address, headers=PROXIED, timeout=START_SECONDS)
            yield address, Process(process.pid).children()
        finally:
            process.terminate()
            process.wait()


def megabytes(process):
    """The resident memory of a process."""
    return process.memory_info().rss / 1_000_000
