"""The id of a request: the client's `X-Request-ID` where it is a UUID in its canonical form, otherwise a new one."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

CANONICAL = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")  # RFC 9562, section 4
HEADER = "HTTP_X_REQUEST_ID"


def canonical(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Leave django-guid no other id to take: it takes, logs and echoes whatever Python's `UUID()` reads.

    Upper case is read, as RFC 9562 says, and becomes lower case, as the logs and the history have it.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.META.pop(HEADER, "").lower()
        if CANONICAL.fullmatch(given):
            request.META[HEADER] = given
        return get_response(request)

    return middleware
