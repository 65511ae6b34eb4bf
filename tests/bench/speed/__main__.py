"""`make bench`, or `python -m tests.bench.speed`: the speed of our service beside that of other projects.

Each project has a PostgreSQL database of its own with the same profiles, and one worker with as many threads; `wrk`
sends each case's request over 8 connections as the same owner. Rounds run projects and cases in random order, and
the table shows medians. Each case's response is checked before it is measured. Absolute figures say something on a
quiet machine alone; ratios say more. `--smoke` judges no time, and exits with 1 where a case fails.
"""

import argparse
import random
import sys
import time
from contextlib import ExitStack
from itertools import product

from tqdm import tqdm

from tests.bench.speed import cases, report
from tests.bench.speed.load import check_wrk, measure
from tests.bench.speed.projects import PROJECTS, running

WARM_UP = 20  # requests, before the first that is measured


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.speed", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement (2)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median is taken (5)")
    parser.add_argument("--profiles", type=int, default=10_000, help="in each database (10,000)")
    parser.add_argument("--cases", nargs="+", choices=cases.NAMES, default=cases.NAMES, metavar="CASE")
    parser.add_argument("--projects", nargs="+", choices=PROJECTS, default=list(PROJECTS), metavar="PROJECT")
    parser.add_argument("--smoke", action="store_true", help="one round of a second, 200 profiles")
    parser.add_argument("--output", default="bench", help="the name of the .json and .png that are written (bench)")
    options = parser.parse_args()
    if options.smoke:
        options.seconds, options.rounds, options.profiles = 1, 1, 200
    return options


def check(project, name):
    """Send a case, and hold its response against what it must be; then warm up.

    Raises:
        RuntimeError: it is something else.
    """
    case = project.cases[name]
    if name == "rest-list-4" and project.name == "ours":
        fall_back(project, case)
    number = time.time_ns()
    if problem := case.problem(project.send(case, number), number):
        raise RuntimeError(f"{project.name}, {name}: {problem}")
    for warm_up in range(WARM_UP):
        project.send(case, number + 1 + warm_up)


def fall_back(project, case):
    """Read the whole list where our REST cannot select fields."""
    rows = list(cases.profiles_in(project.send(case).json()))
    if not rows or set(rows[0]) != set(case.fields):
        case.path, case.note = project.cases["rest-list-17"].path, "all fields: `fields` is not there yet"


def main(options):
    check_wrk()
    measured = {}
    with ExitStack() as stack:
        projects = {name: stack.enter_context(running(name, options.profiles)) for name in options.projects}
        pairs = [(name, case) for name, case in product(projects, options.cases) if case in projects[name].cases]
        for name, case in pairs:
            check(projects[name], case)
            measured[case, name] = []
        notes = {f"{name}, {case}": note for name, case in pairs if (note := projects[name].cases[case].note)}
        for _ in range(options.rounds):
            for name, case in tqdm(random.sample(pairs, len(pairs)), unit=" cases", leave=False):
                measured[case, name].append(measure(projects[name], projects[name].cases[case], options.seconds))
    report.write(options, measured, notes)


if __name__ == "__main__":
    sys.exit(main(arguments()))
