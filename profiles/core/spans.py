"""Tracing spans for the operations of a request with several. `server.observability.tracing` sets the tracer."""

from contextlib import AbstractContextManager
from typing import Any

tracer: Any = None
"""OpenTelemetry's tracer; None while tracing is off."""


def span(operation: str) -> AbstractContextManager[Any]:
    """A span for an operation. Requires the tracer."""
    made: AbstractContextManager[Any] = tracer.start_as_current_span(
        operation, record_exception=False, set_status_on_exception=False
    )
    return made
