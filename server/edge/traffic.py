"""Priority of short requests: a process executes one long request at a time, which waits for the short ones.

Python threads share one interpreter, so a request of a few milliseconds takes as long as all that runs beside it.

While a long request runs, Python switches threads ten times as often (`sys.setswitchinterval`). At other times the
default applies, because each forced switch has a cost: with eight threads of short requests, a quarter of the time.

Responses with `Retry-After` wait too, so that a client that retries at once does not compete with others.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Lock

from django.http import HttpRequest, HttpResponse

A_MOMENT = 0.1  # seconds that a refusal waits at most
TURN = 0.0005  # seconds: Python's switch interval while a long request runs
PATIENCE = 0.2  # seconds that a long request waits before it begins, and the same again while it runs


class Traffic:
    """The number of short requests that a process is handling, and the lock that a long one holds."""

    def __init__(self) -> None:
        self.short = 0
        self.was_long = False  # whether a long request has run since `had_long_one`
        self.changed = Condition()
        self.lane = Lock()

    def count(self, more: int) -> None:
        with self.changed:
            self.short += more
            self.changed.notify_all()

    @contextmanager
    def long_one(self) -> Iterator[None]:
        """Count a request as long while it runs, not as short."""
        self.count(-1)
        try:
            with self.lane:
                self.was_long = True
                self.wait_for_short(PATIENCE)
                turn = sys.getswitchinterval()
                sys.setswitchinterval(TURN)
                try:
                    yield
                finally:
                    sys.setswitchinterval(turn)
        finally:
            self.count(1)

    def had_long_one(self) -> bool:
        """Whether a long request is running, or has run since the last call."""
        had, self.was_long = self.was_long or self.lane.locked(), False
        return had

    def wait_for_short(self, timeout: float) -> float:
        """Wait until no short request is left, at most `timeout` seconds. Returns the seconds waited."""
        start = time.perf_counter()
        with self.changed:
            self.changed.wait_for(lambda: not self.short, timeout)
        return time.perf_counter() - start

    def give_way(self, patience: float) -> float:
        """Wait for short requests, at most `patience` seconds. Returns the seconds left for the next call."""
        return patience - self.wait_for_short(patience) if self.short and patience > 0 else patience


traffic = Traffic()


def count_request(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that counts a request of either API until its response is made. Streaming itself is not counted.

    A response with `Retry-After` waits for the counted requests.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        traffic.count(1)
        try:
            response = get_response(request)
        finally:
            traffic.count(-1)
        if response.has_header("Retry-After"):
            traffic.wait_for_short(A_MOMENT)
        return response

    return middleware
