"""`manage.py migrate`: Django's command with a lock timeout on PostgreSQL, so that readers do not queue for long."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

PAUSE = 4  # seconds between attempts, for statements that queued behind the migration
# After these errors PostgreSQL has rolled back, so a retry is safe.
AGAIN = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
GIVEN_UP = """\
No lock on a table within {seconds} s, in {attempts} attempts. What had been applied stays applied. Wait for the oldest
transactions to end, a backup for instance, and run this again. This shows them:
SELECT pid, xact_start, state, application_name FROM pg_stat_activity WHERE xact_start < now() - interval '1 minute'"""


class Command(migrate.Command):
    """Applies migrations with a lock timeout.

    `ALTER TABLE` waits for transactions that use its table, and new readers of the table then wait behind it
    (PostgreSQL's manual, "Explicit Locking"). So it times out after `--lock-timeout` seconds and is retried. An atomic
    migration was rolled back and is retried as a whole. With `atomic = False` each statement commits by itself, so only
    the statement is retried. A statement with CONCURRENTLY has no timeout: it blocks no readers while it waits, and
    would leave an invalid index if it timed out.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--lock-timeout", type=float, default=1, help="seconds that it waits for a lock on PostgreSQL (1)"
        )
        parser.add_argument("--attempts", type=int, default=30, help="how often it tries to get a lock (30)")

    def handle(self, *args: Any, lock_timeout: float = 1, attempts: int = 30, **options: Any) -> None:
        connection = connections[options.get("database", DEFAULT_DB_ALIAS)]
        if connection.vendor != "postgresql":
            super().handle(*args, **options)
            return
        if lock_timeout < 0.001 or attempts < 1:
            raise CommandError("Give a lock timeout of 0.001 seconds or more, and 1 attempt or more.")
        self.lock_timeout, self.attempts_left = lock_timeout, attempts
        set_lock_timeout(connection, lock_timeout)
        try:
            with connection.execute_wrapper(self.execute_statement):
                self.until_locked(partial(super().handle, *args, **options))
        except OperationalError as error:
            if not isinstance(error.__cause__, AGAIN):
                raise
            raise CommandError(GIVEN_UP.format(seconds=lock_timeout, attempts=attempts)) from error
        finally:
            set_lock_timeout(connection, 0)

    def execute_statement(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        """Execute a migration's statement; retry it after a lock timeout if it commits by itself."""
        connection = context["connection"]
        if connection.in_atomic_block:
            return execute(sql, params, many, context)
        if " CONCURRENTLY " not in str(sql).upper():
            return self.until_locked(partial(execute, sql, params, many, context))
        set_lock_timeout(connection, 0)
        try:
            return execute(sql, params, many, context)
        finally:
            set_lock_timeout(connection, self.lock_timeout)

    def until_locked(self, execute: Callable[[], Any]) -> Any:
        """Call `execute`, and retry it after a lock timeout while attempts are left."""
        while True:
            try:
                return execute()
            except OperationalError as error:
                self.attempts_left -= 1
                if not isinstance(error.__cause__, AGAIN) or self.attempts_left <= 0:
                    raise
                self.stdout.write(f"\n  No lock within {self.lock_timeout} s: {self.attempts_left} more attempts.")
                time.sleep(PAUSE)


def set_lock_timeout(connection: BaseDatabaseWrapper, seconds: float) -> None:
    """Set how many seconds the session's statements wait for a lock; 0 means no limit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{seconds * 1_000:.0f}ms"])
