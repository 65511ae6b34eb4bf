"""The spans of operations that one request makes several of. `server.observability.tracing` sets the tracer."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

tracer: Any = None
"""OpenTelemetry's tracer, where tracing is on."""


def span(operation: str) -> AbstractContextManager[Any]:
    """A span of this operation; nothing where tracing is off."""
    return (
        tracer.start_as_current_span(operation, record_exception=False, set_status_on_exception=False)
        if tracer
        else nullcontext()
    )
