"""Account recovery: a new password with a mailed code."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from profiles.core import writing
from profiles.core.models import Source
from profiles.core.outcomes import Outcome, Refused
from profiles.fields import check_new_password
from profiles.identity import accounts, codes, families, security
from profiles.mail import queue
from profiles.models import Code, Profile


def ask(request: HttpRequest | Request, *, email: str) -> None:
    """Enqueue a code for each account with this address. Only the mail worker looks up the accounts, so that the
    response does not depend on them.

    Raises:
        Refused: FORBIDDEN: mail is off.
    """
    if not queue.is_on():
        raise Refused(Outcome.FORBIDDEN, _("This service does not send mail. Ask staff for a new password."))
    queue.enqueue("recovery", address=email)
    security.log("recovery_requested", None, request=request)


def confirm(
    request: HttpRequest | Request, *, email: str, code: str, new_password: str, source: Source
) -> families.TokenPair:
    """Set a new password for the account of a code, which ends all its tokens and sessions, and sign in.

    The address becomes verified, and a pending address is cancelled.

    Raises:
        Refused: CODE_INVALID, the same whether an account has this address or not.
        ValidationError: the password is too similar to the account's other fields.
    """
    sent = Code.objects.filter(mailbox=codes.mailbox_of(email))
    found = codes.require(request, sent, Code.Purpose.RECOVERY, code)
    profile = cast(Profile, found.profile)
    try:
        check_new_password(new_password, profile)
    except ValidationError as error:
        raise ValidationError({"new_password": error.detail}) from None
    encoded = make_password(new_password)  # before the transaction: hashing takes time
    recovered = writing.transact(Profile, lambda: _write(profile, found, encoded, source))
    security.log("recovered", recovered, request=request)
    return families.start(recovered, request=request)


def _write(profile: Profile, code: Code, password: str, source: Source) -> Profile:
    row = accounts.lock_account(profile)
    if row is None:  # for example, the password was changed concurrently
        raise Refused(Outcome.CODE_INVALID)
    codes.use(code, row.email)
    accounts.save_locked_account(row, password=password)
    accounts.confirm_address(row, row.email, source)
    return row
