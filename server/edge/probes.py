"""Liveness and readiness probes, for load balancers and orchestrators."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from profiles.core.metrics import DATABASE_AWAY
from profiles.identity.throttling import counter
from profiles.mail import queue, state
from server.stopping import is_stopping

logger = logging.getLogger(__name__)

REMEMBERED = 1  # second that a result is cached, so that frequent probes do not load the database


class Readiness:
    """Whether the database answers and has all migrations.

    A process is ready without Redis, because it then counts rate limits by itself; the log and a metric report this. It
    is ready while mail is late, because mail is not lost; `mail` and metrics report this.
    """

    def __init__(self) -> None:
        self.is_ready = self.is_migrated = False
        self.mail: str | None = None  # "ok" or "late"; None: mail is off, or its state is unknown
        self.until = 0.0  # when the cached result expires, by the monotonic clock

    def check(self) -> bool:
        if time.monotonic() >= self.until:
            self.is_ready = self._look()
            self.until = time.monotonic() + REMEMBERED
        return self.is_ready

    def _look(self) -> bool:
        if settings.REDIS_URL:
            counter().count([])
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            self.is_migrated = self.is_migrated or _is_migrated()
            self.mail = state.look() if self.is_migrated and queue.is_on() else None
        except DatabaseError as error:
            DATABASE_AWAY.set(1)
            logger.warning("Not ready: the database does not answer (%s)", type(error).__name__)
            return False
        DATABASE_AWAY.set(0)
        if not self.is_migrated:
            logger.warning("Not ready: the database lacks migrations. Run `manage.py migrate`.")
        return self.is_migrated


def _is_migrated() -> bool:
    """Whether all migrations of this release are applied. A newer release being deployed may have applied more."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def probes(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer `/livez` with 200, and `/readyz` with 503 while this process cannot serve or is about to stop.

    This is the first middleware, because a probe uses plain http, and an address instead of a host name. Rate limits do
    not count it, and its response tells nothing else.
    """
    readiness = Readiness()

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path not in ("/livez", "/readyz"):
            return get_response(request)
        is_well = path == "/livez" or (not is_stopping() and readiness.check())
        body = {"status": "ok" if is_well else "unavailable"}
        if path == "/readyz" and readiness.mail:
            body["mail"] = readiness.mail
        return JsonResponse(body, status=200 if is_well else 503, headers={"Cache-Control": "no-store"})

    return middleware
