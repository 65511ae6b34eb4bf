"""Sentry: the envelopes of real errors contain nothing that a client sent."""

import json

import httpx

from tests.server.conftest import ServerClient, serving
from tests.server.observability.conftest import wait_until

SECRETS = {
    "password": "canary-of-a-password",
    "token": "canary.of.a-token",
    "email": "canary@example.com",
    "query": "canary-in-a-query",
    "cookie": "canary-in-a-cookie",
    "trace": "user=canary-of-a-role",
}


def events_in(bodies):
    """The events in these envelopes (https://develop.sentry.dev/sdk/data-model/envelopes/)."""
    for body in bodies:
        lines = body.split(b"\n")
        for header, payload in zip(lines[1::2], lines[2::2], strict=False):
            if json.loads(header)["type"] == "event":
                yield json.loads(payload)


SIGN_UP = "mutation ($input: CreateProfileInput!) { createProfile(input: $input) { errors { code } } }"


def test_an_error_is_reported_without_what_was_sent(free_tcp_port, tmp_path, receiver):
    """The database is down, and the exception names its user."""
    dsn = receiver.address.replace("http://", "http://key@") + "/1"
    url = f"postgres://canary-of-a-role@127.0.0.1:{free_tcp_port}/nothing"
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = ServerClient.proxied | {
        "cookie": f"sessionid={SECRETS['cookie']}",
        "user-agent": SECRETS["token"],
        "traceparent": f"00-{trace}-00f067aa0ba902b7-01",
    }
    given = {"username": "somebody", "email": SECRETS["email"], "password": SECRETS["password"]}
    with serving(tmp_path / "log", SENTRY_DSN=dsn, DATABASE_URL=url) as address:
        answer = httpx.post(
            f"{address}/graphql/?a={SECRETS['query']}",
            headers=headers,
            json={"query": SIGN_UP, "variables": {"input": given}},
        )
        assert answer.status_code == 503
        request_id = answer.headers["x-request-id"]
        find = lambda: [e for e in events_in(receiver.received) if e["tags"].get("request_id") == request_id]  # noqa: E731
        event = wait_until(find)[0]
    assert event["logentry"] == {"message": "The database is away"}
    assert event["tags"] == {"request_id": request_id, "trace_id": trace}
    kinds = [each["type"] for each in event["exception"]["values"]]
    assert "OperationalError" in kinds
    assert all(each["stacktrace"]["frames"] for each in event["exception"]["values"])
    sent = b"".join(receiver.received).decode()
    assert [name for name, secret in SECRETS.items() if secret in sent] == []
    assert "canary" not in sent
