"""Signing up: a new profile, once, however often it is sent under one idempotency key."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from profiles.core import writing
from profiles.core.actors import Actor
from profiles.core.outcomes import InvalidCode, Outcome, Refused
from profiles.models import IdempotencyKey, Profile
from profiles.policy import policy
from profiles.serializers import ProfileSerializer, SignUpSerializer

KEPT = timedelta(hours=24)
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class SignedUp:
    """A profile that signed up, and what its owner was shown of it then (staff who made it: what staff are shown)."""

    profile: Profile
    shown: dict[str, Any]


def sign_up(actor: Actor, data: Any, *, key: str | None = None) -> SignedUp:
    """A new profile.

    Args:
        actor: who asks.
        data: the input, as it came.
        key: the client's own name for this sign-up. Sent again within `KEPT`, with the same input, it makes no
            profile and gives what was shown the first time, whatever the profile has become. The key of a caller
            with a token is the caller's; that of an anonymous one belongs to the input that it came with.

    Raises:
        Refused: FORBIDDEN: sign-up is closed. KEY_REUSED: the caller has sent the key with another input.
            UNAUTHENTICATED: the actor's account or session has ended.
        ValidationError: what is wrong with the input.
    """
    policy.require_sign_up(actor, is_open=settings.SIGN_UP_IS_OPEN)
    attempt = None if key is None else _attempt(actor, data, key)
    return _made_before(attempt) or _make(actor, data, attempt)


def _make(actor: Actor, data: Any, attempt: IdempotencyKey | None) -> SignedUp:
    serializer = SignUpSerializer(data=data, context={"actor": actor})
    try:
        serializer.is_valid(raise_exception=True)
        return _written(actor, dict(serializer.validated_data), attempt)
    except (ValidationError, IntegrityError):
        # Of several at once, the first has made it meanwhile: the others give what it gave.
        made = _made_before(attempt)
        if made is None:
            raise
        return made


def _written(actor: Actor, values: dict[str, Any], attempt: IdempotencyKey | None) -> SignedUp:
    values["password"] = make_password(values["password"])  # before the transaction: it takes its time
    with transaction.atomic():
        profile = writing.create(Profile, values, actor=actor)
        reader = actor if actor.is_staff else Actor(profile)
        shown = dict(ProfileSerializer(profile, context={"actor": reader}).data)
        if attempt:
            IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
            attempt.profile = profile
            attempt.answer = json.dumps(shown)
            attempt.save(force_insert=True)
    return SignedUp(profile, shown)


def _attempt(actor: Actor, data: Any, key: str) -> IdempotencyKey:
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        message = _("Give a key of 1 to {most} printable ASCII characters.").format(most=LONGEST_KEY)
        raise ValidationError({"idempotency_key": [message]}, code=InvalidCode.INVALID)
    # Keyed, for the input holds a password.
    body = salted_hmac("profiles.sign_up", json.dumps(data, sort_keys=True), algorithm="sha256").hexdigest()
    # Anonymous callers do not know of each other's keys: each may use "1".
    owner = actor.profile.pk if actor.profile else f"anonymous:{body}"
    digest = hashlib.sha256(f"{owner}:{key}".encode()).hexdigest()
    return IdempotencyKey(digest=digest, body=body)


def _made_before(attempt: IdempotencyKey | None) -> SignedUp | None:
    """What this attempt made earlier. Raises `Refused`: its key was another attempt's."""
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
    return SignedUp(row.profile, json.loads(row.answer))
