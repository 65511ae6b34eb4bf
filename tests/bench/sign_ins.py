"""`python -m tests.bench.sign_ins`: the memory that simultaneous sign-ins take of a worker.

Starts the server that the service ships with, with one worker, on an SQLite file of its own with the demo accounts.
Prints its resident memory before and at its peak, and what the sign-ins were answered; with `--older`, the same with
the hash parameters of before. Ends with 1 where the memory grows by more than `MOST_GROWTH`, or a sign-in is answered
otherwise than with tokens or UNAVAILABLE.
"""

import argparse
import logging
import os
import secrets
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier, Event, Thread

import httpx
from psutil import Process

ROOT = Path(__file__).parent.parent.parent
MOST_GROWTH = 150  # MB
SIGN_INS = 64
EVERY = 0.002  # seconds between two looks at the memory
UNLIMITED = "1000000 per minute"
OLDER = "django.contrib.auth.hashers.Argon2PasswordHasher"
PROXIED = {"x-forwarded-proto": "https"}
ACCOUNT = {"username": "john_doe", "password": "demo-pass-123"}


@contextmanager
def serving(**environment):
    """The address of a server with one worker, and the worker's process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}"],
            cwd=ROOT,
            env=os.environ | environment | {"WEB_CONCURRENCY": "1"},
            pass_fds=[listener.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            httpx.get(address, headers=PROXIED, timeout=60)
            (worker,) = Process(process.pid).children()
            yield address, worker
        finally:
            process.terminate()
            process.wait()


@contextmanager
def peak_of(worker):
    """A list whose last number is, in the end, the most memory that the worker has had, in MB."""
    peak, over = [memory_of(worker)], Event()

    def look():
        while not over.wait(EVERY):
            peak.append(max(peak.pop(), memory_of(worker)))

    thread = Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def memory_of(worker):
    return worker.memory_info().rss / 1_000_000


def sign_in(address, barrier):
    """What a sign-in is answered, and the seconds that it takes."""
    with httpx.Client(base_url=address, headers=PROXIED, timeout=120) as client:
        barrier.wait()
        start = time.perf_counter()
        status = client.post("/auth/token/", json=ACCOUNT).status_code
        return status, time.perf_counter() - start


def measure(address, worker):
    """Send the sign-ins at the same moment. Returns whether memory and answers are as they must be."""
    httpx.post(f"{address}/auth/token/", json=ACCOUNT, headers=PROXIED, timeout=120)  # what is loaded once
    before, barrier = memory_of(worker), Barrier(SIGN_INS)
    with peak_of(worker) as peak, ThreadPoolExecutor(SIGN_INS) as pool:
        answers = list(pool.map(lambda _: sign_in(address, barrier), range(SIGN_INS)))
    statuses, growth = Counter(status for status, _ in answers), peak[-1] - before
    is_good = growth <= MOST_GROWTH and statuses.keys() <= {200, 503}
    print(  # noqa: T201
        f"{'ok' if is_good else 'BAD':4}{before:.0f} MB before, {peak[-1]:.0f} MB at the peak: {growth:+.0f} MB; "
        f"{SIGN_INS} sign-ins: {dict(statuses)}, the slowest {max(taken for _, taken in answers):.1f} s"
    )
    return is_good


def main(hasher):
    with TemporaryDirectory() as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "server.settings",
            "DATABASE_URL": f"sqlite:///{folder}/sign_ins.sqlite3",
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_hex(32),
            "JWT_KEYS": f"k={secrets.token_hex(32)}",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SIGN_IN_LIMIT_PER_ACCOUNT": UNLIMITED,
            "SIGN_IN_LIMIT_PER_ADDRESS": UNLIMITED,
            "WRITE_LIMIT": UNLIMITED,
        }
        import django

        django.setup()
        logging.getLogger("httpx").setLevel(logging.WARNING)
        from django.conf import settings
        from django.core.management import call_command

        settings.DEBUG = True
        if hasher:
            settings.PASSWORD_HASHERS = [hasher]
            module = Path(folder) / "older_settings.py"
            module.write_text(f"from server.settings import *\nPASSWORD_HASHERS = [{hasher!r}]\n")
            os.environ |= {"DJANGO_SETTINGS_MODULE": module.stem, "PYTHONPATH": folder}
        call_command("migrate", verbosity=0)
        call_command("demo", stdout=open(os.devnull, "w"))  # noqa: SIM115
        with serving() as (address, worker):
            return 0 if measure(address, worker) else 1


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--older", action="store_true", help="hash with the parameters of before")
    sys.exit(main(OLDER if arguments.parse_args().older else None))
