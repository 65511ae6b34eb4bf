"""Long documents let short requests run first."""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from server.edge import traffic as module
from server.edge.traffic import A_MOMENT, PATIENCE, TURN, Traffic

A_LONG_ONE = "{ profiles(first: 100) { edges { node { pk } } } }"
IN_TIME = 10  # seconds before a thread counts as stuck


@pytest.fixture
def traffic(monkeypatch):
    fresh = Traffic()
    for place in ("server.edge.traffic", "graphql_api.core.views", "graphql_api.core.execution", "profiles.rest.batch"):
        monkeypatch.setattr(f"{place}.traffic", fresh)
    return fresh


def test_a_long_document_stops_while_a_short_request_is_answered(cast, graphql, traffic, monkeypatch):
    gave_way = []

    def wait_for_short(timeout):
        gave_way.append(traffic.short)
        traffic.count(-1)  # the short request ends
        return 0.0

    monkeypatch.setattr(traffic, "wait_for_short", wait_for_short)
    traffic.count(1)
    assert graphql.send(A_LONG_ONE).json()["data"]["profiles"]["edges"]
    assert gave_way == [1]
    assert traffic.short == 0


def test_a_short_document_waits_for_nobody(cast, graphql, traffic, monkeypatch):
    monkeypatch.setattr(traffic, "wait_for_short", lambda timeout: pytest.fail("it waited"))
    traffic.count(1)
    assert "data" in graphql.send("{ profiles(first: 5) { edges { node { pk } } } }").json()
    assert traffic.short == 1


def test_its_patience_ends(cast, graphql, traffic, monkeypatch):
    waits = []
    monkeypatch.setattr(traffic, "wait_for_short", lambda timeout: waits.append(timeout) or PATIENCE * 0.6)
    traffic.count(1)
    assert "data" in graphql.send(A_LONG_ONE).json()
    assert waits == pytest.approx([PATIENCE, PATIENCE, PATIENCE * 0.4])  # before it begins, then during it


def test_a_mutation_gives_way_before_it_begins_and_not_with_what_it_locked(cast, graphql, traffic, monkeypatch):
    waits = []
    monkeypatch.setattr(traffic, "wait_for_short", waits.append)
    traffic.count(1)
    mutation = 'mutation { updateProfiles(input: {profiles: [{id: "%s", bio: "x"}]}) { profiles { pk bio } } }'
    token = cast.token("owner")
    assert graphql.send(mutation % cast["owner"].node_id, token=token).json()["data"]["updateProfiles"]["profiles"]
    assert waits == [PATIENCE]


def test_it_goes_on_as_soon_as_no_short_request_is_left(traffic):
    traffic.count(2)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(traffic.wait_for_short, IN_TIME)
        traffic.count(-1)
        assert not waiting.done()
        traffic.count(-1)
        assert waiting.result() < IN_TIME


def test_threads_take_shorter_turns_while_one_is_computed(traffic):
    usual = sys.getswitchinterval()
    traffic.count(1)
    with traffic.long_one():
        assert sys.getswitchinterval() == pytest.approx(TURN)
    assert sys.getswitchinterval() == pytest.approx(usual)
    assert usual > TURN


def test_a_long_request_is_known_until_the_next_call(traffic):
    assert not traffic.had_long_one()
    with traffic.long_one():
        assert traffic.had_long_one()
        assert traffic.had_long_one()
    assert not traffic.had_long_one()
    with traffic.long_one():
        pass
    assert traffic.had_long_one()
    assert not traffic.had_long_one()


def test_one_is_executed_at_a_time(traffic):
    traffic.count(2)
    first_is_in, first_may_go, order = Event(), Event(), []

    def first():
        with traffic.long_one():
            first_is_in.set()
            assert first_may_go.wait(IN_TIME)
            order.append("first")

    def second():
        with traffic.long_one():
            order.append("second")

    with ThreadPoolExecutor() as pool:
        executed = pool.submit(first)
        assert first_is_in.wait(IN_TIME)
        waiting = pool.submit(second)
        with traffic.changed:
            assert traffic.changed.wait_for(lambda: traffic.short == 0, IN_TIME)
        first_may_go.set()
        executed.result()
        waiting.result()
    assert order == ["first", "second"]
    assert traffic.short == 2


def test_many_at_once_are_all_answered(traffic):
    def one(number):
        traffic.count(1)
        with traffic.long_one():
            answer = number
        traffic.count(-1)
        return answer

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(one, range(50))) == list(range(50))
    assert traffic.short == 0


@pytest.mark.parametrize("api", ["rest", "graphql"])
def test_who_shall_come_back_later_is_told_once_the_others_are_answered(
    cast, request, api, settings, traffic, monkeypatch
):
    settings.READ_LIMIT = "1 per hour"
    waits = []
    monkeypatch.setattr(traffic, "wait_for_short", lambda timeout: waits.append((timeout, traffic.short)))
    api = request.getfixturevalue(api)
    assert api.view(cast.pk("shown")).outcome == "done"
    assert waits == []
    assert api.view(cast.pk("shown")).outcome == "THROTTLED"
    assert waits == [(A_MOMENT, 0)]  # the waiting request does not count itself


def test_every_request_is_counted_until_it_is_answered(traffic):
    seen, request = [], RequestFactory().get("/")
    module.count_request(lambda request: seen.append(traffic.short) or HttpResponse())(request)
    with pytest.raises(ZeroDivisionError):
        module.count_request(lambda request: 1 / 0)(request)
    assert (seen, traffic.short) == ([1], 0)


def test_a_streaming_response_is_not_counted_while_it_is_sent(traffic):
    chunks = (str(traffic.short).encode() for _ in range(2))
    response = module.count_request(lambda request: StreamingHttpResponse(chunks))(RequestFactory().get("/"))
    assert response.getvalue() == b"00"
