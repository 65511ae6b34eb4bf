"""A worker's threads: how many there are, what becomes of a call, and when they end."""

import threading
from threading import Barrier

import pytest

from server.threads import Threads
from tests.cluster.processes import wait_until

MOST_SECONDS = 30


@pytest.fixture
def threads():
    threads = Threads(2)
    yield threads
    threads.shutdown(wait=False)


def test_the_result_or_the_error_of_a_call(threads):
    assert threads.submit(divmod, 7, 2).result(MOST_SECONDS) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        threads.submit(divmod, 7, 0).result(MOST_SECONDS)
    with pytest.raises(SystemExit):
        threads.submit(exit, 1).result(MOST_SECONDS)
    assert threads.submit(divmod, 9, 2).result(MOST_SECONDS) == (4, 1)  # the threads live on


def test_as_many_calls_at_once_as_threads(threads):
    met = Barrier(2)
    both = [threads.submit(lambda: (met.wait(MOST_SECONDS), threading.get_ident())) for _ in range(2)]
    idents = {call.result(MOST_SECONDS)[1] for call in both}
    others = {threads.submit(threading.get_ident).result(MOST_SECONDS) for _ in range(10)}
    assert len(idents) == 2
    assert others <= idents


def test_the_threads_end_after_the_calls_so_far():
    threads = Threads(2)
    calls = [threads.submit(threading.current_thread) for _ in range(5)]
    threads.shutdown(wait=False)
    mine = {call.result(MOST_SECONDS) for call in calls}
    wait_until(lambda: not any(thread.is_alive() for thread in mine), "the threads end")


def test_deep_calls_stay_in_the_first_chunk_of_frames():
    """The size of a frame is checked by its effect: the pages that a thread touches again are mapped already."""
    resource = pytest.importorskip("resource")

    def deep(depth):
        return depth and deep(depth - 1)

    def faults_of_many_calls():
        deep(300)
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        for _ in range(1_000):
            deep(300)
        return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before

    threads = Threads(1)
    found = threads.submit(faults_of_many_calls).result(MOST_SECONDS)
    threads.shutdown(wait=False)
    assert found < 100
