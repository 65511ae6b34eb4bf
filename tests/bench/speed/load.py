"""The load: wrk sends one case's request repeatedly and reports the results."""

import json
import random
import shutil
import subprocess
import time
from dataclasses import asdict, dataclass
from tempfile import NamedTemporaryFile

from tqdm import tqdm

from tests.bench.speed.cases import COUNTER, body_of

THREADS = 8  # of each project's worker
CONNECTIONS = THREADS
WARM_UP = 20  # requests before the first measured one
IDLE = 0.1  # seconds without CPU time after which the worker has answered everything
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
    """A case's results: ms of the worker's CPU per request, requests per second, and latencies in ms."""

    cpu: float
    rate: float
    p50: float
    p99: float

    as_dict = asdict


def check_wrk():
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing. Install it: apt-get install wrk")


def check(project, case):
    """Check a case's response, and warm up.

    Raises:
        RuntimeError: the response is not the expected one.
    """
    number = time.time_ns()
    if problem := case.problem(project.send(case, number), number):
        raise RuntimeError(f"{project.name}, {case.method} {case.path}: {problem}")
    for _ in range(WARM_UP):
        project.send(case, time.time_ns())


def measure_all(plan, options):
    """Measure in several rounds; return a list of `Measured` for each key of the plan.

    The order is random, but measurements of one case (the first part of a key) follow one another, so that other load
    on the machine affects all projects alike.

    Args:
        plan: `measure`'s arguments except the seconds, by key.
    """
    measured = {key: [] for key in plan}
    for _ in range(options.rounds):
        place = {case: random.random() for case, *_ in plan}  # noqa: S311
        order = sorted(plan, key=lambda key: (place[key[0]], random.random()))  # noqa: S311
        for key in tqdm(order, unit=" cases", leave=False, disable=None):
            project, case, *connections = plan[key]
            measured[key].append(measure(project, case, options.seconds, *connections))
    return measured


def measure(project, case, seconds, connections=CONNECTIONS):
    """Measure a case of a running project for `seconds`, or longer if no response came in that time.

    Raises:
        RuntimeError: a status was 400 or more, or a connection failed.
    """
    before = project.cpu()
    result = run_wrk(project, case, seconds, connections)
    if result["bad"]:
        raise RuntimeError(f"{project.name}, {case.method} {case.path}: {result}")
    if not result["requests"]:
        cpu_when_idle(project)
        return measure(project, case, seconds * 2, connections)
    served = result["requests"] + min(connections, THREADS)  # requests in progress when wrk ends
    return Measured(
        cpu=(cpu_when_idle(project) - before) / served * 1_000,
        rate=result["requests"] / result["microseconds"] * 1_000_000,
        p50=result["p50"] / 1_000,
        p99=result["p99"] / 1_000,
    )


def run_wrk(project, case, seconds, connections):
    """Run wrk; return the figures that `SCRIPT` prints."""
    with NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script(case, project.headers))
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout=60s", f"-s{file.name}"]
        printed = subprocess.run([*command, project.address + case.path], capture_output=True, text=True, check=True)
    return json.loads(printed.stdout.splitlines()[-1])


def cpu_when_idle(project):
    """The worker's CPU time as soon as it is idle."""
    last = None
    while last != (last := project.cpu()):
        time.sleep(IDLE)
    return last


def script(case, headers):
    """wrk's Lua script for a case."""
    body = body_of(case)
    if body is None:
        lines = ""
    elif COUNTER in body:
        before, after = body.split(COUNTER)
        run = f"{time.time_ns()}-"  # makes the requests of each run distinct
        lines = NEW_BODIES.format(before=json.dumps(before + run), after=json.dumps(after))
    else:
        lines = SAME_BODY.format(body=json.dumps(body))
    headers = headers | ({"content-type": "application/json"} if body else {})
    pairs = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items())
    return SCRIPT.format(method=json.dumps(case.method), headers=pairs, body=lines)
