"""The connection to PostgreSQL."""

import select
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from psycopg.adapt import PyFormat, Transformer

DONE = (psycopg.pq.ExecStatus.TUPLES_OK, psycopg.pq.ExecStatus.COMMAND_OK)
TIMESTAMP = psycopg.adapters.types["timestamptz"].oid


class DatabaseWrapper(base.DatabaseWrapper):
    """Knows without a statement that a connection is alive, reads moments by compiled code, and rows by one call."""

    def is_usable(self) -> bool:
        """Whether the server has kept the connection.

        When a server ends a connection, the socket has something to read. Only then does this ask by a `SELECT 1`, as
        Django does at each request (`CONN_HEALTH_CHECKS`), which takes as long as any other statement.
        """
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return bool(super().is_usable()) if poll.poll(0) else True

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection that reads moments by psycopg's compiled code, in the session's time zone, which is UTC."""
        connection = super().get_new_connection(conn_params)
        compiled: Any = psycopg.adapters.get_loader(TIMESTAMP, psycopg.pq.Format.TEXT)
        connection.adapters.register_loader(TIMESTAMP, compiled)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor with the connection's loaders. Django's may get one in Python that reads in another time zone."""
        if name is None:
            return self.connection.cursor()
        return self.connection.cursor(name, scrollable=False, withhold=self.autocommit)

    def rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a statement that has `$1`, `$2`… for its values, in one call of libpq.

        A cursor takes 2 to 4 times as long: it writes the values into the text, and waits in Python. Nothing is kept
        on the server between two statements, so a connection pool may put them on different connections.

        Raises what a cursor would: `django.db.Error`.
        """
        self.validate_thread_sharing()
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            transformer = Transformer(self.connection)
            parameters = transformer.dump_sequence(values, [PyFormat.TEXT] * len(values))
            with self.connection.lock:
                result = self.connection.pgconn.exec_params(sql.encode(), parameters, transformer.types)
            self._check(result)
            transformer.set_pgresult(result)
            rows: list[tuple[Any, ...]] = transformer.load_rows(0, result.ntuples, tuple)
            return rows

    @property
    def is_watched(self) -> bool:
        """Whether something sees the statements of cursors, and would not see those of `rows`."""
        return bool(self.queries_logged or self.execute_wrappers)

    def _start_transaction_under_autocommit(self) -> None:
        """What Django calls at the beginning of a transaction, and psycopg would do before the first statement."""
        level = self.connection.isolation_level
        named = f" ISOLATION LEVEL {psycopg.IsolationLevel(level).name.replace('_', ' ')}" if level else ""
        self._command(f"BEGIN{named}")

    def _commit(self) -> None:
        if self.connection is not None:
            self._command("COMMIT")

    def _command(self, sql: str) -> None:
        with debug_transaction(self, sql), self.wrap_database_errors, self.connection.lock:
            self._check(self.connection.pgconn.exec_(sql.encode()))

    def _check(self, result: Any) -> None:
        """Raise the error that a statement ended with."""
        if result.status not in DONE:
            if self.connection.closed:
                raise psycopg.OperationalError(result.get_error_message())
            raise psycopg.errors.error_from_result(result)
