"""Exports in both APIs: streamed in pieces, one at a time, a few per day."""

import json
from datetime import timedelta
from itertools import islice

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_guid.log_filters import CorrelationId
from werkzeug.test import EnvironBuilder

from profiles import exports
from profiles.core import writing
from profiles.core.actors import Actor
from profiles.core.models import Source
from profiles.core.outcomes import Outcome, Refused
from profiles.exports import ABANDONED, DAY, SOON
from profiles.identity import families
from profiles.models import Export, Profile
from server.wsgi import application
from tests.state import undone

CHANGES = 7


@pytest.fixture
def owner(cast):
    for number in range(CHANGES):
        writing.update(cast["owner"], {"bio": f"No. {number}"}, actor=Actor(cast["owner"]), source=Source.REST)
        families.start(cast["owner"])
    cast["owner"].refresh_from_db()
    return cast["owner"]


@pytest.fixture
def begin(owner):
    """Start an export by `owner` of its own account."""
    return lambda: exports.start(owner, Actor(owner))


def test_rows_are_read_by_the_page(owner, begin, monkeypatch):
    whole = json.loads(b"".join(begin()))
    assert [change["changes"][0]["to"] for change in whole["history"]] == [f"No. {n}" for n in range(CHANGES)]
    Export.objects.all().delete()
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    stream = begin()
    with CaptureQueriesContext(connection) as queries:
        pieces = list(stream)
    assert {**json.loads(b"".join(pieces)), "exports": []} == {**whole, "exports": []}
    of_history = [q["sql"] for q in queries if 'FROM "profiles_change"' in q["sql"] and "LIMIT 3" in q["sql"]]
    assert len(of_history) == 4 + 1  # pages of two rows, and one page of the writes to others
    assert max(piece.count(b'"request_id"') for piece in pieces) == 2


def test_none_begins_before_the_end_of_the_one_before_it(owner, begin, monkeypatch):
    """The first ends while the second reads the clock: it counts as running, or as ended earlier."""
    first, now = begin(), timezone.now

    def first_ends():
        monkeypatch.setattr(timezone, "now", now)
        moment = now()
        first.close()
        return moment

    monkeypatch.setattr(timezone, "now", first_ends)
    with pytest.raises(Refused) as refused:
        begin()
    assert refused.value.details == {"retry_after": SOON}


def test_what_ends_on_the_way_leaves_a_whole_document(owner, begin, monkeypatch):
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    stream = begin()
    read = next(stream) + next(stream)
    writing.delete(owner, actor=Actor(owner))
    document = json.loads(read + b"".join(stream))
    stream.close()
    assert document["profile"]["username"] == "owner"
    assert document["exports"] == []


def test_one_at_a_time(cast, owner, begin, apis):
    stream = begin()
    for api in apis:
        for actor in ("owner", "owner (read)", "staff"):
            answer = api.export(owner.pk, token=cast.token(actor))
            assert (answer.outcome, answer.details) == ("THROTTLED", {"retry_after": SOON})
    assert Export.objects.count() == 1
    stream.close()
    for api in apis:
        assert api.export(owner.pk, token=cast.token("owner")).outcome == "done"


def test_one_that_was_cut_off_with_its_process_is_waited_for_a_while(cast, owner, begin, apis):
    begin()
    for api in apis:
        with undone():
            Export.objects.update(started_at=timezone.now() - ABANDONED + timedelta(minutes=1))
            assert api.export(owner.pk, token=cast.token("owner")).outcome == "THROTTLED"
            Export.objects.update(started_at=timezone.now() - ABANDONED)
            assert api.export(owner.pk, token=cast.token("owner")).outcome == "done"


