"""Rate limits: which counts an operation and an attempt take, and what is answered where one does not pass."""

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

if TYPE_CHECKING:  # its classes name our throttle
    from rest_framework.views import APIView

RATE_LIMIT = "profiles.rate_limit"  # in a request's META: the headers that its answer carries
COUNTED = "profiles.counted"  # in a request's META: the keys of the attempts that were counted ahead
REFUSALS = Rate(60, 60)  # bodies that are read, in each process, only to refuse them
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
ACCOUNT_DIGITS = 32  # of the SHA-256 that stands for a username or an address: a key's length is bounded
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
    """What the operations of a caller are counted against: a profile's, or an anonymous caller's network's."""

    READS = "reads"
    WRITES = "writes"

    @property
    def setting(self) -> str:
        return "READ_LIMIT" if self is Budget.READS else "WRITE_LIMIT"


def rate(setting: str) -> Rate:
    """The rate that this setting gives. Raises `ImproperlyConfigured`."""
    return parse_rate(getattr(settings, setting))


@cache
def counter() -> Counter:
    """The counter of this process. Raises `ImproperlyConfigured` or `ValueError` for a setting that cannot be read."""
    for setting in RATE_SETTINGS:
        rate(setting)
    networks(tuple(settings.TRUSTED_PROXIES))
    return Counter(Shared(settings.REDIS_URL, settings.REDIS_TIMEOUT) if settings.REDIS_URL else Memory())


# Operations


def spend(
    request: HttpRequest | Request, actor: Actor, budget: Budget, operations: int = 1, attempts: Sequence[Count] = ()
) -> None:
    """Count operations against the caller's budget and its address's, and after them attempts, in one call.

    Each count is all or nothing, and the first that does not pass ends the request: the counts after it are
    not made.

    Args:
        operations: one for a REST call, for a GraphQL document as many as its root fields; a search and a count
            are more (`listing.extra_operations`).
        attempts: what else the request is counted as: `sign_in_attempts` and its like.

    Raises:
        Refused: THROTTLED.
    """
    _count(request, [*_budgets(request, actor, budget, operations), *attempts])
    request.META[COUNTED] = {attempt.key for attempt in attempts}


def require_patience(request: HttpRequest | Request, actor: Actor) -> None:
    """Refuse a caller whose requests were read only to be refused too often lately, before the next is read.

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
    """`spend` for a request whose cost is known only from its body: a refusal counts for `require_patience`."""
    try:
        spend(request, actor, budget, operations, attempts)
    except Refused:
        counter().own.count([_refusals(request, actor)])
        raise


def is_counted(request: HttpRequest | Request) -> bool:
    """Whether this request was counted, or refused before it could be."""
    return COUNTED in request.META or RATE_LIMIT in request.META


def _budgets(request: HttpRequest | Request, actor: Actor, budget: Budget, operations: int) -> list[Count]:
    is_optional = budget is Budget.READS
    counts = [Count(rate(budget.setting), f"{budget}:{_spender(request, actor)}", operations, is_optional)]
    if actor.profile is not None:  # behind the caller's own, so that what that refuses is not counted for the address
        key = f"{budget}_per_address:{address_of(request)}"
        counts.append(Count(rate(f"{budget.setting}_PER_ADDRESS"), key, operations, is_optional))
    return counts


def _spender(request: HttpRequest | Request, actor: Actor) -> str:
    return address_of(request) if actor.profile is None else f"profile:{actor.profile.pk}"


def _refusals(request: HttpRequest | Request, actor: Actor, cost: int = 1) -> Count:
    return Count(REFUSALS, f"refusals:{_spender(request, actor)}", cost)


# Attempts

Attempts: TypeAlias = Callable[[HttpRequest | Request, Actor, Any], Sequence[Count]]
"""The counts of an attempt, from the request, its caller and the input as sent; None: it was not or cannot be read."""


def sign_in_attempts(request: HttpRequest | Request | None, account: Any) -> list[Count]:
    """The counts of an attempt to sign in.

    The address comes first, so that one which is over its limit locks no account. The account is counted by
    the network that the attempt came from, so that a stranger does not lock its owner out, and under a
    higher ceiling over all networks.

    Args:
        request: the request that makes the attempt; None for a command, which has no address.
        account: the username as it was sent; all that is no username is one account.
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
    """The counts of a request for a recovery: as those of a sign-in, by the address that is to be written to.

    Args:
        email: the address as it was sent; all that is no text is one address.
    """
    key = f"mailbox:{_shortened(comparable_email(email) if isinstance(email, str) else '')}"
    address = address_of(request)
    return [
        Count(rate("RECOVERY_LIMIT_PER_ADDRESS"), f"recoveries:{address}"),
        Count(rate("RECOVERY_LIMIT_PER_EMAIL"), f"{key}@{address}"),
        Count(rate("RECOVERY_CEILING_PER_EMAIL"), key),
    ]


