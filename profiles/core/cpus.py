"""The CPUs that the calling thread runs on. Where the system lets no process choose, nothing changes."""

import ctypes
import os
from contextlib import suppress

ALLOWED = frozenset(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ())


def run_on(cpus: frozenset[int]) -> None:
    """Let the thread run on these CPUs only. Does nothing if the system does not permit it (sched_setaffinity(2))."""
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, cpus)


def run_on_any() -> None:
    """Let the thread run on every CPU that the process was started with, as a new thread does not: it inherits."""
    run_on(ALLOWED)


def stay() -> frozenset[int]:
    """Keep the thread on its current CPU. Returns a set of that CPU, or `ALLOWED` if the system does not tell it."""
    try:
        current = ctypes.CDLL(None).sched_getcpu()  # -1: an error (sched_getcpu(3))
    except AttributeError:
        current = -1
    if current < 0:
        return ALLOWED
    run_on(frozenset({current}))
    return frozenset({current})
