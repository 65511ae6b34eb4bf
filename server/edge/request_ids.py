"""The id of a request: the client's `X-Request-ID` if it is a UUID in canonical form, otherwise a new one."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

CANONICAL = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")  # RFC 9562, section 4
HEADER = "HTTP_X_REQUEST_ID"


def canonical(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Remove an id that is not canonical, because django-guid accepts, logs and echoes any text that `UUID()` parses.

    Upper case is accepted (RFC 9562, section 4) and converted to lower case, as in the logs and the history.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.META.pop(HEADER, "").lower()
        if CANONICAL.fullmatch(given):
            request.META[HEADER] = given
        return get_response(request)

    return middleware
