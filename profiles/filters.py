"""The one FilterSet: which profiles of those that may be seen are wanted."""

from collections.abc import Mapping
from typing import Any, cast

import django_filters
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import connection
from django.db.models import Q
from rest_framework.exceptions import ErrorDetail, ValidationError

from profiles import policy
from profiles.fields import Line
from profiles.models import Profile, ProfileQuerySet, normalize_username
from profiles.outcomes import InvalidCode
from profiles.policy import Actor, Visibility

SEARCHED = ("username", "display_name", "location", "bio")
MOST_WORDS = 10
FEW = 1_000  # matches that are sorted, rather than met on the way
LONGEST = 200  # characters of a filter's value


class ProfileFilter(django_filters.FilterSet):
    """By username, visibility, place and time. A filter is named after the field that it reads."""

    username = django_filters.CharFilter(method="by_username", label="This one, in any case.")
    username_prefix = django_filters.CharFilter(method="by_username_prefix", label="Beginning so, in any case.")
    visibility = django_filters.ChoiceFilter(choices=Visibility.choices, label="This one. For staff.")
    location = django_filters.CharFilter(method="by_location", label="This one, in any case.")
    created_after = django_filters.IsoDateTimeFilter("created_at", "gte", label="At this moment or later.")
    created_before = django_filters.IsoDateTimeFilter("created_at", "lt", label="Before this moment.")
    updated_after = django_filters.IsoDateTimeFilter("updated_at", "gte", label="At this moment or later.")
    updated_before = django_filters.IsoDateTimeFilter("updated_at", "lt", label="Before this moment.")
    is_active = django_filters.TypedChoiceFilter(
        choices=[("true", "It is."), ("false", "It is not.")], coerce="true".__eq__, label="Whether it is. For staff."
    )

    class Meta:
        model = Profile
        fields: tuple[str, ...] = ()

    def by_username(self, rows: ProfileQuerySet, name: str, value: str) -> ProfileQuerySet:
        return rows.named(value)

    def by_username_prefix(self, rows: ProfileQuerySet, name: str, value: str) -> ProfileQuerySet:
        return rows.filter(username__lower__startswith=normalize_username(value).lower())

    def by_location(self, rows: ProfileQuerySet, name: str, value: str) -> ProfileQuerySet:
        return rows.filter(location__lower=value.lower())


def filtered(rows: ProfileQuerySet, actor: Actor, values: Mapping[str, Any]) -> ProfileQuerySet:
    """The rows that pass these filters, by name.

    Raises:
        Refused: FORBIDDEN: a filter on a field that this actor may not read, which would let it guess.
        ValidationError: a value is not of its filter's form.
    """
    for name in values:
        policy.require_filter(actor, name)
    errors = {}
    for name, value in values.items():
        try:
            Line(max_length=LONGEST).run_validation(value)
        except ValidationError as error:
            errors[name] = error.detail
    if errors:
        raise ValidationError(errors)
    wanted = ProfileFilter(dict(values), rows)
    if not wanted.is_valid():
        details = {name: [_detail(e) for e in found] for name, found in wanted.form.errors.as_data().items()}
        raise ValidationError(details)
    return cast(ProfileQuerySet, wanted.qs)


def _detail(error: DjangoValidationError) -> ErrorDetail:
    return ErrorDetail(" ".join(error.messages), code=error.code or InvalidCode.INVALID)


def searched(rows: ProfileQuerySet, text: str) -> ProfileQuerySet:
    """The rows in which each of these words stands: in username, display name, location or bio.

    On PostgreSQL whole words, by the full-text index; on SQLite any part of a text, row by row.
    """
    if connection.vendor == "postgresql":
        vector = SearchVector(*SEARCHED, config="simple")
        matching = rows.alias(words=vector).filter(words=SearchQuery(text, config="simple"))
        # The planner guesses that a word it has not met is in every 300th row, and walks the whole order
        # to find none. So the few that there are, are found by the words first; where there are many, the
        # walk along the order soon meets a page of them.
        few = list(matching.order_by().values_list("pk", flat=True)[: FEW + 1])
        return rows.filter(pk__in=few) if len(few) <= FEW else matching
    for word in text.split()[:MOST_WORDS]:
        rows = rows.filter(Q(*((f"{field}__icontains", word) for field in SEARCHED), _connector=Q.OR))
    return rows
