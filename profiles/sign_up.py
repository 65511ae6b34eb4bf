"""Sign-up: creates a profile, once for each idempotency key."""

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
    """A new profile and its representation at sign-up: as its owner sees it or, if staff created it, as staff do."""

    profile: Profile
    shown: dict[str, Any]


def sign_up(actor: Actor, data: Any, *, key: str | None = None) -> SignedUp:
    """Create a profile.

    Args:
        actor: the caller.
        data: the unvalidated input.
        key: the idempotency key. If a sign-up was already performed with it, no profile is created, and the first
            representation is returned, even if the profile has changed since.

    Raises:
        Refused: FORBIDDEN: sign-up is closed. EMAIL_UNVERIFIED. KEY_REUSED: the caller used the key with another
            input. UNAUTHENTICATED: the actor's account or session has ended.
        ValidationError: the input is invalid.
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
        values["password"] = make_password(values["password"])  # before the transaction, because hashing is slow
        return writing.transact(Profile, lambda: _written(actor, values, key))
    except (ValidationError, IntegrityError):
        # Of several concurrent requests with one key, the first created the profile: return its result.
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
    """The earlier sign-up with this key, or None. Raises `Refused`: KEY_REUSED."""
    earlier = idempotency.earlier(key)
    return SignedUp(earlier.profile, json.loads(earlier.answer)) if earlier else None
