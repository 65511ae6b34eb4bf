"""`manage.py history`: deletes changes past the retention period."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from profiles.models import Change

AT_ONCE = 1_000  # changes per transaction, to keep transactions short


class Command(BaseCommand):
    help = "Deletes the changes in profiles' histories that are past the retention period."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        clear = actions.add_parser("clear", help="delete changes of a certain age")
        clear.add_argument("--days", type=int, default=settings.HISTORY_DAYS, help="older than this (HISTORY_DAYS)")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, action)(**options)

    def clear(self, *, days: int = settings.HISTORY_DAYS, **options: Any) -> None:
        if days < 1:
            raise CommandError("Give a number of days, 1 at the least: --days, or HISTORY_DAYS.")
        old = Change.objects.filter(at__lt=timezone.now() - timedelta(days=days))
        last = 0
        with tqdm(total=old.count(), unit=" changes", file=self.stderr, leave=False) as progress:
            # By key range, so that all statements together scan the table once.
            while keys := list(old.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
                Change.objects.filter(pk__in=keys).delete()
                last = keys[-1]
                progress.update(len(keys))
        self.stdout.write(f"Cleared {progress.n}.")
