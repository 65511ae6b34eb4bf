"""The memory of a process after 100,000 distinct documents, tokens and paths: every cache is bounded.

`python -m tests.bench.caches [REQUESTS]` sends so many requests of each kind, and prints the memory when the caches
are full, after the first tenth, and at the end. It exits with 1 where it grew by more than `MOST_MEGABYTES`.
"""

import logging
import sys
from functools import lru_cache

from psutil import Process

from tests.bench.service import PROXIED, UNLIMITED, database, megabytes

REQUESTS = 100_000
MOST_MEGABYTES = 20
LIMITS = ("READ_LIMIT", "WRITE_LIMIT", "READ_LIMIT_PER_ADDRESS", "WRITE_LIMIT_PER_ADDRESS")


def kinds():
    """A function of a number for each kind of request, which sends a distinct one and returns the response."""
    from django.test import Client

    from profiles.identity import families, tokens
    from profiles.models import Profile

    owner = Profile.objects.create_user(username="owner", email="owner@example.com", password="x")
    families.start(owner)
    family = owner.token_families.get()
    client = Client(headers={"host": "127.0.0.1", **PROXIED})

    def document(number):
        query = f"query Q{number}($yes: Boolean = true) {{ me {{ name{number}: username bio @include(if: $yes) }} }}"
        header = {"authorization": f"Bearer {issued(number // 1_000)}"}  # within the five minutes of a token
        return client.post("/graphql/", {"query": query}, "application/json", headers=header, secure=True)

    def token(number):
        header = {"authorization": f"Bearer {tokens.issue(family).token}"}
        return client.get(f"/profiles/{owner.pk}", headers=header, secure=True)

    @lru_cache(1)
    def issued(_thousand):
        return tokens.issue(family).token

    def path(number):
        return client.get(f"/profiles/{number + owner.pk + 1}", secure=True)

    return {"documents": (document, 200), "tokens": (token, 200), "paths": (path, 401)}


def main(requests):
    is_bounded = True
    logging.disable(logging.WARNING)  # of what nobody may see
    with database(REDIS_URL="", **dict.fromkeys(LIMITS, UNLIMITED)):
        for name, (send, status) in kinds().items():
            for number in range(requests):
                if number == requests // 10:
                    before = megabytes(Process())
                response = send(number)
                if response.status_code != status:
                    raise RuntimeError(f"{name}: status {response.status_code}: {response.content[:500]}")
            after = megabytes(Process())
            passes = after - before <= MOST_MEGABYTES
            is_bounded &= passes
            print(  # noqa: T201
                f"{'ok' if passes else 'BAD'}: {before:.0f} MB after {requests // 10:,} distinct {name}, "
                f"{after:.0f} MB after {requests:,}",
                flush=True,
            )
    return is_bounded


if __name__ == "__main__":
    sys.exit(0 if main(int(sys.argv[1]) if sys.argv[1:] else REQUESTS) else 1)
