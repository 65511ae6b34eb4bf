"""Idempotency keys: a write that a client retries with the same key is performed once.

The client chooses the key of a write. The key is saved in the write's transaction, so a saved key means a committed
write: after a lost response, the client repeats the request and gets the result (IETF draft
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
    """The unsaved key of a write; None if the client sent none.

    Args:
        actor: the caller. An anonymous caller's key is valid only with the same request, so that anonymous callers
            do not share keys.
        key: the key as the client sent it.
        request: everything that the write depends on, as JSON values.

    Raises:
        ValidationError: the key is empty, too long or not printable ASCII.
    """
    if key is None:
        return None
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        message = _("Must have 1 to {most} printable ASCII characters.").format(most=LONGEST_KEY)
        raise ValidationError({"idempotency_key": [ErrorDetail(message, code=InvalidCode.INVALID)]})
    text = json.dumps(request, sort_keys=True, default=str)
    body = salted_hmac("profiles.idempotency", text, algorithm="sha256").hexdigest()  # may contain a password
    owner = actor.profile.pk if actor.profile else f"anonymous:{body}"
    digest = hashlib.sha256(f"{owner}:{key}".encode()).hexdigest()
    return IdempotencyKey(digest=digest, body=body, profile=actor.profile)


def earlier(key: IdempotencyKey | None) -> IdempotencyKey | None:
    """The saved key if the write was already performed with it, or None.

    Raises:
        Refused: KEY_REUSED: the key was used for another write.
    """
    if key is None:
        return None
    found = IdempotencyKey.objects.filter(digest=key.digest, created_at__gte=timezone.now() - KEPT)
    row = found.select_related("profile").first()
    if row and not constant_time_compare(row.body, key.body):
        raise Refused(Outcome.KEY_REUSED)
    return row


def keep(key: IdempotencyKey | None, **values: Any) -> None:
    """Save the key of a performed write, in its transaction, with the given field values."""
    if key:
        IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
        for name, value in values.items():
            setattr(key, name, value)
        key.save(force_insert=True)
