"""The log's format."""

import json
import logging
import sys

import pytest

from profiles.identity import security
from server.observability.logs import TraceId, json_formatter
from server.observability.traces import trace_id
from tests.server.test_settings import PRODUCTION, manage


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "json"),
        ({"DEBUG": "true"}, "line"),
        ({"DEBUG": "true", "LOG_FORMAT": "json"}, "json"),
        ({"LOG_FORMAT": "line"}, "line"),
    ],
)
def test_production_logs_json_and_a_developers_machine_lines(variables, expected):
    done = manage("shell", "-v", "0", "-c", "import logging; logging.warning('Seen.')", **PRODUCTION | variables)
    assert (done.stderr.startswith("{"), " WARNING " in done.stderr) == (expected == "json", expected == "line")


def test_a_format_that_is_none():
    done = manage("check", **PRODUCTION | {"LOG_FORMAT": "xml"})
    assert done.returncode != 0
    assert "LOG_FORMAT: Set json or line." in done.stderr


def formatted(record):
    TraceId().filter(record)
    line = json_formatter().format(record)
    assert "\n" not in line
    return json.loads(line)


def test_a_line_has_the_ids_of_its_request_and_of_its_trace():
    record = logging.LogRecord("a.logger", logging.WARNING, "", 0, "What %s\n", ("is\ud800",), None)
    record.correlation_id = "11111111-2222-3333-4444-55555555abcd"
    token = trace_id.set("4bf92f3577b34da6a3ce929d0e0e4736")
    line = formatted(record)
    trace_id.reset(token)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "a.logger",
        "message": "What is\ud800\n",
        "request_id": "11111111-2222-3333-4444-55555555abcd",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }


def test_an_exception_is_part_of_its_line():
    try:
        raise ValueError("Why.")
    except ValueError:
        record = logging.LogRecord("a", logging.ERROR, "", 0, "What.", (), sys.exc_info())
    line = formatted(record)
    assert line["message"] == "What."
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: Why.")
    assert "request_id" not in line


def test_a_security_event_is_an_object(caplog):
    caplog.set_level(logging.INFO, logger="profiles.security")
    security.log("revoked", None, family="f")
    (record,) = caplog.records
    line = formatted(record)
    assert line["security"] == {"event": "revoked", "profile": "none", "family": "f"}
    assert line["message"] == "event=revoked profile=none family=f"
