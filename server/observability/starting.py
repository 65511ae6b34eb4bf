"""What a process that serves begins with.

gunicorn's master imports the application and forks, so it has no thread: a lock that a thread holds at that moment is
never released in the new worker.
"""

from django.conf import settings

from server.observability import database, exposition


def start() -> None:
    """Where the application is imported: observe what it serves, as the settings say."""
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
    """In each worker: serve the metrics, and send spans."""
    if settings.METRICS_PORT:
        exposition.serve(settings.METRICS_HOST, settings.METRICS_PORT)
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        from server.observability import tracing

        tracing.send()
