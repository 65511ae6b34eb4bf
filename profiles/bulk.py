"""Bulk update of profiles in one transaction: all or nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from profiles.core import idempotency, writing
from profiles.core.actors import Actor
from profiles.core.models import IdempotencyKey, Source
from profiles.core.outcomes import InvalidCode, Refused
from profiles.core.policy import Action, require_writer
from profiles.core.writing import Write
from profiles.models import Profile, comparable_username
from profiles.policy import policy
from profiles.serializers import ProfileSerializer

MOST = 100  # profiles in one bulk update

Items: TypeAlias = "Sequence[tuple[int | None, Any, str | None]]"


def update_many(items: Items, *, actor: Actor, source: Source, key: str | None = None) -> list[Profile]:
    """Update the given fields of several profiles in one transaction, and return the profiles.

    Executes two SQL statements for each profile that changes, and two more in total.

    Args:
        items: for each profile its primary key (None for an invalid id), its input, and the value of `ifMatch`
            or None.
        actor: the caller.
        source: the API of the write.
        key: the idempotency key. If the write was already performed with it, the profiles are only read.

    Raises:
        Refused: without a row, UNAUTHENTICATED, FORBIDDEN or EMAIL_UNVERIFIED: the actor may not write at all, or
            its account or session has ended. Otherwise for the first refused row: `details["row"]` is its number,
            from 0.
        ValidationError: errors by row: their attributes begin with the row's number.
    """
    require_writer(actor)
    if len(items) > MOST:
        message = _("Send at most {most} profiles at once.").format(most=MOST)
        raise ValidationError([ErrorDetail(message, code=InvalidCode.MAX_LENGTH)])
    sent = [(pk, _without_id(values), if_match) for pk, values, if_match in items]
    keyed = idempotency.keyed(actor, key, "Profiles", sent)
    return writing.transact(Profile, lambda: _write(items, Write(actor, source), keyed))


def _without_id(values: Any) -> Any:
    """An input without the profile's `id`, which only REST sends in it."""
    return {name: value for name, value in values.items() if name != "id"} if isinstance(values, Mapping) else values


def _write(items: Items, write: Write, key: IdempotencyKey | None) -> list[Profile]:
    rows, acting = writing.lock(Profile, {key for key, _, _ in items if key}, write.actor)
    serializers = _serializers(items, rows, replace(write, actor=acting))
    if not idempotency.earlier(key):
        _save(serializers, acting, write.source)
        idempotency.keep(key)
    return [serializer.row for serializer in serializers]


def _save(serializers: Sequence[ProfileSerializer], actor: Actor, source: Source) -> None:
    _validate(serializers)
    for serializer in sorted(serializers, key=_wanted_username):
        writing.save_locked(serializer.row, serializer.validated_data, actor, source)


def _wanted_username(serializer: ProfileSerializer) -> str:
    """The sort key for saving. The rows are already locked, so two bulk writes can only wait for each other's
    usernames; saving in the order of usernames prevents a deadlock."""
    return str(serializer.validated_data.get("username", "")).lower()


def _serializers(items: Items, rows: Mapping[int, Profile], write: Write) -> list[ProfileSerializer]:
    taken = _taken([values for _, values, _ in items])
    serializers = []
    for number, (key, values, if_match) in enumerate(items):
        try:
            profile = policy.require(write.actor, Action.UPDATE, rows.get(key or 0))
        except Refused as refused:
            raise refused.of_row(number) from None
        context = {"write": replace(write, if_match=if_match), "taken": taken}
        serializers.append(ProfileSerializer(profile, data=values, partial=True, context=context))
    return serializers


def _taken(inputs: Sequence[Any]) -> set[str]:
    """The requested usernames that another profile has, or that occur twice in the inputs."""
    given = [values.get("username") for values in inputs if isinstance(values, Mapping)]
    names = Counter(name for text in given if isinstance(text, str) and (name := comparable_username(text.strip())))
    found = Profile.objects.filter(username__lower__in=names).values_list("username__lower", flat=True)
    return {*found} | {name for name, count in names.items() if count > 1}


def _validate(serializers: Sequence[ProfileSerializer]) -> None:
    errors: list[Any] = []
    keys = Counter(serializer.row.pk for serializer in serializers)
    for number, serializer in enumerate(serializers):
        try:
            serializer.is_valid(raise_exception=True)
            message = _("This profile is in the list more than once. Send all of its changes together.")
            twice = ErrorDetail(message, code=InvalidCode.INVALID)
            errors.append({"id": [twice]} if keys[serializer.row.pk] > 1 else {})
        except Refused as refused:
            raise refused.of_row(number) from None
        except ValidationError as error:
            errors.append(error.detail)
    if any(errors):
        raise ValidationError(errors)
