"""The last use of a personal token is stored after the response, on the shipped server."""

from time import monotonic, sleep

from django.db import transaction

from profiles.models import PersonalToken
from tests.apis import RESTAPI, GraphQLAPI
from tests.server.conftest import MOST_SECONDS, ServerClient, serving

WAITS_LONG = {"DATABASE_LOCK_TIMEOUT": "60", "DATABASE_STATEMENT_TIMEOUT": "60"}


def test_no_response_waits_until_its_use_is_noted(cast, test_database, tmp_path):
    """The row is locked, so the use can only be stored after the test has its response."""
    token = cast.personal_token("owner", "read")
    with serving(tmp_path / "log", **test_database, **WAITS_LONG) as address:
        for api in (RESTAPI, GraphQLAPI):
            client = ServerClient(address)
            PersonalToken.objects.update(last_used_at=None)
            with transaction.atomic():
                PersonalToken.objects.update(label="Locked")
                assert api(client).view_me(token=token).outcome == "done"
                assert PersonalToken.objects.get().last_used_at is None
            deadline = monotonic() + MOST_SECONDS
            while PersonalToken.objects.get().last_used_at is None:
                assert monotonic() < deadline
                sleep(0.01)
            client.http.close()
