"""The service with an extra path: its requests wait for a writer to the named pipe GATE, and return what it wrote."""

import os

from server.wsgi import application as service


def application(environ, start_response):
    if environ["PATH_INFO"] != "/gate":
        return service(environ, start_response)
    with open(os.environ["GATE"]) as pipe:
        body = pipe.read().encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
