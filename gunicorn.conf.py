"""gunicorn's settings: run `gunicorn` in this directory to start the service."""

import gc
import resource
from importlib import import_module

from django.conf import settings

from server import stopping
from server.environment import default_to_service
from server.observability import exposition
from server.variables import Variables, VariablesError

default_to_service()
env = Variables()

wsgi_app = "server.wsgi"
bind = f"{env.read('HOST')}:{env.read('PORT')}"
worker_class = "server.worker.Worker"  # threads: at SIGTERM they answer queued connections; the sync worker resets them
# Import the application before opening the socket. Meanwhile, a proxy's connection is refused and goes to another
# instance. Otherwise its request would wait until the first worker is ready.
preload_app = True
workers = env.read("WEB_CONCURRENCY")
threads = env.read("THREADS")
worker_connections = 4_096  # connections of a worker; at this number, the one that waited longest is closed
keepalive = 75  # seconds, longer than a proxy's own: requests are lost if the server closes a connection first
control_socket_disable = True  # signals control it, and two services of one user would share the socket

accesslog = "-" if env.read("ACCESS_LOG") else None
access_log_format = '%(t)s ACCESS %(h)s "%(r)s" %(s)s %(B)s bytes %(M)s ms request=%({x-request-id}o)s'

files = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))  # each connection takes a file descriptor

DRAINED = 64 * 1024  # bytes of an unread body that gunicorn discards, to reuse the connection

COLLECT_AFTER = 20_000  # new objects: about as many as a response of many rows makes

STOP_DELAY = env.read("STOP_DELAY")  # seconds in which a load balancer sees /readyz answer 503
env.require("STOP_DELAY", STOP_DELAY >= 0, "Set a number of seconds, or 0.")

if HAS_METRICS := bool(env.read("METRICS_PORT")):
    exposition.prepare()

try:
    import_module(wsgi_app)  # as gunicorn does next, with a traceback where variables are wrong
    env.check()
except VariablesError as error:
    VariablesError(env.problems | error.problems).exit()

if settings.LOG_FORMAT == "json":
    logger_class = "server.observability.logs.GunicornLogger"


def when_ready(server):
    stopping.delay(server, STOP_DELAY)


def post_worker_init(worker):
    """Start the threads of observability, and exclude the imported code from garbage collection."""
    from server.observability import starting  # not at the top: it imports Django

    starting.start_threads()
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def pre_request(worker, request):
    """Close the connection after a request with a longer body, and announce it in the response. Otherwise the client
    would send its next request on a connection that is being closed (RFC 9112, section 9.6)."""
    headers = dict(request.headers)
    if "TRANSFER-ENCODING" in headers or int(headers.get("CONTENT-LENGTH", 0)) > DRAINED:
        request.force_close()


if HAS_METRICS:

    def child_exit(server, worker):
        """Remove the gauges of a worker that ended."""
        exposition.forget(worker.pid)

    def on_exit(server):
        """Delete the metrics' files."""
        exposition.clean()
