"""The service at its WSGI interface, where every answer is looked at before anybody else sees it."""

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
"""What no answer says, but of what was sent: texts are made up of the code's own, too."""


@dataclass(frozen=True)
class Reply:
    """An answer, by the names that httpx and Django's client have for its parts."""

    status_code: int
    headers: Headers
    content: bytes

    def json(self):
        return json.loads(self.content)


class Wire:
    """The service's WSGI application, watched, and a client of it.

    An answer of 500 or more is an AssertionError, and so is one that says what the service is made of.
    """

    def __init__(self, progress):
        self.progress = progress
        self.sent = set()  # what requests had of the internals
        self.clock = nullcontext  # what makes the context that a request is answered in: what time it is

    def __call__(self, environ, start_response):
        """The WSGI application, for tools that make their requests by themselves."""
        reply = self.answer(environ)
        start_response(str(reply.status_code), reply.headers.to_wsgi_list())
        return [reply.content]

    def generic(self, method, path, data=None, content_type=None, headers=None):
        """The client that the tests' doors take."""
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
