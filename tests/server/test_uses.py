"""When a token was last used is noted behind the response, on the server as it ships."""

from datetime import timedelta
from time import monotonic, sleep

from django.db import transaction
from django.utils import timezone

from profiles.identity import families
from profiles.models import TokenFamily
from tests.doors import GraphQLDoor, RESTDoor
from tests.server.conftest import MOST_SECONDS, ServerClient, serving

WAITS_LONG = {"DATABASE_LOCK_TIMEOUT": "60", "DATABASE_STATEMENT_TIMEOUT": "60"}


def test_no_response_waits_until_its_use_is_noted(cast, test_database, tmp_path):
    """The row is locked, so that the use can be noted only after the test has its response."""
    with serving(tmp_path / "log", **test_database, **WAITS_LONG) as address:
        for door in (RESTDoor, GraphQLDoor):
            client = ServerClient(address)
            token = families.start(cast["owner"]).token
            before = timezone.now()
            TokenFamily.objects.update(last_used_at=before - timedelta(minutes=6))
            with transaction.atomic():
                TokenFamily.objects.update(scope="read write")
                assert door(client).view_me(token=token).outcome == "done"
                newest = TokenFamily.objects.latest("created_at")
                assert newest.last_used_at < before
            deadline = monotonic() + MOST_SECONDS
            while newest.last_used_at < before and monotonic() < deadline:
                sleep(0.01)
                newest.refresh_from_db()
            assert newest.last_used_at >= before
            client.http.close()
