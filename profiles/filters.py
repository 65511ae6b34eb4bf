"""The one FilterSet: which profiles of those that may be seen are wanted."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import django_filters
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import connection
from django.db.models import Q
from django_filters.fields import IsoDateTimeField
from rest_framework.exceptions import ErrorDetail, ValidationError

from profiles import policy
from profiles.fields import Line
from profiles.models import Profile, ProfileQuerySet, normalize_username
from profiles.outcomes import InvalidCode
from profiles.policy import Actor, Visibility

SEARCHED = ("username", "display_name", "location", "bio")
MOST_WORDS = 10
FEW = 3_000  # matches that are sorted; a walk to a page of more than these, among a million, takes about as long
MANY = 30_000  # matches, by PostgreSQL's statistics, of which a page is soon met
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


class ProfileFilter(django_filters.FilterSet):
    """By username, visibility, place and time. A filter is named after the field that it reads."""

    username = django_filters.CharFilter(method="by_username", label="This one, in any case.")
    username_prefix = django_filters.CharFilter(method="by_username_prefix", label="Beginning so, in any case.")
    visibility = django_filters.ChoiceFilter(choices=Visibility.choices, label="This one. For staff.")
    location = django_filters.CharFilter(method="by_location", label="This one, in any case.")
    created_after = MomentFilter("created_at", "gte", label="At this moment or later.")
    created_before = MomentFilter("created_at", "lt", label="Before this moment.")
    updated_after = MomentFilter("updated_at", "gte", label="At this moment or later.")
    updated_before = MomentFilter("updated_at", "lt", label="Before this moment.")
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
    if not values:
        return rows
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
        return _by_words(rows, rows.alias(words=vector).filter(words=SearchQuery(text, config="simple")))
    for word in text.split()[:MOST_WORDS]:
        rows = rows.filter(Q(*((f"{field}__icontains", word) for field in SEARCHED), _connector=Q.OR))
    return rows


def _by_words(rows: ProfileQuerySet, matching: ProfileQuerySet) -> ProfileQuerySet:
    """The matching rows, so that PostgreSQL finds a page of them in few steps.

    No index has both words and an order. Where many match, the walk along the order soon meets a page of
    them. The planner takes a word that it has not met for such a one, and would walk to the end; so what
    may be few is found by its words first, and what is few is then sorted. Between the two, a page costs
    about the root of the table's size (`tests/explain.py`).
    """
    matching = matching.order_by()
    explained = matching.explain(format="json")
    if not explained:  # Django knows already that nothing matches
        return matching
    (plan,) = json.loads(explained)
    if plan["Plan"]["Plan Rows"] > MANY:
        return matching
    few = list(matching.values_list("pk", flat=True)[: FEW + 1])
    if len(few) > FEW:
        return matching
    # A join for each of them would make the walk look cheap.
    return rows.select_related(None).prefetch_related("updated_by").filter(pk__in=few)
