"""The CPUs of a thread, as the kernel reports them."""

import os
from threading import Thread

import pytest

from profiles.core import cpus


def in_a_thread(function):
    """Call the function in a new thread, whose CPUs end with it; return its result."""
    results = []
    thread = Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def test_a_thread_stays_on_one_cpu_and_leaves_it():
    def stay_and_leave():
        stayed, kept = cpus.stay(), os.sched_getaffinity(0)
        cpus.run_on_any()
        return stayed, kept, os.sched_getaffinity(0)

    stayed, kept, after = in_a_thread(stay_and_leave)
    assert (len(stayed), after) == (1, cpus.ALLOWED)
    assert stayed == kept <= cpus.ALLOWED


def test_what_the_system_does_not_permit_changes_nothing():
    def run_on_none():
        cpus.run_on(frozenset())
        return os.sched_getaffinity(0)

    assert in_a_thread(run_on_none) == cpus.ALLOWED


class Failing:
    """A C library whose `sched_getcpu` fails."""

    sched_getcpu = staticmethod(lambda: -1)


@pytest.mark.parametrize("library", [object(), Failing()], ids=["without the call", "failing"])
def test_systems_that_do_not_tell_the_cpu(monkeypatch, library):
    monkeypatch.setattr(cpus.ctypes, "CDLL", lambda _name: library)
    assert in_a_thread(lambda: (cpus.stay(), os.sched_getaffinity(0))) == (cpus.ALLOWED, cpus.ALLOWED)


def test_systems_that_do_not_let_a_thread_choose(monkeypatch):
    monkeypatch.delattr(os, "sched_setaffinity")
    assert in_a_thread(cpus.stay) <= cpus.ALLOWED
    assert os.sched_getaffinity(0) == cpus.ALLOWED
