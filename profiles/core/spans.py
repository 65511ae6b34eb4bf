"""The spans of operations that one request makes several of. `server.observability.tracing` sets the tracer."""

from contextlib import AbstractContextManager
from typing import Any

tracer: Any = None
"""OpenTelemetry's tracer, where tracing is on."""


def span(operation: str) -> AbstractContextManager[Any]:
    """A span of this operation, where there is a tracer."""
    made: AbstractContextManager[Any] = tracer.start_as_current_span(
        operation, record_exception=False, set_status_on_exception=False
    )
    return made
