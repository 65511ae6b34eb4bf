"""Headers of every response: Content-Security-Policy and Cache-Control."""

from collections.abc import Callable

from csp.constants import NONE, SELF
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers

HEADER = "Content-Security-Policy"
ICONS = {"img-src": [SELF, "data:"]}  # the guide's stylesheet has its icons in itself
NOTHING = f"frame-ancestors {NONE}; default-src {NONE}"


def content_policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Set the settings' Content-Security-Policy on pages, and one that forbids all loading on other responses.

    A page with a policy of its own declares it on its view with django-csp's `@csp({…})` or `@csp_update({…})`.
    """
    of_pages = CSPMiddleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith(settings.PAGES) or any(name.startswith("_csp") for name in vars(response)):
            if request.path_info.startswith(settings.GUIDE):
                response._csp_update = ICONS  # type: ignore[attr-defined]  # as django-csp's `@csp_update` does
            of_pages.process_response(request, response)
        else:
            response.headers.setdefault(HEADER, NOTHING)
        return response

    return middleware


def for_the_caller_alone(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Mark a response without Cache-Control as private, to be revalidated each time (RFC 9111, section 5.2.2)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
            patch_vary_headers(response, ["Accept", "Authorization"])
        return response

    return middleware
