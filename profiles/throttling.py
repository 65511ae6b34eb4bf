"""How much passes: operations and attempts to sign in, counted before they are done, in Redis or in memory."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from profiles.models import normalize_username
from profiles.outcomes import Outcome, Refused
from profiles.policy import Actor

if TYPE_CHECKING:  # its classes name our throttle
    from rest_framework.views import APIView

logger = logging.getLogger(__name__)

NETWORK_BITS = 64  # of an IPv6 address: what one customer has, RFC 6177
REDIS_REST = 5  # seconds that it is left alone where it did not answer
LOG_EVERY = 60  # seconds
RATE_LIMIT = "profiles.rate_limit"  # in a request's META: the headers that its answer carries


class Budget(StrEnum):
    """What an actor's operations are counted against; an anonymous one's, its address's."""

    READS = "reads"
    WRITES = "writes"

    @property
    def limit(self) -> RateLimitItem:
        return parse(settings.READ_LIMIT if self is Budget.READS else settings.WRITE_LIMIT)


class Window(NamedTuple):
    """Where a count stands: whether it passed, how many more would, and when it is whole again."""

    passed: bool
    remaining: int
    reset: int  # seconds


def spend(request: HttpRequest | Request, actor: Actor, budget: Budget, operations: int = 1) -> None:
    """Count operations: one for a REST call, for a GraphQL document as many as its root fields.

    All of them pass, or none. The answer's headers say what is left (draft-ietf-httpapi-ratelimit-headers-10).

    Raises:
        Refused: THROTTLED.
    """
    window = counter().hit(budget.limit, budget, _spender(request, actor), cost=operations)
    _show(request, budget, budget.limit, window)
    if not window.passed:
        raise Refused(Outcome.THROTTLED, retry_after=window.reset)


def require_any_left(request: HttpRequest | Request, actor: Actor, budget: Budget) -> None:
    """Pass where something is left of a budget, and count nothing. Raises `Refused`: THROTTLED."""
    window = counter().hit(budget.limit, budget, _spender(request, actor), cost=0)
    if not window.remaining:
        _show(request, budget, budget.limit, window)
        raise Refused(Outcome.THROTTLED, retry_after=window.reset)


def _spender(request: HttpRequest | Request, actor: Actor) -> str:
    return address_of(request) if actor.profile is None else f"profile:{actor.profile.pk}"


def count_sign_in(request: HttpRequest | Request | None, account: str) -> None:
    """Count an attempt to sign in, per account and per address, whichever door it came through.

    Args:
        request: where it came from; None for a command, which has no address.
        account: the username, as it was given.

    Raises:
        Refused: THROTTLED: more attempts than a limit lets through; the password is not looked at.
    """
    counts = [(parse(settings.SIGN_IN_LIMIT_PER_ACCOUNT), "account", normalize_username(account).lower())]
    if request is not None:
        counts.append((parse(settings.SIGN_IN_LIMIT_PER_ADDRESS), "address", address_of(request)))
    windows = [counter().hit(*count) for count in counts]
    if request is not None:  # how many are left to an account would tell who else attempts it
        _show(request, "sign_ins", counts[-1][0], windows[-1])
    if waits := [window.reset for window in windows if not window.passed]:
        raise Refused(Outcome.THROTTLED, retry_after=max(waits))


def _show(request: HttpRequest | Request, name: str, limit: RateLimitItem, window: Window) -> None:
    request.META[RATE_LIMIT] = {
        "RateLimit-Policy": f'"{name}";q={limit.amount};w={limit.get_expiry()}',
        "RateLimit": f'"{name}";r={window.remaining};t={window.reset}',
    }


class OperationThrottle(BaseThrottle):
    """Counts each REST call as one operation of its caller. Raises `Refused`: THROTTLED."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        spend(request, cast(Actor, request.auth), Budget.READS if request.method in SAFE_METHODS else Budget.WRITES)
        return True


def rate_limit_headers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The middleware that says in each answer how much is left, wherever it was counted."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in request.META.get(RATE_LIMIT, {}).items():
            response[name] = value
        return response

    return middleware


class LocalStorage(MemoryStorage):
    """This process's memory, for one thread at a time: two at once start the library's timer twice, which raises."""

    def __init__(self) -> None:
        self.turn = Lock()
        super().__init__()

    def acquire_entry(self, *args: Any, **kwargs: Any) -> bool:
        with self.turn:
            return super().acquire_entry(*args, **kwargs)


class Counter:
    """Counts in a store that all processes share; while that does not answer, in this process's memory.

    Reads are not counted then.
    """

    def __init__(self, shared: Storage) -> None:
        self.shared = MovingWindowRateLimiter(shared)
        self.own = MovingWindowRateLimiter(LocalStorage())
        self.away_until = self.silent_until = -math.inf

    def hit(self, limit: RateLimitItem, *key: str, cost: int = 1) -> Window:
        """Count so many, all or none; with a cost of 0, look where the count stands."""
        if time.monotonic() >= self.away_until:
            try:
                return self._hit(self.shared, limit, *key, cost=cost)
            except StorageError as error:
                self._leave_alone(error)
        if key[0] == Budget.READS:
            return Window(passed=True, remaining=limit.amount, reset=0)
        return self._hit(self.own, limit, *key, cost=cost)

    @staticmethod
    def _hit(limiter: MovingWindowRateLimiter, limit: RateLimitItem, *key: str, cost: int) -> Window:
        passed = not cost or limiter.hit(limit, *key, cost=cost)
        stats = limiter.get_window_stats(limit, *key)
        return Window(passed, stats.remaining, max(1, math.ceil(stats.reset_time - time.time())))

    def _leave_alone(self, error: StorageError) -> None:
        now = time.monotonic()
        self.away_until = now + REDIS_REST
        if now >= self.silent_until:
            self.silent_until = now + LOG_EVERY
            logger.error("Redis does not answer: each process counts for itself (%s)", error.storage_error)


@cache
def counter() -> Counter:
    """What counts, for this process."""
    if not settings.REDIS_URL:
        return Counter(LocalStorage())
    timeouts = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), settings.REDIS_TIMEOUT)
    options: dict[str, Any] = timeouts | {"retry": Retry(NoBackoff(), 0)}
    return Counter(storage_from_string(settings.REDIS_URL, wrap_exceptions=True, **options))  # type: ignore[arg-type]


def address_of(request: HttpRequest | Request) -> str:
    """The address that a request came from: the last one that is no proxy of ours.

    `X-Forwarded-For` is believed as far as proxies of `TRUSTED_PROXIES` wrote it: from its end, so that
    what a client puts at its beginning moves nothing. An IPv6 address counts as its network.
    """
    proxies = [ip_network(proxy) for proxy in settings.TRUSTED_PROXIES]
    address: str = request.META.get("REMOTE_ADDR", "")
    for claimed in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        try:
            if not any(ip_address(address) in proxy for proxy in proxies):
                break
            address = str(ip_address(claimed.strip()))
        except ValueError:
            break
    try:
        parsed = ip_address(address)
    except ValueError:  # a Unix socket has none
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, NETWORK_BITS), strict=False))
    return address
