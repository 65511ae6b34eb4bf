"""The load: wrk sends one case's request over and over, and says what came of it."""

import json
import shutil
import subprocess
import time
from dataclasses import asdict, dataclass
from tempfile import NamedTemporaryFile

from tests.bench.speed.cases import COUNTER, body_of

CONNECTIONS = 8
IDLE = 0.1  # seconds without CPU time after which a worker has answered what was sent
SCRIPT = """
wrk.method = {method}
for name, value in pairs({{ {headers} }}) do wrk.headers[name] = value end
{body}
done = function(summary, latency)
  io.write(string.format('{{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "bad": %d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
    + summary.errors.timeout))
end
"""
SAME_BODY = "wrk.body = {body}"
NEW_BODIES = """
local sent = 0
local before, after = {before}, {after}
request = function()
  sent = sent + 1
  return wrk.format(nil, nil, nil, before .. sent .. after)
end
"""


@dataclass
class Measured:
    """What a case took: ms of the worker's CPU per request, requests per second, and latencies in ms."""

    cpu: float
    rate: float
    p50: float
    p99: float

    as_dict = asdict


def check_wrk():
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing. Install it: apt-get install wrk")


def measure(project, case, seconds, connections=CONNECTIONS):
    """Measure a case of a running project for so many seconds.

    Raises:
        RuntimeError: a response was not 2xx, or a connection failed.
    """
    with NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script(case, project.headers))
        file.flush()
        before = project.cpu()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout=60s", f"-s{file.name}"]
        printed = subprocess.run([*command, project.address + case.path], capture_output=True, text=True, check=True)
    result = json.loads(printed.stdout.splitlines()[-1])
    if result["bad"] or not result["requests"]:
        raise RuntimeError(f"{project.name}: {result}\n{printed.stdout}")
    served = result["requests"] + connections  # each connection has a request under way when wrk ends
    return Measured(
        cpu=(cpu_when_idle(project) - before) / served * 1_000,
        rate=result["requests"] / result["microseconds"] * 1_000_000,
        p50=result["p50"] / 1_000,
        p99=result["p99"] / 1_000,
    )


def cpu_when_idle(project):
    """The worker's CPU time as soon as it rests."""
    last = None
    while last != (last := project.cpu()):
        time.sleep(IDLE)
    return last


def script(case, headers):
    """The Lua that makes wrk send a case."""
    body = body_of(case)
    if body is None:
        lines = ""
    elif COUNTER in body:
        before, after = body.split(COUNTER)
        run = f"{time.time_ns()}-"  # so that no two runs send the same
        lines = NEW_BODIES.format(before=json.dumps(before + run), after=json.dumps(after))
    else:
        lines = SAME_BODY.format(body=json.dumps(body))
    headers = headers | ({"content-type": "application/json"} if body else {})
    pairs = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items())
    return SCRIPT.format(method=json.dumps(case.method), headers=pairs, body=lines)
