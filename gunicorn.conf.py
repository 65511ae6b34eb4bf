"""gunicorn's own settings: `gunicorn` beside this file serves the service."""

import gc
import resource
from importlib import import_module

from django.conf import settings

from server import stopping
from server.observability import exposition
from server.variables import Variables, VariablesError

env = Variables()

wsgi_app = "server.wsgi"
bind = f"{env.str('HOST', default='127.0.0.1')}:{env.int('PORT', default=8000)}"
worker_class = "server.worker.Worker"  # threads: at SIGTERM they answer what is queued; the sync worker resets it
# The application is imported before the socket is opened: a request that a proxy sends meanwhile is refused, and goes
# to another instance. Else it would wait until the first worker is ready.
preload_app = True
workers = env.int("WEB_CONCURRENCY", default=2)
threads = env.int("THREADS", default=8)
worker_connections = 4_096  # that wait for a request, or are kept; beyond it the oldest of these is closed
keepalive = 75  # seconds, longer than a proxy keeps a connection: who closes first loses no request
control_socket_disable = True  # it is run by signals; two services of one user would share the socket

accesslog = "-" if env.bool("ACCESS_LOG", default=False) else None
access_log_format = '%(t)s ACCESS %(h)s "%(r)s" %(s)s %(B)s bytes %(M)s ms request=%({x-request-id}o)s'

files = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))  # a connection is a file

DRAINED = 64 * 1024  # bytes: as much of a body that nobody read gunicorn reads itself, to use the connection again

COLLECT_AFTER = 20_000  # new objects: an answer of many rows makes as many

STOP_DELAY = env.float("STOP_DELAY", default=0)  # seconds in which a load balancer sees /readyz answer 503
env.require("STOP_DELAY", STOP_DELAY >= 0, "Set a number of seconds, or 0.")

if HAS_METRICS := bool(env.int("METRICS_PORT", default=0)):
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
    """Start what observes, and have no garbage collection look through the code again."""
    from server.observability import starting  # not at the top: it imports Django

    starting.start_threads()
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def pre_request(worker, request):
    """Close the connection behind a longer body, and say so in the answer, whose client would else send another
    request into a connection that closes (RFC 9112, section 9.6)."""
    headers = dict(request.headers)
    if "TRANSFER-ENCODING" in headers or int(headers.get("CONTENT-LENGTH", 0)) > DRAINED:
        request.force_close()


if HAS_METRICS:

    def child_exit(server, worker):
        """Forget the gauges of a worker that ended."""
        exposition.forget(worker.pid)

    def on_exit(server):
        """Delete the files of the metrics."""
        exposition.clean()
