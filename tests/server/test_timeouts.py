"""A statement that takes too long, on the shipped server."""

import pytest
from django.db import connection, transaction

from profiles.models import Profile
from tests.apis import RESTAPI, GraphQLAPI
from tests.server.conftest import ServerClient, serving

TOO_LONG = {"DATABASE_STATEMENT_TIMEOUT": "0.3"}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no statement_timeout")
def test_a_write_that_waits_too_long_for_a_lock_ends_in_both_apis(cast, test_database, tmp_path):
    token, pk = cast.token("owner"), cast.pk("owner")
    log = tmp_path / "log"
    with serving(log, **test_database, **TOO_LONG) as address:
        client = ServerClient(address)
        apis = RESTAPI(client), GraphQLAPI(client)
        with transaction.atomic():
            Profile.objects.select_for_update().get(pk=pk)
            answers = [api.update(pk, {"bio": "Late."}, token=token) for api in apis]
        assert [answer.outcome for answer in answers] == ["TIMEOUT"] * 2
        assert answers[0].errors == answers[1].errors
        assert answers[0].details == answers[1].details == {}
        for n, api in enumerate(apis):
            assert api.update(pk, {"bio": f"In time, {n}."}, token=token).outcome == "done"
        client.http.close()
    assert Profile.objects.get(pk=pk).bio == "In time, 1."
    assert log.read_text().count("The database cancelled a statement") == 2
    assert "away" not in log.read_text()
