"""`manage.py demo`: creates accounts for trying the service."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from profiles.models import Profile
from profiles.policy import Visibility

PASSWORD = "demo-pass-123"  # public, so these accounts are created only with DEBUG
ACCOUNTS: tuple[dict[str, Any], ...] = (
    {
        "username": "john_doe",
        "email": "john@example.com",
        "bio": "A Python developer.",
        "display_name": "John Doe",
        "visibility": Visibility.PUBLIC,
    },
    {"username": "jane_doe", "email": "jane@example.com", "display_name": "Jane Doe"},
    {"username": "sam_staff", "email": "sam@example.com", "display_name": "Sam Staff", "is_staff": True},
)

FIRST = ("Ada", "Ben", "Carmen", "Dmitri", "Elif", "Femi", "Grace", "Hana", "Ivan", "Jamal", "Kofi", "Lena")
LAST = ("Adeyemi", "Brandt", "Castro", "Dubois", "Eriksen", "Fischer", "Gupta", "Horvat", "Ito", "Jensen", "Kaya")
PLACES = ("Graz", "Lagos", "León", "Lima", "Oslo", "Osaka", "Pune", "Riga", "Tunis", "Ulm", "Vigo", "Zagreb", "")
BEGINNINGS = ("Writes compilers", "Grows roses", "Teaches Python", "Mends bicycles", "Sings alto", "Maps caves")
ENDS = ("and bakes bread.", "by the sea.", "for a living.", "at night.", "with two cats.", "since 1999.", "badly.")
YEARS = 5 * 365 * 86_400  # seconds

WELCOME = """\
  {url}/          the studio: profiles in a browser, through REST or GraphQL
  {url}/docs/     REST: its operations, to read and to try; they are under /profiles/ and /auth/
  {url}/graphql/  GraphQL; for a browser GraphiQL, with examples
  {url}/guide/    the guide: tutorial, reference, operations
  {url}/admin/    Django's admin, for staff
  {url}/mail/     the mail that it would send, where EMAIL_URL is not set; it is kept in .mail/

  Sign in as john_doe, jane_doe or sam_staff (staff); the password is {password}:

  TOKEN=$(curl -s {url}/auth/token/ -H 'Content-Type: application/json' \\
    -d '{{"username": "john_doe", "password": "{password}"}}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
  curl {url}/profiles/1/ -H "Authorization: Bearer $TOKEN"
"""


AT_ONCE = 2_000  # rows per statement


def made_up(count: int) -> Iterator[Profile]:
    """Realistic profiles that cannot sign in."""
    chance = Random(count)  # noqa: S311  for names, not secrets
    run = secrets.token_hex(3)
    now = timezone.now()
    for number in range(count):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        made = now - timedelta(seconds=chance.randrange(YEARS))
        yield Profile(
            username=f"{first}.{last}-{run}{number}".lower(),
            email=f"{first}.{last}.{number}@example.com".lower(),
            password=UNUSABLE_PASSWORD_PREFIX,
            display_name=f"{first} {last}",
            location=chance.choice(PLACES),
            bio=f"{chance.choice(BEGINNINGS)} {chance.choice(ENDS)}",
            visibility=chance.choices(Visibility.values, (5, 4, 1))[0],
            is_active=chance.random() > 0.02,
            created_at=made,
            updated_at=made + (now - made) * chance.random(),
        )


def batched(rows: Iterator[Profile], size: int) -> Iterator[list[Profile]]:
    while batch := list(islice(rows, size)):
        yield batch


class Command(BaseCommand):
    help = "Puts demo accounts into a new database, under DEBUG alone, and says how to sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--profiles", type=int, default=0, help="how many made-up ones to put in beside them")
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the service is, for the greeting")

    def handle(self, *args: Any, url: str, profiles: int, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo accounts' password is public: set DEBUG=true, on a machine of your own.")
        with transaction.atomic():
            if not Profile.objects.exists():
                for account in ACCOUNTS:
                    Profile.objects.create_user(**account, password=PASSWORD, email_verified=True)
        with tqdm(total=profiles, unit=" profiles", disable=not profiles, file=self.stderr) as progress:
            for batch in batched(made_up(profiles), AT_ONCE):
                progress.update(len(Profile.objects.bulk_create(batch)))
        if Profile.objects.named(ACCOUNTS[0]["username"]).exists():
            self.stdout.write(WELCOME.format(url=url, password=PASSWORD))
