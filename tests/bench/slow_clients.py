"""`python -m tests.bench.slow_clients`: a client's latency, alone and beside 1,000 slow or idle connections.

A third of them sends nothing, a third sends half of a request's head, and a third sends one byte of a body each second.
Exits with 1 if the client's 99th percentile is more than 1.5 times its value without them.
"""

import socket
import sys
import time
from contextlib import ExitStack, closing
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from threading import Event, Thread
from urllib.parse import urlsplit

from tests.bench.service import add_demo_accounts, database, serving
from tests.bench.worst import PROFILES, latencies, p99

CONNECTIONS = 1_000
MOST = 1.5  # times the latency without slow connections
HEAD = b"POST /graphql/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n"
BODY = b"Content-Type: application/json\r\nContent-Length: 20000\r\n\r\n"


def slow_connections(address, ended, stack):
    """Open the slow connections and keep them open until `ended`; reopen those that the server closes."""
    place = urlsplit(address)

    def opened(number):
        connection = stack.enter_context(closing(socket.create_connection((place.hostname, place.port))))
        connection.setblocking(False)
        connection.sendall((b"", HEAD, HEAD + BODY)[number % 3])
        return connection

    def trickle():
        while not ended.wait(1):
            for number, connection in enumerate(connections):
                try:
                    if number % 3 == 2:
                        connection.send(b" ")
                    elif connection.recv(1) == b"":
                        raise ConnectionResetError
                except BlockingIOError:
                    continue
                except OSError:
                    connections[number] = opened(number)

    connections = [opened(number) for number in range(CONNECTIONS)]
    Thread(target=trickle, daemon=True).start()


def main():
    setrlimit(RLIMIT_NOFILE, (getrlimit(RLIMIT_NOFILE)[1],) * 2)
    with database(TRUSTED_PROXIES="127.0.0.1"), ExitStack() as stack:
        add_demo_accounts(PROFILES)
        address, _ = stack.enter_context(serving())
        latencies(address)  # warms up
        quiet, ended = latencies(address), Event()
        stack.callback(ended.set)
        start = time.perf_counter()
        slow_connections(address, ended, stack)
        opened = time.perf_counter() - start
        beside = latencies(address)
    ratio = p99(beside) / p99(quiet)
    print(  # noqa: T201
        f"{'ok' if ratio <= MOST else 'BAD'}: p99 {p99(quiet):.1f} ms alone, {p99(beside):.1f} ms beside "
        f"{CONNECTIONS:,} slow connections, opened in {opened:.1f} s: {ratio:.2f} times"
    )
    return ratio > MOST


if __name__ == "__main__":
    sys.exit(main())
