"""`manage.py identities`: lists, links and unlinks accounts' identities at OpenID issuers."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from profiles.identity import accounts, security
from profiles.identity.external import is_subject
from profiles.identity.issuers import issuers
from profiles.management.accounts import account_named
from profiles.models import ExternalIdentity


class Command(BaseCommand):
    help = "Lists, links and unlinks the identities of accounts at OpenID issuers."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="those of an account, or all")
        listing.add_argument("--username", help="of this account")
        link = actions.add_parser("link", help="accept the tokens of an identity for an account")
        link.add_argument("username", help="of the account")
        self.add_identity(link)
        self.add_identity(actions.add_parser("unlink", help="accept them no longer"))

    def add_identity(self, parser: ArgumentParser) -> None:
        parser.add_argument("issuer", help="the issuer's URL, as OIDC_ISSUERS has it")
        parser.add_argument("subject", help="the account at the issuer: the claim `sub` of its tokens")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, action)(**options)

    def list(self, *, username: str | None, **options: Any) -> None:
        rows = ExternalIdentity.objects.select_related("profile").order_by("pk")
        for row in rows.filter(profile=account_named(username)) if username else rows.iterator():
            self.stdout.write(f"{row.profile}  {row.issuer}  {row.subject}")

    def link(self, *, username: str, issuer: str, subject: str, **options: Any) -> None:
        if issuer not in issuers() or not is_subject(subject):
            raise CommandError(f"OIDC_ISSUERS has no issuer {issuer}, or {subject!r} can't be a subject of one.")
        with transaction.atomic():
            profile = accounts.lock_account(account_named(username))
            if profile is None:
                raise CommandError(f"The account {username} is disabled.")
            row, is_new = ExternalIdentity.objects.get_or_create(
                issuer=issuer, subject=subject, defaults={"profile": profile}
            )
        if row.profile_id != profile.pk:
            raise CommandError(f"{row} is the account {row.profile}: unlink it first.")
        if is_new:
            security.log("external_identity_linked", profile, issuer=issuer)
        self.stdout.write(f"{row} is the account {profile}.")

    def unlink(self, *, issuer: str, subject: str, **options: Any) -> None:
        row = ExternalIdentity.objects.select_related("profile").filter(issuer=issuer, subject=subject).first()
        if row is None:
            raise CommandError(f"{subject} at {issuer} is no account.")
        row.delete()
        security.log("external_identity_unlinked", row.profile, issuer=issuer)
        self.stdout.write(f"{subject} at {issuer} is no longer the account {row.profile}.")
