"""Signing up: a new profile, once, however often it is sent under one idempotency key."""

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.utils.translation import get_language
from rest_framework.exceptions import ValidationError

from profiles.core import idempotency, writing
from profiles.core.actors import Actor
from profiles.core.models import IdempotencyKey
from profiles.models import Profile
from profiles.policy import policy
from profiles.serializers import ProfileSerializer, SignUpSerializer


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
        key: its idempotency key. Under one that it was done under before, it makes no profile and gives what was shown
            the first time, whatever the profile has become.

    Raises:
        Refused: FORBIDDEN: sign-up is closed. KEY_REUSED: the caller has sent the key with another input.
            UNAUTHENTICATED: the actor's account or session has ended.
        ValidationError: what is wrong with the input.
    """
    policy.require_sign_up(actor, is_open=settings.SIGN_UP_IS_OPEN)
    keyed = idempotency.keyed(actor, key, data)
    return _made_before(keyed) or _make(actor, data, keyed)


def _make(actor: Actor, data: Any, key: IdempotencyKey | None) -> SignedUp:
    serializer = SignUpSerializer(data=data, context={"actor": actor})
    try:
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        if "language" not in data:
            values["language"] = get_language()
        values["password"] = make_password(values["password"])  # before the transaction: it takes its time
        return writing.transact(Profile, lambda: _written(actor, values, key))
    except (ValidationError, IntegrityError):
        # Of several at once, the first has made it meanwhile: the others give what it gave.
        made = _made_before(key)
        if made is None:
            raise
        return made


def _written(actor: Actor, values: dict[str, Any], key: IdempotencyKey | None) -> SignedUp:
    profile = writing.create(Profile, values, actor=actor)
    profile.send_code()
    reader = actor if actor.is_staff else Actor(profile)
    shown = dict(ProfileSerializer(profile, context={"actor": reader}).data)
    idempotency.keep(key, profile=profile, answer=json.dumps(shown))
    return SignedUp(profile, shown)


def _made_before(key: IdempotencyKey | None) -> SignedUp | None:
    """What was made earlier under this key. Raises `Refused`: KEY_REUSED."""
    earlier = idempotency.earlier(key)
    return SignedUp(earlier.profile, json.loads(earlier.answer)) if earlier else None