def guesses(request: HttpRequest | Request, actor: Actor, sent: Any = None) -> list[Count]:
    """The counts of a guess at a code or a token that was mailed, by a caller who has not signed in."""
    return [Count(rate("SIGN_IN_LIMIT_PER_ADDRESS"), f"sign_ins:{address_of(request)}")]


def _shortened(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:ACCOUNT_DIGITS]


def password_attempts(actor: Actor) -> list[Count]:
    """The counts of a signed-in caller's attempt to change its password: no stranger adds to them."""
    if actor.profile is None or not policy.can(actor, AccountAction.CHANGE_PASSWORD, actor.profile):
        return []
    return [_password_attempt(actor.profile)]


def sign_up_attempts(request: HttpRequest | Request, actor: Actor, sent: Any = None) -> list[Count]:
    """The counts of an attempt to sign up; of staff, who make accounts for others, the budget of writes is enough."""
    return [] if actor.is_staff else [Count(rate("SIGN_UP_LIMIT_PER_ADDRESS"), f"sign_ups:{address_of(request)}")]


def count_sign_in(request: HttpRequest | Request | None, account: str) -> None:
    """Count an attempt to sign in before the password is looked at, unless `spend` counted it ahead.

    Args as for `sign_in_attempts`. Raises `Refused`: THROTTLED.
    """
    _count_once(request, sign_in_attempts(request, account))


def count_password_change(request: HttpRequest | Request | None, profile: Profile) -> None:
    """Count an owner's attempt to change its password, unless `spend` counted it ahead. Raises `Refused`: THROTTLED."""
    _count_once(request, [_password_attempt(profile)])


def mail_attempts(actor: Actor) -> list[Count]:
    """The counts of a signed-in caller's request to be sent a code."""
    return [] if actor.profile is None else [_mail(actor.profile)]


def count_mail(profile: Profile) -> None:
    """Count what is mailed to an address that an account names. Raises `Refused`: THROTTLED."""
    _count(None, [_mail(profile)])


def _mail(profile: Profile) -> Count:
    return Count(rate("MAIL_LIMIT_PER_ACCOUNT"), f"mail:{profile.pk}")


def _password_attempt(profile: Profile) -> Count:
    return Count(rate("SIGN_IN_LIMIT_PER_ACCOUNT"), f"password:{profile.pk}")


def _count_once(request: HttpRequest | Request | None, attempts: Sequence[Count]) -> None:
    ahead: set[str] = set() if request is None else request.META.get(COUNTED, set())
    keys = {attempt.key for attempt in attempts}
    if keys <= ahead:
        ahead -= keys  # a second attempt of the same request is another one
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


# Answers


SHOWN = {"reads", "writes", "sign_ins"}
SHOWN_WHERE_REFUSED = {"reads_per_address", "writes_per_address", "sign_ups", "recoveries"}


def _show(request: HttpRequest | Request, counted: Sequence[tuple[Count, Window]]) -> None:
    """Keep the headers of the last count that may be shown (draft-ietf-httpapi-ratelimit-headers-10).

    How many attempts are left to an account is not: it would tell of others' attempts. What is left to an
    address is shown where it refuses: until then the caller's own budget says more.
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
    """The middleware that adds to each answer how much is left, wherever it was counted."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in request.META.get(RATE_LIMIT, {}).items():
            response[name] = value
        return response

    return middleware


# REST


def operations_of(view: APIView) -> int:
    """How many operations a call of this view counts as, by its request."""
    return 1 + getattr(view, "extra_operations", 0)


class OperationThrottle(BaseThrottle):
    """Counts each REST call as one operation of its caller, before its body is read.

    A view adds to it: `extra_operations` to that one, and for a POST `attempts`. Where `counts_input` says so, these
    depend on the body, which is then read before it is counted.

    Raises:
        Refused: THROTTLED, or the error of a body that was read.
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
