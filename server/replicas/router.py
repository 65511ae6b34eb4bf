"""Django's database router: chooses primary or replica."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS

from server.replicas.freshness import replicas


class Router:
    """Sends writes, migrations and the reads that a write depends on to the primary. A read with the hint `reader`, its
    caller, may go to a replica."""

    def db_for_read(self, model: Any, reader: Any = None, **hints: Any) -> str:
        if reader is None:
            return DEFAULT_DB_ALIAS
        return replicas().for_reader(reader.profile and reader.profile.wrote_at)

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS
