"""Idempotency keys: a write that a client sends again under the same key is done once.

A key is the client's own name for one write. It is kept in the transaction of the write, so it stands for what was
committed: after a lost response a client repeats the request, and learns the result (IETF draft
"The Idempotency-Key HTTP Header Field", section 2).
"""

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from profiles.core.actors import Actor
from profiles.core.models import IdempotencyKey
from profiles.core.outcomes import InvalidCode, Outcome, Refused

KEPT = timedelta(hours=24)
LONGEST_KEY = 255  # characters


def keyed(actor: Actor, key: str | None, *request: Any) -> IdempotencyKey | None:
    """The key of a write, not saved; None where the client sent none.

    Args:
        actor: the caller. The key of an anonymous caller belongs to the request that it came with: these do not know
            of each other's keys.
        key: as it was sent.
        request: all that the write depends on, as JSON values.

    Raises:
        ValidationError: the key has another form.
    """
    if key is None:
        return None
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        message = _("Must have 1 to {most} printable ASCII characters.").format(most=LONGEST_KEY)
        raise ValidationError({"idempotency_key": [ErrorDetail(message, code=InvalidCode.INVALID)]})
    text = json.dumps(request, sort_keys=True, default=str)
    body = salted_hmac("profiles.idempotency", text, algorithm="sha256").hexdigest()  # the request may hold a password
    owner = actor.profile.pk if actor.profile else f"anonymous:{body}"
    digest = hashlib.sha256(f"{owner}:{key}".encode()).hexdigest()
    return IdempotencyKey(digest=digest, body=body, profile=actor.profile)


def earlier(key: IdempotencyKey | None) -> IdempotencyKey | None:
    """The saved key, where the write was done under it.

    Raises:
        Refused: KEY_REUSED: another write was.
    """
    if key is None:
        return None
    found = IdempotencyKey.objects.filter(digest=key.digest, created_at__gte=timezone.now() - KEPT)
    row = found.select_related("profile").first()
    if row and not constant_time_compare(row.body, key.body):
        raise Refused(Outcome.KEY_REUSED)
    return row


def keep(key: IdempotencyKey | None, **values: Any) -> None:
    """Save the key of a write that was done, in its transaction, with these values of its fields."""
    if key:
        IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
        for name, value in values.items():
            setattr(key, name, value)
        key.save(force_insert=True)
