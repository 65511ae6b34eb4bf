"""Serializer fields specific to profiles: username and password."""

import re
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.fields import get_error_detail

from profiles.core.fields import Line, Text, invalid
from profiles.core.outcomes import InvalidCode
from profiles.models import USERNAME_LENGTH, USERNAME_PATTERN, normalize_username

RESERVED_USERNAMES = frozenset(
    (
        "admin",
        "administrator",
        "anonymous",
        "api",
        "by-username",
        "graphql",
        "help",
        "me",
        "null",
        "profiles",
        "root",
        "security",
        "staff",
        "support",
        "system",
        "undefined",
    )
)


class Username(Line):
    """A username, normalised to NFKC. Its length is checked before and after normalisation.

    The first check rejects no valid username: a text that NFKC turns into ASCII does not get shorter.
    """

    def to_internal_value(self, data: str) -> str:
        text = super().to_internal_value(data)
        if len(text) > USERNAME_LENGTH:
            self.fail("max_length", max_length=USERNAME_LENGTH)
        username = normalize_username(text)
        if not re.match(USERNAME_PATTERN, username):
            raise invalid(_("Use ASCII letters, digits, '.', '_' and '-', starting with a letter or digit."))
        return username


def check_unreserved(username: str) -> None:
    """Raise `ValidationError` if the username is reserved."""
    if username.lower() in RESERVED_USERNAMES:
        raise invalid(_("This username is reserved. Choose another one."), InvalidCode.RESERVED)


RULE_OF_PASSWORDS = (
    "At least 8 characters, not all digits, not a common password, and not like the username or the email."
)
"""Description of `AUTH_PASSWORD_VALIDATORS` in the contracts."""


class Password(Text):
    """A password, not trimmed. Its length is limited to keep hashing cheap."""

    MOST_CHARACTERS = 1_024

    forbidden = r"\x00"
    forbidden_message = _("Remove NUL and lone surrogates.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=self.MOST_CHARACTERS, trim_whitespace=False, write_only=True, **kwargs)

    def tidy(self, data: str) -> str:
        return data


def check_new_password(password: str, profile: Any) -> None:
    """Run Django's password validators for a profile's new password. Raises `ValidationError`."""
    try:
        validate_password(password, profile)
    except DjangoValidationError as error:
        raise ValidationError(get_error_detail(error)) from None
