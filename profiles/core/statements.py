"""Find and save rows with SQL that is compiled once.

Django compiles a query each time it runs, which takes several times as long as running it. Here a condition is split
into its form and its values: the form is compiled once and cached, and the values are parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from functools import lru_cache
from inspect import getattr_static
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias, cast
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models import Expression, Q

KEPT = 1_024  # statements in the cache, about 5 KB each: one for each form of condition and selection of columns
SEVERAL = (list, tuple, set, frozenset)
VALUES = (int, str, UUID, datetime)  # become parameters
LARGEST = 2**31 - 1  # for a larger integer Django returns no row without querying the database
CONSTANTS = (bool, Enum, type(None))  # part of the form

Form: TypeAlias = "tuple[Any, ...]"


class Unsplittable(Exception):
    """The condition cannot be split, because it has a subquery, for example."""


class Parameter(Expression):
    """A placeholder for a value in a statement."""

    def __init__(self, number: int) -> None:
        super().__init__(output_field=models.Field())
        self.number = number

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Parameter]]:  # type: ignore[override]
        return "%s", [self]


class Wanted(NamedTuple):
    """How to select the rows that match a condition.

    Attributes:
        related: a foreign key to join with select_related, unless `columns` omits it; "" for none.
        lock: whether to lock the rows for writing, in the order of their keys.
        ordering: field names, with `-` for descending.
        limit: maximum number of rows.
        columns: the fields to read into `View`s, `updated_by__version` for a related row's; None reads all fields
            into model instances.
    """

    related: str = "updated_by"
    lock: bool = False
    ordering: tuple[str, ...] = ()
    limit: int | None = None
    columns: tuple[str, ...] | None = None

    def of(self, rows: Any) -> Any:
        """The queryset, locked, ordered and limited."""
        if self.lock:
            rows = rows.order_by("pk").for_writing()
        if self.ordering:
            rows = rows.order_by(*self.ordering)
        return rows[: self.limit]


class View(tuple[Any, ...]):
    """A read-only row: a tuple of columns, with the fields' names as attributes."""

    __slots__ = ()


def find(model: type[Any], condition: Q, wanted: Wanted, database: str = DEFAULT_DB_ALIAS) -> list[Any]:
    """The rows of a model that match a condition: comparisons of fields with values, combined by AND, OR and NOT.

    Raises:
        Unsplittable: the condition has other parts.
    """
    values: list[Any] = []
    kind: Any = model
    statement = _compiled(kind, _split(condition, values), wanted)
    return statement(values, database) if statement else []


def _split(condition: Any, values: list[Any]) -> Form:
    """The form of a condition; its values are appended to `values`."""
    if isinstance(condition, Q):
        children = tuple(_split(child, values) for child in condition.children)
        return (condition.connector, condition.negated, children)
    if not isinstance(condition, tuple):
        raise Unsplittable
    name, value = condition
    if isinstance(value, SEVERAL):
        return (name, tuple(_place(each, values) for each in value))
    return (name, _place(value, values))


def _place(value: Any, values: list[Any]) -> Any:
    if isinstance(value, CONSTANTS):
        return value
    if not isinstance(value, VALUES) or (isinstance(value, int) and abs(value) > LARGEST):
        raise Unsplittable
    values.append(value)
    return Parameter


@lru_cache(KEPT)
def _compiled(model: type[Any], form: Form, wanted: Wanted) -> Callable[[list[Any], str], list[Any]] | None:
    """A function that runs the statement of a form with values; None if no row can match."""
    rows = model._default_manager.filter(_joined(form, [0]))
    if wanted.related and (wanted.columns is None or wanted.related in wanted.columns):
        rows = rows.select_related(wanted.related)
    if wanted.columns is not None:
        rows = rows.only(*wanted.columns)
    compiler = wanted.of(rows).query.get_compiler(DEFAULT_DB_ALIAS)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:
        return None
    converters = compiler.get_converters([column for column, _, _ in compiler.select])
    make = (_maker if wanted.columns is None else _viewer)(compiler.klass_info, compiler.select)
    convert = compiler.apply_converters if converters else None

    statement = Statement(sql, len(parameters))

    def execute(values: list[Any], database: str) -> list[Any]:
        placed = [_adapted(values[each.number]) if isinstance(each, Parameter) else each for each in parameters]
        found: Any = statement.rows(placed, database)
        return [make(row) for row in (convert(found, converters) if convert else found)]

    return execute


class Statement:
    """A SQL statement that returns rows.

    Args:
        sql: its text, with `%s` for each parameter.
        count: number of parameters.
    """

    def __init__(self, sql: str, count: int) -> None:
        self.sql = sql
        self.numbered = sql % tuple(f"${number + 1}" for number in range(count))

    def rows(self, values: Sequence[Any], alias: str = DEFAULT_DB_ALIAS) -> list[tuple[Any, ...]]:
        """The rows it returns. `values` are the parameters, adapted to the database. Raises `django.db.Error`."""
        database: Any = connections[alias]
        if not getattr(database, "is_watched", True):
            return cast("list[tuple[Any, ...]]", database.rows(self.numbered, values))
        with database.cursor() as cursor:
            cursor.execute(self.sql, values)
            return cast("list[tuple[Any, ...]]", cursor.fetchall())


