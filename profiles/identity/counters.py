"""Sliding-window rate limit counters, in Redis or in memory. The limit holds for every window of its length.

One call makes several counts. They are evaluated in order up to the first that exceeds its limit: that one
and those after it count nothing. In Redis this takes one round trip.
"""

from __future__ import annotations

import logging
import math
import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import NamedTuple, Protocol, cast

from django.core.exceptions import ImproperlyConfigured
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from profiles.core.metrics import REDIS_AWAY, REDIS_FAILURES

logger = logging.getLogger(__name__)

REDIS_REST = 5  # seconds without calls to Redis after it did not respond
LOG_EVERY = 60  # seconds
MOST_ENTRIES = 100_000  # in memory, for all keys: about 40 MB with one entry per key
MICROSECONDS = 1_000_000

RATE = re.compile(r"([0-9]+) ?(?:per|/) ?([0-9]+ )?(second|minute|hour|day)s?")
UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


class Rate(NamedTuple):
    """The amount allowed in any window of `seconds`."""

    amount: int
    seconds: int


@cache
def parse_rate(text: str) -> Rate:
    """The rate in a setting's text. Raises `ImproperlyConfigured`."""
    if not (match := RATE.fullmatch(text.strip())):
        raise ImproperlyConfigured(f"Write a limit as '10 per minute' or '10 per 5 minutes', and not as {text!r}.")
    return Rate(int(match[1]), int(match[2] or 1) * UNITS[match[3]])


class Count(NamedTuple):
    """One count: add `cost` under a key, within a rate."""

    rate: Rate
    key: str
    cost: int = 1
    is_optional: bool = False  # whether it passes without counting while Redis does not respond

    @property
    def limit(self) -> str:
        """The name of the limit: the part of the key without the caller."""
        return self.key.partition(":")[0]


class Window(NamedTuple):
    """The result of a count: whether it passed, the remaining amount, and the seconds until the amount grows."""

    passed: bool
    remaining: int
    wait: float = 0  # for a count that did not pass: seconds until it would

    @property
    def reset(self) -> int:
        """The wait in whole seconds."""
        return max(1, math.ceil(self.wait))


class Store(Protocol):
    """A store of counts."""

    def count(self, counts: Sequence[Count]) -> list[Window]:
        """Make the counts in order, and return their windows up to the first that did not pass."""


class Log:
    """The counts that passed under one key: entries of (time, amount), oldest first, and their sum."""

    __slots__ = ("entries", "used")

    def __init__(self) -> None:
        self.entries: list[tuple[float, int]] = []
        self.used = 0

    def forget(self, until: float) -> int:
        """Remove the entries up to and including this time. Returns their number."""
        expired = 0
        while expired < len(self.entries) and self.entries[expired][0] <= until:
            self.used -= self.entries[expired][1]
            expired += 1
        del self.entries[:expired]
        return expired

    def time_of(self, number: int) -> float:
        """The time of the entry at which the sum reaches a number."""
        for moment, many in self.entries:
            number -= many
            if number <= 0:
                return moment
        raise ValueError("more than there are")


class Memory:
    """A store in this process's memory, of bounded size.

    With more than `most` entries, the least recently counted key is evicted. Evicting a count of sign-in
    attempts takes `most` entries within its window. One address makes few: its own limit stops it after
    100 attempts in 5 minutes, of four entries each. So 100,000 entries take about 250 addresses, which
    could make as many guesses without an eviction.
    """

    def __init__(self, most: int = MOST_ENTRIES) -> None:
        self.most = most
        self.size = 0  # entries
        self.logs: OrderedDict[str, Log] = OrderedDict()
        self.turn = Lock()

    def count(self, counts: Sequence[Count]) -> list[Window]:
        windows = []
        with self.turn:
            for count in counts:
                windows.append(self._count(count, time.monotonic()))
                if not windows[-1].passed:
                    break
        return windows

    def _count(self, count: Count, now: float) -> Window:
        (amount, seconds), cost = count.rate, count.cost
        log = self.logs.get(count.key) or Log()
        self.size -= log.forget(now - seconds)
        passed = log.used + cost <= amount
        if passed and cost:
            log.entries.append((now, cost))
            log.used += cost
            self.size += 1
            self.logs[count.key] = log
        if log.entries:
            self.logs.move_to_end(count.key)
        else:
            self.logs.pop(count.key, None)
        while self.size > self.most:
            self.size -= len(self.logs.popitem(last=False)[1].entries)
        if cost > amount:
            return Window(passed, max(0, amount - log.used), seconds)
        freed = 1 if passed else log.used + cost - amount
        wait = seconds - (now - log.time_of(freed)) if log.used else 0  # in this order never over `seconds`
        return Window(passed, max(0, amount - log.used), wait)


SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local windows = {}
for number, key in ipairs(KEYS) do
  local amount, window, cost = unpack(ARGV, 3 * number - 2, 3 * number)
  amount, window, cost = tonumber(amount), tonumber(window), tonumber(cost)
  local function entry(index)
    local text = redis.call('LINDEX', key, index)
    if text then
      local moment, first, last = string.match(text, '(%d+) (%d+) (%d+)')
      return {moment = tonumber(moment), first = tonumber(first), last = tonumber(last)}
    end
  end
  local oldest = entry(0)
  while oldest and oldest.moment <= now - window do
    redis.call('LPOP', key)
    oldest = entry(0)
  end
  local total = oldest and entry(-1).last or 0
  local used = oldest and total - oldest.first or 0
  local passed = used + cost <= amount
  local wait = oldest and oldest.moment + window - now or 0
  if passed and cost > 0 then
    redis.call('RPUSH', key, string.format('%.0f %.0f %.0f', now, total, total + cost))
    redis.call('PEXPIRE', key, math.ceil(window / 1000))
    used = used + cost
    wait = oldest and wait or window
  elseif cost > amount then
    wait = window
  elseif not passed then
    local freed, index = oldest.first + used + cost - amount, 0
    while entry(index).last < freed do index = index + 1 end
    wait = entry(index).moment + window - now
  end
  windows[number] = {passed and 1 or 0, math.max(0, amount - used), wait}
  if not passed then break end
end
return windows
"""
"""A key holds a list of entries `time first last`: the time in microseconds, and the sum of all counts before and
after the entry, so that a window's sum is the difference of two entries. The time is Redis's. Redis caches the
compiled script. EVAL sends 2 KB each time, but EVALSHA would take two round trips after a restart."""


class Shared:
    """A store in Redis, shared by all processes. Raises `RedisError` if Redis does not respond in time.

    Args:
        url: `redis://…`, `rediss://…` or `unix://…`.
        timeout: seconds to wait for a response.
    """

    script = SCRIPT

    def __init__(self, url: str, timeout: float) -> None:
        self.redis = Redis.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            driver_info=None,  # saves two round trips per connection
        )

    def count(self, counts: Sequence[Count]) -> list[Window]:
        numbers = [n for each in counts for n in (each.rate.amount, each.rate.seconds * MICROSECONDS, each.cost)]
        keys = [f"rate:{each.key}" for each in counts]
        windows = cast("list[tuple[int, int, int]]", self.redis.eval(self.script, len(keys), *keys, *numbers))
        return [Window(bool(passed), remaining, wait / MICROSECONDS) for passed, remaining, wait in windows]


class Counter:
    """Counts in a shared store; while it does not respond, in this process's memory, without optional counts."""

    def __init__(self, shared: Store) -> None:
        self.shared = shared
        self.own = Memory()
        self.away_until = self.silent_until = -math.inf
        self.is_away = False  # whether the last call got no response

    def count(self, counts: Sequence[Count]) -> list[Window]:
        """Make the counts in order, and return their windows up to the first that did not pass."""
        if time.monotonic() >= self.away_until:
            try:
                windows = self.shared.count(counts)
            except RedisError as error:
                self._leave_alone(error)
            else:
                if self.is_away:
                    self._come_back()
                return windows
        return self.own.count([count._replace(cost=0) if count.is_optional else count for count in counts])

    def _leave_alone(self, error: RedisError) -> None:
        now = time.monotonic()
        self.away_until = now + REDIS_REST
        self.is_away = True
        REDIS_AWAY.set(1)
        REDIS_FAILURES.inc()
        if now >= self.silent_until:
            self.silent_until = now + LOG_EVERY
            logger.warning("Redis does not answer: each process counts for itself (%s)", error)

    def _come_back(self) -> None:
        self.is_away = False
        REDIS_AWAY.set(0)
        logger.info("Redis answers again")
