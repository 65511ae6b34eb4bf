"""The pages for a browser, and what each may load: the studio and GraphiQL, as `make web` builds them, and the docs."""

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

KEPT_MAIL = "/mail/" if settings.DEBUG and not settings.EMAIL_URL else ""  # where a developer reads it
POLICY: dict[str, Any] = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]


def studio(otherwise: View) -> View:
    """The studio for a browser, and `otherwise` for every other client."""
    return _page("studio.html", otherwise, POLICY)


def graphiql(otherwise: View) -> View:
    """GraphiQL for a browser that asks for no query, and `otherwise` for every other request."""
    # Monaco writes its editors' styles into the page: style elements for its theme and decorations, with the line
    # under what is wrong as a `data:` URL, and style attributes in the HTML of each line of text. It takes no nonce
    # for them. Scripts are as strict as elsewhere.
    return _page("graphiql.html", otherwise, POLICY | {"style-src": [SELF, UNSAFE_INLINE], "img-src": [SELF, "data:"]})


def missing(otherwise: View) -> View:
    """For a browser, a page that says that there is none, with a way home; `otherwise` for every other client."""
    return _page("missing.html", otherwise, POLICY, status=404)


def plain(view: View) -> View:
    """A page that loads nothing but our own files."""
    return _in_english(csp(POLICY)(view))


def docs(view: View) -> View:
    """Swagger UI, whose stylesheet has its icons in itself."""
    return _in_english(csp(POLICY | {"img-src": [SELF, "data:"]})(view))


def _page(template: str, otherwise: View, policy: dict[str, Any], *, status: int = 200) -> View:
    with suppress(TemplateDoesNotExist):
        get_template(template)  # which keeps it, but under DEBUG: a later build names files that were not yet collected
    context = {"sends_mail": settings.MAIL_IS_ON, "kept_mail": KEPT_MAIL}
    page = _in_english(csp(policy)(lambda request, **kwargs: render(request, template, context, status=status)))

    @wraps(otherwise)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = (page if _is_navigation(request) else otherwise)(request, *args, **kwargs)
        patch_vary_headers(response, ["Accept"])
        return response

    return view


def _in_english(page: View) -> View:
    """The page, which has one language and says which."""

    @wraps(page)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = page(request, *args, **kwargs)
        response["Content-Language"] = "en"
        return response

    return view


def _is_navigation(request: HttpRequest) -> bool:
    """Whether somebody is going to the page, as a browser's `Accept` says it, with no query for GraphQL."""
    if request.method not in ("GET", "HEAD") or not {"query", "extensions"}.isdisjoint(request.GET):
        return False
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"
