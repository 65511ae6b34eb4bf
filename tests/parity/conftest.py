"""Fixtures for tests of every resource: both its APIs, and rows of each kind."""

from itertools import product

import pytest
from django.db.models import BooleanField

from profiles.core.actors import Actor
from profiles.resource import PROFILES
from tests.apis import RESTAPI, GraphQLAPI


def acting(cast, name):
    profile, _, scope = name.partition(" ")
    return Actor(None if profile == "anonymous" else cast[profile], token_writes=not scope)


def required(resource):
    return [name for name, field in resource.serializer().fields.items() if field.required]


@pytest.fixture
def resource_apis(client, resource):
    return RESTAPI(client, resource), GraphQLAPI(client, resource)


@pytest.fixture
def rows(resource, cast):
    """The cast's profiles; for another resource, rows of two owners with every combination of flags."""
    if resource is PROFILES:
        return list(cast.profiles.values())
    flags = [field.name for field in resource.model._meta.fields if isinstance(field, BooleanField)]
    texts = dict.fromkeys(required(resource), "Text")
    return [
        resource.model.objects.create(
            **resource.policy.given(Actor(cast[owner])), **texts, **dict(zip(flags, values, strict=True))
        )
        for owner in ("owner", "member")
        for values in product((True, False), repeat=len(flags))
    ]
