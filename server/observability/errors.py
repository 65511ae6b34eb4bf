"""Sentry: a report of each error in the log.

An extra (`sentry`), imported if SENTRY_DSN is set. A report holds the exception's type and frames, and the ids to find
the request in the log. It holds no variables and no exception text, which may quote a client's input.
"""

import logging
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django_guid import get_guid

from server.observability.traces import trace_id

try:
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration
except ImportError as error:
    raise ImproperlyConfigured(
        "SENTRY_DSN is set, and Sentry's SDK is not installed. Install the extra: `uv sync --extra sentry`."
    ) from error

SENT = ("event_id", "timestamp", "platform", "level", "logger", "release", "environment", "server_name", "sdk")
SENT_OF_EXCEPTION = ("type", "module", "mechanism", "stacktrace")


def start(dsn: str) -> None:
    """Report each log record of level ERROR. Requests are not instrumented, because each would become slower."""
    sentry_sdk.init(
        dsn=dsn,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[LoggingIntegration(level=None, event_level=logging.ERROR), AtexitIntegration(lambda *_: None)],
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        before_send=reduced,
    )


def reduced(event: Any, _hint: Any) -> Any:
    """The parts of an event to send. Only those named here, so that a later SDK cannot add others."""
    exceptions = (event.get("exception") or {}).get("values", [])
    ids = {"request_id": get_guid(), "trace_id": trace_id.get()}
    return {
        **{name: event[name] for name in SENT if name in event},
        "logentry": {"message": (event.get("logentry") or {}).get("message", "")},
        "exception": {"values": [{n: each[n] for n in SENT_OF_EXCEPTION if n in each} for each in exceptions]},
        "tags": {name: value for name, value in ids.items() if value},
    }
