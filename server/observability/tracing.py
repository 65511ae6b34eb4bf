"""OpenTelemetry: spans of requests, operations and SQL statements, sent by OTLP over HTTP.

It is an extra (`otel`), imported where OTEL_EXPORTER_OTLP_ENDPOINT is set. OpenTelemetry's other variables apply:
OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER and so on. A span holds no value of a statement, no body, no header, no query of
a URL and no text of an exception.
"""

import os
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from profiles.core import spans
from profiles.core.metrics import SEVERAL
from server.observability import traces
from server.observability.operations import labels_of

try:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
except ImportError as error:
    raise ImproperlyConfigured(
        "OTEL_EXPORTER_OTLP_ENDPOINT is set, and OpenTelemetry is not installed. Install the extra: "
        "`uv sync --extra otel`."
    ) from error

BEHIND_PROBES = 1  # the place of the middleware that makes a span for each request
PRIVATE = (
    "http.url",
    "http.target",
    "url.query",
    "http.user_agent",
    "user_agent.original",
    "net.peer.ip",
    "client.address",
)


os.environ.setdefault("OTEL_SERVICE_NAME", "profiles")
provider = TracerProvider(resource=Resource.create())


def start() -> None:
    """Begin to trace. Called before Django reads its middleware, and before gunicorn forks."""
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(
        tracer_provider=provider, middleware_position=BEHIND_PROBES, request_hook=without_private
    )
    spans.tracer = provider.get_tracer("profiles")
    traces.current = current_trace


def send() -> None:
    """Begin to send spans, by a thread. Called in each worker: what forks has no thread."""
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))


def current_trace() -> str | None:
    """The id of the current span's trace."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def without_private(span: Any, request: HttpRequest) -> None:
    """Of a request, keep the path alone: a query can hold a document's variables."""
    if span.is_recording():
        held = span.attributes
        span.set_attributes({name: request.path if "target" in name else "" for name in PRIVATE if name in held})


def traced(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
    """An execute wrapper that makes a span of a statement, with its text and without its values."""
    if not trace.get_current_span().is_recording():
        return execute(sql, *arguments)
    attributes = {"db.query.text": sql}
    with spans.tracer.start_as_current_span(
        sql.split(None, 1)[0],
        kind=trace.SpanKind.CLIENT,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ):
        return execute(sql, *arguments)


def trace_operations(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The innermost middleware: a span of the request's operation, with its API and outcome."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with spans.span(SEVERAL) as span:
            response = get_response(request)
            ended = labels_of(request, response)
            if len(ended) == 1:
                span.update_name(ended[0][0])
            names, (api, *_), outcomes = zip(*ended, strict=True)
            span.set_attributes({"profiles.operation": names, "profiles.api": str(api), "profiles.outcome": outcomes})
        return response

    return middleware
