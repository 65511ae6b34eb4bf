"""Rate limits: the counts of operations and attempts, and the response to a caller over a limit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from profiles.core.actors import Actor
from profiles.core.addresses import address_of, networks
from profiles.core.metrics import RATE_LIMITED, count_from_zero
from profiles.core.outcomes import Outcome, Refused
from profiles.identity.callers import actor_of
from profiles.identity.counters import Count, Counter, Memory, Rate, Shared, Window, parse_rate
from profiles.models import Profile, comparable_email, comparable_username
from profiles.policy import AccountAction, policy

if TYPE_CHECKING:  # a circular import: its classes refer to this throttle
    from rest_framework.views import APIView

RATE_LIMIT = "profiles.rate_limit"  # in a request's META: the rate limit headers of its response
COUNTED = "profiles.counted"  # in a request's META: the keys of attempts that `spend` already counted
REFUSALS = Rate(60, 60)  # requests refused after reading their body, per process
LIMITS = (
    "reads",
    "writes",
    "reads_per_address",
    "writes_per_address",
    "sign_ins",
    "account",
    "password",
    "sign_ups",
    "recoveries",
    "mailbox",
    "mail",
    "refusals",
)
count_from_zero(RATE_LIMITED, LIMITS)
ACCOUNT_DIGITS = 32  # of the SHA-256 of a username or an email in a key, to bound the key's length
RATE_SETTINGS = (
    "READ_LIMIT",
    "WRITE_LIMIT",
    "READ_LIMIT_PER_ADDRESS",
    "WRITE_LIMIT_PER_ADDRESS",
    "SIGN_IN_LIMIT_PER_ACCOUNT",
    "SIGN_IN_CEILING_PER_ACCOUNT",
    "SIGN_IN_LIMIT_PER_ADDRESS",
    "SIGN_UP_LIMIT_PER_ADDRESS",
    "RECOVERY_LIMIT_PER_ADDRESS",
    "RECOVERY_LIMIT_PER_EMAIL",
    "RECOVERY_CEILING_PER_EMAIL",
    "MAIL_LIMIT_PER_ACCOUNT",
)


class Budget(StrEnum):
    """The rate limits of operations, per profile or, for anonymous callers, per network."""

    READS = "reads"
    WRITES = "writes"

    @property
    def setting(self) -> str:
        return "READ_LIMIT" if self is Budget.READS else "WRITE_LIMIT"


def rate(setting: str) -> Rate:
    """The rate in a setting. Raises `ImproperlyConfigured`."""
    return parse_rate(getattr(settings, setting))


@cache
def counter() -> Counter:
    """The counter of this process. Raises `ImproperlyConfigured` or `ValueError` for an invalid setting."""
    for setting in RATE_SETTINGS:
        rate(setting)
    networks(tuple(settings.TRUSTED_PROXIES))
    return Counter(Shared(settings.REDIS_URL, settings.REDIS_TIMEOUT) if settings.REDIS_URL else Memory())


# Operations


def spend(
    request: HttpRequest | Request, actor: Actor, budget: Budget, operations: int = 1, attempts: Sequence[Count] = ()
) -> None:
    """Count operations against the budgets of the caller and of its network, then attempts, in one call.

    Each count passes entirely or not at all. The first that does not pass ends the request, and later ones are
    not made.

    Args:
        request: the request; its META gets the rate limit headers.
        actor: the caller.
        budget: the budget to count against.
        operations: number of operations: one for a REST call, the number of root fields for a GraphQL document;
            a search or a total count costs more (`Resource.extra_operations`).
        attempts: further counts of the request, such as `sign_in_attempts`.

    Raises:
        Refused: THROTTLED.
    """
    _count(request, [*_budgets(request, actor, budget, operations), *attempts])
    request.META[COUNTED] = {attempt.key for attempt in attempts}


def require_patience(request: HttpRequest | Request, actor: Actor) -> None:
    """Refuse a caller before reading the request's body, if too many of its recent requests were refused after
    reading theirs.

    Raises:
        Refused: THROTTLED.
    """
    refusals = _refusals(request, actor, cost=0)
    (window,) = counter().own.count([refusals])
    if not window.remaining:
        request.META[COUNTED] = set()
        raise _throttled(refusals, window)


def spend_after_reading(
    request: HttpRequest | Request, actor: Actor, budget: Budget, operations: int = 1, attempts: Sequence[Count] = ()
) -> None:
    """`spend` for a request whose cost depends on its body. A refusal counts for `require_patience`."""
    try:
        spend(request, actor, budget, operations, attempts)
    except Refused:
        counter().own.count([_refusals(request, actor)])
        raise


def is_counted(request: HttpRequest | Request) -> bool:
    """Whether the request was counted, or refused before counting."""
    return COUNTED in request.META or RATE_LIMIT in request.META


def _budgets(request: HttpRequest | Request, actor: Actor, budget: Budget, operations: int) -> list[Count]:
    is_optional = budget is Budget.READS
    counts = [Count(rate(budget.setting), f"{budget}:{_spender(request, actor)}", operations, is_optional)]
    if actor.profile is not None:  # after the caller's own budget: a request it refuses does not count for the network
        key = f"{budget}_per_address:{address_of(request)}"
        counts.append(Count(rate(f"{budget.setting}_PER_ADDRESS"), key, operations, is_optional))
    return counts


def _spender(request: HttpRequest | Request, actor: Actor) -> str:
    return address_of(request) if actor.profile is None else f"profile:{actor.profile.pk}"


def _refusals(request: HttpRequest | Request, actor: Actor, cost: int = 1) -> Count:
    return Count(REFUSALS, f"refusals:{_spender(request, actor)}", cost)


# Attempts

Attempts: TypeAlias = Callable[[HttpRequest | Request, Actor, Any], Sequence[Count]]
"""The counts of an attempt, from the request, the caller and the unvalidated input (None: unread or unreadable)."""


def sign_in_attempts(request: HttpRequest | Request | None, account: Any) -> list[Count]:
    """The counts of a sign-in attempt.

    The network's limit comes first, so that a network over its limit does not use up an account's. The account
    is counted per network, so that a stranger does not lock its owner out, and, with a higher limit, over all
    networks.

    Args:
        request: the request; None for a command, which has no address.
        account: the username as sent; all invalid usernames count as one account.
    """
    name = comparable_username(account) if isinstance(account, str) else None
    key = f"account:{_shortened(name or '')}"
    ceiling = Count(rate("SIGN_IN_CEILING_PER_ACCOUNT"), key)
    if request is None:
        return [ceiling]
    address = address_of(request)
    return [
        Count(rate("SIGN_IN_LIMIT_PER_ADDRESS"), f"sign_ins:{address}"),
        Count(rate("SIGN_IN_LIMIT_PER_ACCOUNT"), f"{key}@{address}"),
        ceiling,
    ]


def recovery_attempts(request: HttpRequest | Request, email: Any) -> list[Count]:
    """The counts of a recovery request: like those of a sign-in, by the email instead of the username.

    Args:
        request: the request.
        email: the email as sent; all inputs that are not strings count as one email.
    """
    key = f"mailbox:{_shortened(comparable_email(email) if isinstance(email, str) else '')}"
    address = address_of(request)
    return [
        Count(rate("RECOVERY_LIMIT_PER_ADDRESS"), f"recoveries:{address}"),
        Count(rate("RECOVERY_LIMIT_PER_EMAIL"), f"{key}@{address}"),
        Count(rate("RECOVERY_CEILING_PER_EMAIL"), key),
    ]


def guesses(request: HttpRequest | Request, actor: Actor, sent: Any = None) -> list[Count]:
    """The counts of an anonymous caller's guess at a mailed code or token."""
    return [Count(rate("SIGN_IN_LIMIT_PER_ADDRESS"), f"sign_ins:{address_of(request)}")]


