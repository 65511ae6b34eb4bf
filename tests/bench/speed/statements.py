"""SQL statements per request, counted on the wire between a project and PostgreSQL."""

import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from urllib.parse import urlsplit

from tests.bench.service import serving

REQUESTS = 5  # per case
EXECUTING = b"QE"  # client messages that execute a statement: Query, Execute
LENGTH = 4  # bytes; a message's length includes them


class Counter(ThreadingTCPServer):
    """A proxy in front of PostgreSQL. `count` is the number of statements so far, BEGIN and COMMIT included."""

    daemon_threads = True

    def __init__(self, url):
        super().__init__(("127.0.0.1", 0), Session)
        parts = urlsplit(url)
        self.database = (parts.hostname, parts.port or 5432)
        user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        self.url = f"{parts.scheme}://{user}127.0.0.1:{self.server_address[1]}{parts.path}?sslmode=disable"
        self.count = 0


class Session(StreamRequestHandler):
    """A client's connection (PostgreSQL's frontend/backend protocol 3.0, section "Message Formats")."""

    def handle(self):
        with socket.create_connection(self.server.database) as database:
            Thread(target=self.copy_responses, args=[database], daemon=True).start()
            kind = b""  # the first message, the start-up, has no kind
            while length := self.rfile.read(LENGTH):
                message = kind + length + self.rfile.read(int.from_bytes(length) - LENGTH)
                self.server.count += kind != b"" and kind in EXECUTING
                database.sendall(message)
                kind = self.rfile.read(1)

    def copy_responses(self, database):
        with suppress(OSError):  # either side may have closed its connection
            while received := database.recv(65_536):
                self.request.sendall(received)


@contextmanager
def counter(url):
    with Counter(url) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def count_statements(project, names):
    """The mean number of statements per request, by case, for those `names` that the project has.

    The requests go to another server of the project, with one thread and so one connection.
    """
    with (
        counter(project.environment["DATABASE_URL"]) as server,
        serving(*project.arguments, "--threads=1", **project.environment | {"DATABASE_URL": server.url}) as (
            address,
            _,
        ),
    ):
        counted, means = replace(project, address=address), {}
        for name in project.cases.keys() & names:
            counted.send(project.cases[name], time.time_ns())  # opens the connection
            before = server.count
            for _ in range(REQUESTS):
                counted.send(project.cases[name], time.time_ns())
            means[name] = (server.count - before) / REQUESTS
        return means
