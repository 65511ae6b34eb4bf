"""`python -m tests.bench.exports`: the memory that exports take of a worker.

Serves a database of its own (SQLite) with the shipped gunicorn and one worker, makes 1,000 exports of a small account
and of one with 7,200 changes of bios of 2,000 characters, and prints the worker's resident memory (RSS) on the way.
Ends with 1 where it grew by more than `MOST_GROWTH` after the first export of each.
"""

import logging
import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from psutil import Process
from tqdm import tqdm

ROOT = Path(__file__).parent.parent.parent
MOST_GROWTH = 60  # MB
CHANGES = 7_200
BIO = 2_000  # characters, of four bytes each
EXPORTS = 1_000
LARGE_EVERY = 200  # exports, of which one is the large account's
SHOWN_AFTER = (10, 100, EXPORTS)
MB = 1_000_000
MOST_SECONDS = 60  # for the server to start


@contextmanager
def serving():
    """Where gunicorn serves, and its only worker."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", "--log-level", "error"]
        environment = os.environ | {"WEB_CONCURRENCY": "1"}
        with open(os.devnull, "w") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, pass_fds=[listener.fileno()], stdout=log, stderr=log
            )
        try:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            client = httpx.Client(base_url=address, headers={"x-forwarded-proto": "https"}, timeout=MOST_SECONDS)
            with client:
                client.get("/")  # waits for the worker
                (worker,) = Process(process.pid).children()
                yield client, worker
        finally:
            process.terminate()
            process.wait()


def make_accounts():
    """The tokens of a small account and a large one, good for the whole run."""
    from django.utils import timezone

    from profiles import families
    from profiles.models import Change, Door, Profile

    small, large = (
        Profile.objects.create_user(name, f"{name}@example.com", secrets.token_hex(8)) for name in ("small", "large")
    )
    bios = ["\N{GRINNING FACE}" * BIO, "\N{SEE-NO-EVIL MONKEY}" * BIO]
    Change.objects.bulk_create(
        [
            Change(
                profile=large,
                version=version,
                actor=large,
                at=timezone.now(),
                door=Door.REST,
                fields={"bio": bios[:: 1 if version % 2 else -1]},
            )
            for version in range(2, CHANGES + 2)
        ],
        batch_size=100,
    )
    return families.start(small).token, families.start(large).token


def export(client, token):
    """The bytes of an export, which is not kept, and the seconds that it took."""
    start, size = time.perf_counter(), 0
    with client.stream("GET", "/profiles/me/export/", headers={"authorization": f"Bearer {token}"}) as response:
        response.raise_for_status()
        for piece in response.iter_raw():
            size += len(piece)
    return size, time.perf_counter() - start


def rss(worker):
    return worker.memory_info().rss / MB


def run(small, large):
    """The most that the worker's memory grew by, in MB."""
    with serving() as (client, worker):
        export(client, small)  # what is done once
        before = rss(worker)
        size, seconds = export(client, large)
        most = after_one = rss(worker)
        print(f"     RSS before {before:.0f} MB, after a large export {after_one:.0f} MB")  # noqa: T201
        print(f"     a large export: {size:,} bytes in {seconds:.1f} s")  # noqa: T201
        for number in tqdm(range(1, EXPORTS + 1), unit=" exports", leave=False):
            export(client, small if number % LARGE_EVERY else large)
            most = max(most, rss(worker))
            if number in SHOWN_AFTER:
                tqdm.write(f"     RSS after {number:,} exports: {rss(worker):.0f} MB")
    return most - before


def main():
    with TemporaryDirectory() as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "server.settings",
            "DATABASE_URL": f"sqlite:///{folder}/exports.sqlite3",
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_hex(32),
            "JWT_KEYS": f"k={secrets.token_hex(32)}",
            "ALLOWED_HOSTS": "127.0.0.1",
            "READ_LIMIT": "1000000 per minute",
            "EXPORTS_PER_DAY": "1000000",
        }
        import django

        django.setup()
        logging.getLogger("httpx").setLevel(logging.WARNING)
        from datetime import timedelta

        from django.conf import settings
        from django.core.management import call_command

        settings.GRAPHQL_JWT["JWT_EXPIRATION_DELTA"] = timedelta(hours=2)
        call_command("migrate", verbosity=0)
        grown = run(*make_accounts())
    print(f"{'BAD' if grown > MOST_GROWTH else 'ok':4} the worker grew by at most {grown:.0f} MB")  # noqa: T201
    return grown > MOST_GROWTH


if __name__ == "__main__":
    sys.exit(main())
