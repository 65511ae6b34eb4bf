"""Verifying an account's current or pending address with a mailed code."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from profiles.core import writing
from profiles.core.models import Source
from profiles.core.outcomes import Outcome, Refused
from profiles.identity import accounts, codes, security, undoing
from profiles.mail import queue
from profiles.models import Code, Profile


def verify(request: HttpRequest | Request, profile: Profile, *, code: str, source: Source) -> None:
    """Verify a profile's address, or replace it by the pending one. The old address, if it was verified, can undo the
    change.

    Raises:
        Refused: CODE_INVALID. UNAUTHENTICATED: the account or its sign-ins have ended since authentication.
    """
    found = codes.require(request, profile.codes.all(), Code.Purpose.VERIFICATION, code)
    writing.transact(Profile, lambda: _write(profile, found, source))
    security.log("email_verified", profile, request=request)


def _write(profile: Profile, code: Code, source: Source) -> None:
    row = accounts.require_account(profile)
    old, was_verified = row.email, row.email_verified
    address = row.pending_email or old
    codes.use(code, address)
    accounts.confirm_address(row, address, source)
    if address != old:
        is_return = undoing.settle(row, address)
        undo = {"undo": undoing.allow(row, old).pk} if was_verified and not is_return else {}
        queue.enqueue("email_changed", profile=row.pk, address=old, **undo)


def resend(request: HttpRequest | Request, profile: Profile) -> None:
    """Mail a new code to the address to verify.

    Raises:
        Refused: FORBIDDEN: mail is off, or there is no address to verify.
    """
    if not queue.is_on():
        raise Refused(Outcome.FORBIDDEN, _("This service does not send mail, so it does not verify addresses."))
    if profile.email_verified and not profile.pending_email:
        message = _("Your email address is already verified. Change it first to verify another one.")
        raise Refused(Outcome.FORBIDDEN, message)
    profile.send_code()
