"""`python -m tests.bench.observability`: the CPU time that observability adds to a request.

Each variant is one worker of the service; all use the same database. Each round measures a case on all variants, one
after the other in random order; a ratio is the median over the rounds. `off again` shows the measurement error. Exits
with 1 if the first variant, observability without an extra, exceeds its limit.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from contextlib import ExitStack
from statistics import geometric_mean, median

from tqdm import tqdm

from tests.bench.corpus import database
from tests.bench.service import PROXIED, ROOT, serving
from tests.bench.speed import cases
from tests.bench.speed.load import check, check_wrk, measure
from tests.bench.speed.projects import Running, ours
from tests.receiver import receiving

BOUND = 1.05  # geometric mean over the cases
PROFILES = 2_000
CASES = ("rest-read", "graphql-read", "rest-list-17", "patch", "graphql-update")
FIRST_PORT = 19_100
OFF = {"LOG_FORMAT": "line"}
ON = {"LOG_FORMAT": "json"}


def variants(receiver):
    """The environment of each variant, by name. Each variant with metrics serves them on its own port."""
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.address}
    some = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}
    named = {
        "on": {},
        "on, Sentry": {"SENTRY_DSN": receiver.address.replace("http://", "http://key@") + "/1"},
        "on, access log": {"ACCESS_LOG": "on"},
        "on, 1 of 100 traced": traced | some,
        "on, all traced": traced,
    }
    ports = {name: {"METRICS_PORT": str(FIRST_PORT + number)} for number, name in enumerate(named)}
    return {"off": OFF, **{name: ON | ports[name] | own for name, own in named.items()}, "off again": OFF}


def serve_all(stack, chosen):
    """Start the service for each chosen variant, all on one new database."""
    environment, arguments = ours(stack.enter_context(database()))
    command = [sys.executable, "-m", "tests.bench.speed.prepare", "ours", str(PROFILES)]
    prepared = subprocess.run(command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, check=True)
    owner = json.loads(prepared.stdout)
    receiver = stack.enter_context(receiving())
    headers = PROXIED | {"authorization": f"Bearer {owner['token']}"}
    running = {}
    for name, own in variants(receiver).items():
        if name in ("off", *chosen):
            address, (worker,) = stack.enter_context(serving(*arguments, **environment | own))
            running[name] = Running(name, environment, arguments, address, worker, headers, cases.ours(owner["pk"]))
    return running


def measure_all(running, options):
    """CPU ms per request in each round, by case and variant."""
    measured = {case: {name: [] for name in running} for case in CASES}
    for case, project in ((case, project) for case in CASES for project in running.values()):
        check(project, project.cases[case])
    for _ in tqdm(range(options.rounds), unit=" rounds", leave=False, disable=None):
        for case in CASES:
            for name in random.sample(list(running), len(running)):
                measured[case][name].append(measure(running[name], running[name].cases[case], options.seconds).cpu)
    return measured


def ratio(of_case, name):
    """The median, over the rounds, of a variant's CPU time divided by that of `off`."""
    return median(mine / off for mine, off in zip(of_case[name], of_case["off"], strict=True))


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.observability", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=1, help="of each measurement (1)")
    parser.add_argument("--variants", nargs="+", default=["on"], help="names, or 'all'")
    options = parser.parse_args()
    check_wrk()
    with ExitStack() as stack, receiving() as unused:
        chosen = list(variants(unused)) if options.variants == ["all"] else options.variants
        measured = measure_all(serve_all(stack, chosen), options)
    names = [name for name in measured[CASES[0]] if name != "off"]
    for case in CASES:
        ratios = ", ".join(f"{name} {ratio(measured[case], name):.3f}" for name in names)
        print(f"{case}: off {median(measured[case]['off']):.3f} ms; {ratios}")  # noqa: T201
    means = {name: geometric_mean([ratio(measured[case], name) for case in CASES]) for name in names}
    print("mean: " + ", ".join(f"{name} {mean:.3f}" for name, mean in means.items()))  # noqa: T201
    return f"'on' takes more than {BOUND} times the CPU" if means.get("on", 0) > BOUND else 0


if __name__ == "__main__":
    sys.exit(main())
