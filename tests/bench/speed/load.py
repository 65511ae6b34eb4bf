"""The load: wrk sends one case's request over and over, and says what came of it."""

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
WARM_UP = 20  # requests, before the first that is measured
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


def check(project, case):
    """Hold a case's response against what it must be, and warm up.

    Raises:
        RuntimeError: the response is something else.
    """
    number = time.time_ns()
    if problem := case.problem(project.send(case, number), number):
        raise RuntimeError(f"{project.name}, {case.method} {case.path}: {problem}")
    for _ in range(WARM_UP):
        project.send(case, time.time_ns())


def measure_all(plan, options):
    """Measure in several rounds: a list of `Measured` for each key of the plan.

    The order is random, but what has one case (the first part of a key) is measured one after the other, so that
    whatever else the machine does comes upon all projects alike.

    Args:
        plan: the arguments of `measure` but for the seconds, by key.
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
    """Measure a case of a running project for so many seconds; for longer where no response came in that time.

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
    served = result["requests"] + min(connections, THREADS)  # as many are under way when wrk ends
    return Measured(
        cpu=(cpu_when_idle(project) - before) / served * 1_000,
        rate=result["requests"] / result["microseconds"] * 1_000_000,
        p50=result["p50"] / 1_000,
        p99=result["p99"] / 1_000,
    )


def run_wrk(project, case, seconds, connections):
    """What `SCRIPT` prints."""
    with NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script(case, project.headers))
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout=60s", f"-s{file.name}"]
        printed = subprocess.run([*command, project.address + case.path], capture_output=True, text=True, check=True)
    return json.loads(printed.stdout.splitlines()[-1])


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
