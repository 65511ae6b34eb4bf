"""Serializer fields that accept one JSON type each and reject invisible characters."""

import re
from collections.abc import Container, Mapping
from functools import cache
from typing import Any, cast
from uuid import UUID
from zoneinfo import available_timezones

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import empty
from rest_framework.utils.formatting import lazy_format
from rest_framework.utils.serializer_helpers import BindingDict

from profiles.core.outcomes import InvalidCode

SURROGATES = r"\ud800-\udfff"  # a lone surrogate is not a character


def unknown(data: Mapping[str, Any], fields: Container[str]) -> dict[str, list[ErrorDetail]]:
    """An error for each name in the input that the serializer does not declare, so that typos are reported."""
    error = ErrorDetail(str(_("Unknown name. Check its spelling, or leave it out.")), InvalidCode.UNKNOWN)
    return {name: [error] for name in data if name not in fields}


WORDS: dict[str, Any] = {"required": _("Required. Give a value."), "null": _("Must not be null.")}
"""Replacements for REST framework's messages for any field."""

NOT_AN_OBJECT: dict[str, Any] = WORDS | {"invalid": _("Must be a JSON object.")}
"""`WORDS`, with the message for an input that is not a JSON object."""


def invalid(message: str | Promise, code: InvalidCode = InvalidCode.INVALID) -> ValidationError:
    """The error of a value that its field does not accept."""
    return ValidationError(str(message), code=code)


class Text(serializers.CharField):
    """Multi-line text: a JSON string, trimmed, with `\\n` as line separator.

    Refuses control characters other than newline and tab, and lone surrogates, which databases cannot store.
    """

    default_error_messages = WORDS | {
        "invalid": _("Must be a string."),
        "blank": _("Must not be empty."),
        "max_length": _("Must have at most {max_length} characters."),
    }
    forbidden = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
    forbidden_message = _("Remove control characters other than newline and tab.")

    def run_validation(self, data: Any = empty) -> Any:
        if data is not empty and data is not None:
            if not isinstance(data, str):
                self.fail("invalid")
            data = self.tidy(data)
            if re.search(f"[{self.forbidden}{SURROGATES}]", data):
                raise invalid(self.forbidden_message)
        return super().run_validation(data)

    def tidy(self, data: str) -> str:
        """Normalise line ends and trim ASCII blanks. `CharField` trims Unicode blanks later."""
        return data.replace("\r\n", "\n").strip(" \t\n")

    @classmethod
    def pattern(cls) -> str:
        """The regular expression for contracts. Lone surrogates are left out: implementations differ about them."""
        return f"^[^{cls.forbidden}]*$"


class Line(Text):
    """One line of text. In addition to `Text`, refuses line breaks and characters that override text
    direction (Unicode Standard Annex 9, section 2)."""

    forbidden = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
    forbidden_message = _("Remove control characters, line breaks and direction overrides.")


class Email(serializers.EmailField, Line):
    """An email address, on one line."""

    default_error_messages = {"invalid": _("Must be an email address, such as name@example.com.")}


class Website(serializers.URLField, Line):
    """An http or https URL, on one line."""

    default_error_messages = {"invalid": _("Must be an http or https URL.")}

    def to_internal_value(self, data: str) -> str:
        url = super().to_internal_value(data)
        if not url.lower().startswith(("http://", "https://")):
            self.fail("invalid")
        return url


@cache
def _time_zones() -> frozenset[str]:
    # Some systems list these two with the IANA names; their meaning depends on the machine.
    return frozenset(available_timezones() - {"localtime", "Factory"})


class TimeZone(Line):
    """The name of a time zone in the IANA database."""

    def to_internal_value(self, data: str) -> str:
        name = super().to_internal_value(data)
        if name not in _time_zones():
            raise invalid(_("Must be a time zone of the IANA database, such as Europe/Madrid or UTC."))
        return name


class Flag(serializers.BooleanField):
    """A JSON boolean. Refuses the strings and numbers that REST framework also accepts."""

    default_error_messages = WORDS | {"invalid": _("Must be true or false.")}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class WholeNumber(serializers.IntegerField):
    """An integer, or at most 10 ASCII digits of one, as in a URL's query."""

    default_error_messages = WORDS | {
        "invalid": _("Must be a whole number."),
        "max_value": _("Must be at most {max_value}."),
        "min_value": _("Must be at least {min_value}."),
    }

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str) and not re.fullmatch(r"-?[0-9]{1,10}", data):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class Key(serializers.UUIDField):
    """The UUID of a row. Gives None for any other text, so that the outcome is that of an unknown id: NOT_FOUND."""

    default_error_messages = WORDS

    def to_internal_value(self, data: Any) -> UUID | None:  # type: ignore[override]  # never None, say the stubs
        try:
            key = UUID(data)
        except (ValueError, AttributeError, TypeError):
            return None
        return key if str(key) == data else None


class Choice(serializers.ChoiceField):
    """One of a field's choices, as a string. The error lists the choices and does not repeat the input."""

    default_error_messages = WORDS

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            message = _("Must be one of: {choices}.").format(choices=", ".join(self.choices))
            raise invalid(message, InvalidCode.INVALID_CHOICE)
        return str(data)


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses unknown names, so that a typo is not treated as an omitted field."""

    default_error_messages = NOT_AN_OBJECT

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values: dict[str, Any] = super().to_internal_value(data)
        if errors := unknown(data, self.fields):
            raise ValidationError(errors)
        return values


@cache
def fields_of(kind: type[serializers.Serializer[Any]], partial: bool = False) -> BindingDict:
    """The fields of a serializer class, built once; REST framework builds them for each instance.

    Only for classes whose fields keep no state of an input or a caller and do not read the serializer's context.
    """
    serializer = kind(partial=partial)
    fields = BindingDict(serializer)
    for name, field in serializer.get_fields().items():
        fields[name] = field
        for validator in cast("list[Any]", field.validators):
            # REST framework formats a message once and so keeps it in the language of that request.
            if isinstance(message := getattr(validator, "message", None), lazy_format):
                validator.message = _worded(message.format_string, message.kwargs)
    return fields


_worded: Any = lazy(lambda text, values: str(text).format(**values), str)
