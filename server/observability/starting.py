"""Start of observability in a serving process.

gunicorn's master imports the application and forks. It must have no threads: a lock that a thread holds during the fork
is never released in the new worker.
"""

from django.conf import settings

from server.observability import database, exposition


def start() -> None:
    """On import of the application: start what the settings turn on, without threads."""
    observers = []
    if settings.METRICS_PORT:
        observers.append(database.timed)
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        from server.observability import tracing

        tracing.start()
        observers.append(tracing.traced)
    if observers:
        database.watch(observers)
    if settings.SENTRY_DSN:
        from server.observability import errors

        errors.start(settings.SENTRY_DSN)


def start_threads() -> None:
    """In each worker: start the threads that serve metrics and send spans."""
    if settings.METRICS_PORT:
        exposition.serve(settings.METRICS_HOST, settings.METRICS_PORT)
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        from server.observability import tracing

        tracing.send()
