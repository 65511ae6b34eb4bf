"""`python -m tests.bench.recoveries [requests]`: check that recovery requests do not reveal who has an account.

Sends requests for known and unknown addresses, in random order, through both APIs. The service runs with its shipped
settings in this process, because a network would hide small differences. Compares statuses, bodies, headers and numbers
of SQL statements, and the times with a two-sample test (Mann and Whitney's): the share of pairs in which the known
address takes longer is a half by chance. Exits with 1 if anything differs, or if the times differ by more than chance
explains once in a hundred.
"""

import json
import random
import sys
import time
from collections import Counter
from contextlib import contextmanager
from statistics import NormalDist

from tests.bench.service import UNLIMITED, database

REQUESTS = 10_000
RARE = 0.01
MUTATION = "mutation ($email: String!) { requestRecovery(email: $email) { requested errors { code } } }"
OF_EACH = ("Date", "X-Request-ID", "RateLimit")  # headers that differ between any two requests


@contextmanager
def counted():
    """The SQL statements that run within the context."""
    from django.db import connection

    statements = []

    def execute(execute, sql, *arguments):
        statements.append(sql.split()[0])
        return execute(sql, *arguments)

    with connection.execute_wrapper(execute):
        yield statements


def ask(client, api, email):
    """Send a request; return all that the client sees with the SQL statements, and the seconds."""
    path, body = {
        "rest": ("/auth/recovery/", {"email": email}),
        "graphql": ("/graphql/", {"query": MUTATION, "variables": {"email": email}}),
    }[api]
    content = json.dumps(body)
    with counted() as statements:
        start = time.perf_counter()
        response = client.post(path, content, content_type="application/json", secure=True)
        seconds = time.perf_counter() - start
    headers = tuple((name, value) for name, value in response.items() if name not in OF_EACH)
    return (api, response.status_code, response.content, headers, tuple(statements)), seconds


def compared(known, unknown):
    """The share of pairs in which the known address takes longer, and the probability of such a share by chance."""
    ranks = Counter()
    for rank, (_seconds, group) in enumerate(sorted([(s, 0) for s in known] + [(s, 1) for s in unknown]), 1):
        ranks[group] += rank
    pairs = len(known) * len(unknown)
    share = (ranks[0] - len(known) * (len(known) + 1) / 2) / pairs
    deviation = ((len(known) + len(unknown) + 1) / (12 * pairs)) ** 0.5
    return share, 2 * (1 - NormalDist().cdf(abs(share - 0.5) / deviation))


def measure(requests):
    from django.test import Client

    from profiles.models import Profile

    names = [f"known{number:02}" for number in range(100)]
    Profile.objects.bulk_create(Profile(username=name, email=f"{name}@example.com", password="!") for name in names)
    client, chance = Client(), random.Random()  # noqa: S311
    seen = {True: Counter(), False: Counter()}
    times = {(api, known): [] for api in ("rest", "graphql") for known in (True, False)}
    for _request in range(requests):
        known, api = chance.random() < 0.5, chance.choice(("rest", "graphql"))
        name = f"{'known' if known else 'other'}{chance.randrange(len(names)):02}"
        answer, seconds = ask(client, api, f"{name}@example.com")
        seen[known][answer] += 1
        times[api, known].append(seconds)
    is_good = seen[True].keys() == seen[False].keys() and len(seen[True]) == 2
    say(is_good, f"{requests:,} requests: {len(seen[True] | seen[False])} different answers, one of each API")
    for api in ("rest", "graphql"):
        share, by_chance = compared(times[api, True], times[api, False])
        is_good &= by_chance > RARE
        say(by_chance > RARE, f"{api}: a known address takes longer in {share:.1%} of pairs (p = {by_chance:.2f})")
    return is_good


def say(is_good, text):
    print(f"{'ok' if is_good else 'BAD':4}{text}")  # noqa: T201


def main(requests):
    limits = ("WRITE_LIMIT", "RECOVERY_LIMIT_PER_ADDRESS", "RECOVERY_LIMIT_PER_EMAIL", "RECOVERY_CEILING_PER_EMAIL")
    mail = {"EMAIL_URL": "smtp://127.0.0.1:1", "MAIL_FROM": "service@example.com", "SITE_URL": "https://example.com"}
    with database(**dict.fromkeys(limits, UNLIMITED), **mail):
        import logging

        logging.disable()
        return measure(requests)


if __name__ == "__main__":
    sys.exit(0 if main(int(sys.argv[1]) if sys.argv[1:] else REQUESTS) else 1)
