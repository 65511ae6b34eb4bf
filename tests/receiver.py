"""An HTTP server that records the service's outgoing requests, as a trace collector or as Sentry."""

import gzip
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Receiver(BaseHTTPRequestHandler):
    """Record each body, decompressed."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@contextmanager
def receiving():
    """Run the HTTP server: it has its `address`, and the bodies that it `received`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.received = []
        server.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
