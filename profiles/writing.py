"""The one write path: lock, compare, save what changed, raise the version, keep the history."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import get_hasher, make_password
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django_guid import get_guid
from rest_framework.exceptions import ErrorDetail, ValidationError

from profiles import policy
from profiles.core.outcomes import InvalidCode, Outcome, Refused, is_deadlock
from profiles.identity import security, tokens
from profiles.models import UNIQUE_USERNAME, Change, Door, Profile
from profiles.policy import Action, Actor

Written = TypeVar("Written")


def create(values: Mapping[str, Any], *, actor: Actor) -> Profile:
    """Write a new profile of valid values, its password hashed already.

    It is to be called in a transaction, which is undone by what it raises.

    Raises:
        Refused: UNAUTHENTICATED: the actor's account or session has ended.
        ValidationError: somebody else has taken a unique value, with the code of the early check.
    """
    lock((), actor)
    profile = Profile(**values)
    with unique():
        profile.save(force_insert=True)
    return profile


def transact(write: Callable[[], Written]) -> Written:
    """Run a write in a transaction of its own, and give back its result.

    A write that lost a race (a deadlock, or another one took its username) runs once more from its beginning, so
    that its own checks see what the other one wrote. It must therefore load and lock its rows itself.

    Raises:
        ValidationError: another profile has taken a unique value, with the code of the early check.
    """
    try:
        with transaction.atomic():
            return write()
    except DatabaseError as error:
        if not (is_deadlock(error) or _is_taken(error)):
            raise
    with unique():
        return write()


@contextmanager
def unique() -> Iterator[None]:
    """atomic() that turns a violation of a username's uniqueness into a ValidationError."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if not _is_taken(error):
            raise
        taken = ErrorDetail(str(UNIQUE_USERNAME.violation_error_message), code=InvalidCode.UNIQUE)
        raise ValidationError({"username": [taken]}) from error


def _is_taken(error: DatabaseError) -> bool:
    return isinstance(error, IntegrityError) and UNIQUE_USERNAME.name in str(error)


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
        Refused: the actor may not (FORBIDDEN and its like), its account or session has ended
            (UNAUTHENTICATED), the version is another one (CONFLICT), or the profile was deleted meanwhile
            (NOT_FOUND).
        ValidationError: somebody else has taken a unique value, with the code of the early check.
    """

    def write() -> Profile:
        row, acting = _permitted(profile, actor, Action.UPDATE, expected_version)
        save_locked(row, values, acting, door)
        return row

    return transact(write)


def delete(profile: Profile, *, actor: Actor, expected_version: int | None = None) -> None:
    """Delete a profile with its history, tokens, sessions, exports, and what the admin's log says of it.

    What it wrote to others stays in their history, without an actor. Raises as `update` does.
    """

    def write() -> None:
        _lock_for_deletion(profile, actor)
        row, _ = _permitted(profile, actor, Action.DELETE, expected_version)
        LogEntry.objects.filter(logged_about(row)).delete()
        row.delete()  # with what belongs to it: one statement for each table, which loads no row

    transact(write)
    security.log("deleted", profile, by=actor.profile and actor.profile.pk)


def logged_about(profile: Profile) -> Q:
    """What the admin's log says of a profile, as a filter of `LogEntry`: it holds the username, and no foreign key."""
    return Q(content_type=ContentType.objects.get_for_model(Profile), object_id=str(profile.pk))


def change_password(profile: Profile, password: str) -> Profile:
    """Give a profile a new password, which ends every token and session of the old one.

    The version and the history stay as they are: no reader is shown a password.

    Args:
        profile: the account as its old password was verified.
        password: the new password, in plain text.

    Raises:
        Refused: UNAUTHENTICATED: the account ended, or its password changed, since `profile` was read.
    """
    encoded = make_password(password)  # before the transaction: hashing takes time
    return _save_account(profile, password=encoded)


