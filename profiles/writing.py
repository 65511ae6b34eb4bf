"""The one write path: lock, compare, save what changed, raise the version, keep the history."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_guid import get_guid
from rest_framework.exceptions import ErrorDetail, ValidationError

from profiles import policy, security
from profiles.models import UNIQUE_USERNAME, Change, Door, Profile
from profiles.outcomes import InvalidCode, Outcome, Refused
from profiles.policy import Action, Actor


def create(values: Mapping[str, Any]) -> Profile:
    """Write a new profile of valid values, its password hashed already.

    It is to be called in a transaction, which is undone by what it raises.

    Raises:
        ValidationError: somebody else has taken a unique value, with the code of the early check.
    """
    profile = Profile(**values)
    with unique():
        profile.save(force_insert=True)
    return profile


@contextmanager
def unique() -> Iterator[None]:
    """A transaction that makes the validation error of a breach of uniqueness."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if UNIQUE_USERNAME.name not in str(error):
            raise
        taken = ErrorDetail(str(UNIQUE_USERNAME.violation_error_message), code=InvalidCode.UNIQUE)
        raise ValidationError({"username": [taken]}) from error


def update(
    profile: Profile,
    values: Mapping[str, Any],
    *,
    actor: Actor,
    door: Door,
    expected_version: int | None = None,
) -> Profile:
    """Write valid values to a profile, in one transaction, and give back the row as it then is.

    Only the fields whose value differs from the locked row's are saved, so that writers of different
    fields do not undo one another. A write that changes nothing leaves version, `updated_at`,
    `updated_by` and history as they are.

    Args:
        profile: the profile, as it was read.
        values: by model field, as the serializer validated them.
        actor: who writes.
        door: where the write came in.
        expected_version: write only if this is still the version.

    Raises:
        Refused: the actor may not (FORBIDDEN and its like), the version is another one (CONFLICT), or
            the profile was deleted meanwhile (NOT_FOUND).
        ValidationError: somebody else has taken a unique value, with the code of the early check.
    """
    with unique():
        row = _permitted(profile, actor, Action.UPDATE, expected_version)
        save_locked(row, values, actor, door)
    return row


def delete(profile: Profile, *, actor: Actor, expected_version: int | None = None) -> None:
    """Delete a profile, and with it its history and its tokens.

    What it wrote to others stays in their history, of an actor that is no more. Raises as `update` does.
    """
    with transaction.atomic():
        _permitted(profile, actor, Action.DELETE, expected_version).delete()
    security.log("deleted", profile, by=actor.profile and actor.profile.pk)


def change_password(profile: Profile, password: str) -> Profile:
    """Give a profile a new password, which ends every token and session of the old one.

    It is no change of the profile as anybody reads it: version and history stay as they are.
    """
    return _save_account(profile, lambda row: row.set_password(password), "password")


def sign_out_everywhere(profile: Profile) -> Profile:
    """End every token and session of a profile."""

    def count(row: Profile) -> None:
        row.sign_outs += 1

    return _save_account(profile, count, "sign_outs")


def _save_account(profile: Profile, change: Callable[[Profile], None], field: str) -> Profile:
    with transaction.atomic():
        row = _locked(profile, Actor(profile))
        change(row)
        row.save(update_fields=[field])
        _end_sign_ins(row)
    return row


def _end_sign_ins(row: Profile) -> None:
    row.token_families.filter(ended_at=None).update(ended_at=timezone.now())


def lock_many(keys: Collection[int], actor: Actor) -> dict[int, Profile]:
    """The profiles of these keys that this actor sees, locked in one order, by key. In one statement."""
    rows = Profile.objects.visible_to(actor).filter(pk__in=keys).order_by("pk")
    return {row.pk: row for row in rows.for_writing()}


def _permitted(profile: Profile, actor: Actor, action: Action, expected_version: int | None) -> Profile:
    """The row, locked, where the actor may do this to it and it is as the client expects. Raises `Refused`."""
    row = policy.require(actor, action, _locked(profile, actor))
    if expected_version not in (None, row.version):
        raise Refused(Outcome.CONFLICT, version=row.version)
    return row


def _locked(profile: Profile, actor: Actor) -> Profile:
    try:
        return Profile.objects.select_related("updated_by").for_writing().get(pk=profile.pk)
    except Profile.DoesNotExist:
        raise policy.unseen(actor) from None


def save_locked(row: Profile, values: Mapping[str, Any], actor: Actor, door: Door) -> None:
    """Write valid values to a row that this transaction has locked, for an actor that may: two statements,
    or none where nothing changes. A third where an account is disabled: its sign-ins end."""
    changes = {name: [getattr(row, name), value] for name, value in values.items() if getattr(row, name) != value}
    if not changes:
        return
    for name, (_, value) in changes.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = timezone.now()
    row.updated_by = actor.profile
    row.save(update_fields=[*changes, "version", "updated_at", "updated_by"])
    if changes.get("is_active") == [True, False]:
        _end_sign_ins(row)
    request_id = get_guid()
    Change.objects.create(
        profile=row,
        version=row.version,
        actor=actor.profile,
        at=row.updated_at,
        door=door,
        request_id=UUID(request_id) if request_id else None,
        fields=changes,
    )
