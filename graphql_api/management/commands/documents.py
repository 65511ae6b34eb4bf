"""`manage.py documents`: add, list and remove registered GraphQL documents."""

import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from graphql_api.core.manifests import read_manifest
from graphql_api.core.persisted import FRESH, plain_id
from graphql_api.core.registering import problems_of, register
from graphql_api.models import Document

SOON = f"Each instance knows within {FRESH} seconds."


class Command(BaseCommand):
    help = "Registers GraphQL documents, lists and removes them: see GRAPHQL_DOCUMENTS."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        adding = actions.add_parser("add", help="all of these manifests, or none: Apollo's or Relay's")
        adding.add_argument("files", metavar="FILE", nargs="+", type=Path)
        actions.add_parser("list", help="the id of each, and the names of its operations")
        removing = actions.add_parser("remove", help="those with these ids")
        removing.add_argument("ids", metavar="ID", nargs="+")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, action)(**options)

    def add(self, *, files: list[Path], **options: Any) -> None:
        documents: dict[str, str] = {}
        problems = []
        for file in files:
            for document_id, text in read(file).items():
                found = problems_of(document_id, text)
                if documents.setdefault(document_id, text) != text:
                    found.append("Another file has another text under this id.")
                problems += [f"{file}: {document_id} ({names_in(text)}): {problem}" for problem in found]
        if problems:
            raise CommandError("\n".join([*problems, "Nothing was registered."]))
        added = register(documents)
        self.stdout.write(f"Registered {added}; {len(documents) - added} were registered before. {SOON}")

    def remove(self, *, ids: list[str], **options: Any) -> None:
        removed, _by_model = Document.objects.filter(pk__in=map(plain_id, ids)).delete()
        self.stdout.write(f"Removed {removed}. {SOON}")

    def list(self, **options: Any) -> None:
        for document in Document.objects.order_by("added_at", "id").iterator():
            self.stdout.write(f"{document.id}  {document.added_at:%Y-%m-%d %H:%M} UTC  {names_in(document.text)}")


def read(file: Path) -> dict[str, str]:
    """The documents of a manifest. Raises `CommandError`: the file is not a manifest."""
    try:
        return read_manifest(file)
    except (OSError, ValueError) as error:
        raise CommandError(f"{file}: {error}") from None


def names_in(text: str) -> str:
    """The names of a document's operations, for messages. The document may be malformed."""
    return ", ".join(re.findall(r"\b(?:query|mutation)\s+(\w+)", text)) or "no name"
