"""A TCP proxy in front of Redis: it counts round trips, and may delay each."""

import socket
from contextlib import contextmanager
from select import select
from threading import Event, Thread
from urllib.parse import urlsplit


class Proxy:
    """Passes on what clients and Redis send. `trips` is how often a client sent something and waited."""

    def __init__(self, listener, redis_url, delay):
        self.listener = listener
        self.target = urlsplit(redis_url)
        self.url = self.target._replace(netloc=f"127.0.0.1:{listener.getsockname()[1]}").geturl()
        self.delay = delay  # seconds
        self.trips = 0
        self.closed = Event()
        self.threads = []

    def serve(self):
        while not self.closed.is_set():
            if select([self.listener], [], [], 0.1)[0]:
                client, _ = self.listener.accept()
                self.threads.append(Thread(target=self.pass_on, args=[client]))
                self.threads[-1].start()

    def pass_on(self, client):
        with client, socket.create_connection((self.target.hostname, self.target.port)) as server:
            while not self.closed.is_set():
                for source in select([client, server], [], [], 0.1)[0]:
                    data = source.recv(65_536)
                    if not data:
                        return
                    if source is client:
                        self.trips += 1
                        self.closed.wait(self.delay)
                    (server if source is client else client).sendall(data)


@contextmanager
def proxying(redis_url, *, delay=0):
    """A proxy in front of this Redis, which waits so many seconds before it passes on what a client sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy(listener, redis_url, delay)
        accepting = Thread(target=proxy.serve)
        accepting.start()
        try:
            yield proxy
        finally:
            proxy.closed.set()
            for thread in (accepting, *proxy.threads):
                thread.join()
