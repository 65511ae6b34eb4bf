"""W3C Trace Context: the id of the caller's trace, from `traceparent`, for the lines of the log.

https://www.w3.org/TR/trace-context/, sections 3.2 and 4.3. No header of it is in a response: the recommendation has
none. A header that is wrong is ignored, as section 4.3 has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # gunicorn's master reads this module, and needs nothing of Django
    from django.http import HttpRequest, HttpResponse

# Version, trace-id, parent-id, flags; and what a later version than 00 may have behind them.
TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
FIRST_VERSION = "00"
HEADER = "HTTP_TRACEPARENT"
TRACE = "profiles.trace"  # in a request's META: the id of its trace

trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""The id of the trace that the request at hand belongs to."""


def parse_traceparent(header: str) -> str | None:
    """The trace-id of a `traceparent` header; None where the header is invalid."""
    match = TRACEPARENT.fullmatch(header)
    if match is None or (match[1] == FIRST_VERSION and match[3] is not None):
        return None
    return match[2]


def from_header(request: HttpRequest) -> str | None:
    """The id of the caller's trace."""
    header = request.META.get(HEADER)
    return parse_traceparent(header) if header else None


current: Callable[[], str | None] | None = None
"""What tells the trace's id where requests are traced: the caller's, or a new one."""


def trace_context(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The middleware that keeps the trace's id until the thread's next request: Django logs a refusal behind it."""
    own = current

    def find(request: HttpRequest) -> str | None:
        return own() if own else from_header(request)

    def middleware(request: HttpRequest) -> HttpResponse:
        found = find(request)
        trace_id.set(found)
        if found:
            request.META[TRACE] = found
        return get_response(request)

    return middleware
