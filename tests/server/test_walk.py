"""Paging through a long list during another client's writes: each row that stays is seen exactly once."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connections
from django.utils import timezone

from profiles.models import Profile

ROWS = 3_000
PAGE = 100


@pytest.fixture
def crowd(cast):
    now = timezone.now()
    Profile.objects.bulk_create(
        (
            Profile(username=f"row{n}", email="a@b.co", created_at=now - timedelta(minutes=n // 3), updated_at=now)
            for n in range(ROWS)
        ),
        batch_size=2_000,
    )
    return cast


def meddle(done):
    """Insert, delete and rename rows all over the list until `done` is set."""
    number = 0
    try:
        while not done.is_set():
            moment = timezone.now() - timedelta(minutes=number * 37 % (ROWS // 3))
            Profile.objects.create(username=f"new{number}", email="a@b.co", created_at=moment)
            Profile.objects.filter(username=f"row{number * 10}").delete()
            Profile.objects.filter(username=f"row{number * 10 + 1}").update(username=f"renamed{number}")
            number += 1
    finally:
        connections.close_all()


@pytest.mark.parametrize("api", ["rest", "graphql"])
@pytest.mark.parametrize("ordering", ["created_at", "-created_at"])
def test_every_row_that_was_there_throughout_is_seen_once(crowd, at_once, report, api, ordering):
    token = crowd.token("staff")
    before = set(Profile.objects.values_list("pk", flat=True))
    done = Event()
    meddler = Thread(target=meddle, args=(done,))
    meddler.start()
    seen, cursor = [], None
    try:
        while not seen or cursor:
            wanted = {"cursor": cursor} if cursor else {}
            [answer] = at_once(
                lambda apis, w=wanted: apis[api].list(token=token, page_size=PAGE, ordering=ordering, **w)
            )
            seen += [row["id"] for row in answer.body["rows"]]
            cursor = answer.body["next"]
    finally:
        done.set()
        meddler.join()
    after = set(Profile.objects.values_list("pk", flat=True))
    report(f"{len(before & after)} rows stayed, {len(before - after)} went and {len(after - before)} came meanwhile")
    assert len(seen) == len(set(seen))
    assert before & after <= set(seen)
