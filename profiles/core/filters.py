"""List filters from a FilterSet, with strict values, authorized by the policy."""

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

LONGEST = 200  # characters in a filter's value


class Moment(IsoDateTimeField):
    """A time that can be converted to UTC: the first hours of year 1 in a zone east of UTC can't."""

    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise DjangoValidationError(self.error_messages["invalid"], code=InvalidCode.INVALID) from None


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = Moment


def field_of(filter_: django_filters.Filter) -> str:
    """The model field that a filter reads; the policy authorizes the filter by it."""
    return str(filter_.field_name).partition("__")[0]


def filtered(
    rows: ResourceQuerySet, actor: Actor, filters: type[django_filters.FilterSet], values: Mapping[str, Any]
) -> ResourceQuerySet:
    """The rows that match the filters; `values` are the filters' values by name.

    Raises:
        Refused: FORBIDDEN: a filter on a field that the actor may not read; its results would reveal the value.
        ValidationError: a filter does not accept its value.
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
