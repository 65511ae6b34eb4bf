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

from server.observability import starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "server.settings")
# Of a process that serves requests. A command, such as migrate, has one connection and no limit.
os.environ.setdefault("THREADS", "8")  # as in gunicorn.conf.py
os.environ.setdefault("DATABASE_POOL_SIZE", os.environ["THREADS"])  # connections
os.environ.setdefault("DATABASE_STATEMENT_TIMEOUT", "2")  # seconds
os.environ.setdefault("DATABASE_LOCK_TIMEOUT", "1")

PATHS_KEPT = 1_024  # some 5 MB at most: a request line has 4 KB. Lists and /graphql/ are always among them


class Request(WSGIRequest):
    """A request that can be answered, under an id, whatever its Content-Type says.

    Django raises what a strange charset's codec raises, where nothing yet answers or logs it.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        try:
            super().__init__(environ)
        except (LookupError, ValueError):
            super().__init__(environ | {"CONTENT_TYPE": "application/json; charset=unreadable"})


class Handler(WSGIHandler):
    """Django's, whose answers have a body only where HTTP has one."""

    request_class = Request

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """The view of a path, which its later requests need not look for."""
        request.resolver_match = match = _resolve(request.path_info)
        return match

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """The answer: to HEAD with a GET's headers alone, and as 204 or 304 with no length either (RFC 9110,
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
        response.streaming_content = ()  # what it replaces is closed with the response
    else:
        response.content = b""


django.setup(set_prefix=False)
starting.start()
import_module(settings.ROOT_URLCONF)  # which Django does at the first request, and takes a tenth of a second
django_application = Handler()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, which takes a body without a Content-Length for none at all.

    A chunked one (RFC 9112, section 7.1) is read here and given its length, as far as bodies may go; of a
    longer one there is a byte too many, which Django refuses by its size.
    """
    if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
        body = environ["wsgi.input"].read((settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) + 1)
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    _name_host(environ)
    return django_application(environ, start_response)


def _name_host(environ: dict[str, Any]) -> None:
    """Name the host as RFC 9112, section 3.2, has it: by an absolute target in the place of the header; by a header
    where the version is HTTP/1.1, for which Django would put the server's own name. What is empty is refused."""
    target = environ.get("RAW_URI", "/")
    if not target.startswith("/") and "://" in target:
        named = urlsplit(target)
        environ["HTTP_HOST"] = named.netloc if named.scheme in ("http", "https") else ""
    elif environ.get("SERVER_PROTOCOL") == "HTTP/1.1":
        environ.setdefault("HTTP_HOST", "")
