"""Priority of short requests: a process computes one long request at a time, and it waits for the short ones.

While it computes, Python's threads take turns ten times as often. At other times the default is right: each turn that
a thread is made to give up costs, and eight threads of short requests spent a quarter of their time on it.

Responses with `Retry-After` wait too, so that a client that retries at once does not compete with others.

Threads share one interpreter, so a request of a few milliseconds takes as long as everything that computes beside it.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Lock

from django.http import HttpRequest, HttpResponse

A_MOMENT = 0.1  # seconds that a refusal waits at most
TURN = 0.0005  # seconds that a thread computes while others wait, where one of them computes a long request
PATIENCE = 0.2  # seconds that a long request gives way before it begins, and as long again on its way


class Traffic:
    """How many short requests a process is computing, and the lock that long ones take in turn."""

    def __init__(self) -> None:
        self.short = 0
        self.changed = Condition()
        self.lane = Lock()

    def count(self, more: int) -> None:
        with self.changed:
            self.short += more
            self.changed.notify_all()

    @contextmanager
    def long_one(self) -> Iterator[None]:
        """For the time of a request that is known to be long, and so is no longer counted as a short one."""
        self.count(-1)
        try:
            with self.lane:
                self.wait_for_short(PATIENCE)
                turn = sys.getswitchinterval()
                sys.setswitchinterval(TURN)
                try:
                    yield
                finally:
                    sys.setswitchinterval(turn)
        finally:
            self.count(1)

    def wait_for_short(self, timeout: float) -> float:
        """Until no short request is left, or so many seconds. Returns the seconds that it took."""
        start = time.perf_counter()
        with self.changed:
            self.changed.wait_for(lambda: not self.short, timeout)
        return time.perf_counter() - start

    def give_way(self, patience: float) -> float:
        """Wait for short requests, at most so many seconds. Returns how many of these are left for the next time."""
        return patience - self.wait_for_short(patience) if self.short and patience > 0 else patience


traffic = Traffic()


def count_request(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The middleware that counts a request, of either API, until its response is made; a streaming one is made later.

    A response with `Retry-After` waits for the requests that are counted.
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
