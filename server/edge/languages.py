"""The language of messages in a response, chosen by the caller's `Accept-Language`."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_supported_language_variant, override
from django.utils.translation.trans_real import parse_accept_lang_header


def of_the_caller(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Use the language of `Accept-Language` alone, because the APIs read no cookie.

    Django's own middleware prefers a cookie, accepts a language that `q=0` refuses, and leaves its language active in
    the thread after the request.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        language = accepted_language(request.headers.get("Accept-Language", ""))
        with override(language):
            response = get_response(request)
        patch_vary_headers(response, ["Accept-Language"])
        response.headers.setdefault("Content-Language", language)
        return response

    return middleware


def accepted_language(header: str) -> str:
    """The supported language that this `Accept-Language` prefers (RFC 9110, section 12.5.4).

    If it names no supported language, the settings' `LANGUAGE_CODE`.
    """
    for wanted, weight in parse_accept_lang_header(header):
        if wanted == "*":
            break
        if weight:
            try:
                return get_supported_language_variant(wanted)
            except LookupError:
                continue
    return settings.LANGUAGE_CODE
