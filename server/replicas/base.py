"""The connection to a replica, which leaves a read to the primary where the replica does not answer."""

from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.utils import CursorWrapper

from server.postgresql import base
from server.replicas.freshness import replicas


class Cursor(CursorWrapper):
    def execute(self, sql: Any, params: Any = None) -> Any:
        try:
            return super().execute(sql, params)
        except OperationalError:
            self.cursor = self.db.primary().cursor()
            return self.cursor.execute(sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    def primary(self) -> Any:
        """The connection to the primary; this replica is not read again until it is known to answer."""
        replicas().failed(self.alias)
        return connections[DEFAULT_DB_ALIAS]

    def rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            return super().rows(sql, values)
        except OperationalError:
            rows: list[tuple[Any, ...]] = self.primary().rows(sql, values)
            return rows

    def may_repeat(self, sql: str, error: OperationalError) -> bool:
        return False

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        return Cursor(cursor, self)

    def _cursor(self, name: str | None = None) -> Any:
        try:
            return super()._cursor(name)  # type: ignore[misc]  # the stubs lack it
        except OperationalError:
            return self.primary().cursor()
