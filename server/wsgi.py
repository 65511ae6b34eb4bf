"""The WSGI application that gunicorn serves."""

import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from io import BytesIO
from typing import Any, cast
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import ResolverMatch, get_resolver

from server.environment import default_to_service
from server.observability import starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "server.settings")
default_to_service()

PATHS_KEPT = 1_024  # about 5 MB at most, as a request line has 4 KB. Frequent paths, such as lists, stay cached


class Request(WSGIRequest):
    """A request that can be answered, and has an id, with any Content-Type.

    For an unusual charset, Django raises its codec's error, before any middleware could log and answer it.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        try:
            super().__init__(environ)
        except (LookupError, ValueError):
            super().__init__(environ | {"CONTENT_TYPE": "application/json; charset=unreadable"})


class Handler(WSGIHandler):
    """Django's handler, whose responses have a body only if HTTP allows one."""

    request_class = Request

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """The view of a path, cached for later requests."""
        request.resolver_match = match = _resolve(request.path_info)
        return match

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """The response. HEAD has the headers of GET and no body; 204 and 304 have no Content-Length either (RFC 9110,
        sections 8.6, 9.3.2 and 15.4.5)."""
        response: Any = super().get_response(request)
        has_none = response.status_code in (204, 304)
        if has_none:
            response.headers.pop("Content-Length", None)
        if has_none or request.method == "HEAD":
            _empty(response)
        return cast(HttpResponseBase, response)


@lru_cache(PATHS_KEPT)
def _resolve(path: str) -> ResolverMatch:
    return get_resolver().resolve(path)


def _empty(response: Any) -> None:
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()  # the replaced iterator is closed with the response
    else:
        response.content = b""


django.setup(set_prefix=False)
starting.start()
import_module(settings.ROOT_URLCONF)  # Django would import it at the first request, which takes 0.1 s
django_application = Handler()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application: Django, with support for chunked bodies.

    Django treats a body without a Content-Length as empty, so a chunked body (RFC 9112, section 7.1) is read here and
    given its length. Of a body over the limit, one byte more than the limit is read, so that Django refuses it.
    """
    if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
        body = environ["wsgi.input"].read((settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) + 1)
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    _name_host(environ)
    return django_application(environ, start_response)


def _name_host(environ: dict[str, Any]) -> None:
    """Set HTTP_HOST by RFC 9112, section 3.2: an absolute target overrides the Host header.

    HTTP/1.1 requires the header. If it is missing, the host is set to "", which Django refuses, instead of falling back
    to the server's own name.
    """
    target = environ.get("RAW_URI", "/")
    if not target.startswith("/") and "://" in target:
        named = urlsplit(target)
        environ["HTTP_HOST"] = named.netloc if named.scheme in ("http", "https") else ""
    elif environ.get("SERVER_PROTOCOL") == "HTTP/1.1":
        environ.setdefault("HTTP_HOST", "")
