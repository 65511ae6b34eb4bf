"""OpenTelemetry: spans of requests, operations and SQL statements, sent by OTLP over HTTP.

An extra (`otel`), imported if OTEL_EXPORTER_OTLP_ENDPOINT is set. OpenTelemetry's other variables apply, such as
OTEL_SERVICE_NAME and OTEL_TRACES_SAMPLER. A span holds no SQL parameters, bodies, headers, query strings or exception
texts.
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

BEHIND_PROBES = 1  # position of the middleware that makes a span for each request
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
    """Start tracing. Call it before Django loads its middleware and before gunicorn forks."""
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(
        tracer_provider=provider, middleware_position=BEHIND_PROBES, request_hook=without_private
    )
    spans.tracer = provider.get_tracer("profiles")
    traces.current = current_trace


def send() -> None:
    """Start a thread that sends spans. Call it in each worker, because the master must have no threads."""
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))


def current_trace() -> str | None:
    """The trace id of the current span, or None."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def without_private(span: Any, request: HttpRequest) -> None:
    """Keep only the path of a request in its span: a query string may hold a document's variables."""
    if span.is_recording():
        held = span.attributes
        span.set_attributes({name: request.path if "target" in name else "" for name in PRIVATE if name in held})


def traced(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
    """An execute wrapper that makes a span for a statement, with its SQL but not its parameters."""
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
    """The innermost middleware: makes a span of the request's operations, with API and outcomes."""

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
