"""Writes to any resource."""

import pytest
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from profiles.core.writing import unique
from profiles.models import Change, Profile


def test_a_unique_constraint_of_fields_is_an_error_of_the_first(cast):
    change = {"profile": cast["owner"], "version": 2, "at": timezone.now(), "source": "rest", "fields": {}}
    Change.objects.create(**change)
    with pytest.raises(ValidationError) as error, unique(Change):
        Change.objects.create(**change)
    assert [(name, each.code) for name, [each] in error.value.detail.items()] == [("profile", "unique")]


def test_one_of_expressions_too(cast):
    with pytest.raises(ValidationError) as error, unique(Profile):
        Profile.objects.create(username="OWNER", email="a@example.com")
    assert [(name, each.code) for name, [each] in error.value.detail.items()] == [("username", "unique")]
