"""Formats of the log, chosen by LOG_FORMAT: lines of text for people, or JSON objects for machines."""

import logging
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from gunicorn import glogging
from structlog.processors import EventRenamer, JSONRenderer, TimeStamper, format_exc_info
from structlog.stdlib import ProcessorFormatter, add_log_level, add_logger_name

from server.observability.traces import TRACE, trace_id

STRUCTURED = ("security",)  # attributes of a record that hold objects


class TraceId(logging.Filter):
    """Adds the trace id of the request to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.trace_id = trace_id.get()
        return True


def json_formatter() -> logging.Formatter:
    """Formats any record of `logging` as JSON: time, level, logger, message, request_id, trace_id, exception."""
    return ProcessorFormatter(
        foreign_pre_chain=[
            add_log_level,
            add_logger_name,
            TimeStamper("iso", key="time"),
            _add_context,
            format_exc_info,
        ],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            EventRenamer("message"),
            JSONRenderer(separators=(",", ":")),
        ],
    )


def _add_context(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the ids that the filters set on the record, and its `STRUCTURED` attributes."""
    attributes = vars(event["_record"])
    context = {"request_id": attributes.get("correlation_id"), "trace_id": attributes.get("trace_id")}
    context |= {name: attributes.get(name) for name in STRUCTURED}
    event.update({name: value for name, value in context.items() if value})
    return event


class GunicornLogger(glogging.Logger):  # type: ignore[misc]  # gunicorn ships no types
    """Logs gunicorn's own lines as JSON, and a line for each request if ACCESS_LOG is on."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(json_formatter())

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Log a request with the fields of `access_log_format`."""
        if not self.access_log_enabled:
            return
        request_id = next((value for name, value in resp.headers if name.lower() == "x-request-id"), None)
        line = {
            "time": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": "info",
            "logger": "gunicorn.access",
            "message": f"{environ['REQUEST_METHOD']} {environ['RAW_URI']} {resp.status_code}",
            "address": environ.get("REMOTE_ADDR"),
            "method": environ["REQUEST_METHOD"],
            "target": environ["RAW_URI"],
            "status": resp.status_code,
            "bytes": resp.sent,
            "milliseconds": round(request_time.total_seconds() * 1_000, 3),
            "request_id": request_id,
            **({"trace_id": environ[TRACE]} if TRACE in environ else {}),
        }
        self.access_log.info(orjson.dumps(line).decode())
