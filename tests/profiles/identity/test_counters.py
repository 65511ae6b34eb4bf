"""Counters: the same in memory and in Redis, exact in each window, bounded in memory."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.identity import counters
from profiles.identity.counters import Count, Memory, Rate, Shared, Window, parse_rate

WINDOW = 60


@pytest.fixture
def clock(monkeypatch):
    """The time of both counters, in whole seconds, set by the test."""
    clock = {"now": 1_000_000}
    monkeypatch.setattr(counters.time, "monotonic", lambda: clock["now"])
    script = counters.SCRIPT
    monkeypatch.setattr(
        Shared, "script", property(lambda self: script.replace("redis.call('TIME')", f"{{{clock['now']}, 0}}"))
    )
    return clock


@pytest.fixture(params=["memory", "redis"])
def store(request):
    if request.param == "memory":
        yield Memory()
    else:
        shared = Shared(request.getfixturevalue("redis_url"), 10)
        yield shared
        shared.redis.close()


def hit(store, amount, key="x", cost=1):
    (window,) = store.count([Count(Rate(amount, WINDOW), key, cost)])
    return window


def test_as_many_pass_as_the_limit(store, clock):
    assert [hit(store, 3) for _ in range(4)] == [
        Window(True, 2, WINDOW),
        Window(True, 1, WINDOW),
        Window(True, 0, WINDOW),
        Window(False, 0, WINDOW),
    ]
    assert hit(store, 3, key="y").passed


def test_a_cost_passes_whole_or_not_at_all(store, clock):
    assert hit(store, 5, cost=3) == Window(True, 2, WINDOW)
    clock["now"] += 20
    assert hit(store, 5, cost=3) == Window(False, 2, 40)
    assert hit(store, 5, cost=2) == Window(True, 0, 40)
    assert hit(store, 5, cost=0) == Window(True, 0, 40)
    assert hit(store, 5, cost=6) == Window(False, 0, WINDOW)  # can never pass


def test_the_wait_is_until_the_cost_would_pass(store, clock):
    for _ in range(5):
        hit(store, 5)
        clock["now"] += 10
    window = hit(store, 5, cost=2)
    assert (window.passed, window.wait) == (False, 20)
    clock["now"] += 19
    assert not hit(store, 5, cost=2).passed
    clock["now"] += 1
    assert hit(store, 5, cost=2).passed


def test_counts_stop_at_the_first_that_does_not_pass(store, clock):
    counts = [Count(Rate(amount, WINDOW), key) for amount, key in ((9, "a"), (2, "b"), (9, "c"))]
    passed = [[window.passed for window in store.count(counts)] for _ in range(3)]
    assert passed == [[True] * 3, [True] * 3, [True, False]]
    assert [hit(store, 9, key, cost=0).remaining for key in "abc"] == [6, 7, 7]


def test_a_limit_of_none_lets_none_pass(store, clock):
    assert hit(store, 0) == Window(False, 0, WINDOW)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(steps=st.lists(st.tuples(st.integers(0, 25), st.integers(0, 4)), max_size=40), amount=st.integers(1, 6))
def test_no_window_has_more_than_the_limit_and_none_is_refused_below_it(store, clock, steps, amount):
    clock["now"] += 10 * WINDOW  # counts of earlier examples have expired
    passed = []
    for wait, cost in steps:
        clock["now"] += wait
        now = clock["now"]
        used = sum(many for moment, many in passed if moment > now - WINDOW)
        window = hit(store, amount, cost=cost)
        assert window.passed == (used + cost <= amount)
        if window.passed:
            passed.append((now, cost))
            assert window.remaining == amount - used - cost
        else:
            later = now + window.wait
            still_used = sum(many for moment, many in passed if moment > later - WINDOW)
            assert cost > amount or still_used + cost <= amount


# Redis


def test_redis_forgets_what_has_expired(redis_url):
    store = Shared(redis_url, 10)
    store.count([Count(Rate(5, 3_600), "hour"), Count(Rate(5, 60), "minute")])
    assert 3_500_000 < store.redis.pttl("rate:hour") <= 3_600_000
    assert 50_000 < store.redis.pttl("rate:minute") <= 60_000
    store.redis.close()


def test_redis_goes_by_its_own_clock(redis_url, monkeypatch):
    monkeypatch.setattr(counters.time, "monotonic", lambda: 0)
    store = Shared(redis_url, 10)
    counts = [Count(Rate(1, 1), "x")]
    assert store.count(counts)[0].passed
    while not (window := store.count(counts)[0]).passed:
        assert 0 < window.wait <= 1
    store.redis.close()


# Memory


def test_the_memory_is_bounded_and_what_is_in_use_stays():
    memory = Memory(most=50)
    for n in range(1_000):
        memory.count([Count(Rate(3, WINDOW), f"key {n}", cost=1 + n % 3)])
        in_use = hit(memory, 3, key="in use")
    assert not in_use.passed
    assert memory.size == sum(len(log.entries) for log in memory.logs.values()) == 50
    assert list(memory.logs)[-2:] == ["key 999", "in use"]
    assert "key 0" not in memory.logs


@pytest.mark.parametrize("now", [69.0744927387489, 990.0122511070643])  # now + 60 - now is more than 60
def test_a_wait_is_never_longer_than_the_window(clock, now):
    clock["now"] = now
    assert Memory().count([Count(Rate(1, 60), "x")])[0].reset == 60


def test_a_busy_key_has_as_many_entries_as_its_limit(clock):
    memory = Memory()
    for _ in range(500):
        hit(memory, 20)
        clock["now"] += 1
        assert memory.size == len(memory.logs["x"].entries) <= 20
    clock["now"] += WINDOW
    hit(memory, 20, cost=0)
    assert (memory.size, len(memory.logs)) == (0, 0)


def lines_of(memory):
    """The number of lines of the counters module that a hit executes, without Python's garbage collection."""
    lines = []

    def trace(frame, event, arg):
        if frame.f_code.co_filename == counters.__file__:
            lines.append(event)
        return trace

    sys.settrace(trace)
    try:
        hit(memory, 5, key="one more")
    finally:
        sys.settrace(None)
    return len(lines)


def test_a_hit_takes_the_same_steps_however_many_keys_there_are(clock):
    few, many, full = Memory(), Memory(), Memory(most=20_000)
    for n in range(20_000):
        for memory in (many, full):
            hit(memory, 5, key=str(n))
    clock["now"] += 10 * WINDOW  # all of them have expired
    assert 0 < lines_of(few) == lines_of(many)
    assert lines_of(full) < 2 * lines_of(few)  # drops one key
    assert full.size == 20_000


@pytest.fixture
def threads_in_a_hurry():
    """Switch between threads as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_exactly_as_many_pass_however_many_threads_ask(threads_in_a_hurry):
    threads, asked, amount = 8, 40, 300
    for _ in range(20):
        memory = Memory()

        def hits(_, memory=memory):
            return sum(hit(memory, amount).passed for _ in range(asked))

        with ThreadPoolExecutor(threads) as pool:
            assert sum(pool.map(hits, range(threads))) == min(amount, threads * asked)


# Settings


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10 per 5 minutes", (10, 300)),
        ("600 per minute", (600, 60)),
        ("1 per second", (1, 1)),
        ("20/hour", (20, 3_600)),
        (" 5 per 2 days ", (5, 172_800)),
    ],
)
def test_a_rate_is_read(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "10", "ten per minute", "10 per", "-1 per minute", "10 per year", "1.5/hour"])
def test_what_is_no_rate_says_so(text):
    with pytest.raises(ImproperlyConfigured, match="10 per 5 minutes"):
        parse_rate(text)
