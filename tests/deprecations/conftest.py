"""Fixtures: notes through both APIs, and the counts of deprecated uses."""

from collections import Counter

import pytest

from profiles.core.metrics import DEPRECATED_USES
from profiles.core.resources import registered
from tests.apis import RESTAPI, GraphQLAPI


@pytest.fixture
def note(cast):
    return registered("Note").model.objects.create(owner=cast["owner"], title="Title", body="Text")


@pytest.fixture
def token(cast):
    return cast.token("owner")


@pytest.fixture
def apis(client):
    resource = registered("Note")
    return RESTAPI(client, resource), GraphQLAPI(client, resource)


def counts():
    """The number of uses, by the deprecation's name and the API."""
    samples = DEPRECATED_USES.collect()[0].samples
    return Counter(
        {
            (sample.labels["name"], sample.labels["api"]): int(sample.value)
            for sample in samples
            if sample.name.endswith("_total")
        }
    )


@pytest.fixture
def used():
    """A function that returns the uses since the test began, or since its last call."""
    before = counts()

    def since():
        nonlocal before
        added, before = counts() - before, counts()
        return dict(added)

    return since
