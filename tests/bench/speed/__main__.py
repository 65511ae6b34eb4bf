"""`make bench`, or `python -m tests.bench.speed`: compare the speed of our service with that of other projects.

Each project has its own PostgreSQL database with the same profiles, and one worker with the same number of threads;
`wrk` sends each case's request over 8 connections as the same owner. Rounds run projects and cases in random order, and
the table shows medians. Each case's response is checked before it is measured. Compare ratios rather than absolute
figures: those need a quiet machine. `--smoke` ignores times, and exits with 1 if a case fails.

`--growth` measures our service alone, by the number of profiles, rows on a page, connections and fields.
"""

import argparse
import sys
from contextlib import ExitStack
from itertools import product

from tests.bench.speed import cases, growth, report
from tests.bench.speed.load import check, check_wrk, measure_all
from tests.bench.speed.projects import PROJECTS, running
from tests.bench.speed.statements import count_statements


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.speed", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement (2)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median is taken (5)")
    parser.add_argument("--profiles", type=int, help="in each database (10,000); with --growth at most (1,000,000)")
    parser.add_argument("--cases", nargs="+", choices=cases.NAMES, default=cases.NAMES, metavar="CASE")
    parser.add_argument("--projects", nargs="+", choices=PROJECTS, default=list(PROJECTS), metavar="PROJECT")
    parser.add_argument("--smoke", action="store_true", help="one round of a second, 200 profiles")
    parser.add_argument("--growth", action="store_true", help="ours alone, as its inputs grow")
    parser.add_argument("--output", help="the name of the .json and .png that are written (bench, or bench-growth)")
    options = parser.parse_args()
    if options.smoke:
        options.seconds, options.rounds, options.profiles = 1, 1, 200
    options.profiles = options.profiles or (1_000_000 if options.growth else 10_000)
    options.output = options.output or ("bench-growth" if options.growth else "bench")
    return options


def compare(options):
    """Measure each case of each project."""
    with ExitStack() as stack:
        projects = {name: stack.enter_context(running(name, options.profiles)) for name in options.projects}
        plan = {
            (case, name): (project, project.cases[case])
            for case, (name, project) in product(options.cases, projects.items())
            if case in project.cases
        }
        for project, case in plan.values():
            check(project, case)
        counts = {name: count_statements(project, options.cases) for name, project in projects.items()}
        report.write(options, measure_all(plan, options), counts)


if __name__ == "__main__":
    chosen = arguments()
    check_wrk()
    sys.exit(growth.main(chosen) if chosen.growth else compare(chosen))
