"""Long documents give way: one at a time in a process, and it stops while a short request is answered.

So do refusals that say to come back later, which would else be fetched again and again meanwhile.

Threads share one interpreter, so a request of a few milliseconds takes as long as all that computes beside it.
"""

import time
from contextlib import contextmanager
from threading import Condition, Lock

from django.utils.translation import gettext as _
from graphql import ExecutionContext, OperationType

from profiles.outcomes import Outcome, Refused

LONG_ROWS = 100  # a document that costs more, as `limits` measures it, is a long one
LONG_VALUES = 250
LONG_TEXT = 1_000  # characters: it takes as long to read
MOST_LONG = 4  # in a process, the waiting ones among them: they have a thread each, of its eight
A_MOMENT = 0.1  # seconds that a refusal waits at most
PATIENCE = 1.0  # seconds that a long document gives way before it begins, and as long again on its way


class Traffic:
    """What a process is answering: how many short requests, and how many long documents."""

    def __init__(self):
        self.short = self.long = 0
        self.changed = Condition()
        self.lane = Lock()

    def count(self, *, short=0, long=0):
        with self.changed:
            self.short += short
            self.long += long
            self.changed.notify_all()

    @contextmanager
    def long_one(self):
        """For the time of a long document, which was counted as a short request until it was known.

        Raises:
            Refused: UNAVAILABLE: too many others wait already.
        """
        if self.long >= MOST_LONG:
            message = _("Too many long documents at a time. Ask for less at once, or try again as Retry-After says.")
            raise Refused(Outcome.UNAVAILABLE, message, retry_after=1)
        self.count(short=-1, long=1)
        try:
            with self.lane:
                self.wait_for_short(PATIENCE)
                yield
        finally:
            self.count(short=1, long=-1)

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
        traffic.count(short=1)
        try:
            response = get_response(request)
        finally:
            traffic.count(short=-1)
        if response.has_header("Retry-After"):
            traffic.wait_for_short(A_MOMENT)
        return response

    return middleware


def is_long_text(text):
    return len(text) > LONG_TEXT


def is_long(cost):
    return cost.total_rows > LONG_ROWS or cost.total_values > LONG_VALUES


class LongExecution(ExecutionContext):
    """Executes a long document: before each object of a query it gives way to the short requests of its process.

    Within a mutation it does not: others may wait for what that has locked.
    """

    patience = PATIENCE

    def complete_object_value(self, *args):
        is_query = self.operation.operation is OperationType.QUERY
        if is_query and traffic.short and self.patience > 0:
            self.patience -= traffic.wait_for_short(self.patience)
        return super().complete_object_value(*args)
