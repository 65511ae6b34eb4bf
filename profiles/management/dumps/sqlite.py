"""Dumps of SQLite: copies of the file, made page by page with SQLite's backup API."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper
from tqdm import tqdm

SIGNATURE = b"SQLite format 3\0"
AT_ONCE = 1_000  # pages
PATIENCE = 20  # seconds that a restore waits for another writer


def dump(connection: BaseDatabaseWrapper, path: Path, output: TextIO) -> None:
    """Write a consistent snapshot of the database to a file, while others read and write it.

    Raises:
        CommandError: SQLite failed, or the copy is damaged.
    """
    try:
        with (
            _progress("Backup", output) as progress,
            closing(_connect(connection)) as source,
            closing(sqlite3.connect(path)) as copy,
        ):
            # The read transaction fixes the snapshot. Without it, each write by another process restarts the copy.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            source.backup(copy, pages=AT_ONCE, progress=_shown(progress))
            copy.execute("PRAGMA journal_mode = DELETE")  # a single file, without a WAL file
            _check(copy)
    except sqlite3.Error as error:
        raise CommandError(f"SQLite could not write the backup: {error}") from error


def load(connection: BaseDatabaseWrapper, path: Path, output: TextIO) -> None:
    """Replace the database's content by a file's, in one transaction.

    Raises:
        CommandError: the file is damaged, or SQLite failed; the database is unchanged.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as source:
            _check(source)
            with _progress("Restore", output) as progress, closing(_connect(connection)) as database:
                source.backup(database, pages=AT_ONCE, progress=_shown(progress))
                database.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise CommandError(f"SQLite could not read the backup: {error}") from error


def _connect(connection: BaseDatabaseWrapper) -> sqlite3.Connection:
    return sqlite3.connect(connection.settings_dict["NAME"], timeout=PATIENCE, isolation_level=None)


def _progress(name: str, output: TextIO) -> "tqdm[Any]":
    return tqdm(desc=name, unit=" pages", file=output, leave=False)


def _shown(progress: "tqdm[Any]") -> Callable[[int, int, int], None]:
    def show(status: int, remaining: int, total: int) -> None:
        progress.total = total
        progress.update(total - remaining - progress.n)

    return show


def _check(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA ignore_check_constraints = ON")  # they call functions that Django defines
    found = [row[0] for row in database.execute("PRAGMA integrity_check")]
    if found != ["ok"]:
        raise CommandError(f"The backup is damaged: {'; '.join(found[:3])}")
