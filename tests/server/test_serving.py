"""The server by itself, as it is deployed."""

import httpx

from tests.cast import PASSWORD
from tests.server.conftest import ServerClient


def test_plain_http_is_sent_to_https(server):
    response = httpx.get(f"{server}/profiles/1/")
    assert response.status_code == 301
    assert response.headers["location"].startswith("https://")


def test_a_host_that_is_not_ours_is_refused_in_json(server):
    response = httpx.get(f"{server}/", headers=ServerClient.proxied | {"host": "evil.example"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "BAD_REQUEST"


def test_signing_in_reading_and_writing(cast, server, at_once):
    [signed_in] = at_once(lambda doors: doors["rest"].sign_in("owner", PASSWORD))
    token = signed_in.body["token"]
    [written] = at_once(lambda doors: doors["graphql"].update(cast.pk("owner"), {"bio": "New."}, token=token))
    [read] = at_once(lambda doors: doors["rest"].view_me(token=token))
    assert written.body == read.body
    assert written.etag == read.etag
