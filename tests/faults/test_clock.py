"""Instances whose clocks differ by a minute accept each other's tokens, and writes continue."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.cluster import service
from tests.cluster.processes import all_at_once

AHEAD = (30, -30)  # seconds
TIMES = 50  # successes of each client


def instance(folder, ahead, variables):
    name = f"service{ahead:+}s"
    return service.instance(folder / name, name, variables, "tests.faults.skewed", ahead)


@pytest.mark.at_length
def test_clock_skew(two_services, under_load):
    folder = two_services.proxy.folder.parent
    skewed = [
        service.instance(
            folder / f"skewed{ahead}", f"skewed{ahead}", two_services.variables, "tests.faults.skewed", ahead
        )
        for ahead in AHEAD
    ]
    with ExitStack() as started:
        started.enter_context(all_at_once(skewed))
        proxy = started.enter_context(service.proxy(folder / "nginx-skewed", *skewed))

        def let_them_write(load):
            for _ in range(TIMES):
                load.wait_for_success()

        row = under_load(replace(two_services, instances=skewed, proxy=proxy), "clocks differ", 1, let_them_write)
        assert (row.refused, row.proxied) == ({}, {})
