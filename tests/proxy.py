"""A TCP proxy in front of Redis or PostgreSQL that counts round trips, can delay each, and can freeze."""

import socket
from contextlib import contextmanager, suppress
from select import select
from threading import Event, Thread
from urllib.parse import urlsplit


class Proxy:
    """Forward data in both directions. `trips` counts how often a client sent data and waited."""

    def __init__(self, listener, url, delay):
        self.listener = listener
        self.target = urlsplit(url)
        user = self.target.netloc.rpartition("@")[0]
        netloc = f"{user}@127.0.0.1" if user else "127.0.0.1"
        self.url = self.target._replace(netloc=f"{netloc}:{listener.getsockname()[1]}").geturl()
        self.thawed = Event()  # while it is cleared, no data is forwarded
        self.thawed.set()
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
        server = socket.create_connection((self.target.hostname, self.target.port))
        with client, server, suppress(ConnectionError):  # either side closed the connection
            while not self.closed.is_set():
                for source in select([client, server], [], [], 0.1)[0]:
                    data = source.recv(65_536)
                    if not data:
                        return
                    self.thawed.wait()
                    if source is client:
                        self.trips += 1
                        self.closed.wait(self.delay)
                    (server if source is client else client).sendall(data)


@contextmanager
def proxying(url, *, delay=0):
    """A proxy in front of the server at this URL. It delays a client's data by `delay` seconds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy(listener, url, delay)
        accepting = Thread(target=proxy.serve)
        accepting.start()
        try:
            yield proxy
        finally:
            proxy.closed.set()
            proxy.thawed.set()
            for thread in (accepting, *proxy.threads):
                thread.join()
