"""The connection to PostgreSQL."""

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
KEPT = 60  # seconds that a thread keeps a connection, where it keeps one
OWN = ("patience", "keep")  # our options
REPEATABLE = ("SELECT", "(SELECT", "BEGIN")
REPEATED_FOR = 2  # seconds in which a statement is executed again, where there is no `patience`
PAUSE = 0.05  # seconds before that: PgBouncer says at once that it has no server


class Connection(psycopg.Connection[Any]):
    """A connection of the pool, which waits `patience` seconds for an answer; None: as long as it takes.

    `statement_timeout` is kept by the server, and so not by one that is frozen or cut off.
    """

    patience: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.errors._WaitTimeout as error:
            self.close()
            raise psycopg.OperationalError(f"no answer within {self.patience:.1f} s") from error


class Cursor(CursorWrapper):
    """Executes a read again, on another connection, where its own was lost."""

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
    """Knows without a statement that a connection is alive, reads moments by compiled code, and rows by one call.

    A request waits for the database for a bounded time: for a connection of the pool as long as the pool's `timeout`,
    and for an answer as long as the option `patience`, less what it waited for a connection. A read outside a
    transaction that lost its connection is executed again, and so is the beginning of a transaction.

    `observer` is an execute wrapper that sees all statements: it is one of `execute_wrappers`, for those of cursors.
    """

    waiting_since: float | None = None  # when this request sent what was lost with a connection, by the monotonic clock
    sent_at: float | None = None  # when it sent its last statement
    kept_until = 0.0
    observer: Callable[..., Any] | None = None

    def get_connection_params(self) -> dict[str, Any]:
        """What a connection is made with; nothing where there is a pool, which has it."""
        if self.alias in self._connection_pools:  # type: ignore[attr-defined]  # the stubs lack it
            return {}
        parameters = super().get_connection_params()
        for name in OWN:
            parameters.pop(name, None)
        return parameters

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A new connection, or a living one of the pool. Raises `psycopg_pool.PoolTimeout`: there was none in time."""
        pool = self.pool
        if not pool:
            return super().get_new_connection(conn_params)
        self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        since = self.waiting_since or time.monotonic()
        pool.open()
        while not _is_quiet(connection := self._from(pool, since)):
            connection.close()
            pool.putconn(connection)  # which makes another
        now = time.monotonic()
        self.kept_until = now + KEPT if self.settings_dict["OPTIONS"]["keep"] else now
        connection.patience = self.patience and self.patience + since - now
        return connection

    @property
    def patience(self) -> float | None:
        """Seconds that a request waits for an answer; None: as long as it takes."""
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
        """Read moments by psycopg's compiled code, in the session's time zone, which is UTC."""
        compiled: Any = psycopg.adapters.get_loader(TIMESTAMP, psycopg.pq.Format.TEXT)
        connection.adapters.register_loader(TIMESTAMP, compiled)
        return super()._configure_connection(connection)  # type: ignore[misc]

    def is_usable(self) -> bool:
        """Whether the server has kept the connection.

        When a server ends a connection, the socket has something to read. Only then does this ask by a `SELECT 1`, as
        Django does at each request (`CONN_HEALTH_CHECKS`), which takes as long as any other statement.
        """
        return self.connection is not None and (_is_quiet(self.connection) or bool(super().is_usable()))

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        return Cursor(cursor, self)

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor with the connection's loaders. Django's may get one in Python that reads in another time zone."""
        if name is None:
            return self.connection.cursor()
        return self.connection.cursor(name, scrollable=False, withhold=self.autocommit)

    def rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a statement that has `$1`, `$2`… for its values, without a cursor.

        A cursor takes 2 to 4 times as long: it writes the values into the text, and waits in Python. Nothing is kept
        on the server between two statements, so a connection pool may put them on different connections.

        Raises what a cursor would: `django.db.Error`.
        """
        self.validate_thread_sharing()
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()
        return cast("list[tuple[Any, ...]]", self._repeated(self._rows, sql, values))

    def _repeated(self, execute: Callable[..., Any], sql: str, values: Sequence[Any] | None = None) -> Any:
        """The result of a statement, which is executed again as long as it may be."""
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
        """Whether a statement that ended with this error is to be executed again, on a connection that this makes.

        That is a read outside a transaction, or the beginning of one, whose connection was lost. Raises
        `OperationalError`: there is no connection in time.
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
        """Whether the connection was lost. What is tried then has what is left of the time since the statement was
        sent: else a request that waits for two connections, as behind a PgBouncer, would wait twice as long."""
        if has_lost := is_lost(error):
            self.waiting_since = self.waiting_since or self.sent_at
        return has_lost

    @property
    def is_watched(self) -> bool:
        """Whether something sees the statements of cursors, and would not see those of `rows`."""
        return bool(self.queries_logged or len(self.execute_wrappers) > (self.observer is not None))

    def _start_transaction_under_autocommit(self) -> None:
        """What Django calls at the beginning of a transaction, and psycopg would do before the first statement."""
        level = self.connection.isolation_level
        named = f" ISOLATION LEVEL {psycopg.IsolationLevel(level).name.replace('_', ' ')}" if level else ""
        self._command(f"BEGIN{named}")

    def _commit(self) -> None:
        """Commit. Raises `CommitLost`: the connection was lost before the answer came."""
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
        """The result of what was sent. Raises the error that it ended with, as psycopg's."""
        result = self.connection.wait(generators.execute(self.connection.pgconn))[-1]
        if result.status in DONE:
            return result
        error = psycopg.errors.error_from_result(result)
        if error.sqlstate == READ_ONLY:  # the server has become a replica
            self.connection.close()
        raise error if error.sqlstate else psycopg.OperationalError(str(error))

    def close_if_unusable_or_obsolete(self) -> None:
        """Called at the beginning and at the end of a request, where the connection goes back to the pool, unless the
        pool has one for each thread."""
        self.waiting_since, self.health_check_done = None, False
        if self.connection is None or self.errors_occurred or time.monotonic() >= self.kept_until:
            super().close_if_unusable_or_obsolete()
        else:
            self.connection.patience = self.patience

    def close_if_health_check_failed(self) -> None:
        """Called before a statement."""
        if self.connection is not None and not self.health_check_done:
            if not self.is_usable():
                self.close()
            self.health_check_done = True


def _is_quiet(connection: Any) -> bool:
    """Whether a connection is open, and its server has sent nothing."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
