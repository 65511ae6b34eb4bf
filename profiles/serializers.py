"""Every validation of a profile's input, and its representation. Both doors use the same class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar, TypeAlias, cast

from django.db import models
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from profiles import policy, writing
from profiles.core.fields import Choice, Email, Flag, Line, Text, TimeZone, Website, unknown
from profiles.core.outcomes import InvalidCode, Outcome, Refused
from profiles.core.preconditions import entity_tag, if_match, if_none_match
from profiles.fields import Password, Username, check_new_password, check_unreserved
from profiles.models import UNIQUE_USERNAME, Profile
from profiles.policy import Actor

AnyField: TypeAlias = "serializers.Field[Any, Any, Any, Any]"


class ProfileSerializer(serializers.ModelSerializer[Profile]):
    """A profile as an actor may see it and change it.

    The context says who and how: `actor` (nobody in particular where it is missing); for a write
    also `door`, and the values of `If-Match` and `If-None-Match` as `if_match` and `if_none_match`.

    A client may give back what it was given: what the server alone keeps (`KEPT`) is ignored in an
    input, and so is any other field that this actor may not write, where it says what the actor was
    shown. `version` is a precondition.
    """

    KEPT: ClassVar = {"created_at", "updated_at", "updated_by", "editable_fields"}

    updated_by = serializers.SerializerMethodField(help_text=Profile._meta.get_field("updated_by").help_text)
    editable_fields = serializers.SerializerMethodField(help_text="The fields that you may change.")

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
        model = Profile
        fields: tuple[str, ...] = (
            "id",
            "node_id",
            "username",
            "email",
            "bio",
            "display_name",
            "location",
            "website",
            "time_zone",
            "visibility",
            "email_public",
            "is_active",
            "created_at",
            "updated_at",
            "updated_by",
            "version",
            "editable_fields",
        )
        read_only_fields = ("id", "node_id", "created_at", "updated_at", "version")
        field_classes: ClassVar = {"username": Username, "time_zone": TimeZone}

    @cached_property
    def actor(self) -> Actor:
        return cast(Actor, self.context.get("actor", Actor()))

    @property
    def profile(self) -> Profile:
        """The one that is shown, or written."""
        return cast(Profile, self.instance)

    # What the fields are

    def build_standard_field(
        self, field_name: str, model_field: models.Field[Any, Any]
    ) -> tuple[type[AnyField], dict[str, Any]]:
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        return self.Meta.field_classes.get(field_name, field_class), kwargs

    def get_fields(self) -> dict[str, AnyField]:
        """The fields, each that may be left out with the default that a replacement then gives it."""
        fields = super().get_fields()
        for name, field in fields.items():
            if not field.read_only and not field.required:
                column = cast("models.Field[Any, Any]", Profile._meta.get_field(field.source or name))
                field.default = column.get_default()
        return fields

    @cached_property
    def names(self) -> list[str]:
        return [name for name, _ in self.fields.items()]

    @cached_property
    def input_names(self) -> list[str]:
        return [name for name in self.names if not self.fields[name].read_only]

    def writable_names(self, profile: Profile) -> list[str]:
        """The fields of this profile that the actor may change."""
        return policy.writable(self.actor, profile, self.input_names)

    # How a profile is shown

    def to_representation(self, instance: Profile) -> dict[str, Any]:
        return {name: self.shown(instance, name) for name in self.names}

    def shown(self, profile: Profile, name: str) -> Any:
        """One field as the actor may see it: its primitive value, or None where it may not."""
        if not policy.may_read(self.actor, profile, name):
            return None
        field = self.fields[name]
        value = field.get_attribute(profile)
        return None if value is None else field.to_representation(value)

    def get_updated_by(self, profile: Profile) -> int | None:
        return policy.visible_key(self.actor, profile.updated_by)

    def get_editable_fields(self, profile: Profile) -> list[str]:
        return self.writable_names(profile)

    @property
    def etag(self) -> str:
        """The entity tag of this representation, the same on both doors.

        It is strong (RFC 9110, section 8.8.3): made from all that the actor is shown.
        """
        return entity_tag(self.data)

    # What a client sends

    @property
    def _writable_fields(self) -> Iterator[AnyField]:  # type: ignore[override]  # the stubs say list
        """REST framework's own list of what to validate, less what this actor may not write."""
        names = self.writable_names(self.profile)
        return (field for field in super()._writable_fields if field.field_name in names)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The valid values by model field.

        Raises:
            Refused: CONFLICT, before any value is looked at: a precondition is stale.
            ValidationError: everything that is wrong with any field, in an order of its own and not the input's.
        """
        if isinstance(data, Mapping):
            shown = self.shown_before()
            self.expected_version = self._expected_version(data, shown)
            errors = self._untouchable(data, shown)
        else:
            errors = {}
        try:
            values: dict[str, Any] = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**cast(dict[str, Any], error.detail), **errors}) from None
        if errors:
            raise ValidationError(errors)
        return values

    def shown_before(self) -> Mapping[str, Any]:
        """What the actor was shown of the profile before it wrote."""
        return self.to_representation(self.profile)

    def _expected_version(self, data: Mapping[str, Any], shown: Mapping[str, Any]) -> int | None:
        """The version that the client makes a condition, if it does (RFC 9110, sections 13.1.1 and 13.1.2)."""
        current: int = shown["version"]
        match, none_match = self.context.get("if_match"), self.context.get("if_none_match")
        tag, version = entity_tag(shown), data.get("version", current)
        holds = if_match(match, tag) and if_none_match(none_match, tag)
        if not holds or (type(version) is int and version != current):
            raise Refused(Outcome.CONFLICT, version=current)
        return current if match is not None or "version" in data else None

    def _untouchable(self, data: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        """The errors of what this actor can't write: it may stand there only as it was shown."""
        message = _("You can't change this field. Leave it out, or send what you were shown.")
        read_only = ErrorDetail(message, code=InvalidCode.READ_ONLY)
        refused = dict.fromkeys(self.fields.keys() - self.writable_names(self.profile) - self.KEPT, read_only)
        refused["version"] = ErrorDetail(_("Give the version as a whole number."), code=InvalidCode.INVALID)
        touched = [name for name in self.names if name in refused and name in data]
        return {
            **{name: [refused[name]] for name in touched if not _same(data[name], shown[name])},
            **unknown(data, self.fields),
        }

    def validate_username(self, username: str) -> str:
        if username.lower() == self.profile.username.lower():
            return username  # whoever gave it that name: it can be sent back
        check_unreserved(username)
        taken = self.context.get("taken")  # of several at once, looked up together
        if Profile.objects.named(username).exists() if taken is None else username.lower() in taken:
            raise ValidationError(UNIQUE_USERNAME.violation_error_message, code=InvalidCode.UNIQUE)
        return username

    def update(self, instance: Profile, validated_data: dict[str, Any]) -> Profile:
        """The one write path. `save()` comes here, so there is no other. Raises as `writing.update` does."""
        return writing.update(
            instance,
            validated_data,
            actor=self.actor,
            door=self.context["door"],
            expected_version=self.expected_version,
        )

    def delete(self) -> None:
        """Delete the profile by the one write path, if the preconditions hold. Raises as `writing.delete` does."""
        expected_version = self._expected_version({}, self.shown_before())
        writing.delete(self.profile, actor=self.actor, expected_version=expected_version)


class SignUpSerializer(ProfileSerializer):
    """A new profile, and its password."""

    password = Password(help_text="Not too short, common, or like the other fields. It is never shown.")

    class Meta(ProfileSerializer.Meta):
        fields: tuple[str, ...] = (*ProfileSerializer.Meta.fields, "password")

    @property
    def profile(self) -> Profile:
        return Profile()

    def writable_names(self, profile: Profile) -> list[str]:
        return policy.settable(self.actor, self.input_names)

    def shown_before(self) -> Mapping[str, Any]:
        return dict.fromkeys(self.names)

    def _expected_version(self, data: Mapping[str, Any], shown: Mapping[str, Any]) -> None:
        return None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        fields = {name: value for name, value in attrs.items() if name != "password"}
        try:
            check_new_password(attrs["password"], Profile(**fields))
        except ValidationError as error:
            raise ValidationError({"password": error.detail}) from None
        return attrs


def _same(value: Any, shown: Any) -> bool:
    return type(value) is type(shown) and value == shown