def test_a_few_a_day(cast, owner, apis, settings):
    settings.EXPORTS_PER_DAY = 3
    for number in range(3):
        assert apis[number % 2].export(owner.pk, token=cast.token("owner (read)")).outcome == "done"
    for api in apis:
        answer = api.export(owner.pk, token=cast.token("staff"))
        assert answer.outcome == "THROTTLED"
        assert DAY.total_seconds() - 60 < answer.details["retry_after"] <= DAY.total_seconds()
    assert apis[0].export(cast.pk("known"), token=cast.token("staff")).outcome == "done"
    oldest = owner.exports.order_by("pk").first()
    owner.exports.filter(pk=oldest.pk).update(started_at=timezone.now() - DAY)
    assert apis[1].export(owner.pk, token=cast.token("owner")).outcome == "done"
    assert not Export.objects.filter(pk=oldest.pk).exists()


def test_a_refused_export_is_not_counted(cast, apis):
    for api in apis:
        for actor, target in (("member", "known"), ("member", "hidden"), ("anonymous", "shown")):
            assert api.export(cast.pk(target), token=cast.token(actor)).outcome != "done"
    assert not Export.objects.exists()


def test_a_link_is_not_an_export(cast, graphql):
    links = " ".join(f"a{number}: export {{ url }}" for number in range(20))
    answer = graphql.send(f"{{ me {{ {links} }} }}", token=cast.token("owner")).json()
    assert len(answer["data"]["me"]) == 20
    assert answer["extensions"]["cost"]["rows"] == 1
    assert not Export.objects.exists()


def test_a_head_request_begins_no_export(cast, rest):
    for actor, target, status in (("owner", "owner", 200), ("member", "known", 403), ("member", "hidden", 404)):
        response = rest.send("HEAD", f"/profiles/{cast.pk(target)}/export/", token=cast.token(actor))
        assert (response.status_code, response["Content-Type"]) == (status, "application/json")
        assert response.content == b""
    assert not Export.objects.exists()


@pytest.mark.parametrize("read", [0, 1, 2])
@pytest.mark.usefixtures("one_connection")
def test_a_stream_that_is_left_ends_its_export(cast, read):
    """A server closes the response, no matter how far the client read it (PEP 3333)."""
    headers = {"authorization": f"Bearer {cast.token('owner')}"}
    environ = EnvironBuilder("/profiles/me/export/", "https://testserver", headers=headers).get_environ()
    response = application(environ, lambda *_: None)
    assert len(list(islice(response, read))) == read
    assert Export.objects.get().ended_at is None
    response.close()
    assert Export.objects.get().ended_at is not None


def test_what_fails_at_first_is_answered_and_ends_the_export(cast, rest, monkeypatch):
    monkeypatch.setattr(exports, "_account", lambda _: {}["nothing"])
    monkeypatch.setattr(rest.client, "raise_request_exception", False)
    response = rest.send("GET", "/profiles/me/export/", token=cast.token("owner"))
    assert (response.status_code, response.json()["errors"][0]["code"]) == (500, "INTERNAL")
    assert not Export.objects.filter(ended_at=None).exists()


def test_what_fails_on_the_way_is_logged_under_the_requests_id_and_ends_the_export(cast, client, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(exports.TokenFamilySerializer, "to_representation", broken)
    families.start(cast["owner"])
    caplog.handler.addFilter(CorrelationId())
    response = client.get("/profiles/me/export/", headers={"authorization": f"Bearer {cast.token('owner')}"})
    with pytest.raises(RuntimeError):
        list(response)
    [record] = [each for each in caplog.records if each.name == "profiles.core.outcomes"]
    assert record.correlation_id == response["X-Request-ID"]
    assert Export.objects.get().ended_at is not None


def test_an_answer_has_the_headers_of_every_other(cast, rest):
    response = rest.send("GET", "/profiles/me/export/", token=cast.token("owner"), accept_language="de")
    assert response["Content-Language"] == "de"
    assert response["Cache-Control"] == "private, no-cache"
    assert {"X-Request-ID", "RateLimit", "RateLimit-Policy", "Content-Security-Policy"} <= response.headers.keys()
    assert "Content-Length" not in response.headers


def test_an_account_that_is_gone_meanwhile_is_not_exported(cast):
    owner = cast["owner"]
    Profile.objects.filter(pk=owner.pk).delete()
    with pytest.raises(Refused) as refused:
        exports.start(owner, Actor(owner))
    assert refused.value.outcome is Outcome.NOT_FOUND
