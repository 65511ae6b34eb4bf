"""The service with its shipped configuration, on its own SQLite database, for the benchmarks."""

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
PROXIED = {"x-forwarded-proto": "https"}  # the header that a proxy in front of the service sends
LIMITS = ("READ_LIMIT", "WRITE_LIMIT", "READ_LIMIT_PER_ADDRESS", "WRITE_LIMIT_PER_ADDRESS")
UNLIMITED = "1000000 per minute"
START_SECONDS = 60  # start-up limit for the slowest machine


def production(url):
    """Environment variables for the service in production mode, with this database and new keys."""
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
    """Set Django up in production mode, with these extra variables, on a new migrated database."""
    with TemporaryDirectory() as folder:
        os.environ |= production(f"sqlite:///{folder}/bench.sqlite3") | environment
        import django

        django.setup()
        logging.getLogger("httpx").setLevel(logging.WARNING)
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield


def add_demo_accounts(profiles=0):
    """Add the demo accounts and `profiles` generated profiles."""
    from django.conf import settings
    from django.core.management import call_command

    settings.DEBUG = True  # the command refuses to run in production
    with open(os.devnull, "w") as nowhere:
        call_command("demo", profiles=profiles, stdout=nowhere, stderr=nowhere)
    settings.DEBUG = False


@contextmanager
def serving(*arguments, **environment):
    """Run gunicorn with the shipped configuration; yield its address and its workers as `psutil.Process`es.

    `arguments` are added to gunicorn's, `environment` to the variables.
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
    """A process's resident memory in MB."""
    return process.memory_info().rss / 1_000_000
