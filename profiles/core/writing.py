"""The write path of both APIs: lock, check preconditions, save changed fields, increment version, add history."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, Q, UniqueConstraint
from django.db.models.functions import Now
from django.utils import timezone
from django_guid import get_guid
from rest_framework.exceptions import ErrorDetail, ValidationError

from profiles.core import idempotency
from profiles.core.actors import Actor
from profiles.core.models import IdempotencyKey, Resource, Source
from profiles.core.outcomes import InvalidCode, Outcome, Refused, is_aborted, sign_in_ended
from profiles.core.policy import Action, require_writer

Written = TypeVar("Written")
Row = TypeVar("Row", bound=Resource)


@dataclass(frozen=True, slots=True)
class Write:
    """The context of a write: caller, API, preconditions (the values of `If-Match` and `If-None-Match`) and
    idempotency key."""

    actor: Actor
    source: Source
    if_match: str | None = None
    if_none_match: str | None = None
    key: str | None = None

    def keyed(self, model: type[Resource], pk: int | None, *request: Any) -> IdempotencyKey | None:
        """The idempotency key of a write to the row with this primary key. The preconditions and `request` are part
        of the request that the key stands for. Raises as `idempotency.keyed` does."""
        return idempotency.keyed(self.actor, self.key, model.__name__, pk, self.if_match, self.if_none_match, *request)


def create(model: type[Row], values: Mapping[str, Any], *, actor: Actor, key: IdempotencyKey | None = None) -> Row:
    """Create a row from valid values, by model field. If the idempotency key already created a row, return that row
    in its current state. Call it in `transact`.

    Raises:
        Refused: UNAUTHENTICATED: the actor's account or session has ended. NOT_FOUND: the row that the key created
            was deleted, or the actor no longer sees it.
    """
    lock(model, (), actor)
    if done := idempotency.earlier(key):
        made = model.objects.visible_to(actor).one({"pk": done.made})
        return cast(Row, model.policy.require(actor, Action.VIEW, made))
    row = model(**values)
    row.updated_at = row.created_at
    row.save(force_insert=True)
    idempotency.keep(key, made=row.pk)
    return row


def transact(model: type[Resource], write: Callable[[], Written]) -> Written:
    """Run a write to rows of this model in its own transaction, and return its result.

    A write is retried once if the database rolled it back before COMMIT was sent (a deadlock, a failover) or it lost
    a race for a unique value. The retry repeats its checks with the other write's data, so `write` itself must load
    and lock its rows.

    Raises:
        ValidationError: a unique value is taken, with the same code as the early check.
    """
    try:
        with transaction.atomic():
            return write()
    except DatabaseError as error:
        if not (is_aborted(error) or _taken(model, error)):
            raise
    with unique(model):
        return write()


@contextmanager
def unique(model: type[Resource]) -> Iterator[None]:
    """atomic() that turns a violation of a unique constraint of the model into a ValidationError."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if not (constraint := _taken(model, error)):
            raise
        parts: Any = [part for expression in constraint.expressions for part in cast(Any, expression).flatten()]
        fields = constraint.fields or [part.name for part in parts if isinstance(part, F)]  # type: ignore[attr-defined]
        taken = ErrorDetail(str(constraint.violation_error_message), code=InvalidCode.UNIQUE)
        raise ValidationError({fields[0]: [taken]}) from error


def _taken(model: type[Resource], error: DatabaseError) -> UniqueConstraint | None:
    """The database constraint an error violated, or None. SQLite's message has the columns instead of the name."""
    if not isinstance(error, IntegrityError):
        return None
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            fields = [cast(Any, model._meta.get_field(name)) for name in constraint.fields]
            columns = [f"{model._meta.db_table}.{field.column}" for field in fields]
            if constraint.name in str(error) or (columns and str(error).endswith(f": {', '.join(columns)}")):
                return constraint
    return None


