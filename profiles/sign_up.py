"""Signing up: a new profile, once, however often it is sent under one idempotency key."""

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from profiles import policy, writing
from profiles.models import IdempotencyKey, Profile
from profiles.outcomes import InvalidCode, Outcome, Refused
from profiles.policy import Actor
from profiles.serializers import ProfileSerializer, SignUpSerializer

KEPT = timedelta(hours=24)
LONGEST_KEY = 255


def sign_up(actor: Actor, data: Any, *, key: str | None = None) -> ProfileSerializer:
    """A new profile, as its owner is shown it (staff who made it: as staff are).

    Args:
        actor: who asks.
        data: the input, as it came.
        key: the client's own name for this sign-up. Sent again within `KEPT`, with the same input, it
            gives the same profile and makes none.

    Raises:
        Refused: FORBIDDEN: sign-up is closed. KEY_REUSED: the key came with another input.
        ValidationError: what is wrong with the input.
    """
    policy.require_sign_up(actor, is_open=settings.SIGN_UP_IS_OPEN)
    attempt = None if key is None else _attempt(actor, data, key)
    profile = _made_before(attempt) or _make(actor, data, attempt)
    return ProfileSerializer(profile, context={"actor": actor if actor.is_staff else Actor(profile)})


def _make(actor: Actor, data: Any, attempt: IdempotencyKey | None) -> Profile:
    serializer = SignUpSerializer(data=data, context={"actor": actor})
    try:
        serializer.is_valid(raise_exception=True)
        return _written(actor, dict(serializer.validated_data), attempt)
    except (ValidationError, IntegrityError):
        # Of several at once, the first has made it meanwhile: the others give what it gave.
        profile = _made_before(attempt)
        if profile is None:
            raise
        return profile


def _written(actor: Actor, values: dict[str, Any], attempt: IdempotencyKey | None) -> Profile:
    values["password"] = make_password(values["password"])  # before the transaction: it takes its time
    with transaction.atomic():
        profile = writing.create(values, actor=actor)
        if attempt:
            IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
            attempt.profile = profile
            attempt.save(force_insert=True)
    return profile


def _attempt(actor: Actor, data: Any, key: str) -> IdempotencyKey:
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        message = _("Give a key of 1 to {most} printable ASCII characters.").format(most=LONGEST_KEY)
        raise ValidationError({"idempotency_key": [message]}, code=InvalidCode.INVALID)
    owner = actor.profile.pk if actor.profile else ""
    digest = hashlib.sha256(f"{owner}:{key}".encode()).hexdigest()
    # Keyed, for the input holds a password.
    body = salted_hmac("profiles.sign_up", json.dumps(data, sort_keys=True), algorithm="sha256").hexdigest()
    return IdempotencyKey(digest=digest, body=body)


def _made_before(attempt: IdempotencyKey | None) -> Profile | None:
    """The profile that this attempt made earlier. Raises `Refused`: its key was another attempt's."""
    if attempt is None:
        return None
    rows = IdempotencyKey.objects.select_related("profile").filter(
        digest=attempt.digest, created_at__gte=timezone.now() - KEPT
    )
    row = rows.first()
    if row is None:
        return None
    if not constant_time_compare(row.body, attempt.body):
        raise Refused(Outcome.KEY_REUSED)
    return row.profile
