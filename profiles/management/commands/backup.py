"""`manage.py backup`: writes the database to a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from profiles.management import dumps
from profiles.management.dumps import files


class Command(BaseCommand):
    help = "Writes the database to a file that `restore` reads, and its SHA-256 to FILE.sha256, while the service runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a new file, which its owner alone may read")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        kind = dumps.format_for(connection)
        if not connection.introspection.table_names():
            raise CommandError("The database has no tables: check DATABASE_URL.")
        output: Any = self.stderr
        with files.new(file, output) as unfinished:
            kind.dump(connection, unfinished, output)
        self.stdout.write(f"Wrote {file} ({file.stat().st_size:,} bytes) and {files.checksum_of(file).name}.")
