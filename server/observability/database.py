"""Database metrics: the time of each statement, connections, the pool."""

from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from time import perf_counter
from typing import Any
from weakref import WeakSet

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from profiles.core.metrics import CONNECTIONS, POOL, POOL_ERRORS, POOL_WAIT_SECONDS, STATEMENT_SECONDS

EVERY = 1  # second between two samples; requests trigger them

_opened: WeakSet[BaseDatabaseWrapper] = WeakSet()  # of all threads
_opening = Lock()
_pool_totals = {"requests_wait_ms": 0, "requests_errors": 0}  # of this process's pool, at the last sample
_next_sample = 0.0
_sampling = Lock()


def timed(execute: Callable[..., Any], *arguments: Any) -> Any:
    """An execute wrapper (`connection.execute_wrappers`) that observes the time of a statement."""
    start = perf_counter()
    try:
        return execute(*arguments)
    finally:
        STATEMENT_SECONDS.observe(perf_counter() - start)


def watch(observers: Sequence[Callable[..., Any]]) -> None:
    """Execute every statement of every connection through these wrappers, and count the connections."""
    observer = observers[0] if len(observers) == 1 else partial(_in_turn, observers)

    def attach(connection: Any, **_signal: Any) -> None:
        if getattr(connection, "observer", None) is None:
            connection.execute_wrappers.insert(0, observer)  # first: Django's context manager pops the last
            connection.observer = observer
            with _opening:
                _opened.add(connection)

    connection_created.connect(attach, weak=False, dispatch_uid="profiles.observability")


def _in_turn(observers: Sequence[Callable[..., Any]], execute: Callable[..., Any], *arguments: Any) -> Any:
    for observer in observers:
        execute = partial(observer, execute)
    return execute(*arguments)


def sample(now: float) -> None:
    """Set the gauges of connections and pool, at most once a second. `now`: seconds, from `perf_counter`."""
    global _next_sample
    if now < _next_sample or not _sampling.acquire(blocking=False):
        return
    try:
        _next_sample = now + EVERY
        _sample()
    finally:
        _sampling.release()


def _sample() -> None:
    with _opening:
        opened = list(_opened)
    CONNECTIONS.set(sum(each.connection is not None for each in opened))
    pool = getattr(connections[DEFAULT_DB_ALIAS], "pool", None)
    _sample_pool(pool.get_stats() if pool else {})


def _sample_pool(stats: dict[str, int]) -> None:
    """Set the gauges of psycopg's pool (0 without a pool), and add the growth of its counters since the last sample."""
    for state, name in (("size", "pool_size"), ("available", "pool_available"), ("waiting", "requests_waiting")):
        POOL.labels(state).set(stats.get(name, 0))
    grown = {name: stats.get(name, 0) - before for name, before in _pool_totals.items()}
    _pool_totals.update({name: stats.get(name, 0) for name in _pool_totals})
    POOL_WAIT_SECONDS.inc(grown["requests_wait_ms"] / 1_000)
    POOL_ERRORS.inc(grown["requests_errors"])
