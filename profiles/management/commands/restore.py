"""`manage.py restore`: loads a file of `manage.py backup` into the database."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from profiles.management import dumps
from profiles.management.dumps import files


class Command(BaseCommand):
    help = "Puts a backup into an empty database, in one transaction, after it has verified the backup's checksum."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="what `backup` wrote, with FILE.sha256 beside it")
        parser.add_argument("--replace", action="store_true", help="delete what the database has")

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        kind = dumps.format_for(connection)
        output: Any = self.stderr
        files.verify(file, output)
        with file.open("rb") as opened:
            if opened.read(len(kind.SIGNATURE)) != kind.SIGNATURE:
                raise CommandError(f"{file} is no backup of {connection.display_name}: check DATABASE_URL.")
        if not replace and connection.introspection.table_names():
            raise CommandError("The database has tables: name an empty one in DATABASE_URL, or say --replace.")
        connection.close()
        kind.load(connection, file, output)
        self.stdout.write(f"Restored {file}. Run `manage.py migrate` if a newer release is to use it.")
