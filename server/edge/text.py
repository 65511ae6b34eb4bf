"""Encoding of requests: only UTF-8 reaches the APIs."""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from profiles.core.outcomes import Outcome, Refused
from server.views import answer

UTF_8 = ("utf-8", "utf8")


def utf_8_alone(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse a request with another charset (RFC 8259, section 8.1), or with a query string that is not UTF-8."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if (request.content_params or {}).get("charset", UTF_8[0]).lower() not in UTF_8:
            message = _("JSON is UTF-8. Leave out the other charset.")
            return answer(request, Refused(Outcome.UNSUPPORTED_MEDIA_TYPE, message))
        try:
            unquote_to_bytes(request.META.get("QUERY_STRING", "").encode("latin-1")).decode()
        except UnicodeDecodeError:
            message = _("The URL's query is not UTF-8. Correct its encoding.")
            return answer(request, Refused(Outcome.BAD_REQUEST, message))
        return get_response(request)

    return middleware
