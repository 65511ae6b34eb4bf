"""`manage.py tokens`: lists, ends and clears token families and personal tokens."""

from argparse import ArgumentParser
from typing import Any, TypeVar
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Q, QuerySet
from django.utils import timezone
from tqdm import tqdm

from profiles.identity import families, personal_tokens
from profiles.management.accounts import account_named
from profiles.models import Code, EmailUndo, PersonalToken, TokenFamily

AT_ONCE = 1_000  # rows per transaction, to keep transactions short

Row = TypeVar("Row", TokenFamily, PersonalToken)


class Command(BaseCommand):
    help = "Lists, ends and clears the families of tokens that sign-ins have made, and the personal tokens."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        self.add_choice(actions.add_parser("list", help="those that live, the newest first"))
        self.add_choice(actions.add_parser("end", help="end all of an account, or one"), required=True)
        actions.add_parser("clear", help="delete those that have expired, and the codes that were mailed")

    def add_choice(self, parser: ArgumentParser, *, required: bool = False) -> None:
        choice = parser.add_mutually_exclusive_group(required=required)
        choice.add_argument("--username", help="of this account")
        choice.add_argument("--family", type=UUID, help="this one")
        choice.add_argument("--personal-token", type=UUID, help="this one")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, action)(**options)

    def list(self, **choice: Any) -> None:
        living: dict[str, QuerySet[Any]] = {
            "": families.living(chosen(TokenFamily, **choice)),
            "personal: ": personal_tokens.living(chosen(PersonalToken, **choice)),
        }
        for kind, rows in living.items():
            for row in rows.select_related("profile").order_by("-created_at").iterator():
                until = f"{row.expires_at:%Y-%m-%d %H:%M} UTC"
                self.stdout.write(f"{row.pk}  {row.profile}  {kind}{row.scope}  until {until}")

    def end(self, **choice: Any) -> None:
        ended = len(families.end(chosen(TokenFamily, **choice)))
        self.stdout.write(f"Ended {ended + personal_tokens.end(chosen(PersonalToken, **choice))}.")

    def clear(self, **options: Any) -> None:
        cleared = 0.0
        models: tuple[Any, ...] = (TokenFamily, PersonalToken, Code, EmailUndo)
        for model in models:
            expired = model._default_manager.filter(expires_at__lt=timezone.now())
            with tqdm(total=expired.count(), unit=" rows", file=self.stderr, leave=False) as progress:
                while keys := list(expired.values_list("pk", flat=True)[:AT_ONCE]):
                    model._default_manager.filter(pk__in=keys).delete()
                    progress.update(len(keys))
            cleared += progress.n
        self.stdout.write(f"Cleared {cleared:.0f}.")


def chosen(
    model: type[Row], *, username: str | None, family: UUID | None, personal_token: UUID | None, **options: Any
) -> QuerySet[Row]:
    """The rows of a model that a command selects: one by id, those of an account, or all."""
    rows = model._default_manager.all()
    if username:
        return rows.filter(profile=account_named(username))
    if family or personal_token:
        return rows.filter(Q(pk=family if model is TokenFamily else personal_token))
    return rows
