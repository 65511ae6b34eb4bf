"""`python -m tests.bench.sign_ins`: a worker's memory during simultaneous sign-ins.

One worker serves the demo accounts. Prints its resident memory before and at the peak, and the statuses of the
responses. Exits with 1 if the memory grows by more than `MOST_GROWTH`, or if a status is neither 200 nor 503.
"""

import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event, Thread

import httpx

from tests.bench.service import PROXIED, UNLIMITED, add_demo_accounts, database, megabytes, serving

MOST_GROWTH = 150  # MB
SIGN_INS = 64
EVERY = 0.002  # seconds between two samples of the memory
ACCOUNT = {"username": "john_doe", "password": "demo-pass-123"}


@contextmanager
def peak_of(worker):
    """A list whose last item, after the context, is the worker's peak memory in MB."""
    peak, over = [megabytes(worker)], Event()

    def look():
        while not over.wait(EVERY):
            peak.append(max(peak.pop(), megabytes(worker)))

    thread = Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def sign_in(address, barrier):
    """Sign in; return the response's status and the duration in seconds."""
    with httpx.Client(base_url=address, headers=PROXIED, timeout=120) as client:
        barrier.wait()
        start = time.perf_counter()
        status = client.post("/auth/token/", json=ACCOUNT).status_code
        return status, time.perf_counter() - start


def measure(address, worker):
    """Send the sign-ins at the same moment. Returns whether memory and statuses are within the limits."""
    httpx.post(f"{address}/auth/token/", json=ACCOUNT, headers=PROXIED, timeout=120)  # imports modules
    before, barrier = megabytes(worker), Barrier(SIGN_INS)
    with peak_of(worker) as peak, ThreadPoolExecutor(SIGN_INS) as pool:
        answers = list(pool.map(lambda _: sign_in(address, barrier), range(SIGN_INS)))
    statuses, growth = Counter(status for status, _ in answers), peak[-1] - before
    is_good = growth <= MOST_GROWTH and statuses.keys() <= {200, 503}
    print(  # noqa: T201
        f"{'ok' if is_good else 'BAD':4}{before:.0f} MB before, {peak[-1]:.0f} MB at the peak: {growth:+.0f} MB; "
        f"{SIGN_INS} sign-ins: {dict(statuses)}, the slowest {max(taken for _, taken in answers):.1f} s"
    )
    return is_good


def main():
    limits = dict.fromkeys(("SIGN_IN_LIMIT_PER_ACCOUNT", "SIGN_IN_CEILING_PER_ACCOUNT", "WRITE_LIMIT"), UNLIMITED)
    with database(**limits, SIGN_IN_LIMIT_PER_ADDRESS=UNLIMITED):
        add_demo_accounts()
        with serving(WEB_CONCURRENCY="1") as (address, (worker,)):
            return measure(address, worker)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