def _shortened(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:ACCOUNT_DIGITS]


def password_attempts(actor: Actor) -> list[Count]:
    """The counts of a signed-in caller's attempt to change its password. Other callers cannot use up this limit."""
    if actor.profile is None or not policy.can(actor, AccountAction.CHANGE_PASSWORD, actor.profile):
        return []
    return [_password_attempt(actor.profile)]


def sign_up_attempts(request: HttpRequest | Request, actor: Actor, sent: Any = None) -> list[Count]:
    """The counts of a sign-up attempt. Staff, who create accounts for others, have only the write budget."""
    return [] if actor.is_staff else [Count(rate("SIGN_UP_LIMIT_PER_ADDRESS"), f"sign_ups:{address_of(request)}")]


def count_sign_in(request: HttpRequest | Request | None, account: str) -> None:
    """Count a sign-in attempt before checking the password, unless `spend` already counted it.

    Args as for `sign_in_attempts`. Raises `Refused`: THROTTLED.
    """
    _count_once(request, sign_in_attempts(request, account))


def count_password_change(request: HttpRequest | Request | None, profile: Profile) -> None:
    """Count an owner's password change, unless `spend` already counted it. Raises `Refused`: THROTTLED."""
    _count_once(request, [_password_attempt(profile)])


def mail_attempts(actor: Actor) -> list[Count]:
    """The counts of a signed-in caller's request for a mailed code."""
    return [] if actor.profile is None else [_mail(actor.profile)]


