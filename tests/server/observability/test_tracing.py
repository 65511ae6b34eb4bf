"""OpenTelemetry: the spans that a collector receives, and no import while it is off."""

import json
import subprocess
import sys

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from server.observability.traces import parse_traceparent
from tests.server.conftest import ROOT, ServerClient, serving
from tests.server.observability.conftest import wait_until
from tests.server.test_settings import PRODUCTION

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
SECRET = "canary-of-a-secret"
EXTRAS = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": ("opentelemetry", "uv sync --extra otel"),
    "SENTRY_DSN": ("sentry_sdk", "uv sync --extra sentry"),
}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (TRACEPARENT, TRACE),
        (f"00-{TRACE}-{PARENT}-00", TRACE),
        (f"cc-{TRACE}-{PARENT}-01", TRACE),
        (f"cc-{TRACE}-{PARENT}-01-what-comes", TRACE),
        (f"{TRACEPARENT}-more", None),  # version 00 ends after the flags
        (f"cc-{TRACE}-{PARENT}-01more", None),
        (f"ff-{TRACE}-{PARENT}-01", None),
        (f"00-{'0' * 32}-{PARENT}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (TRACEPARENT.upper(), None),
        (f"{TRACEPARENT},{TRACEPARENT}", None),
        (f" {TRACEPARENT}", None),
        (f"{TRACEPARENT}\n", None),
        ("", None),
    ],
)
def test_a_traceparent(header, expected):
    assert parse_traceparent(header) == expected


def spans_in(bodies):
    """The received spans."""
    for body in bodies:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                yield from scope.spans


def attributes_of(span):
    """A span's attributes as text."""
    return {each.key: str(each.value) for each in span.attributes}


def test_a_request_its_operations_and_their_statements_are_spans(cast, test_database, tmp_path, receiver):
    log = tmp_path / "log"
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.address, "OTEL_BSP_SCHEDULE_DELAY": "50"}
    headers = ServerClient.proxied | {"traceparent": TRACEPARENT, "authorization": f"Bearer {cast.token('owner')}"}
    query = f'{{ me {{ pk }} profile(username: "{SECRET}") {{ pk }} }}'
    with serving(log, ACCESS_LOG="on", **test_database, **environment) as address:
        httpx.get(f"{address}/livez")
        httpx.patch(f"{address}/profiles/me/", headers=headers, json={"bio": SECRET}).raise_for_status()
        httpx.get(f"{address}/graphql/", headers=headers, params={"query": query}).raise_for_status()
        wait_until(lambda: len([s for s in spans_in(receiver.received) if s.name in ("updateProfile", "several")]) == 2)
    spans = {span.span_id: span for span in spans_in(receiver.received) if span.trace_id.hex() == TRACE}
    named = {span.name: span for span in spans.values()}
    assert SECRET.encode() not in b"".join(receiver.received)
    assert b"livez" not in b"".join(receiver.received)

    written = named["updateProfile"]
    assert attributes_of(written)["profiles.outcome"].count('"OK"') == 1
    request = spans[written.parent_span_id]
    assert request.parent_span_id.hex() == PARENT
    update = next(span for span in spans.values() if span.name == "UPDATE")
    assert (update.name, update.parent_span_id) == ("UPDATE", written.span_id)

    document = named["several"]
    roots = [
        span for span in spans.values() if span.parent_span_id == document.span_id and span.name.endswith("Profile")
    ]
    assert len(roots) == 2
    assert [
        "OK" in attributes_of(document)["profiles.outcome"],
        "NOT_FOUND" in attributes_of(document)["profiles.outcome"],
    ] == [True, True]

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["trace_id"] for line in lines if line.get("target", "").startswith("/profiles/me/")] == [TRACE]


@pytest.mark.parametrize("variable", EXTRAS)
def test_an_extra_that_is_not_installed_is_named(variable):
    package, command = EXTRAS[variable]
    code = f"import sys; sys.modules['{package}'] = None; import server.wsgi"
    done = run(code, **{variable: "http://key@127.0.0.1:1/1"})
    assert done.returncode != 0
    assert variable in done.stderr
    assert command in done.stderr


def test_nothing_of_an_extra_is_imported_where_it_is_off():
    # redis-py imports OpenTelemetry's API and SDK if they are installed
    names = ["opentelemetry.exporter", "opentelemetry.instrumentation", "server.observability.tracing", "sentry_sdk"]
    done = run(f"import sys, server.wsgi; print(sorted(set({names}) & sys.modules.keys()))")
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=PRODUCTION | {"DATABASE_URL": "sqlite://:memory:"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
