"""Priority of short requests: a process executes one long document at a time, and it waits for them.

Responses with `Retry-After` wait too, so that a client that retries at once does not compete with others.

Threads share one interpreter, so a request of a few milliseconds takes as long as everything that computes beside it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Lock
from typing import Any

from django.http import HttpRequest, HttpResponse

LONG_ROWS = 100  # a document that costs more, as `limits` measures it, is a long one
LONG_VALUES = 500
LONG_TEXT = 1_000  # characters: it takes as long to read
A_MOMENT = 0.1  # seconds that a refusal waits at most
PATIENCE = 0.2  # seconds that a long document gives way before it begins, and as long again on its way


class Traffic:
    """How many short requests a process is computing, and the lock that long documents take in turn."""

    def __init__(self) -> None:
        self.short = 0
        self.changed = Condition()
        self.lane = Lock()

    def count(self, more: int) -> None:
        with self.changed:
            self.short += more
            self.changed.notify_all()

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """For the time that a request waits for its client, or that it is known to be a long document."""
        self.count(-1)
        try:
            yield
        finally:
            self.count(1)

    @contextmanager
    def long_one(self) -> Iterator[None]:
        """For the time of a long document."""
        with self.uncounted(), self.lane:
            self.wait_for_short(PATIENCE)
            yield

    def wait_for_short(self, timeout: float) -> float:
        """Until no short request is left, or so many seconds. Returns the seconds that it took."""
        start = time.perf_counter()
        with self.changed:
            self.changed.wait_for(lambda: not self.short, timeout)
        return time.perf_counter() - start


traffic = Traffic()


def count_request(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The middleware that counts a request, of either API, while it computes.

    Waiting for the body is not counted, nor is sending the response: a streaming one is made after this returns.
    A response with `Retry-After` waits for the requests that are counted.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.read = read_uncounted(request.read)  # type: ignore[method-assign]
        traffic.count(1)
        try:
            response = get_response(request)
        finally:
            traffic.count(-1)
        if response.has_header("Retry-After"):
            traffic.wait_for_short(A_MOMENT)
        return response

    return middleware


def read_uncounted(read: Callable[..., bytes]) -> Callable[..., bytes]:
    """A request's `read`, which is not counted while it waits for what the client sends."""

    def uncounted(*args: Any, **kwargs: Any) -> bytes:
        with traffic.uncounted():
            return read(*args, **kwargs)

    return uncounted


def is_long_text(text: str) -> bool:
    return len(text) > LONG_TEXT


def is_long(cost: Any) -> bool:
    return bool(cost.total_rows > LONG_ROWS or cost.total_values > LONG_VALUES)
