"""Mailed codes such as WDJB-MJHT: only consonants, so that they spell no words (RFC 8628, section 6.1)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.request import Request

from profiles.core.outcomes import Outcome, Refused
from profiles.identity import security
from profiles.models import Code, Profile, comparable_email

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8  # 20^8 codes: about 34 bits
LONGEST = 20  # characters of a code as typed, with blanks and dashes
LIFE = timedelta(minutes=15)
MOST_ATTEMPTS = 5


def issue(purpose: Code.Purpose, address: str, profiles: Sequence[Profile | None]) -> list[str]:
    """Create a code for each profile, and delete earlier codes of the profiles for this purpose; for a recovery,
    also those of the address.

    Args:
        purpose: what the codes are for.
        address: where the codes will be sent.
        profiles: None in it: a code that is not sent, for an address that no account has.
    """
    texts = ["".join(secrets.choice(LETTERS) for _place in range(LENGTH)) for _profile in profiles]
    mailbox, expires_at = mailbox_of(address), timezone.now() + LIFE
    rows = [
        Code(purpose=purpose, profile=profile, mailbox=mailbox, digest=_digest(purpose, text), expires_at=expires_at)
        for profile, text in zip(profiles, texts, strict=True)
    ]
    keys = [profile.pk for profile in profiles if profile]
    with transaction.atomic():
        list(Profile.objects.filter(pk__in=keys).order_by("pk").for_writing())  # of two concurrent calls, the last wins
        if purpose == Code.Purpose.RECOVERY:  # a guess is compared with all codes of an address, and counted for all
            Code.objects.filter(purpose=purpose, mailbox=mailbox).delete()
        Code.objects.filter(purpose=purpose, profile__in=keys).delete()
        Code.objects.bulk_create(rows)
    return [f"{text[: LENGTH // 2]}-{text[LENGTH // 2 :]}" for text in texts]


def require(request: HttpRequest | Request, codes: QuerySet[Code], purpose: Code.Purpose, text: str) -> Code:
    """The code with this text, among the candidates `codes`.

    The attempt is counted and committed before the comparison, so that at most `MOST_ATTEMPTS` concurrent guesses are
    compared. The same SQL statements run whether there are candidates or not, for the same response time.

    Args:
        request: the request, for the security log.
        codes: the candidates.
        purpose: what the code must be for.
        text: the code as typed, in any case, with or without its dash.

    Raises:
        Refused: CODE_INVALID.
    """
    now = timezone.now()
    living = codes.filter(purpose=purpose, expires_at__gt=now)
    counted = living.filter(attempts__lt=MOST_ATTEMPTS).update(attempts=F("attempts") + 1)
    found = living.filter(digest=_digest(purpose, text), profile__is_active=True).select_related("profile").first()
    if found is None or not counted:
        security.log("code_refused", None, request=request)
        raise Refused(Outcome.CODE_INVALID)
    return found


def use(code: Code, address: str) -> None:
    """Delete a code that is being used, in the transaction of the operation that it allows.

    Args:
        code: the code.
        address: the locked account's current address. The code may have been sent to an earlier one, which the mail
            worker read before the address changed.

    Raises:
        Refused: CODE_INVALID: it was sent to another address, or another request used it first.
    """
    deleted, _by_model = Code.objects.filter(pk=code.pk, mailbox=mailbox_of(address)).delete()
    if not deleted:
        raise Refused(Outcome.CODE_INVALID)


def mailbox_of(address: str) -> str:
    """The stored digest of an address that a code was sent to; the same for equivalent spellings."""
    return salted_hmac("profiles.codes.mailbox", comparable_email(address), algorithm="sha256").hexdigest()


def _digest(purpose: Code.Purpose, text: str) -> str:
    letters = "".join(character for character in text.upper() if character in LETTERS)
    return salted_hmac(f"profiles.codes.{purpose}", letters, algorithm="sha256").hexdigest()
