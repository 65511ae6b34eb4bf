"""`python -m tests.bench.exports [EXPORTS]`: a worker's memory during exports, 1,000 by default.

One worker serves a small account, and a large one with 7,200 changes of 2,000-character bios. Every 200th export is of
the large account. Prints the worker's resident memory at intervals; exits with 1 if it grew by more than `MOST_GROWTH`.
"""

import secrets
import sys
import time
from datetime import timedelta

import httpx
from tqdm import tqdm

from tests.bench.service import PROXIED, START_SECONDS, UNLIMITED, database, megabytes, serving

MOST_GROWTH = 60  # MB
CHANGES = 7_200
BIO = 2_000  # characters of four bytes each
EXPORTS = 1_000
LARGE_EVERY = 200  # exports, one of them of the large account


def make_accounts():
    """The tokens of a small account and a large one, valid for the whole run."""
    from django.utils import timezone

    from profiles.core.models import Source
    from profiles.identity import families
    from profiles.models import Change, Profile

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
                source=Source.REST,
                fields={"bio": bios[:: 1 if version % 2 else -1]},
            )
            for version in range(2, CHANGES + 2)
        ],
        batch_size=100,
    )
    return families.start(small).token, families.start(large).token


def export(client, token):
    """Download an export without keeping it; return its size in bytes and its duration in seconds."""
    start, size = time.perf_counter(), 0
    with client.stream("GET", "/profiles/me/export/", headers={"authorization": f"Bearer {token}"}) as response:
        response.raise_for_status()
        for piece in response.iter_raw():
            size += len(piece)
    return size, time.perf_counter() - start


def run(exports, small, large):
    """The largest growth of the worker's memory, in MB."""
    with (
        serving(WEB_CONCURRENCY="1") as (address, (worker,)),
        httpx.Client(base_url=address, headers=PROXIED, timeout=START_SECONDS) as client,
    ):
        export(client, small)  # imports modules
        before = megabytes(worker)
        size, seconds = export(client, large)
        most = after_one = megabytes(worker)
        print(f"     {before:.0f} MB before, {after_one:.0f} MB after an export of {size:,} bytes ({seconds:.1f} s)")  # noqa: T201
        for number in tqdm(range(1, exports + 1), unit=" exports", leave=False):
            export(client, small if number % LARGE_EVERY else large)
            most = max(most, megabytes(worker))
            if number in (10, 100, exports):
                tqdm.write(f"     {megabytes(worker):.0f} MB after {number:,} exports")
    return most - before


def main(exports):
    with database(READ_LIMIT=UNLIMITED, READ_LIMIT_PER_ADDRESS=UNLIMITED, EXPORTS_PER_DAY="1000000"):
        from django.conf import settings

        settings.GRAPHQL_JWT["JWT_EXPIRATION_DELTA"] = timedelta(hours=2)  # lifetime of the tokens created here
        grown = run(exports, *make_accounts())
    print(f"{'BAD' if grown > MOST_GROWTH else 'ok':4} the worker grew by at most {grown:.0f} MB")  # noqa: T201
    return grown > MOST_GROWTH


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else EXPORTS))
