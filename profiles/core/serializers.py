"""Validation of a resource's input, and its representation. Both APIs use the same class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from datetime import datetime
from functools import cache, cached_property, lru_cache
from operator import attrgetter
from typing import Any, ClassVar, TypeAlias, cast

from django.contrib.auth import get_user_model
from django.db import models
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import empty
from rest_framework.utils.serializer_helpers import BindingDict

from profiles.core import idempotency, writing
from profiles.core.actors import Actor
from profiles.core.fields import NOT_AN_OBJECT, Choice, Email, Flag, Line, Text, Website, fields_of, unknown
from profiles.core.models import IdempotencyKey, Resource
from profiles.core.outcomes import InvalidCode, Outcome, Refused
from profiles.core.parsers import MergePatch
from profiles.core.policy import IDENTITY, STAMPS, Action, Policy, visible_key, write_denied
from profiles.core.preconditions import entity_tag, if_match, if_none_match, require_condition
from profiles.core.writing import Write

AS_STORED = (serializers.CharField, serializers.IntegerField, serializers.BooleanField)  # shown without conversion
KEPT = 256  # selections of fields in the cache of `columns_of`

AnyField: TypeAlias = "serializers.Field[Any, Any, Any, Any]"


class ResourceSerializer(serializers.ModelSerializer[Any]):
    """A row of a resource, with the fields that the caller may read and write; without a row, a new one.

    The context has `actor`, to show a row (default: anonymous), and `write`, a `Write`, to validate input.

    A client may send back a row as it was shown: input ignores the fields in `KEPT`, and every other
    field that the actor may not write if its value is the one that the actor was shown. `version` is a
    precondition.
    """

    IDENTITY: ClassVar = IDENTITY
    STAMPS: ClassVar = STAMPS
    KEPT: ClassVar = {*STAMPS} - {"version"}

    default_error_messages: ClassVar[dict[str, Any]] = NOT_AN_OBJECT

    updated_by = serializers.SerializerMethodField(help_text=Resource._meta.get_field("updated_by").help_text)
    editable_fields = serializers.SerializerMethodField(help_text="Names of the fields that you can change.")

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.BooleanField: Flag,
        models.CharField: Line,
        models.EmailField: Email,
        models.TextField: Text,
        models.URLField: Website,
    }
    serializer_choice_field = Choice

    class Meta:
        model: type[Resource]
        fields: tuple[str, ...] = ()
        read_only_fields: tuple[str, ...] = (*IDENTITY, "created_at", "updated_at", "version")
        field_classes: ClassVar[dict[str, Any]] = {}

    @property
    def policy(self) -> Policy[Any]:
        return self.Meta.model.policy

    @property
    def write(self) -> Write:
        return cast(Write, self.context["write"])

    @cached_property
    def actor(self) -> Actor:
        return self.write.actor if "write" in self.context else cast(Actor, self.context.get("actor", Actor()))

    @property
    def row(self) -> Any:
        """The row to show or change; None for a new one."""
        return self.instance

    # Fields

    def build_standard_field(
        self, field_name: str, model_field: models.Field[Any, Any]
    ) -> tuple[type[AnyField], dict[str, Any]]:
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        return self.Meta.field_classes.get(field_name, field_class), kwargs

    def get_fields(self) -> dict[str, AnyField]:
        """The fields. An optional field has the default to which a replacement resets it."""
        fields = super().get_fields()
        for name, field in fields.items():
            if not field.read_only and not field.required:
                column = cast("models.Field[Any, Any]", self.Meta.model._meta.get_field(field.source or name))
                field.default = column.get_default()
        return fields

    @cached_property
    def fields(self) -> BindingDict:
        """The fields, built once for the class: they keep no state of an input or a caller."""
        return fields_of(type(self), self.partial)

    @cached_property
    def names(self) -> list[str]:
        """The fields to show: `fields` of the context, or all."""
        return list(self.context.get("fields") or _readers(type(self)))

    @cached_property
    def input_names(self) -> list[str]:
        return [name for name, field in self.fields.items() if not field.read_only]

    def writable_names(self, row: Resource | None) -> list[str]:
        """The fields that the actor may change on the row or, without a row, set on a new one."""
        if row is None:
            return self.policy.settable(self.actor, self.input_names)
        return self.policy.writable(self.actor, row, self.input_names)

    def get_validators(self) -> list[Any]:
        return list(_validators(type(self)))

    # Representation

    @cached_property
    def readers(self) -> dict[str, tuple[bool, Callable[[Any], Any]]]:
        """By field: whether everyone who sees the row may read it, and the function that reads it."""
        always_shown = self.policy.always_shown
        return {name: (name in always_shown, read) for name, read in readers_of(self).items()}

    @cached_property
    def shown_names(self) -> list[tuple[str, bool, Callable[[Any], Any]]]:
        """`readers` of the fields to show, in their order."""
        return [(name, *self.readers[name]) for name in self.names]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        may_read, actor = self.policy.may_read, self.actor
        return {
            name: read(instance) if is_open or may_read(actor, instance, name) else None
            for name, is_open, read in self.shown_names
        }

    def shown(self, row: Any, name: str) -> Any:
        """The primitive value of one field, or None if the actor may not read it."""
        is_open, read = self.readers[name]
        return read(row) if is_open or self.policy.may_read(self.actor, row, name) else None

    def get_updated_by(self, row: Resource) -> int | None:
        return visible_key(self.actor, row.updated_by)

    def get_editable_fields(self, row: Resource) -> list[str]:
        return self.writable_names(row)

    @property
    def etag(self) -> str:
        """The entity tag of this representation, the same in both APIs.

        It is strong (RFC 9110, section 8.8.3): computed from everything that the actor is shown.
        """
        return entity_tag(self.data, self.row.version)

    # Validation

    expected_version: int | None = None  # result of `_expected_version`

    @cached_property
    def key(self) -> IdempotencyKey | None:
        return self.write.keyed(self.Meta.model, self.row and self.row.pk, self.partial, self.initial_data)

    @cached_property
    def earlier(self) -> IdempotencyKey | None:
        """The key, if the write was already performed with it. Raises `Refused`: KEY_REUSED."""
        return idempotency.earlier(self.key) if "write" in self.context else None

    def is_valid(self, *, raise_exception: bool = False) -> bool:
        """As in REST framework, except that a write that was already performed is not validated again."""
        if self.earlier:
            self._validated_data: dict[str, Any] = {}
            self._errors: dict[str, Any] = {}
            return True
        return super().is_valid(raise_exception=raise_exception)

    @property
    def _writable_fields(self) -> Iterator[AnyField]:  # type: ignore[override]  # the stubs say list
        """REST framework's list of fields to validate, without those that the actor may not write."""
        names = self.writable_names(self.row)
        return (field for field in super()._writable_fields if field.field_name in names)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The valid values, by model field.

        Raises:
            Refused: before any value is validated: CONFLICT, a precondition failed; PRECONDITION_REQUIRED, there is
                none. EMAIL_UNVERIFIED.
            ValidationError: all errors of all fields; their order does not depend on the input's.
        """
        if isinstance(data, MergePatch):
            data = self._merged(data)
        if isinstance(data, Mapping):
            self.expected_version = self._expected_version(data)
            errors = self._untouchable(data)
        else:
            errors = {}
        try:
            values: dict[str, Any] = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**cast(dict[str, Any], error.detail), **errors}) from None
        if errors:
            raise ValidationError(errors)
        return values

    def _expected_version(self, data: Mapping[str, Any]) -> int | None:
        """The version that the client requires, or None. Checks the preconditions (RFC 9110, sections 13.1.1, 13.1.2).

        Raises:
            Refused: CONFLICT: a precondition failed. PRECONDITION_REQUIRED.
        """
        if self.row is None:
            return None
        current: int = self.row.version
        match, none_match = self.write.if_match, self.write.if_none_match
        require_condition(match, data.get("version"))
        is_conditional = match is not None or none_match is not None
        tag = entity_tag(self.to_representation(self.row), current) if is_conditional else ""
        version = data.get("version", current)
        holds = if_match(match, tag) and if_none_match(none_match, tag)
        if not holds or (type(version) is int and version != current):
            raise Refused(Outcome.CONFLICT, version=current)
        return current if match is not None or "version" in data else None

    def _merged(self, patch: MergePatch) -> dict[str, Any]:
        """A merge patch with nulls replaced by the fields' defaults: removing a member (RFC 7396, section 2) has the
        effect of omitting it in a replacement. A field without a default stays null, and is refused."""
        fields = self.fields
        removed = [name for name in self.writable_names(self.row) if name in patch and patch[name] is None]
        return {**patch, **{name: fields[name].default for name in removed if fields[name].default is not empty}}

    def _untouchable(self, data: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        """Errors of fields that the actor may not write and did not send back with the value it was shown.

        Raises:
            Refused: EMAIL_UNVERIFIED: the actor has to verify its address before it may write them.
        """
        message = _("This field is read-only for you. Leave it out, or send it unchanged.")
        read_only = ErrorDetail(message, code=InvalidCode.READ_ONLY)
        refused = dict.fromkeys(self.fields.keys() - self.writable_names(self.row) - self.KEPT, read_only)
        refused["version"] = ErrorDetail(_("Must be a whole number."), code=InvalidCode.INVALID)
        given = [name for name in self.names if name in refused and name in data]
        touched = {name: [refused[name]] for name in given if not self._is_shown(name, data[name])}
        if touched and self.actor.is_unverified:
            raise write_denied(self.actor)
        return {**touched, **unknown(data, self.fields)}

    def _is_shown(self, name: str, value: Any) -> bool:
        """Whether a value equals the one that the actor was shown; for a new row, None."""
        shown = None if self.row is None else self.shown(self.row, name)
        return type(value) is type(shown) and bool(value == shown)

    # Writing

    def create(self, validated_data: dict[str, Any]) -> Resource:
        """Create a row in a transaction. Raises as `writing.create` does."""
        model, values = self.Meta.model, {**self.policy.given(self.actor), **validated_data}
        return writing.transact(model, lambda: writing.create(model, values, actor=self.actor, key=self.key))

    def update(self, instance: Resource, validated_data: dict[str, Any]) -> Resource:
        """Update the row. `save()` calls this, so every write uses `writing.update`. Raises as that does."""
        return writing.update(
            instance,
            validated_data,
            actor=self.actor,
            source=self.write.source,
            expected_version=self.expected_version,
            key=self.key,
        )

    def delete(self) -> None:
        """Delete the row if the preconditions hold. Raises as `writing.delete` does."""
        expected_version = self._expected_version({})
        key = self.write.keyed(self.Meta.model, self.row.pk, Action.DELETE)
        writing.delete(self.row, actor=self.actor, expected_version=expected_version, key=key)


@cache
def _validators(kind: type[ResourceSerializer]) -> list[Any]:
    """The validators across several fields, built once for the class."""
    return list(super(ResourceSerializer, kind()).get_validators())


def readers_of(serializer: serializers.Serializer[Any]) -> dict[str, Callable[[Any], Any]]:
    """The functions that read a serializer's fields from a row, by field name."""
    readers = _readers(type(serializer)).items()
    return {name: getattr(serializer, read) if isinstance(read, str) else read for name, read in readers}