def update(model: type[Any], key: Any, values: Sequence[tuple[models.Field[Any, Any], Any]]) -> bool:
    """Update columns of the row with this primary key. Returns whether the row exists."""
    kind: Any = model
    statement = _update(kind, tuple(field for field, _ in values))
    return bool(statement.rows([*_prepared(values), model._meta.pk.get_db_prep_save(key, connection)]))


def insert(model: type[Any], values: Sequence[tuple[models.Field[Any, Any], Any]]) -> tuple[Any, ...]:
    """Insert a row. Returns the columns that the database computed, such as the primary key."""
    kind: Any = model
    return _insert(kind, tuple(field for field, _ in values)).rows(_prepared(values))[0]


def _prepared(values: Sequence[tuple[models.Field[Any, Any], Any]]) -> list[Any]:
    return [field.get_db_prep_save(value, connection) for field, value in values]


@lru_cache(KEPT)
def _update(model: type[Any], fields: tuple[models.Field[Any, Any], ...]) -> Statement:
    table, (key, *columns) = _quoted(model, (model._meta.pk, *fields))
    places = ", ".join(f"{column} = %s" for column in columns)
    return Statement(f"UPDATE {table} SET {places} WHERE {key} = %s RETURNING {key}", len(columns) + 1)  # noqa: S608


@lru_cache(KEPT)
def _insert(model: type[Any], fields: tuple[models.Field[Any, Any], ...]) -> Statement:
    table, columns = _quoted(model, fields)
    _, returned = _quoted(model, model._meta.db_returning_fields or (model._meta.pk,))
    places = ", ".join(["%s"] * len(columns))
    into = f"{table} ({', '.join(columns)})"
    return Statement(f"INSERT INTO {into} VALUES ({places}) RETURNING {', '.join(returned)}", len(columns))  # noqa: S608


def _quoted(model: type[Any], fields: Sequence[Any]) -> tuple[str, list[str]]:
    """The quoted names of a model's table and of the fields' columns."""
    name = connection.ops.quote_name
    return name(model._meta.db_table), [name(field.column) for field in fields]


def _joined(form: Form, count: list[int]) -> Q:
    """The condition of a form, with a `Parameter` for each value; `count` numbers them."""

    def filled(place: Any) -> Any:
        if place is not Parameter:
            return place
        count[0] += 1
        return Parameter(count[0] - 1)

    connector, negated, children = form
    joined = Q(_connector=connector)
    for child in children:
        if len(child) == 3:
            joined.children.append(_joined(child, count))
        else:
            name, places = child
            value = [filled(each) for each in places] if isinstance(places, tuple) else filled(places)
            joined.children.append((name, value))
    return ~joined if negated else joined


def _adapted(value: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value


def _maker(info: dict[str, Any], select: Sequence[Any]) -> Callable[[Sequence[Any]], Any]:
    """A function that builds a model instance, with its related instances, from a database row."""
    model, columns = info["model"], info["select_fields"]
    start, end = columns[0], columns[-1] + 1
    names = [select[number][0].target.attname for number in columns]
    key = start + names.index(model._meta.pk.attname)
    related = [
        (_maker(each, select), each["local_setter"], each["remote_setter"])
        for each in info.get("related_klass_infos", ())
    ]

    def make(row: Sequence[Any]) -> Any:
        if row[key] is None:
            return None
        made = model.from_db(DEFAULT_DB_ALIAS, names, row[start:end])
        for make_other, set_local, set_remote in related:
            other = make_other(row)
            set_local(made, other)
            if other is not None:
                set_remote(other, made)
        return made

    return make


def _viewer(info: dict[str, Any], select: Sequence[Any]) -> Callable[[Sequence[Any]], Any]:
    """A function that builds a `View`, with `pk`, `node_id`, `policy` and related views, from a database row.

    A related row that the statement did not join is read on access, as in Django.
    """
    model = info["model"]
    places = {select[number][0].target.attname: number for number in info["select_fields"]}
    members: dict[str, Any] = {name: property(itemgetter(number)) for name, number in places.items()}
    members["pk"] = members[model._meta.pk.attname]
    members["node_id"] = getattr_static(model, "node_id")
    members["policy"] = property(lambda row: model.policy)
    for field in model._meta.concrete_fields:
        if field.is_relation and field.attname in places:
            members[field.name] = property(_read_later(field.related_model, places[field.attname]))
    for each in info.get("related_klass_infos", ()):
        members[each["field"].name] = property(_related_view(each, select))
    return type(model.__name__, (View,), {"__slots__": (), **members})


def _read_later(model: type[Any], number: int) -> Callable[[View], Any]:
    def read(row: View) -> Any:
        return None if row[number] is None else next(iter(find(model, Q(pk=row[number]), Wanted(related=""))), None)

    return read


def _related_view(info: dict[str, Any], select: Sequence[Any]) -> Callable[[View], Any]:
    make, attname = _viewer(info, select), info["model"]._meta.pk.attname
    key = next(number for number in info["select_fields"] if select[number][0].target.attname == attname)
    return lambda row: None if row[key] is None else make(row)
