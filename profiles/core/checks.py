"""System checks: of whatever is declared, the policy says who reads it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from profiles.core.filters import field_of
from profiles.core.resources import Resource, resources


def check_resources(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An error for each field, filter and ordering of which a resource's policy does not say who reads it."""
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
