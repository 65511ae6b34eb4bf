"""The endpoint that Prometheus scrapes, on its own port. Any worker answers, with the sum of all workers.

Each worker writes its values into its own files in `PROMETHEUS_MULTIPROC_DIR`. The files outlive the worker, so that a
counter never decreases. prometheus_client is not imported at the top, because it reads that variable on import.

The endpoint runs in a thread of each worker, because gunicorn's master must have no threads (see `starting`).
"""

import os
import shutil
import socket
import tempfile
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
MADE = "profiles-metrics"  # prefix of the directories made here; the master's pid follows


class Server(ThreadingMixIn, WSGIServer):
    """A socket on the port that all workers share (SO_REUSEPORT)."""

    allow_reuse_port = True
    daemon_threads = True


class Server6(Server):
    """The same, at an IPv6 address."""

    address_family = socket.AF_INET6


class Handler(WSGIRequestHandler):
    """Handles a scrape, without logging it."""

    def log_message(self, *_arguments: Any) -> None:
        pass


def prepare() -> None:
    """In the master: make the directory of the workers' files, unless the environment names one.

    gunicorn calls this again at a reload (HUP), which keeps the directory. A new master (USR2) makes its own, because
    its predecessor deletes the old one when it ends.
    """
    given = Path(os.environ.get(DIRECTORY, "")).name
    if not given or (given.startswith(MADE) and not given.startswith(_prefix())):
        os.environ[DIRECTORY] = tempfile.mkdtemp(prefix=_prefix())


def _prefix() -> str:
    return f"{MADE}-{os.getpid()}-"


def serve(host: str, port: int) -> None:
    """In a worker: answer scrapes in a thread. Raises `OSError`: the port is in use."""
    from prometheus_client import CollectorRegistry, make_wsgi_app
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    server = make_server(host, port, make_wsgi_app(registry), Server6 if ":" in host else Server, Handler)
    Thread(target=server.serve_forever, daemon=True).start()


def forget(pid: int) -> None:
    """In the master: remove the gauges of a worker that ended."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid)  # type: ignore[no-untyped-call]


def clean() -> None:
    """In the master, when it ends: delete the files, unless the environment named their directory."""
    directory = os.environ[DIRECTORY]
    if Path(directory).name.startswith(_prefix()):
        shutil.rmtree(directory, ignore_errors=True)
