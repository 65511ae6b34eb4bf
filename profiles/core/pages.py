"""Keyset pagination: the same cursors in both APIs, stable while rows are added and deleted.

A cursor holds a row's values of the ordering's fields, so a page starts after that row and not after a
number of rows. The last field of an ordering is unique.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import IntegerField, Model, Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.utils.serializer_helpers import BindingDict

from profiles.core.fields import Choice, Line, StrictSerializer, WholeNumber, fields_of
from profiles.core.models import ResourceQuerySet
from profiles.core.outcomes import InvalidCode, Refused
from profiles.core.parsers import parse_json

Row = TypeVar("Row", bound=Model)

DEFAULT_SIZE = 20
MOST = 100  # rows in a page
LONGEST_CURSOR = 500  # characters; real ones have about 100


class PageQuery(StrictSerializer):
    """The parameters of a page."""

    page_size = WholeNumber(
        min_value=1, max_value=MOST, default=DEFAULT_SIZE, help_text=f"Number of rows, at most {MOST}."
    )
    cursor = Line(required=False, max_length=LONGEST_CURSOR, help_text="Cursor of the row after which the page begins.")
    direction = Choice(
        choices=[("forward", "After the cursor."), ("back", "Before the cursor.")],
        default="forward",
        help_text="`back`: the page ends before the cursor.",
    )

    @cached_property
    def fields(self) -> BindingDict:
        return fields_of(type(self))


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The ordered rows of a page, and whether there are pages before and after it."""

    rows: list[Row]
    ordering: tuple[str, ...]
    has_next: bool
    has_previous: bool

    def cursor(self, number: int) -> str | None:
        """The cursor of the row with this list index; None for an empty page."""
        return _cursor(self.rows[number], self.ordering) if self.rows else None


def paginate(
    rows: QuerySet[Row],
    ordering: Sequence[str],
    *,
    page_size: int,
    cursor: str | None = None,
    direction: str = "forward",
    columns: Sequence[str] | None = None,
) -> Page[Row]:
    """One page of the rows, in one SQL statement.

    Args:
        rows: all rows that the caller may see.
        ordering: field names, with `-` for descending; the last field is unique.
        page_size: maximum number of rows.
        cursor: cursor of the row before the page (after it, for `back`); None for the first page (the last).
        direction: `forward`, or `back` for the rows before the cursor.
        columns: fields of a resource's rows to read into `View`s; None for model instances.

    Raises:
        ValidationError: the cursor does not belong to this ordering.
    """
    back = direction == "back"
    walked = tuple(_reversed(name) for name in ordering) if back else tuple(ordering)
    beyond = Q() if cursor is None else _beyond(rows, walked, _values(rows.model, cursor, ordering))
    if isinstance(rows, ResourceQuerySet):
        if columns is not None:
            columns = tuple(sorted({*columns, *(name.removeprefix("-").partition("__")[0] for name in ordering)}))
        found = rows.few(beyond, ordering=walked, limit=page_size + 1, columns=columns)
    else:
        found = list(rows.filter(beyond).order_by(*walked)[: page_size + 1])
    more = len(found) > page_size
    found = found[:page_size]
    if back:
        found.reverse()
    has_next, has_previous = (cursor is not None, more) if back else (more, cursor is not None)
    return Page(found, tuple(ordering), has_next, has_previous)


def _reversed(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"


def _beyond(rows: QuerySet[Row], ordering: Sequence[str], values: Sequence[Any]) -> Q:
    """The condition of the rows after a cursor: greater in the first field, or equal in it and greater in the next.

    The bound on the first field is redundant, but lets the database start an index scan there.
    """
    first, value = ordering[0], values[0]
    field, way = first.removeprefix("-"), "lt" if first.startswith("-") else "gt"
    if len(ordering) == 1:
        return Q(**{f"{field}__{way}": value})
    rest = _beyond(rows, ordering[1:], values[1:])
    return Q(**{f"{field}__{way}e": value}) & (Q(**{f"{field}__{way}": value}) | (Q(**{field: value}) & rest))


def _cursor(row: Model, ordering: Sequence[str]) -> str:
    values = [_value(row, name.removeprefix("-")) for name in ordering]
    text = json.dumps([",".join(ordering), *values], cls=JSONEncoder, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _value(row: Model, name: str) -> Any:
    field, _underscores, transform = name.partition("__")
    value = getattr(row, field)
    return value.lower() if transform == "lower" else value


def _values(model: type[Model], cursor: str, ordering: Sequence[str]) -> list[Any]:
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        names, *values = parse_json(text)
        if names != ",".join(ordering):
            raise ValueError("of another ordering")
        fields = [model._meta.get_field(name.removeprefix("-").partition("__")[0]) for name in ordering]
        return [_python(field, value) for field, value in zip(fields, values, strict=True)]
    except (ValueError, TypeError, OverflowError, Refused, DjangoValidationError):
        message = _("The cursor does not belong to this list in this order. Start without a cursor.")
        raise ValidationError({"cursor": [message]}, code=InvalidCode.INVALID) from None


def _python(field: Any, value: Any) -> Any:
    if not isinstance(value, int if isinstance(field, IntegerField) else str) or b"\0" in str(value).encode():
        raise ValueError("of another type")
    value = field.to_python(value)
    return value.astimezone(UTC) if isinstance(value, datetime) else value
