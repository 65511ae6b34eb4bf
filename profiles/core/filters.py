"""Filters of a list: a FilterSet's, judged by the policy and strict about their values."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import django_filters
from django.core.exceptions import ValidationError as DjangoValidationError
from django_filters.fields import IsoDateTimeField
from rest_framework.exceptions import ErrorDetail, ValidationError

from profiles.core.actors import Actor
from profiles.core.fields import Line
from profiles.core.models import ResourceQuerySet
from profiles.core.outcomes import InvalidCode

LONGEST = 200  # characters of a filter's value


class Moment(IsoDateTimeField):
    """A moment that UTC has: the year 1 in a zone east of it began before there were years."""

    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise DjangoValidationError(self.error_messages["invalid"], code=InvalidCode.INVALID) from None


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = Moment


def field_of(filter_: django_filters.Filter) -> str:
    """The model field that a filter reads, by which the policy judges it."""
    return str(filter_.field_name).partition("__")[0]


def filtered(
    rows: ResourceQuerySet, actor: Actor, filters: type[django_filters.FilterSet], values: Mapping[str, Any]
) -> ResourceQuerySet:
    """The rows that pass these filters, whose values are given by name.

    Raises:
        Refused: FORBIDDEN: a filter on a field that this actor may not read, which would let it guess.
        ValidationError: a value is not of its filter's form.
    """
    for name in values:
        rows.model.policy.require_filter(actor, name, field_of(filters.base_filters[name]))
    errors = {}
    for name, value in values.items():
        try:
            Line(max_length=LONGEST).run_validation(value)
        except ValidationError as error:
            errors[name] = error.detail
    if errors:
        raise ValidationError(errors)
    if not values:
        return rows
    wanted = filters(dict(values), rows)
    if not wanted.is_valid():
        details = {name: [_detail(e) for e in found] for name, found in wanted.form.errors.as_data().items()}
        raise ValidationError(details)
    return cast(ResourceQuerySet, wanted.qs)


def _detail(error: DjangoValidationError) -> ErrorDetail:
    return ErrorDetail(" ".join(error.messages), code=error.code or InvalidCode.INVALID)
