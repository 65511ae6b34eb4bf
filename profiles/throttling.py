"""How many attempts pass: counted before they are made, atomically, in memory or in Redis."""

import math
import time
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from limits import parse
from limits.errors import StorageError
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from rest_framework.request import Request

from profiles.models import normalize_username
from profiles.outcomes import RETRY_AFTER, Outcome, Refused

NETWORK_BITS = 64  # of an IPv6 address: what one customer has, RFC 6177


def count_sign_in(request: HttpRequest | Request | None, account: str) -> None:
    """Count an attempt to sign in, per account and per address, whichever door it came through.

    Args:
        request: where it came from; None for a command, which has no address.
        account: the username, as it was given.

    Raises:
        Refused: THROTTLED: more attempts than a limit lets through; the password is not looked at.
            UNAVAILABLE: there is nothing to count with.
    """
    buckets = [(parse(settings.SIGN_IN_LIMIT_PER_ACCOUNT), "account", normalize_username(account).lower())]
    if request is not None:
        buckets.append((parse(settings.SIGN_IN_LIMIT_PER_ADDRESS), "address", address_of(request)))
    limiter = MovingWindowRateLimiter(storage())
    try:
        full = [bucket for bucket in buckets if not limiter.hit(*bucket)]
        if full:
            waits = [limiter.get_window_stats(*bucket).reset_time - time.time() for bucket in full]
            raise Refused(Outcome.THROTTLED, retry_after=max(1, math.ceil(max(waits))))
    except StorageError as error:
        raise Refused(Outcome.UNAVAILABLE, retry_after=RETRY_AFTER) from error


@cache
def storage() -> Storage:
    """What counts, for this process. It is made before the first request: two threads that made it at
    once would count apart."""
    url = settings.REDIS_URL
    options = {"socket_timeout": 1, "socket_connect_timeout": 1} if url else {}  # seconds
    return cast(Storage, storage_from_string(url or "memory://", wrap_exceptions=True, **options))


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
