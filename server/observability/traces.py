"""W3C Trace Context: the caller's trace id from `traceparent`, for the log.

https://www.w3.org/TR/trace-context/, sections 3.2 and 4.3. The recommendation defines no response header. An invalid
header is ignored (section 4.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # gunicorn's master imports this module, and needs nothing of Django's HTTP
    from django.http import HttpRequest, HttpResponse

# Version, trace-id, parent-id, flags; versions after 00 may append more.
TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
FIRST_VERSION = "00"
HEADER = "HTTP_TRACEPARENT"
TRACE = "profiles.trace"  # key of the trace id in a request's META

trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""The trace id of the current request."""


def parse_traceparent(header: str) -> str | None:
    """The trace-id of a `traceparent` header; None if the header is invalid."""
    match = TRACEPARENT.fullmatch(header)
    if match is None or (match[1] == FIRST_VERSION and match[3] is not None):
        return None
    return match[2]


def from_header(request: HttpRequest) -> str | None:
    """The caller's trace id, or None."""
    header = request.META.get(HEADER)
    return parse_traceparent(header) if header else None


current: Callable[[], str | None] | None = None
"""The source of the trace id while tracing is on: the caller's, or a new one."""


def trace_context(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that sets the trace id. It stays set until the thread's next request, because Django logs refusals
    after all middleware."""
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