def rehash(profile: Profile, password: str) -> Profile:
    """Hash a password anew that was just verified, where its hash has other parameters than those of today.

    The account's sign-ins go on: their refresh tokens stay good. An access token given out before, which lasts
    minutes, and a session of the admin are read against the old hash, and end.

    Returns:
        The profile, with the hash that is stored.
    """
    if not get_hasher().must_update(profile.password):
        return profile
    earlier, encoded = tokens.session_version(profile), make_password(password)
    with transaction.atomic():
        row = lock_account(profile)
        if row:
            row.password = encoded
            row.save(update_fields=["password"])
            families = row.token_families.filter(session_version=earlier)
            families.update(session_version=tokens.session_version(row))
            return row
    # Another sign-in was first, or the password changed: verify it against what is stored now.
    current = Profile.objects.filter(pk=profile.pk).first()
    return current if current and current.check_password(password) else profile


def sign_out_everywhere(profile: Profile) -> Profile:
    """End every token and session of a profile. Raises as `change_password` does."""
    return _save_account(profile, sign_outs=profile.sign_outs + 1)


def _save_account(profile: Profile, **values: Any) -> Profile:
    def write() -> Profile:
        row = lock_account(profile)
        if row is None:
            raise tokens.ended()
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=list(values))
        _end_sign_ins(row)
        return row

    return transact(write)


def _end_sign_ins(row: Profile) -> None:
    row.token_families.filter(ended_at=None).update(ended_at=timezone.now())


def lock_account(profile: Profile) -> Profile | None:
    """The row of an account, locked; None where it was deleted or disabled, or its password or sign-outs
    changed, since `profile` was read."""
    row = Profile.objects.filter(pk=profile.pk).for_writing().first()
    return row if row and row.continues(profile) else None


def lock(keys: Collection[int], actor: Actor) -> tuple[dict[int, Profile], Actor]:
    """Lock the profiles of these keys that the actor sees, and the actor's own, in one statement, in the order of
    their keys.

    Returns:
        The rows by key, and the actor with its row as it now is.

    Raises:
        Refused: UNAUTHENTICATED: the actor's account was deleted or disabled, or its sessions ended, since its
            token was read.
    """
    wanted = {*keys, actor.profile.pk} if actor.profile else set(keys)
    if not wanted:
        return {}, actor
    found = Profile.objects.visible_to(actor).filter(pk__in=wanted).order_by("pk").for_writing()
    rows = {row.pk: row for row in found}
    if actor.profile is None:
        return rows, actor
    own = rows.get(actor.profile.pk)
    if own is None or not own.continues(actor.profile):
        raise tokens.ended()
    return rows, replace(actor, profile=own)


def _lock_for_deletion(profile: Profile, actor: Actor) -> None:
    """Lock, in the order of their keys, every row that a deletion writes to: the profile, the actor's, and those
    that name the profile as their writer. Two deletions, or a deletion and a write, then have no deadlock."""
    keys = [profile.pk, *([actor.profile.pk] if actor.profile else [])]
    named = Profile.objects.filter(updated_by=profile.pk).values("pk")
    wrote_to = Change.objects.filter(actor=profile.pk).values("profile")
    affected = Profile.objects.filter(pk__in=keys).values("pk").union(named, wrote_to)
    rows = Profile.objects.filter(pk__in=affected).order_by("pk").select_for_update(no_key=True)
    list(rows.values_list("pk", flat=True))


def _permitted(profile: Profile, actor: Actor, action: Action, expected_version: int | None) -> tuple[Profile, Actor]:
    """The row and the actor, locked, where the actor may do this to it and it is as the client expects.

    Raises `Refused`.
    """
    rows, acting = lock((profile.pk,), actor)
    row = policy.require(acting, action, rows.get(profile.pk))
    if expected_version not in (None, row.version):
        raise Refused(Outcome.CONFLICT, version=row.version)
    return row, acting


def save_locked(row: Profile, values: Mapping[str, Any], actor: Actor, door: Door) -> None:
    """Write valid values to a row that this transaction has locked, for an actor that `lock` gave and that may:
    two statements, or none where nothing changes. A third where an account is disabled: its sign-ins end."""
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
