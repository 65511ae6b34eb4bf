"""Request targets other than paths (RFC 9112, section 3.2)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from profiles.core.outcomes import Outcome, Refused
from server.views import answer

ALLOW = {"Allow": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}  # the methods of the whole service


def paths_alone(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer `OPTIONS *`, which asks about the whole service (RFC 9110, section 9.3.7), and refuse other non-paths."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/"):
            return get_response(request)
        if request.path_info == "*" and request.method == "OPTIONS":
            response = HttpResponse(headers=ALLOW)
            del response["Content-Type"]
            return response
        if request.method == "CONNECT":  # its target is another host, and this service is not a proxy
            return answer(request, Refused(Outcome.METHOD_NOT_ALLOWED, headers=ALLOW))
        message = _("The request target is not a path. Send one that begins with '/'.")
        return answer(request, Refused(Outcome.BAD_REQUEST, message))

    return middleware
