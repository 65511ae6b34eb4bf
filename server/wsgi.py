"""The WSGI application that gunicorn serves."""

import os
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "server.settings")


class Request(WSGIRequest):
    """A request that can be answered, under an id, whatever its Content-Type says.

    Django raises what a strange charset's codec raises, where nothing yet answers or logs it.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        try:
            super().__init__(environ)
        except (LookupError, ValueError):
            super().__init__(environ | {"CONTENT_TYPE": "application/json; charset=unreadable"})


django_application = get_wsgi_application()
django_application.request_class = Request


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, which takes a body without a Content-Length for none at all.

    A chunked one (RFC 9112, section 7.1) is read here and given its length, as far as bodies may go; of a
    longer one there is a byte too many, which Django refuses by its size.
    """
    if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
        body = environ["wsgi.input"].read((settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) + 1)
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    return django_application(environ, start_response)
