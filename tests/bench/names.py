"""The process's memory after 1,000,000 sign-in attempts, each with another name and address.

`python -m tests.bench.names [ATTEMPTS]` prints the memory before and after, the memory after 118 more of the longest
names, and the time of an attempt. It exits with 1 if the memory grew by more than `MOST_MEGABYTES`.
"""

import sys
import time
from contextlib import suppress
from ipaddress import IPv6Address

from psutil import Process

from tests.bench.service import database, megabytes

ATTEMPTS = 1_000_000
MOST_MEGABYTES = 100
LONGEST = "\ufdfa" * 33_000  # NFKC would expand it to 594,000 characters
A_NETWORK = 2**64


def attempt(number, name):
    from django.http import HttpRequest

    from profiles.core.outcomes import Refused
    from profiles.identity.throttling import count_sign_in

    request = HttpRequest()
    request.META["REMOTE_ADDR"] = str(IPv6Address((0x2001_0DB8 << 96) + number * A_NETWORK))
    with suppress(Refused):  # the longest are not usernames, so all of them count as one account
        count_sign_in(request, name)


def main(attempts):
    with database(REDIS_URL=""):
        for number in range(1_000):  # imports modules
            attempt(number, f"name{number}")
        before = megabytes(Process())
        start = time.perf_counter()
        for number in range(attempts):
            attempt(number, f"name{number}")
        taken = (time.perf_counter() - start) / attempts * 1_000_000
        after = megabytes(Process())
        for number in range(118):
            attempt(number, LONGEST + str(number))
        longest = megabytes(Process())
    is_bounded = longest - before <= MOST_MEGABYTES
    print(  # noqa: T201
        f"{'ok' if is_bounded else 'BAD'}: {before:.0f} MB before, {after:.0f} MB after {attempts:,} names, "
        f"{longest:.0f} MB after 118 of {len(LONGEST):,} characters; {taken:.0f} microseconds an attempt"
    )
    return is_bounded


if __name__ == "__main__":
    sys.exit(0 if main(int(sys.argv[1]) if sys.argv[1:] else ATTEMPTS) else 1)