def count_mail(profile: Profile) -> None:
    """Count a message to an address that an account set. Raises `Refused`: THROTTLED."""
    _count(None, [_mail(profile)])


def _mail(profile: Profile) -> Count:
    return Count(rate("MAIL_LIMIT_PER_ACCOUNT"), f"mail:{profile.pk}")


def _password_attempt(profile: Profile) -> Count:
    return Count(rate("SIGN_IN_LIMIT_PER_ACCOUNT"), f"password:{profile.pk}")


def _count_once(request: HttpRequest | Request | None, attempts: Sequence[Count]) -> None:
    ahead: set[str] = set() if request is None else request.META.get(COUNTED, set())
    keys = {attempt.key for attempt in attempts}
    if keys <= ahead:
        ahead -= keys  # a second attempt in the same request is counted again
    else:
        _count(request, attempts)


def _count(request: HttpRequest | Request | None, counts: Sequence[Count]) -> None:
    windows = counter().count(counts)
    if request is not None:
        _show(request, list(zip(counts, windows, strict=False)))
    if not windows[-1].passed:
        raise _throttled(counts[len(windows) - 1], windows[-1])


def _throttled(count: Count, window: Window) -> Refused:
    RATE_LIMITED.labels(count.limit).inc()
    return Refused(Outcome.THROTTLED, retry_after=window.reset)


# Responses


SHOWN = {"reads", "writes", "sign_ins"}
SHOWN_WHERE_REFUSED = {"reads_per_address", "writes_per_address", "sign_ups", "recoveries"}


def _show(request: HttpRequest | Request, counted: Sequence[tuple[Count, Window]]) -> None:
    """Set the response's headers from the last count that may be shown (draft-ietf-httpapi-ratelimit-headers-10).

    The attempts remaining for an account are never shown, because they would reveal other people's attempts. A
    network's limit is shown only when it refuses; until then the caller's own budget is more useful.
    """
    for count, window in reversed(counted):
        name = count.limit
        if name in SHOWN or (name in SHOWN_WHERE_REFUSED and not window.passed):
            request.META[RATE_LIMIT] = {
                "RateLimit-Policy": f'"{name}";q={count.rate.amount};w={count.rate.seconds}',
                "RateLimit": f'"{name}";r={window.remaining};t={window.reset}',
            }
            return


def rate_limit_headers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that adds the rate limit headers to each response, wherever the request was counted."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in request.META.get(RATE_LIMIT, {}).items():
            response[name] = value
        return response

    return middleware


# REST


def operations_of(view: APIView) -> int:
    """The number of operations that a call of this view costs."""
    return 1 + getattr(view, "extra_operations", 0)


class OperationThrottle(BaseThrottle):
    """Counts each REST call against its caller's budget, before its body is read.

    A view's `extra_operations` adds operations, and for a POST its `attempts` adds counts. With `counts_input`, these
    depend on the body, which is then read first.

    Raises:
        Refused: THROTTLED, or the error of reading the body.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        actor, operations = actor_of(request), operations_of(view)
        attempts = getattr(view, "attempts", None) if request.method == "POST" else None
        if attempts is None:
            spend(request, actor, Budget.READS if request.method in SAFE_METHODS else Budget.WRITES, operations)
        elif not getattr(view, "counts_input", False):
            spend(request, actor, Budget.WRITES, operations, attempts(request, actor, None))
        else:
            require_patience(request, actor)
            sent = None
            try:
                sent = request.data
            finally:
                spend_after_reading(request, actor, Budget.WRITES, operations, attempts(request, actor, sent))
        return True
