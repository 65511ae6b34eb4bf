"""Strict parsers of JSON bodies and URL queries, for both APIs."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework.parsers import JSONParser

from profiles.core.outcomes import Outcome, Refused

MOST_NESTED = 32  # levels of arrays and objects
MOST_DIGITS = 400  # digits of an integer; the largest float has 309


class StrictJSONParser(JSONParser):
    """Parses `application/json` in UTF-8 (RFC 8259), and refuses input on which parsers may differ."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return parse_json(stream.read())


class MergePatch(dict[str, Any]):
    """An object sent as a merge patch: a null removes the member (RFC 7396, section 2)."""


class MergePatchParser(StrictJSONParser):
    """Parses `application/merge-patch+json` (RFC 7396). Returns a `MergePatch` for an object only: other values would
    replace the whole row."""

    media_type = "application/merge-patch+json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        value = super().parse(stream, media_type, parser_context)
        return MergePatch(value) if isinstance(value, dict) else value


def parse_json(text: bytes | str) -> Any:
    """The value of a JSON text.

    Raises:
        Refused: BAD_REQUEST: invalid JSON or UTF-8, a duplicate name in an object, a lone surrogate in a
            name, a number that is not finite or has too many digits, or more than `MOST_NESTED` levels.
    """
    try:
        document = text if isinstance(text, str) else text.decode("utf-8")
        value = json.loads(
            document,
            object_pairs_hook=_object,
            parse_constant=_not_finite,
            parse_float=_finite_float,
            parse_int=_short_int,
        )
    except RecursionError:
        raise _too_deep() from None
    except UnicodeError:
        message = _("Invalid UTF-8 in the JSON, or a lone surrogate in a name. Correct the encoding.")
        raise _unreadable(message) from None
    except json.JSONDecodeError as error:
        message = _("Invalid JSON at line {line}, column {column}. Correct it and try again.")
        raise _unreadable(message.format(line=error.lineno, column=error.colno)) from None
    _check_depth(value)
    return value


def read_query(parameters: QueryDict) -> dict[str, str]:
    """The parameters of a URL's query, by name. Raises `Refused`: BAD_REQUEST: a duplicate parameter."""
    for name, values in parameters.lists():
        if len(values) > 1:
            message = _("Parameter {name} occurs {count} times in the query. Give it once.")
            raise _unreadable(message.format(name=name, count=len(values)))
    return {name: str(parameters[name]) for name in parameters}


def _unreadable(message: str) -> Refused:
    return Refused(Outcome.BAD_REQUEST, message)


def _too_deep() -> Refused:
    return _unreadable(_("The JSON is nested too deeply. Use at most {most} levels.").format(most=MOST_NESTED))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _unreadable(_("Duplicate name in a JSON object. Give each name once."))
    for name in members:
        name.encode()  # raises UnicodeEncodeError, a ValueError, for a lone surrogate
    return members


def _not_finite(constant: str) -> None:
    raise _unreadable(_("{constant} is not valid JSON. Send a finite number.").format(constant=constant))


def _finite_float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _unreadable(_("A number in the JSON is too large. Send a smaller one."))
    return number


def _short_int(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise _unreadable(_("A number in the JSON has too many digits. Send a shorter one."))
    return int(text)


def _check_depth(value: Any) -> None:
    level = [value]
    for _level in range(MOST_NESTED):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    if any(isinstance(value, dict | list) for value in level):
        raise _too_deep()
