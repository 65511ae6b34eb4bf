"""The language of an answer's words: the caller's, as its request says it."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_supported_language_variant, override
from django.utils.translation.trans_real import parse_accept_lang_header


def of_the_caller(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Speak the language of `Accept-Language`, and of nothing else: the APIs read no cookie.

    Django's own middleware looks at a cookie first, takes what is refused by `q=0`, and leaves its language to
    whatever its thread does next.
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
    """The language that we have and this `Accept-Language` would rather have (RFC 9110, section 12.5.4).

    Where it names none of ours, it is the settings' `LANGUAGE_CODE`.
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
