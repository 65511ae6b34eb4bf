"""A new password for whoever has forgotten theirs, by a code that is mailed."""

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
    """Have a code mailed for each account that has this address. Whether there is one, only the worker looks up.

    Raises:
        Refused: FORBIDDEN: the service sends no mail.
    """
    if not queue.is_on():
        raise Refused(Outcome.FORBIDDEN, _("This service does not send mail. Ask staff for a new password."))
    queue.enqueue("recovery", address=email)
    security.log("recovery_requested", None, request=request)


def confirm(
    request: HttpRequest | Request, *, email: str, code: str, new_password: str, source: Source
) -> families.TokenPair:
    """Give the account of a code a new password, which ends all its tokens and sessions, and sign in.

    The address is verified by that, and a change of it that is pending is cancelled.

    Raises:
        Refused: CODE_INVALID, the same whether an account has this address or not.
        ValidationError: the password is too much like the account's other fields.
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
    if row is None:  # its password is another one by now
        raise Refused(Outcome.CODE_INVALID)
    codes.use(code, row.email)
    accounts.save_locked_account(row, password=password)
    accounts.confirm_address(row, row.email, source)
    return row
