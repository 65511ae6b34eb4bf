"""What is a profile's own in its input and its representation."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.exceptions import ValidationError

from profiles.core.fields import TimeZone
from profiles.core.outcomes import InvalidCode
from profiles.core.serializers import ResourceSerializer
from profiles.fields import Password, Username, check_new_password, check_unreserved
from profiles.identity import security
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
            "bio",
            "display_name",
            "location",
            "website",
            "time_zone",
            "visibility",
            "email_public",
            "is_active",
            *ResourceSerializer.STAMPS,
        )
        enum_names: ClassVar = {"visibility": "Visibility"}
        field_classes: ClassVar = {"username": Username, "time_zone": TimeZone}

    def validate_username(self, username: str) -> str:
        if self.row is not None and username.lower() == self.row.username.lower():
            return username  # whoever gave it that name: it can be sent back
        check_unreserved(username)
        taken = self.context.get("taken")
        if Profile.objects.named(username).exists() if taken is None else username.lower() in taken:
            raise ValidationError(UNIQUE_USERNAME.violation_error_message, code=InvalidCode.UNIQUE)
        return username

    def delete(self) -> None:
        super().delete()
        security.log("deleted", self.row, by=self.actor.profile and self.actor.profile.pk)


class SignUpSerializer(ProfileSerializer):
    """A new profile, and its password."""

    password = Password(help_text="Not too short, common, or like the other fields. It is never shown.")

    class Meta(ProfileSerializer.Meta):
        fields: tuple[str, ...] = (*ProfileSerializer.Meta.fields, "password")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        fields = {name: value for name, value in attrs.items() if name != "password"}
        try:
            check_new_password(attrs["password"], Profile(**fields))
        except ValidationError as error:
            raise ValidationError({"password": error.detail}) from None
        return attrs
