"""Delayed stop behind a load balancer: after SIGTERM, `/readyz` answers 503 while the server keeps serving."""

import mmap
import signal
from typing import Any

_stopping = mmap.mmap(-1, 1)  # a byte that gunicorn's master shares with its forked workers


def is_stopping() -> bool:
    """Whether the server has received SIGTERM, so that `/readyz` answers 503."""
    return _stopping[0] == 1


def delay(arbiter: Any, seconds: float) -> None:
    """Delay the stop of gunicorn's master by this many seconds after SIGTERM. A second SIGTERM stops it at once.

    During the delay, `is_stopping` is true and workers accept connections. Then gunicorn stops as usual: workers finish
    their requests, within `graceful_timeout`. SIGINT and SIGQUIT are not delayed, nor are workers that a reload
    (SIGHUP) replaces.

    Args:
        arbiter: gunicorn's `Arbiter`, which runs the master.
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
