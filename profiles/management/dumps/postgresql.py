"""Dumps of PostgreSQL: archives in pg_dump's custom format, which pg_restore converts to SQL for psql."""

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, TextIO

from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper
from tqdm import tqdm

SIGNATURE = b"PGDMP"
PIECE = 1024 * 1024  # bytes
TABLE = re.compile(r'^pg_dump: dumping contents of table "(.+)"$')

# Drops all our tables and routines, including those of later migrations, which `pg_restore --clean` would miss. Keeps
# the schema, with its privileges, and objects that belong to an extension.
CLEAR = b"""
DO $$
DECLARE
    command text;
    commands text[] := ARRAY(
        SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
        UNION ALL
        SELECT format('DROP TABLE IF EXISTS %s CASCADE', oid::regclass) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e'));
BEGIN
    FOREACH command IN ARRAY commands LOOP
        EXECUTE command;
    END LOOP;
END $$;
"""


def dump(connection: BaseDatabaseWrapper, path: Path, output: TextIO) -> None:
    """Write a consistent snapshot of the database to a file, while others read and write it.

    Raises:
        CommandError: pg_dump failed; it has pg_dump's messages.
    """
    tables = connection.introspection.table_names()
    said: list[str] = []
    options = ("--format=custom", "--verbose", f"--file={path}")
    with (
        tqdm(desc="Backup", total=len(tables), unit=" tables", file=output, leave=False) as progress,
        _run(connection, "pg_dump", *options, stderr=PIPE, text=True) as process,
    ):
        for line in process.stderr:
            if table := TABLE.match(line):
                progress.set_postfix_str(table[1], refresh=False)
                progress.update()
            elif said or ": error: " in line:
                said.append(line)
    if process.returncode:
        raise CommandError("".join(said).strip())


def load(connection: BaseDatabaseWrapper, path: Path, output: TextIO) -> None:
    """Replace the database's content by a file's, in one transaction.

    Raises:
        CommandError: psql or pg_restore failed; it has their messages, and the database is unchanged.
    """
    with tqdm(desc="Read", unit="B", unit_scale=True, file=output, leave=False) as progress:
        for piece in _script(path):  # reads the whole file before anything changes
            progress.update(len(piece))
    size = progress.n
    options = ("--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1")
    with (
        tqdm(desc="Restore", total=size, unit="B", unit_scale=True, file=output, leave=False) as progress,
        _run(connection, "psql", *options, stdin=PIPE, stderr=PIPE) as psql,
    ):
        try:
            psql.stdin.write(b"BEGIN;\nSET client_min_messages = warning;\n" + CLEAR)
            for piece in _script(path):
                psql.stdin.write(piece)
                progress.update(len(piece))
            psql.stdin.write(b"COMMIT;\n")
        except BrokenPipeError:
            pass  # psql ended with an error, which is in its stderr
        except BaseException:
            psql.kill()  # otherwise it would treat the end of its input as the end of the data
            raise
        said = psql.communicate()[1]
    if psql.returncode:
        raise CommandError(said.decode(errors="replace").strip())


def _script(path: Path) -> Iterator[bytes]:
    """The SQL script of an archive, in chunks. The role that executes it becomes the owner."""
    with _popen(["pg_restore", "--no-owner", "--file=-", str(path.absolute())], stdout=PIPE, stderr=PIPE) as process:
        yield from iter(partial(process.stdout.read, PIECE), b"")
        said = process.stderr.read()
    if process.returncode:
        raise CommandError(said.decode(errors="replace").strip())


def _run(connection: BaseDatabaseWrapper, program: str, *options: str, **pipes: Any) -> Any:
    """Start a PostgreSQL client program for this database. The password is passed in the environment; a missing one
    causes no prompt."""
    options = ("--no-password", *options)
    arguments, environment = connection.client.settings_to_cmd_args_env(connection.settings_dict, options)
    return _popen([program, *arguments[1:]], env=environment, **pipes)


def _popen(command: list[str], *, env: dict[str, str] | None = None, **pipes: Any) -> Any:
    english = {"LC_ALL": "C.UTF-8"}  # the code above matches English messages
    try:
        return Popen(command, env=os.environ | english | (env or {}), **pipes)  # noqa: S603  PostgreSQL's own programs
    except FileNotFoundError:
        raise CommandError(f"{command[0]} is not installed: it comes with postgresql-client.") from None
