"""Undo a change of email with a token mailed to the old address. An attacker who took over the account cannot read that
mailbox."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request

from profiles.core import writing
from profiles.core.models import Source
from profiles.core.outcomes import Outcome, Refused
from profiles.identity import accounts, security, tokens
from profiles.mail import queue
from profiles.models import EmailUndo, Profile

LIFE = timedelta(hours=72)
TOKEN_BYTES = 32


def allow(profile: Profile, address: str) -> EmailUndo:
    """Let a profile's old address undo the change of email. Call it in the change's transaction."""
    now = timezone.now()
    return profile.email_undos.create(address=address, created_at=now, expires_at=now + LIFE)


def settle(profile: Profile, address: str) -> bool:
    """Whether a change returns to an address that could undo the changes since. Then neither they nor this change can
    be undone any more. Call it in the change's transaction."""
    living = profile.email_undos.filter(expires_at__gt=timezone.now())
    row = living.filter(address__iexact=address).order_by("created_at").first()
    if row:
        profile.email_undos.filter(created_at__gte=row.created_at).delete()
    return row is not None


def new_token(row: EmailUndo) -> str:
    """A new token that undoes a change; it replaces an earlier one."""
    text = secrets.token_urlsafe(TOKEN_BYTES)
    EmailUndo.objects.filter(pk=row.pk).update(digest=tokens.digest(text))
    return text


def undo(request: HttpRequest | Request, *, token: str, source: Source) -> None:
    """Restore an account's old address, end its tokens and sessions, and mail that address a code for a new password.
    The password is replaced by a random one. Later changes can no longer be undone.

    Raises:
        Refused: CODE_INVALID: the token is unknown, used or expired.
    """
    living = EmailUndo.objects.filter(expires_at__gt=timezone.now(), profile__is_active=True)
    row = living.select_related("profile").filter(digest=tokens.digest(token)).first()
    if row is None:
        raise _used()
    nobody_knows = make_password(secrets.token_urlsafe(TOKEN_BYTES))  # before the transaction: hashing takes time
    profile = writing.transact(Profile, lambda: _write(row, nobody_knows, source))
    security.log("email_change_undone", profile, request=request)


def _write(row: EmailUndo, password: str, source: Source) -> Profile:
    profile = accounts.lock_account(row.profile)
    if profile is None or not profile.email_undos.filter(created_at__gte=row.created_at).delete()[0]:
        raise _used()
    accounts.save_locked_account(profile, password=password)
    accounts.confirm_address(profile, row.address, source)
    queue.enqueue("recovery", address=row.address)
    return profile


def _used() -> Refused:
    message = _("The link was used or has expired. Request a new password, or contact the operator of the service.")
    return Refused(Outcome.CODE_INVALID, message)
