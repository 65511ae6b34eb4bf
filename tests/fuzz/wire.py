"""The service at its WSGI interface, with a check of every response."""

import json
import re
from contextlib import nullcontext
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from server.wsgi import application

ORIGIN = "https://testserver"
INTERNALS = re.compile(
    rb'Traceback|File \\?"|\.py\\?"|site-packages|object at 0x|psycopg|sqlite|django|rest_framework|graphql-core|'
    rb"IntegrityError|DataError|ProgrammingError|KeyError|TypeError|ValueError|AttributeError|Unicode\w+Error|"
    rb"constraint|violates|profiles_profile|SELECT |INSERT INTO|md5\$|argon2",
)
"""Texts that no response may contain, unless the request did: random texts include those of the code."""


@dataclass(frozen=True)
class Reply:
    """A response with the attribute names that httpx and Django's client use."""

    status_code: int
    headers: Headers
    content: bytes

    def json(self):
        return json.loads(self.content)


class Wire:
    """The service's WSGI application, watched, and a client of it.

    Raises AssertionError for a response of 500 or more, or one that reveals the service's internals.
    """

    def __init__(self, progress):
        self.progress = progress
        self.sent = set()  # texts of INTERNALS that requests contained
        self.clock = nullcontext  # makes a context that sets the time of a request

    def __call__(self, environ, start_response):
        """The WSGI application, for tools that make their own requests."""
        reply = self.answer(environ)
        start_response(str(reply.status_code), reply.headers.to_wsgi_list())
        return [reply.content]

    def generic(self, method, path, data=None, content_type=None, headers=None):
        """The client interface of the tests' APIs."""
        builder = EnvironBuilder(path, ORIGIN, method=method, data=data, content_type=content_type, headers=headers)
        return self.answer(builder.get_environ())

    def answer(self, environ):
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = BytesIO(body)
        sent = body + environ["PATH_INFO"].encode("latin-1") + environ["QUERY_STRING"].encode()
        self.sent.update(INTERNALS.findall(unquote_to_bytes(sent)))
        with self.clock():
            chunks, status, headers = run_wsgi_app(application, environ, buffered=True)
        reply = Reply(int(status.partition(" ")[0]), headers, b"".join(chunks))
        found = set(INTERNALS.findall(reply.content)) - self.sent
        self.progress.count(fault=reply.status_code >= 500, leak=bool(found))
        assert reply.status_code < 500, (environ["REQUEST_METHOD"], environ["PATH_INFO"], reply)
        assert not found, (found, environ["REQUEST_METHOD"], environ["PATH_INFO"], reply)
        return reply
