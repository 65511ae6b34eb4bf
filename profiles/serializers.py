"""The serializers of profiles: fields and validation beyond those of any resource."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from profiles.core.fields import TimeZone
from profiles.core.outcomes import InvalidCode
from profiles.core.serializers import ResourceSerializer
from profiles.fields import RULE_OF_PASSWORDS, Password, Username, check_new_password, check_unreserved
from profiles.identity import security
from profiles.identity.throttling import count_mail
from profiles.models import UNIQUE_USERNAME, Profile


class ProfileSerializer(ResourceSerializer):
    """A profile, with the fields that the caller may read and write.

    The context of a bulk update has `taken`, the lower-case usernames that are taken, from one query for all rows.
    """

    class Meta(ResourceSerializer.Meta):
        model = Profile
        fields: tuple[str, ...] = (
            *ResourceSerializer.IDENTITY,
            "username",
            "email",
            "email_verified",
            "pending_email",
            "bio",
            "display_name",
            "location",
            "website",
            "time_zone",
            "language",
            "visibility",
            "email_public",
            "is_active",
            *ResourceSerializer.STAMPS,
        )
        read_only_fields: tuple[str, ...] = (
            *ResourceSerializer.Meta.read_only_fields,
            "email_verified",
            "pending_email",
        )
        enum_names: ClassVar = {"visibility": "Visibility", "language": "Language"}
        field_classes: ClassVar = {"username": Username, "time_zone": TimeZone}

    def validate_username(self, username: str) -> str:
        if self.row is not None and username.lower() == self.row.username.lower():
            return username  # unchanged, so valid even if it is reserved
        check_unreserved(username)
        taken = self.context.get("taken")
        if Profile.objects.named(username).exists() if taken is None else username.lower() in taken:
            raise ValidationError(UNIQUE_USERNAME.violation_error_message, code=InvalidCode.UNIQUE)
        return username

    def validate_email(self, email: str) -> str:
        """Count mail to an unconfirmed address against the rate limit. Raises `Refused`: THROTTLED."""
        if self.row is not None and self.row.awaits_code(email, self.actor):
            count_mail(self.row)
        return email

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Cancel the pending address if a PATCH sends the current one. A replacement does not, because it sends back
        the email that it was shown."""
        if self.partial and self.row is not None and attrs.get("email") == self.row.email:
            return {**attrs, "pending_email": None}
        return attrs

    def delete(self) -> None:
        super().delete()
        security.log("deleted", self.row, by=self.actor.profile and self.actor.profile.pk)


class SignUpSerializer(ProfileSerializer):
    """A new profile and its password."""

    password = Password(help_text=f"{RULE_OF_PASSWORDS} It is never shown.")

    class Meta(ProfileSerializer.Meta):
        fields: tuple[str, ...] = (*ProfileSerializer.Meta.fields, "password")

    def validate_password(self, password: str) -> str:
        """Run Django's validators even if other fields are invalid, so that one response has all errors."""
        profile = Profile()
        for name in ("username", "email"):  # the validators compare the password with these
            with suppress(ValidationError):  # reported by that field's own validation
                setattr(profile, name, self.fields[name].run_validation(self.initial_data.get(name, empty)))
        check_new_password(password, profile)
        return password
