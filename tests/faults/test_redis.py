"""Redis killed or frozen, and a failover by Sentinel."""

import time
from statistics import median, quantiles

import httpx
import pytest
from redis import Redis

from tests.cluster.processes import wait_until
from tests.cluster.stack import port_of

MOST_ADDED = 0.1  # seconds that a request may take longer: REDIS_TIMEOUT and a margin
REQUESTS = 300  # per measurement


@pytest.fixture
def silent(two_services, under_load):
    """Take Redis away under load and bring it back; check that no request fails."""

    def silent(fault, take, give):
        def cause(load):
            take()
            load.wait_for_success()
            give()

        row = under_load(two_services, fault, 5, cause)
        assert (row.refused, row.proxied) == ({}, {})

    return silent


def test_no_redis(two_services, silent):
    silent("Redis killed", two_services.redis.kill, two_services.redis.start)


def test_frozen_redis(two_services, silent):
    silent("Redis frozen", two_services.redis.freeze, two_services.redis.thaw)


def durations(proxy):
    """The sorted durations of REQUESTS requests, in seconds."""
    with httpx.Client(base_url=proxy.address, verify=proxy.trust) as http:
        took = []
        for _ in range(REQUESTS):
            began = time.perf_counter()
            assert http.get("/profiles/").status_code == httpx.codes.OK
            took.append(time.perf_counter() - began)
    return sorted(took)


def slow(all_of_them):
    """The 99th percentile."""
    return quantiles(all_of_them, n=100)[-1]


def test_what_a_frozen_redis_adds(two_services, request, note):
    before = durations(two_services.proxy)
    two_services.redis.freeze()
    try:
        after = durations(two_services.proxy)
    finally:
        two_services.redis.thaw()
    added = [measure(after) - measure(before) for measure in (median, slow)]
    note(
        "a frozen Redis adds {:.0f} ms to the median request, {:.0f} ms to the 99th of 100".format(
            *(s * 1_000 for s in added)
        )
    )
    if request.config.getoption("--at-length"):
        assert max(added) <= MOST_ADDED


@pytest.mark.at_length
def test_failover(whole_cluster, under_load):
    def kill_master(load):
        (master,) = [each for each in whole_cluster.redis if is_master(each)]
        (replica,) = [each for each in whole_cluster.redis if each is not master]
        master.kill()
        wait_until(lambda: is_master(replica), "the replica is promoted")
        load.wait_for_success()
        master.start()
        wait_until(lambda: not is_master(master), "the other one follows")

    row = under_load(whole_cluster, "Redis failover", 2, kill_master)
    assert (row.refused, row.proxied) == ({}, {})


def is_master(process):
    with Redis(port=port_of(process)) as client:
        return client.info("replication")["role"] == "master"
