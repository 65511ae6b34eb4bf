"""Check that every cache is bounded: the process's memory after 100,000 distinct documents, tokens and paths.

`python -m tests.bench.caches [REQUESTS]` sends REQUESTS requests of each kind. It prints the memory with full caches,
after the first tenth, and at the end. It exits with 1 if the memory grew by more than `MOST_MEGABYTES`.
"""

import json
import logging
import sys
from contextlib import closing
from functools import lru_cache
from io import BytesIO
from wsgiref.util import setup_testing_defaults

from psutil import Process

from tests.bench.service import LIMITS, database, megabytes

REQUESTS = 100_000
MOST_MEGABYTES = 20
UNLIMITED = "1000000 per second"  # so that the rate limiter's counts expire soon; they have their own bound


def send(method, path, body=b"", token=None):
    """Send a request to the WSGI application; return the status and the response body.

    Django's test client is not used, because it keeps data of each request.
    """
    from server.wsgi import application

    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "RAW_URI": path, "REMOTE_ADDR": "192.0.2.1"}
    environ |= {"HTTP_HOST": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "https"}
    environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json"}
    environ |= {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
    setup_testing_defaults(environ)
    statuses = []
    response = application(environ, lambda status, headers: statuses.append(int(status.split()[0])))
    with closing(response):
        return statuses[0], b"".join(response)


def kinds():
    """Functions that take a number, send a distinct request of one kind, and return the response's status."""
    from profiles.identity import families, tokens
    from profiles.models import Profile

    owner = Profile.objects.create_user(username="owner", email="owner@example.com", password="x")
    families.start(owner)
    family = owner.token_families.get()

    def document(number):
        query = f"query Q{number}($yes: Boolean = true) {{ me {{ name{number}: username bio @include(if: $yes) }} }}"
        return send("POST", "/graphql/", json.dumps({"query": query}).encode(), issued(number // 1_000))

    def token(_number):
        return send("GET", f"/profiles/{owner.pk}", token=tokens.issue(family).token)

    def path(number):
        return send("GET", f"/profiles/{number + owner.pk + 1}")

    @lru_cache(1)
    def issued(_thousand):  # less than the five minutes of a token
        return tokens.issue(family).token

    return {"documents": (document, 200), "tokens": (token, 200), "paths": (path, 401)}


def main(requests):
    is_bounded = True
    logging.disable(logging.WARNING)  # Django logs each 401
    with database(REDIS_URL="", **dict.fromkeys(LIMITS, UNLIMITED)):
        for name, (attempt, expected) in kinds().items():
            for number in range(requests):
                if number == requests // 10:
                    before = megabytes(Process())
                status, body = attempt(number)
                if status != expected:
                    raise RuntimeError(f"{name}: status {status}: {body[:500]}")
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
