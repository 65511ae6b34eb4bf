"""`manage.py tokens`: the families of tokens, to look at, to end, to clear away."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone
from tqdm import tqdm

from profiles.identity import families
from profiles.models import Profile, TokenFamily

AT_ONCE = 1_000  # families in a transaction, so that none lasts


class Command(BaseCommand):
    help = "Lists, ends and clears the families of tokens that sign-ins have made."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        self.add_choice(actions.add_parser("list", help="those that live, the newest first"))
        self.add_choice(actions.add_parser("end", help="end those of an account, or one"), required=True)
        actions.add_parser("clear", help="delete those that have expired, and their refresh tokens")

    def add_choice(self, parser: ArgumentParser, *, required: bool = False) -> None:
        choice = parser.add_mutually_exclusive_group(required=required)
        choice.add_argument("--username", help="of this account")
        choice.add_argument("--family", type=UUID, help="this one")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, action)(**options)

    def list(self, *, username: str | None, family: UUID | None, **options: Any) -> None:
        chosen = families.living(self.chosen(username, family))
        for row in chosen.select_related("profile").order_by("-created_at").iterator():
            self.stdout.write(f"{row.pk}  {row.profile}  {row.scope}  until {row.expires_at:%Y-%m-%d %H:%M} UTC")

    def end(self, *, username: str | None, family: UUID | None, **options: Any) -> None:
        self.stdout.write(f"Ended {len(families.end(self.chosen(username, family)))}.")

    def clear(self, **options: Any) -> None:
        expired = TokenFamily.objects.filter(expires_at__lt=timezone.now())
        with tqdm(total=expired.count(), unit=" families", file=self.stderr, leave=False) as progress:
            while keys := list(expired.values_list("pk", flat=True)[:AT_ONCE]):
                TokenFamily.objects.filter(pk__in=keys).delete()
                progress.update(len(keys))
        self.stdout.write(f"Cleared {progress.n}.")

    def chosen(self, username: str | None, family: UUID | None) -> QuerySet[TokenFamily]:
        rows = TokenFamily.objects.all()
        if family:
            rows = rows.filter(pk=family)
        if username:
            profile = Profile.objects.named(username).first()
            if profile is None:
                raise CommandError(f"There is no account {username}.")
            rows = rows.filter(profile=profile)
        return rows
