"""The connection to PostgreSQL."""

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base

TIMESTAMP = psycopg.adapters.types["timestamptz"].oid


class DatabaseWrapper(base.DatabaseWrapper):
    """Knows without a statement that a connection is alive, and reads moments by compiled code."""

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
        return self.connection.cursor(name, scrollable=False, withhold=self.connection.autocommit)
