"""The one reader of what is sent, behind both doors: JSON bodies and URLs' queries, and strict about them."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.http import QueryDict
from rest_framework.parsers import JSONParser

from profiles.outcomes import Outcome, Refused

MOST_NESTED = 32  # levels of arrays and objects
MOST_DIGITS = 400  # of an integer; a float has 309 before its point


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
            surrogate, a number that is not finite or has too many digits, or more than `MOST_NESTED` levels.
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
        raise _unreadable(f"it is nested deeper than {MOST_NESTED} levels.") from None
    except UnicodeError:
        raise _unreadable("it is not UTF-8, or a name in it has half a surrogate pair.") from None
    except ValueError as error:
        raise _unreadable(f"{error}.") from None
    _check_depth(value)
    return value


def read_query(parameters: QueryDict) -> dict[str, str]:
    """The parameters of a URL's query, by name. Raises `Refused`: BAD_REQUEST: one is given twice."""
    for name, values in parameters.lists():
        if len(values) > 1:
            raise Refused(Outcome.BAD_REQUEST, f"Give {name} once: it stands {len(values)} times in the query.")
    return {name: str(parameters[name]) for name in parameters}


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


def _short_int(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError("a number is too long")
    return int(text)


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
