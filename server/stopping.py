"""A server's stop behind a load balancer: at SIGTERM it first becomes unready, and serves on until it is taken out."""

import mmap
import signal
from typing import Any

_stopping = mmap.mmap(-1, 1)  # a byte that gunicorn's master shares with the workers that it forks


def is_stopping() -> bool:
    """Whether the server was told to stop, so that `/readyz` answers 503."""
    return _stopping[0] == 1


def delay(arbiter: Any, seconds: float) -> None:
    """Have gunicorn's master, its arbiter, stop this many seconds after SIGTERM, and at once at a second one.

    Until then `is_stopping`, and its workers accept connections. It then stops as gunicorn does: the workers finish
    what they have, for `graceful_timeout` at most. SIGINT and SIGQUIT are not delayed; nor are workers that a reload
    (SIGHUP) replaces, for the server stays.
    """
    stop = arbiter.handle_term

    def handle_term() -> None:
        if _stopping[0] or not seconds:
            stop()
        _stopping[0] = 1
        arbiter.log.info("Not ready from now on; stopping in %s seconds", seconds)
        signal.signal(signal.SIGALRM, lambda *_: arbiter.SIG_QUEUE.put_nowait(signal.SIGTERM))
        signal.setitimer(signal.ITIMER_REAL, seconds)

    arbiter.handle_term = handle_term
