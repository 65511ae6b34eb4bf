"""Exports from the shipped server: simultaneous ones, and clients that disconnect."""

import json
import time
from collections import Counter
from itertools import pairwise

from django.utils import timezone

from profiles.core.models import Source
from profiles.models import Change, Export
from tests.server.conftest import MOST_SECONDS

MORE_THAN_SOCKETS_HOLD = 4_000  # changes of 4 KB each


def write_many(profile, count):
    fields = {"bio": ["a" * 2_000, "b" * 2_000]}
    versions = range(2, count + 2)
    Change.objects.bulk_create(
        [Change(profile=profile, version=v, at=timezone.now(), source=Source.REST, fields=fields) for v in versions],
        batch_size=500,
    )


def test_a_long_history_comes_whole(cast, served):
    write_many(cast["owner"], 1_000)
    headers = {"authorization": f"Bearer {cast.token('owner')}"}
    with served.http.stream("GET", "/profiles/me/export/", headers=headers) as response:
        assert response.headers["transfer-encoding"] == "chunked"
        assert len(json.loads(response.read())["history"]) == 1_000


def test_a_client_that_hangs_up_ends_its_export(cast, served):
    write_many(cast["owner"], MORE_THAN_SOCKETS_HOLD)
    headers = {"authorization": f"Bearer {cast.token('owner')}"}
    with served.http.stream("GET", "/profiles/me/export/", headers=headers) as response:
        next(response.iter_raw())
        assert Export.objects.get().ended_at is None
    until = time.monotonic() + MOST_SECONDS
    while Export.objects.get().ended_at is None:
        assert time.monotonic() < until


def test_of_those_that_come_at_once_no_two_overlap(cast, at_once):
    write_many(cast["owner"], 100)
    token = cast.token("owner")
    calls = [lambda apis, name=name: apis[name].export(cast.pk("owner"), token=token) for name in ("rest", "graphql")]
    outcomes = Counter(answer.outcome for answer in at_once(*calls * 4))
    made = Export.objects.order_by("started_at")
    assert outcomes.keys() <= {"done", "THROTTLED"}
    assert 1 <= outcomes["done"] == len(made) <= 5
    assert all(first.ended_at <= second.started_at for first, second in pairwise(made))
