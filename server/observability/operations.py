"""Metrics middleware: the operation, API, outcome and duration of each request."""

from collections.abc import Callable
from functools import lru_cache
from time import perf_counter
from typing import Any

from django.http import HttpRequest, HttpResponse

from profiles.core.metrics import ENDED, OPERATIONS, OTHER, OUTCOME, REQUEST_SECONDS, SEVERAL, Children
from profiles.core.models import Source
from profiles.core.outcomes import OK, Outcome
from server.observability.database import sample

PAGE = "page"  # the operation of every request to the admin
KEPT = 256  # views, each with its methods

ended_operations = Children(OPERATIONS)
request_seconds = Children(REQUEST_SECONDS)


def count_operations(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Count the operations of each request by API and outcome, and observe the request's duration.

    An API stores its operations' outcomes in the request's META if they do not follow from path and status.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        start = perf_counter()
        response = get_response(request)
        ended = labels_of(request, response)
        for labels in ended:
            ended_operations[labels].inc()
        operation, api, _outcome = ended[0]
        end = perf_counter()
        request_seconds[operation if len(ended) == 1 else SEVERAL, api].observe(end - start)
        sample(end)
        return response

    return middleware


def labels_of(request: HttpRequest, response: HttpResponse) -> list[tuple[str, str, str]]:
    """The name, API and outcome of each operation of a request."""
    ended = request.META.get(ENDED)
    return (ended and ended()) or [_by_path(request, response)]


def _by_path(request: HttpRequest, response: HttpResponse) -> tuple[str, str, str]:
    outcome = request.META.get(OUTCOME) or outcome_of(response.status_code)
    match = request.resolver_match
    if match is None:  # another middleware answered
        return OTHER, OTHER, outcome
    if "admin" in match.app_names:
        return PAGE, Source.ADMIN, outcome
    return *_named(match.func, str(request.method)), outcome


@lru_cache(KEPT)
def _named(function: Any, method: str) -> tuple[str, str]:
    """The operation and the API of a view function's HTTP method."""
    view = getattr(function, "cls", None)
    names: dict[str, str] = getattr(view(**function.initkwargs), "operations", {}) if view else {}
    return names.get("GET" if method == "HEAD" else method, OTHER), Source.REST if names else OTHER


@lru_cache(KEPT)
def outcome_of(status: int) -> str:
    """The code of the outcome that a response's status stands for."""
    outcome = Outcome.with_status(status)
    if outcome:
        return outcome.code
    return OK if status < 400 else (Outcome.BAD_REQUEST if status < 500 else Outcome.INTERNAL).code
