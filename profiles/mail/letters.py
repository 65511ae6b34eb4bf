"""What the messages say, in the language of the account that they are about. Each is written when it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from profiles.identity import codes, undoing
from profiles.mail.queue import letter
from profiles.models import Code, EmailUndo, Profile

MOST_ACCOUNTS = 20  # of one address, that a message names


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph of a message: a text, or with `is_code` a code, or with `url` the words of a link to it."""

    text: str
    is_code: bool = False
    url: str = ""


@letter
def verification(profile: int) -> EmailMultiAlternatives | None:
    """The code for the address that an account is to have, or has and did not verify. None: there is none."""
    account = Profile.objects.filter(pk=profile, is_active=True).first()
    address = account and (account.pending_email or (None if account.email_verified else account.email))
    if account is None or address is None:
        return None
    (code,) = codes.issue(Code.Purpose.VERIFICATION, address, [account])
    with override(account.language):
        return _message(
            address,
            pgettext("mail", "Your code"),
            Part(
                pgettext("mail", "This is the code that confirms the email address of the account {username}:").format(
                    username=account.username
                )
            ),
            Part(code, is_code=True),
            _life(),
            Part(_("Enter it on your account's page."), url=_page("account")),
            Part(_("If the account is not yours, ignore this message: without the code, nothing happens.")),
        )


@letter
def recovery(address: str) -> EmailMultiAlternatives | None:
    """A code for each account that has this address and a password. None: there is no such account."""
    accounts = _accounts_at(address)
    texts = codes.issue(Code.Purpose.RECOVERY, address, accounts or [None])
    if not accounts:
        return None
    with override(accounts[0].language):
        named = [
            part
            for account, text in zip(accounts, texts, strict=True)
            for part in (
                Part(pgettext("mail", "The code of the account {username}:").format(username=account.username)),
                Part(text, is_code=True),
            )
        ]
        return _message(
            accounts[0].email,
            pgettext("mail", "Your code for a new password"),
            Part(_("A new password was requested. If it was you, enter the code with the new password.")),
            *named,
            _life(),
            Part(_("Choose the new password."), url=_page("recover/code")),
            Part(_("If it was not you, ignore this message: without the code, the password stays as it is.")),
        )


@letter
def email_changed(profile: int, address: str, undo: int = 0) -> EmailMultiAlternatives | None:
    """The notice to the address that an account had. None: the account or the undo was deleted.

    Args:
        undo: the key of the change's `EmailUndo`, where this address can undo it.
    """
    account = Profile.objects.filter(pk=profile).first()
    row = EmailUndo.objects.filter(pk=undo).first()
    if account is None or (undo and row is None):
        return None
    with override(account.language):
        told = _("The email address of the account {username} was changed. This one is not used any more.")
        return _message(
            address,
            pgettext("mail", "Your address was changed"),
            Part(told.format(username=account.username)),
            *(_undo(row) if row else [Part(_("If you did not expect this, contact the operator of the service."))]),
        )


def _undo(row: EmailUndo) -> list[Part]:
    hours = max(1, (row.expires_at - timezone.now()) // timedelta(hours=1))
    told = _(
        "If it was not you, undo it within {hours} hours: the account then has this address again, everybody is "
        "signed out, and you are sent a code for a new password."
    )
    return [
        Part(told.format(hours=hours)),
        Part(_("Undo the change."), url=f"{_page('undo')}/{undoing.new_token(row)}"),
    ]


def _accounts_at(address: str) -> list[Profile]:
    """The active accounts with a password at an address, whatever its case; first those that have verified it, so that
    nobody takes their place by signing up with it.

    A message goes to the address as an account has it, and never to what was typed: two that look alike to the
    database can be of two people. Where accounts spell it in several ways, it is to one of them: the one that was
    typed, or the first account's.
    """
    at = Q(email__lower=address.lower(), is_active=True)
    with_password = Profile.objects.filter(at).exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    rows = list(with_password.order_by("-email_verified", "pk")[:MOST_ACCOUNTS])
    spellings = [row.email for row in rows]
    chosen = address if address in spellings else next(iter(spellings), None)
    return [row for row in rows if row.email == chosen]


def _life() -> Part:
    minutes = codes.LIFE // timedelta(minutes=1)
    return Part(_("It can be used once, within {minutes} minutes.").format(minutes=minutes))


def _page(name: str) -> str:
    """The address of a page of the studio. What stands behind `#` is sent to no server, and so is in no log."""
    return urljoin(str(settings.SITE_URL), f"/#/{name}")


def _message(address: str, subject: str, *parts: Part) -> EmailMultiAlternatives:
    text = "\n\n".join(f"{part.text}\n{part.url}" if part.url else part.text for part in parts)
    message = EmailMultiAlternatives(subject, f"{text}\n", to=[address])
    message.attach_alternative(render_to_string("mail/message.html", {"subject": subject, "parts": parts}), "text/html")
    return message
