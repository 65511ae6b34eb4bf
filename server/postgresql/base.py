"""The database wrapper and connection class for PostgreSQL."""

import select
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import psycopg
from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper, debug_transaction
from psycopg import generators
from psycopg.adapt import PyFormat, Transformer

from profiles.core.outcomes import READ_ONLY, CommitLost, is_lost

DONE = (psycopg.pq.ExecStatus.TUPLES_OK, psycopg.pq.ExecStatus.COMMAND_OK)
TIMESTAMP = psycopg.adapters.types["timestamptz"].oid
KEPT = 60  # seconds that a thread keeps a connection, with the option `keep`
OWN = ("patience", "keep")  # our options in OPTIONS: not psycopg's
REPEATABLE = ("SELECT", "(SELECT", "BEGIN")
REPEATED_FOR = 2  # seconds in which a statement is retried, without the option `patience`
PAUSE = 0.05  # seconds before a retry: PgBouncer reports at once that it has no server


class Connection(psycopg.Connection[Any]):
    """A connection that waits `patience` seconds for an answer; None: without limit.

    `statement_timeout` is not enough: the server enforces it, and a frozen or unreachable server cannot.
    """

    patience: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.errors._WaitTimeout as error:
            self.close()
            raise psycopg.OperationalError(f"no answer within {self.patience:.1f} s") from error


class Cursor(CursorWrapper):
    """Retries a read on another connection if its own was lost."""

    def execute(self, sql: Any, params: Any = None) -> Any:
        self.db.sent_at = time.monotonic()
        while True:
            try:
                return super().execute(sql, params)
            except OperationalError as error:
                if not self.db.may_repeat(str(sql), error):
                    raise
            self.cursor.close()
            self.cursor = self.db.create_cursor()