def update(
    row: Row,
    values: Mapping[str, Any],
    *,
    actor: Actor,
    source: Source,
    expected_version: int | None = None,
    key: IdempotencyKey | None = None,
) -> Row:
    """Write valid values to a row in one transaction, and return the updated row.

    Only fields whose value differs from the locked row's are saved, so concurrent writes of different
    fields do not overwrite each other. Version, `updated_at`, `updated_by` and history stay unchanged if
    no value changes, or if the write was already performed with its idempotency key.

    Args:
        row: the row as it was loaded.
        values: validated values, by model field.
        actor: the caller.
        source: the API or command of the write.
        expected_version: the version that the row must have; None for any.
        key: the idempotency key of the write.

    Raises:
        Refused: FORBIDDEN, EMAIL_UNVERIFIED: the actor may not update the row. UNAUTHENTICATED: its account
            or session has ended. CONFLICT: the row has another version. NOT_FOUND: the row was deleted
            concurrently.
        ValidationError: a unique value is taken, with the same code as the early check.
    """

    def save() -> Row:
        rows, acting = lock(type(row), (row.pk,), actor)
        locked = cast(Row, row.policy.require(acting, Action.UPDATE, rows.get(row.pk)))
        if not idempotency.earlier(key):
            _require_version(locked, expected_version)
            save_locked(locked, values, acting, source)
            idempotency.keep(key)
        return locked

    return transact(type(row), save)


def delete(
    row: Resource, *, actor: Actor, expected_version: int | None = None, key: IdempotencyKey | None = None
) -> None:
    """Delete a row and the rows that belong to it. Raises as `update` does."""

    def remove() -> None:
        row.before_deletion(actor)
        rows, acting = lock(type(row), (row.pk,), actor)
        if idempotency.earlier(key):
            return
        locked = row.policy.require(acting, Action.DELETE, rows.get(row.pk))
        _require_version(locked, expected_version)
        locked.delete()  # cascades with one statement per table, which loads no rows
        if locked != acting.profile:  # deleting the account also deletes its idempotency keys
            idempotency.keep(key)

    transact(type(row), remove)


def was_deleted(model: type[Resource], pk: int | None, write: Write) -> bool:
    """Whether the row with this primary key was already deleted with the write's idempotency key.

    Raises `Refused`: the token does not allow writes, or the key was used for another write.
    """
    if not idempotency.earlier(write.keyed(model, pk, Action.DELETE)):
        return False
    require_writer(write.actor)
    return True


def lock(model: type[Row], keys: Collection[int], actor: Actor) -> tuple[dict[int, Row], Actor]:
    """Lock the actor's account, then the rows with these keys that the actor sees, in the order of their keys. If the
    rows are accounts, one statement locks all of them in the order of their keys.

    Returns:
        The rows by key, and the actor with its account's current row.

    Raises:
        Refused: UNAUTHENTICATED: the actor's account was deleted or disabled, or its sessions ended, since
            authentication.
    """
    account = actor.profile
    if account is None:
        return _locked(model, keys, actor), actor
    are_accounts = isinstance(account, model)
    accounts = _locked(account._meta.model, {account.pk, *(keys if are_accounts else ())}, actor)
    own = accounts.get(account.pk)
    if own is None or not own.continues(account):
        raise sign_in_ended()
    if settings.DATABASE_REPLICA_URLS:
        type(own).objects.filter(pk=own.pk).update(wrote_at=Now())
    return accounts if are_accounts else _locked(model, keys, actor), replace(actor, profile=own)


def _locked(model: type[Any], keys: Collection[int], actor: Actor) -> dict[int, Any]:
    if not keys:
        return {}
    return {row.pk: row for row in model.objects.visible_to(actor).few(Q(pk__in=keys), lock=True)}


def _require_version(row: Resource, expected_version: int | None) -> None:
    """Check that a locked row has the version that the client expects. Raises `Refused`: CONFLICT."""
    if expected_version not in (None, row.version):
        raise Refused(Outcome.CONFLICT, version=row.version)


def save_locked(row: Resource, values: Mapping[str, Any], actor: Actor, source: Source) -> None:
    """Write valid values to a row that this transaction has locked. `actor` comes from `lock` and is authorized.

    Executes two SQL statements, or none if no value changes, plus those of the row's `prepared` and `changed`."""
    prepared = row.prepared(values, actor)
    changes = {name: [getattr(row, name), value] for name, value in prepared.items() if getattr(row, name) != value}
    if not changes:
        return
    for name, (_, value) in changes.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = timezone.now()
    row.updated_by = actor.profile
    row.save(update_fields=[*changes, "version", "updated_at", "updated_by"])
    row.changed(changes)
    history: Any = type(row).history.rel  # type: ignore[attr-defined]  # the foreign key of its model of changes
    request_id = get_guid()
    history.related_model(
        **{history.field.name: row},
        version=row.version,
        actor=actor.profile,
        at=row.updated_at,
        source=source,
        request_id=UUID(request_id) if request_id else None,
        fields=changes,
    ).save(force_insert=True)
