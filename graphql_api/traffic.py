"""Long documents give way: one at a time in a process, and it stops while a short request is answered.

So do refusals that say to come back later, which would else be fetched again and again meanwhile.

Threads share one interpreter, so a request of a few milliseconds takes as long as all that computes beside it.
"""

import time
from contextlib import contextmanager
from threading import Condition, Lock

from graphql import OperationType

from graphql_api.execution import Execution

LONG_ROWS = 100  # a document that costs more, as `limits` measures it, is a long one
LONG_VALUES = 500
LONG_TEXT = 1_000  # characters: it takes as long to read
A_MOMENT = 0.1  # seconds that a refusal waits at most
PATIENCE = 0.2  # seconds that a long document gives way before it begins, and as long again on its way


class Traffic:
    """How many short requests a process is answering; of long documents it is one at the most."""

    def __init__(self):
        self.short = 0
        self.changed = Condition()
        self.lane = Lock()

    def count(self, more):
        with self.changed:
            self.short += more
            self.changed.notify_all()

    @contextmanager
    def long_one(self):
        """For the time of a long document, which was counted as a short request until it was known."""
        self.count(-1)
        try:
            with self.lane:
                self.wait_for_short(PATIENCE)
                yield
        finally:
            self.count(1)

    def wait_for_short(self, timeout):
        """Until no short request is left, or so many seconds. Returns the seconds that it took."""
        start = time.perf_counter()
        with self.changed:
            self.changed.wait_for(lambda: not self.short, timeout)
        return time.perf_counter() - start


traffic = Traffic()


def count_request(get_response):
    """The middleware that counts a request, of either door, while it is answered.

    An answer that says to come back later waits for those: who comes back at once has one request beside theirs.
    """

    def middleware(request):
        traffic.count(1)
        try:
            response = get_response(request)
        finally:
            traffic.count(-1)
        if response.has_header("Retry-After"):
            traffic.wait_for_short(A_MOMENT)
        return response

    return middleware


def is_long_text(text):
    return len(text) > LONG_TEXT


def is_long(cost):
    return cost.total_rows > LONG_ROWS or cost.total_values > LONG_VALUES


class LongExecution(Execution):
    """Executes a long document: before each object of a query it gives way to the short requests of its process.

    Within a mutation it does not: others may wait for what that has locked.
    """

    patience = PATIENCE

    def complete_object_value(self, *args):
        is_query = self.operation.operation is OperationType.QUERY
        if is_query and traffic.short and self.patience > 0:
            self.patience -= traffic.wait_for_short(self.patience)
        return super().complete_object_value(*args)
