"""What is a profile's own in its input and its representation."""

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
    """A profile as an actor may see it and change it.

    The context may have `taken`, the usernames that are somebody's, of several profiles looked up together.
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
            return username  # whoever gave it that name: it can be sent back
        check_unreserved(username)
        taken = self.context.get("taken")
        if Profile.objects.named(username).exists() if taken is None else username.lower() in taken:
            raise ValidationError(UNIQUE_USERNAME.violation_error_message, code=InvalidCode.UNIQUE)
        return username

    def validate_email(self, email: str) -> str:
        """Counts what may be mailed to an address that nobody has confirmed. Raises `Refused`: THROTTLED."""
        if self.row is not None and self.row.awaits_code(email, self.actor):
            count_mail(self.row)
        return email

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A change to the address as it is cancels the one that is pending. A replacement may send back what it was
        shown."""
        if self.partial and self.row is not None and attrs.get("email") == self.row.email:
            return {**attrs, "pending_email": None}
        return attrs

    def delete(self) -> None:
        super().delete()
        security.log("deleted", self.row, by=self.actor.profile and self.actor.profile.pk)


class SignUpSerializer(ProfileSerializer):
    """A new profile, and its password."""

    password = Password(help_text=f"{RULE_OF_PASSWORDS} It is never shown.")

    class Meta(ProfileSerializer.Meta):
        fields: tuple[str, ...] = (*ProfileSerializer.Meta.fields, "password")

    def validate_password(self, password: str) -> str:
        """Django's validators, also where another field is wrong: one answer says all that is to be corrected."""
        profile = Profile()
        for name in ("username", "email"):  # what the validators compare with
            with suppress(ValidationError):  # which that field's own check reports
                setattr(profile, name, self.fields[name].run_validation(self.initial_data.get(name, empty)))
        check_new_password(password, profile)
        return password
