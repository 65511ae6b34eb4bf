"""Notes through both APIs, and what is counted of deprecated uses."""

from collections import Counter

import pytest

from profiles.core.metrics import DEPRECATED_USES
from profiles.core.resources import registered
from tests.doors import GraphQLDoor, RESTDoor


@pytest.fixture
def note(cast):
    return registered("Note").model.objects.create(owner=cast["owner"], title="Title", body="Text")


@pytest.fixture
def token(cast):
    return cast.token("owner")


@pytest.fixture
def apis(client):
    resource = registered("Note")
    return RESTDoor(client, resource), GraphQLDoor(client, resource)


def counts():
    """How often each is counted as used, by its name and API."""
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
    """A function that counts what has been used since the test began, or since its last call."""
    before = counts()

    def since():
        nonlocal before
        added, before = counts() - before, counts()
        return dict(added)

    return since
