"""Run the stack or the cluster until Ctrl-C: `python -m tests.cluster stack`, `python -m tests.cluster cluster`."""

import argparse
import signal
import sys

from tests.cluster import cluster, stack
from tests.cluster.processes import Failed, directory

KINDS = {"stack": stack.running, "cluster": cluster.running}


def interrupt(*_signal):
    raise KeyboardInterrupt


def show(processes):
    """A line for each process: its name, its address and its log."""
    width = max(len(process.name) for process in processes)
    for process in processes:
        print(f"  {process.name:{width}}  {process.address:24}  {process.log}")  # noqa: T201


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    kind = parser.parse_args().kind
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell that starts it in the background makes it ignore SIGINT
        signal.signal(number, interrupt)
    try:
        with directory(kind) as folder, KINDS[kind](folder) as running:
            show(running.processes)
            print("Ctrl-C ends all of them.", flush=True)  # noqa: T201
            signal.pause()
    except KeyboardInterrupt:
        print("Ended.")  # noqa: T201
    except Failed as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
