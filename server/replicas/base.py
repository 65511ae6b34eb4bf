"""The database wrapper for a replica. If the replica does not answer, a read goes to another database."""

from collections.abc import Sequence
from typing import Any

from django.db import OperationalError, connections
from django.db.backends.utils import CursorWrapper

from server.postgresql import base
from server.replicas.freshness import replicas


class Cursor(CursorWrapper):
    def execute(self, sql: Any, params: Any = None) -> Any:
        try:
            return super().execute(sql, params)
        except OperationalError:
            self.cursor = self.db.other().cursor()
            return self.cursor.execute(sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    def other(self) -> Any:
        """The connection to read from instead. Marks this replica as down until it answers again."""
        return connections[replicas().instead_of(self.alias)]

    def rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            return super().rows(sql, values)
        except OperationalError:
            rows: list[tuple[Any, ...]] = self.other().rows(sql, values)
            return rows

    def may_repeat(self, sql: str, error: OperationalError) -> bool:
        return False

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        return Cursor(cursor, self)

    def _cursor(self, name: str | None = None) -> Any:
        try:
            return super()._cursor(name)  # type: ignore[misc]  # the stubs lack it
        except OperationalError:
            return self.other().cursor()