class DatabaseWrapper(base.DatabaseWrapper):
    """Checks connections without a statement, reads timestamps with compiled code, and reads rows in one call.

    A request's wait for the database is limited: to the pool's `timeout` for a connection, and to the option `patience`
    for an answer, less the wait for a connection. If a connection is lost, a read outside a transaction and the BEGIN
    of a transaction are retried.

    `observer` is an execute wrapper that sees all statements: those of cursors as one of `execute_wrappers`, others by
    a direct call.
    """

    waiting_since: float | None = None  # when this request sent the statement that was lost, by the monotonic clock
    sent_at: float | None = None  # when this request sent its last statement
    kept_until = 0.0
    observer: Callable[..., Any] | None = None

    def get_connection_params(self) -> dict[str, Any]:
        """The parameters of a new connection; empty if a pool exists, which has them."""
        if self.alias in self._connection_pools:  # type: ignore[attr-defined]  # the stubs lack it
            return {}
        parameters = super().get_connection_params()
        for name in OWN:
            parameters.pop(name, None)
        return parameters

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A new connection, or a live one from the pool. Raises `psycopg_pool.PoolTimeout`: none was free in time."""
        pool = self.pool
        if not pool:
            return super().get_new_connection(conn_params)
        self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        since = self.waiting_since or time.monotonic()
        pool.open()
        while not _is_quiet(connection := self._from(pool, since)):
            connection.close()
            pool.putconn(connection)  # the pool replaces a closed connection
        now = time.monotonic()
        self.kept_until = now + KEPT if self.settings_dict["OPTIONS"]["keep"] else now
        connection.patience = self.patience and self.patience + since - now
        return connection

    @property
    def patience(self) -> float | None:
        """Seconds that a request waits for an answer; None: without limit."""
        return cast("float | None", self.settings_dict["OPTIONS"].get("patience"))

    def _set_autocommit(self, autocommit: bool) -> None:
        if self.connection.autocommit is not autocommit:
            super()._set_autocommit(autocommit)  # type: ignore[misc]

    def _from(self, pool: Any, since: float) -> Any:
        try:
            return pool.getconn(pool.timeout + since - time.monotonic())
        except psycopg.OperationalError:
            self.waiting_since = since
            raise

    def _configure_connection(self, connection: Any) -> Any:
        """Read timestamps with psycopg's compiled loader, in the session's time zone, which is UTC."""
        compiled: Any = psycopg.adapters.get_loader(TIMESTAMP, psycopg.pq.Format.TEXT)
        connection.adapters.register_loader(TIMESTAMP, compiled)
        return super()._configure_connection(connection)  # type: ignore[misc]

    def is_usable(self) -> bool:
        """Whether the connection is still alive.

        When a server ends a connection, the socket becomes readable. Only then does this send a `SELECT 1`, which takes
        as long as any other statement. Django sends one at each request (`CONN_HEALTH_CHECKS`).
        """
        return self.connection is not None and (_is_quiet(self.connection) or bool(super().is_usable()))

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        return Cursor(cursor, self)

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor with the connection's loaders. Django may register a Python loader, to read in another time zone."""
        if name is None:
            return self.connection.cursor()
        return self.connection.cursor(name, scrollable=False, withhold=self.autocommit)

    def rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Execute a statement with placeholders `$1`, `$2`… without a cursor. Returns its rows.

        A cursor takes 2 to 4 times as long: it writes the values into the SQL, and waits in Python. Nothing is prepared
        on the server, so PgBouncer may use another server connection for the next statement.

        Raises `django.db.Error`, as a cursor does.
        """
        self.validate_thread_sharing()
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()
        return cast("list[tuple[Any, ...]]", self._repeated(self._rows, sql, values))

    def _repeated(self, execute: Callable[..., Any], sql: str, values: Sequence[Any] | None = None) -> Any:
        """The result of a statement, which is retried while `may_repeat` allows it."""
        self.sent_at = time.monotonic()
        while True:
            try:
                return self._observed(execute, sql, values)
            except OperationalError as error:
                if not self.may_repeat(sql, error):
                    raise

    def _observed(self, execute: Callable[..., Any], sql: str, values: Sequence[Any] | None) -> Any:
        return (
            self.observer(execute, sql, values, False, {"connection": self}) if self.observer else execute(sql, values)
        )

    def _rows(self, sql: str, values: Sequence[Any], *_others: Any) -> list[tuple[Any, ...]]:
        with self.wrap_database_errors:
            transformer = Transformer(self.connection)
            parameters = transformer.dump_sequence(values, [PyFormat.TEXT] * len(values))
            with self.connection.lock:
                self.connection.pgconn.send_query_params(sql.encode(), parameters, transformer.types)
                result = self._result()
            transformer.set_pgresult(result)
            rows: list[tuple[Any, ...]] = transformer.load_rows(0, result.ntuples, tuple)
            return rows

    def may_repeat(self, sql: str, error: OperationalError) -> bool:
        """Whether to retry a statement that failed with this error. If so, this makes a new connection.

        Only a read outside a transaction, or a BEGIN, is retried, and only if its connection was lost. Raises
        `OperationalError`: no connection was made in time.
        """
        if not self._has_lost(error) or self.in_atomic_block or not sql.startswith(REPEATABLE):
            return False
        if time.monotonic() + PAUSE > cast(float, self.waiting_since) + (self.patience or REPEATED_FOR):
            return False
        time.sleep(PAUSE)
        self.close()
        self.ensure_connection()
        return True

    def _has_lost(self, error: OperationalError) -> bool:
        """Whether the connection was lost.

        If so, retries have the time that is left since the statement was sent. Otherwise a request that waits for two
        connections, as behind PgBouncer, would wait twice as long.
        """
        if has_lost := is_lost(error):
            self.waiting_since = self.waiting_since or self.sent_at
        return has_lost

    @property
    def is_watched(self) -> bool:
        """Whether something observes cursors' statements that would miss those of `rows`: a query log or a wrapper."""
        return bool(self.queries_logged or len(self.execute_wrappers) > (self.observer is not None))

    def _start_transaction_under_autocommit(self) -> None:
        """Django's hook at the start of a transaction. Sends BEGIN now; psycopg would send it before a statement."""
        level = self.connection.isolation_level
        named = f" ISOLATION LEVEL {psycopg.IsolationLevel(level).name.replace('_', ' ')}" if level else ""
        self._command(f"BEGIN{named}")

    def _commit(self) -> None:
        """Commit. Raises `CommitLost`: the connection was lost before the answer arrived."""
        if self.connection is not None:
            try:
                self._command("COMMIT")
            except OperationalError as error:
                if is_lost(error):
                    raise CommitLost(str(error)) from error
                raise

    def _command(self, sql: str) -> None:
        self._repeated(self._send, sql)

    def _send(self, sql: str, *_others: Any) -> None:
        with debug_transaction(self, sql), self.wrap_database_errors, self.connection.lock:
            self.connection.pgconn.send_query(sql.encode())
            self._result()

    def _result(self) -> Any:
        """The result of the statement that was sent. Raises its error as psycopg's exception."""
        result = self.connection.wait(generators.execute(self.connection.pgconn))[-1]
        if result.status in DONE:
            return result
        error = psycopg.errors.error_from_result(result)
        if error.sqlstate == READ_ONLY:  # the server became a replica
            self.connection.close()
        raise error if error.sqlstate else psycopg.OperationalError(str(error))

    def close_if_unusable_or_obsolete(self) -> None:
        """Called at the start and end of a request. Returns the connection to the pool, except with the option `keep`,
        when the pool has a connection for each thread."""
        self.waiting_since, self.health_check_done = None, False
        if self.connection is None or self.errors_occurred or time.monotonic() >= self.kept_until:
            super().close_if_unusable_or_obsolete()
        else:
            self.connection.patience = self.patience

    def close_if_health_check_failed(self) -> None:
        """Called before a statement. Closes a dead connection, once per request."""
        if self.connection is not None and not self.health_check_done:
            if not self.is_usable():
                self.close()
            self.health_check_done = True


def _is_quiet(connection: Any) -> bool:
    """Whether a connection is open and has no unread data."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
