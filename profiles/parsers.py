"""The one reader of request bodies, behind both doors: JSON, and strict about it."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import JSONParser

from profiles.outcomes import Outcome, Refused

MOST_NESTED = 32  # levels of arrays and objects


class StrictJSONParser(JSONParser):
    """Reads `application/json` as RFC 8259 has it: UTF-8, and what it leaves open decided for safety."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return parse_json(stream.read())


def parse_json(text: bytes | str) -> Any:
    """The value of a JSON text.

    Raises:
        Refused: BAD_REQUEST: no JSON, no UTF-8, a name twice in one object or one that holds a lone
            surrogate, a number that is not finite, or more than `MOST_NESTED` levels.
    """
    try:
        document = text if isinstance(text, str) else text.decode("utf-8")
        value = json.loads(document, object_pairs_hook=_object, parse_constant=_not_finite, parse_float=_finite_float)
    except RecursionError:
        raise _unreadable(f"it is nested deeper than {MOST_NESTED} levels.") from None
    except ValueError as error:
        raise _unreadable(f"{error}.") from None
    _check_depth(value)
    return value


def _unreadable(why: str) -> Refused:
    return Refused(Outcome.BAD_REQUEST, f"The JSON can't be read: {why}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name stands twice in one object")
    for name in members:
        name.encode()  # a lone surrogate is no character: UnicodeEncodeError is a ValueError
    return members


def _not_finite(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")


def _finite_float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MOST_NESTED):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    if any(isinstance(value, dict | list) for value in level):
        raise _unreadable(f"it is nested deeper than {MOST_NESTED} levels.")
