"""`manage.py demo`: accounts to try the service with."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from profiles.models import Profile
from profiles.policy import Visibility

PASSWORD = "demo-pass-123"  # known to everybody, so these accounts are made under DEBUG alone
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

WELCOME = """\
  {url}/                this service: REST under /profiles/, GraphQL at /graphql/, the admin at /admin/

  Sign in as john_doe, jane_doe or sam_staff (staff); the password is {password}:

  TOKEN=$(curl -s {url}/auth/token/ -H 'Content-Type: application/json' \\
    -d '{{"username": "john_doe", "password": "{password}"}}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
  curl {url}/profiles/1/ -H "Authorization: Bearer $TOKEN"
"""


class Command(BaseCommand):
    help = "Puts demo accounts into a new database, under DEBUG alone, and says how to sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the service is, for the greeting")

    def handle(self, *args: Any, url: str, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo accounts' password is public: set DEBUG=true, on a machine of your own.")
        with transaction.atomic():
            if not Profile.objects.exists():
                for account in ACCOUNTS:
                    Profile.objects.create_user(**account, password=PASSWORD)
        if Profile.objects.named(ACCOUNTS[0]["username"]).exists():
            self.stdout.write(WELCOME.format(url=url, password=PASSWORD))
