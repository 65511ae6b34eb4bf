"""System checks: the policy covers every declared field, and the table of deprecations is valid."""

from __future__ import annotations

import inspect
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Warned
from django.utils import timezone

from profiles.core.deprecations import Deprecation
from profiles.core.filters import field_of
from profiles.core.resources import Resource, resources


def check_resources(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An error for each field, filter and ordering whose readers the resource's policy does not define."""
    return [error for resource in resources() for error in _errors(resource)]


def _errors(resource: Resource) -> Iterator[Error]:
    policy, kind = resource.policy, type(resource.policy)
    place = os.path.relpath(inspect.getfile(kind), settings.BASE_DIR)
    hint = f"List it in the visible_fields or restricted_fields of {kind.__name__}, in {place}."
    for name, field in resource.serializer().fields.items():
        if not field.write_only and name not in policy.listed_fields:
            text = f"{resource.serializer.__name__} shows '{name}', and no policy says who reads it."
            yield Error(text, hint=hint, obj=resource.serializer, id="profiles.E001")
    for name, each in resource.filters.base_filters.items():
        if field_of(each) not in policy.listed_fields:
            text = f"The filter '{name}' reads '{field_of(each)}', and no policy says who reads that."
            more = f"{hint} Or name the model field that the filter reads: its first argument."
            yield Error(text, hint=more, obj=resource.filters, id="profiles.E002")
    for name, fields in resource.orderings.items():
        for column in resource.ordered_by(fields):
            if column not in policy.always_shown:
                text = f"The ordering '{name}' is by '{column}', which not everybody reads."
                yield Error(text, hint=f"Leave it out, or show the field to all. {hint}", id="profiles.E003")


def check_deprecations(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Errors in the table of deprecations. Each API checks that its contract has the parts that an entry names.

    An overdue removal is a warning: it fails `make check`, but a service in use still starts.
    """
    table: Sequence[Deprecation] = settings.DEPRECATIONS
    columns: list[list[str]] = [
        [each.name for each in table],
        [place for each in table for place in each.rest],
        [place for each in table for place in each.graphql],
    ]
    twice = [value for column in columns for value, times in Counter(column).items() if times > 1]
    errors = [Error(f"DEPRECATIONS has '{value}' more than once.", id="profiles.E004") for value in twice]
    return [*errors, *(message for each in table for message in _faults(each))]


def _faults(each: Deprecation) -> Iterator[CheckMessage]:
    if not each.rest and not each.graphql:
        hint = "Say in 'rest' or 'graphql' where a contract has it."
        yield Error(f"The deprecation '{each.name}' names nothing.", hint=hint, id="profiles.E005")
    if each.until <= each.since:
        hint = "Choose a later 'until'."
        yield Error(f"The deprecation '{each.name}' ends before it begins.", hint=hint, id="profiles.E006")
    elif each.until <= timezone.now().date():
        hint = "Remove it with its entry, or give its clients more time by a later 'until'."
        yield Warned(f"The deprecation '{each.name}' ended on {each.until}.", hint=hint, id="profiles.W002")