@cache
def _readers(kind: type[serializers.Serializer[Any]]) -> dict[str, str | Callable[[Any], Any]]:
    """By readable field: the name of a serializer's method, or a function of the row."""
    return {name: _reader(field) for name, field in fields_of(kind).items() if not field.write_only}


def _reader(field: AnyField) -> str | Callable[[Any], Any]:
    if isinstance(field, serializers.SerializerMethodField):
        return str(field.method_name)
    value_of = attrgetter(".".join(field.source_attrs))
    if isinstance(field, AS_STORED):
        return value_of
    represent = utc_text if isinstance(field, serializers.DateTimeField) else field.to_representation

    def read(row: Any) -> Any:
        value = value_of(row)
        return None if value is None else represent(value)

    return read


@lru_cache(KEPT)
def columns_of(kind: type[ResourceSerializer], names: tuple[str, ...], *, related: bool) -> tuple[str, ...] | None:
    """The columns that these fields and the policy need; None if they are not known.

    With `related`, all columns of the row's last writer are read; otherwise only those that its policy needs.
    """
    model, account = kind.Meta.model, get_user_model()
    deciding = [each.policy.decides_by for each in (model, cast("type[Resource]", account))]
    fields = fields_of(kind)
    concrete = {field.name for field in model._meta.concrete_fields}
    sources = {str(fields[name].source) for name in names if name not in ("node_id", "updated_by", "editable_fields")}
    if None in deciding or not sources <= concrete:
        return None
    columns = {"pk", "version", *sources, *cast("Set[str]", deciding[0])}
    if "updated_by" in names:
        of_account = [f.name for f in account._meta.concrete_fields] if related else cast("Set[str]", deciding[1])
        columns |= {"updated_by", *(f"updated_by__{name}" for name in of_account)}
    return tuple(sorted(columns))


def utc_text(moment: datetime) -> str:
    """A time in UTC as ISO 8601 with microseconds, the format that `settings.REST_FRAMEWORK` defines."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
