"""The renderer that `Accept` selects, also when the header repeats."""

import pytest


@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=0.5", "nothing", "a" * 9_000])
def test_what_can_t_be_answered_is_refused_each_time(cast, client, accept):
    answers = [client.get(f"/profiles/{cast.pk('shown')}", headers={"accept": accept}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [406, 406]


def test_headers_do_not_mix(cast, client):
    path = f"/profiles/{cast.pk('shown')}"
    for _ in range(2):
        plain = client.get(path, headers={"accept": "*/*"})
        indented = client.get(path, headers={"accept": "application/json; indent=2"})
        assert plain.json() == indented.json()
        assert plain.content.count(b"\n") == 0
        assert indented.content.count(b"\n  ") == len(plain.json())
