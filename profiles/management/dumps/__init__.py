"""Dumps of the database, written by `manage.py backup` and read by `manage.py restore`."""

from types import ModuleType

from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper

from profiles.management.dumps import postgresql, sqlite

FORMATS: dict[str, ModuleType] = {"postgresql": postgresql, "sqlite": sqlite}


def format_for(connection: BaseDatabaseWrapper) -> ModuleType:
    """The module with `dump`, `load` and `SIGNATURE` (a dump's first bytes) for this database.

    Raises:
        CommandError: backups of this database are not supported.
    """
    if connection.vendor not in FORMATS:
        raise CommandError(f"Backups of {connection.display_name} are not supported: use its own tools.")
    return FORMATS[connection.vendor]
