"""Pages for browsers, each with its content policy: the studio and GraphiQL, built by `make web`, and the docs."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.cache import patch_vary_headers

View = Callable[..., HttpResponseBase]

KEPT_MAIL = "/mail/" if settings.DEBUG and not settings.EMAIL_URL else ""  # the page with the stored mail
POLICY: dict[str, Any] = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]


def studio(otherwise: View) -> View:
    """The studio for browsers; `otherwise` for other clients."""
    return _page("studio.html", otherwise, POLICY)


def graphiql(otherwise: View) -> View:
    """GraphiQL for browsers, if the request holds no query; `otherwise` for other requests."""
    # Monaco writes inline styles into the page: style elements for its theme and decorations, whose underlines of
    # errors are `data:` URLs, and style attributes in the HTML of each line. It supports no nonce for them. The policy
    # for scripts is as strict as elsewhere.
    return _page("graphiql.html", otherwise, POLICY | {"style-src": [SELF, UNSAFE_INLINE], "img-src": [SELF, "data:"]})


def missing(otherwise: View) -> View:
    """The 404 page for browsers, with a link to the start page; `otherwise` for other clients."""
    return _page("missing.html", otherwise, POLICY, status=404)


def plain(view: View) -> View:
    """A page that loads only our own files."""
    return _in_english(csp(POLICY)(view))


def docs(view: View) -> View:
    """Swagger UI, whose stylesheet embeds its icons as `data:` URLs."""
    return _in_english(csp(POLICY | {"img-src": [SELF, "data:"]})(view))


def _page(template: str, otherwise: View, policy: dict[str, Any], *, status: int = 200) -> View:
    with suppress(TemplateDoesNotExist):
        get_template(template)  # caches it, except under DEBUG: a later build names files that are not yet collected
    context = {"sends_mail": settings.MAIL_IS_ON, "kept_mail": KEPT_MAIL}
    page = _in_english(csp(policy)(lambda request, **kwargs: render(request, template, context, status=status)))

    @wraps(otherwise)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = (page if _is_navigation(request) else otherwise)(request, *args, **kwargs)
        patch_vary_headers(response, ["Accept"])
        return response

    return view


def _in_english(page: View) -> View:
    """Set Content-Language: pages exist in English only."""

    @wraps(page)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = page(request, *args, **kwargs)
        response["Content-Language"] = "en"
        return response

    return view


def _is_navigation(request: HttpRequest) -> bool:
    """Whether a request is a browser's navigation: it prefers HTML, and holds no GraphQL query."""
    if request.method not in ("GET", "HEAD") or not {"query", "extensions"}.isdisjoint(request.GET):
        return False
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"
