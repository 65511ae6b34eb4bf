"""The mail messages, in the language of their account. The worker writes a message when it sends it."""

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

MOST_ACCOUNTS = 20  # accounts with the same address in one message


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph of a message: a text, a code if `is_code`, or a link's text if it has a `url`."""

    text: str
    is_code: bool = False
    url: str = ""


@letter
def verification(profile: int) -> EmailMultiAlternatives | None:
    """The message with a code for an account's pending or unverified address. None: there is no such address."""
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
    """The message with a code for each account with this address and a password. None: there is no such account."""
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
    """The notice to an account's old address. None: the account or the `EmailUndo` was deleted.

    Args:
        profile: primary key of the account.
        address: the old address.
        undo: primary key of the change's `EmailUndo`; 0 if this address cannot undo it.
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
    """The active accounts with a password and this address, ignoring case. Accounts that verified it come first, so
    that others cannot push them off the list by signing up with it.

    A message goes to an account's own spelling of the address, not to the typed one: spellings that are equal in the
    database can belong to different people. If accounts have different spellings, only those with one of them are
    returned: the typed one, or else the first account's.
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
    """The URL of a page of the studio. Browsers do not send the part after `#`, so it is in no server's log."""
    return urljoin(str(settings.SITE_URL), f"/#/{name}")


def _message(address: str, subject: str, *parts: Part) -> EmailMultiAlternatives:
    text = "\n\n".join(f"{part.text}\n{part.url}" if part.url else part.text for part in parts)
    message = EmailMultiAlternatives(subject, f"{text}\n", to=[address])
    message.attach_alternative(render_to_string("mail/message.html", {"subject": subject, "parts": parts}), "text/html")
    return message
