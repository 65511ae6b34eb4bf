"""The serializer fields of this service: strict about types, and about characters that nobody can see."""

import re
from collections.abc import Container, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import empty, get_error_detail

from profiles.core.outcomes import InvalidCode
from profiles.models import USERNAME_LENGTH, USERNAME_PATTERN, normalize_username

SURROGATES = r"\ud800-\udfff"  # alone, one is no character

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


def unknown(data: Mapping[str, Any], fields: Container[str]) -> dict[str, list[ErrorDetail]]:
    """The errors of what an input has and its serializer hasn't: a name misspelt is not dropped in silence."""
    error = ErrorDetail(str(_("There is no such field. Check its spelling, or leave it out.")), InvalidCode.UNKNOWN)
    return {name: [error] for name in data if name not in fields}


def _invalid(message: str | Promise, code: InvalidCode = InvalidCode.INVALID) -> ValidationError:
    return ValidationError(str(message), code=code)


class Text(serializers.CharField):
    """Lines of text: a string and no other type, its surrounding blanks trimmed, `\\n` between lines.

    Refuses control characters but newline and tab, and lone surrogates, which no database stores.
    """

    forbidden = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
    forbidden_message = _("Take out the control characters: only newlines and tabs are allowed.")

    def run_validation(self, data: Any = empty) -> Any:
        if data is not empty and data is not None:
            if not isinstance(data, str):
                self.fail("invalid")
            data = self.tidy(data)
            if re.search(f"[{self.forbidden}{SURROGATES}]", data):
                raise _invalid(self.forbidden_message)
        return super().run_validation(data)

    def tidy(self, data: str) -> str:
        """One kind of line end, and none around it; blanks that Unicode has besides are trimmed later."""
        return data.replace("\r\n", "\n").strip(" \t\n")

    @classmethod
    def pattern(cls) -> str:
        """What these texts match, for a contract. Of lone surrogates it says nothing: readers differ in how."""
        return f"^[^{cls.forbidden}]*$"


class Line(Text):
    """One line of text. Refuses what `Text` does, line breaks, and what overrides the direction of
    the text around it (Unicode Standard Annex 9, section 2)."""

    forbidden = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
    forbidden_message = _("Take out control characters, line breaks and direction overrides.")


class Username(Line):
    """A username, in its one spelling (NFKC). Its length is checked before that, and after it.

    No username is lost to the first check: what becomes ASCII never has fewer characters after NFKC.
    """

    def to_internal_value(self, data: str) -> str:
        text = super().to_internal_value(data)
        if len(text) > USERNAME_LENGTH:
            self.fail("max_length", max_length=USERNAME_LENGTH)
        username = normalize_username(text)
        if not re.match(USERNAME_PATTERN, username):
            raise _invalid(_("Use ASCII letters, digits, '.', '_' and '-', beginning with a letter or digit."))
        return username


def check_unreserved(username: str) -> None:
    """Raise `ValidationError` where the service keeps this username for itself."""
    if username.lower() in RESERVED_USERNAMES:
        raise _invalid(_("This username is reserved. Choose another one."), InvalidCode.RESERVED)


class Email(serializers.EmailField, Line):
    """An email address, on one line."""


class Website(serializers.URLField, Line):
    """An http or https address, on one line."""

    def to_internal_value(self, data: str) -> str:
        url = super().to_internal_value(data)
        if not url.lower().startswith(("http://", "https://")):
            raise _invalid(_("Begin with http:// or https://."))
        return url


@cache
def _time_zones() -> frozenset[str]:
    # Some systems list these two beside the IANA names; they mean something else on each machine.
    return frozenset(available_timezones() - {"localtime", "Factory"})


class TimeZone(Line):
    """The name of a time zone in the IANA database."""

    def to_internal_value(self, data: str) -> str:
        name = super().to_internal_value(data)
        if name not in _time_zones():
            raise _invalid(_("Name a time zone of the IANA database, such as Europe/Madrid or UTC."))
        return name


class Password(Text):
    """A password, taken to the letter: not trimmed, at most as long as hashing it is cheap."""

    MOST_CHARACTERS = 1_024

    forbidden = r"\x00"
    forbidden_message = _("Take out NUL and lone surrogates.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=self.MOST_CHARACTERS, trim_whitespace=False, write_only=True, **kwargs)

    def tidy(self, data: str) -> str:
        return data


def check_new_password(password: str, profile: Any) -> None:
    """Django's validators, for the password that this profile is to have. Raises `ValidationError`."""
    try:
        validate_password(password, profile)
    except DjangoValidationError as error:
        raise ValidationError(get_error_detail(error)) from None


class Flag(serializers.BooleanField):
    """True or false, and not what a form would make of either."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class WholeNumber(serializers.IntegerField):
    """A number, or its digits as a query has them: ASCII ones, and no more than any number here needs."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str) and not re.fullmatch(r"-?[0-9]{1,10}", data):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class Choice(serializers.ChoiceField):
    """One of a field's choices, as a string. The error names them, and does not echo what came."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            message = _("Choose one of: {choices}.").format(choices=", ".join(self.choices))
            raise _invalid(message, InvalidCode.INVALID_CHOICE)
        return str(data)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses what it has no field for: a misspelt name must not be taken for none."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values: dict[str, Any] = super().to_internal_value(data)
        if errors := unknown(data, self.fields):
            raise ValidationError(errors)
        return values
