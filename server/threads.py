"""The threads that serve a worker's requests.

CPython keeps a thread's frames in chunks of 16 KB. It maps a new chunk when a call crosses the end of one, and unmaps
it when the call returns. If each row of a response does this, the response takes twice as long. Here a thread's first
frame is large, so that its chunk holds the frames of any request, and is mapped once.
"""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any

FRAME = 32_768  # slots of 8 bytes: more than all frames of a request together


class Threads:
    """At most `most` threads, with what gunicorn uses of a `ThreadPoolExecutor`, whose first frames are small.

    The threads do not keep the process from ending. Before it ends, gunicorn waits for their requests.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.started = 0
        self.calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Call the function in a thread. Returns the future of its result."""
        future: Future[Any] = Future()
        self.calls.put((future, partial(function, *arguments)))
        if self.started < self.most:
            self.started += 1
            Thread(target=_run, args=[self.calls], daemon=True).start()
        return future

    def shutdown(self, *, wait: bool) -> None:
        """End the threads after the calls so far. `wait`: False, gunicorn's only value."""
        for _ in range(self.started):
            self.calls.put(None)


def _run(calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]) -> None:
    """Make the calls until one is None."""
    while each := calls.get():
        future, call = each
        try:
            result = call()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        del each, future, call


_run.__code__ = _run.__code__.replace(co_stacksize=FRAME)
