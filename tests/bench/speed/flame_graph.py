"""`make profile OP=rest-read`, or `python -m tests.bench.speed.flame_graph CASE`: profile our worker.

Writes a flame graph by py-spy to `profile-CASE.svg`, while wrk sends the case for 10 seconds, or `--seconds`. A width
is the number of samples in which a thread held the GIL. Where ptrace is restricted
(`/proc/sys/kernel/yama/ptrace_scope`), py-spy needs root.
"""

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.speed import cases
from tests.bench.speed.load import check, check_wrk, measure
from tests.bench.speed.projects import running

PROFILES = 10_000
RATE = 200  # samples per second


def main(options):
    check_wrk()
    with running("ours", PROFILES) as project, ThreadPoolExecutor() as pool:
        case = project.cases[options.case]
        check(project, case)
        load = pool.submit(measure, project, case, options.seconds + 1)
        output = f"profile-{options.case}.svg"
        command = [
            Path(sys.executable).with_name("py-spy"),
            "record",
            "--gil",
            "--pid",
            str(project.worker.pid),
            "--output",
            output,
        ]
        subprocess.run([*command, "--duration", str(options.seconds), "--rate", str(RATE)], check=True)
        print(f"{output}, of {load.result().rate:.0f} requests per second")  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.speed.flame_graph")
    parser.add_argument("case", choices=cases.NAMES, metavar="CASE", help=", ".join(cases.NAMES))
    parser.add_argument("--seconds", type=int, default=10)
    main(parser.parse_args())
