"""The cluster with a leader that dies, freezes or loses etcd, or with a frozen standby."""

import pytest

from tests.cluster.processes import wait_until


@pytest.fixture
def replaced(whole_cluster, under_load):
    """Cause a fault of the leader under load, and end it once another node leads."""

    def replaced(fault, times, cause, end):
        def replace(load):
            leader = whole_cluster.find("leader")
            cause(leader)
            wait_until(lambda: whole_cluster.find("leader") not in (leader, None), "another one leads")
            load.wait_for_success()
            end(leader)
            whole_cluster.wait()

        row = under_load(whole_cluster, fault, times, replace)
        assert not row.anonymous  # replicas serve anonymous reads; only the primary knows whether a session is valid

    return replaced


def test_killed_leader(replaced):
    replaced("leader killed", 20, lambda leader: leader.kill(), lambda leader: leader.start())


@pytest.mark.at_length
def test_frozen_leader(replaced):
    replaced("leader frozen", 5, lambda leader: leader.freeze(), lambda leader: leader.thaw())


@pytest.mark.at_length
def test_leader_without_etcd(whole_cluster, replaced):
    balancer = whole_cluster.haproxy
    replaced(
        "leader cut off from etcd",
        5,
        lambda leader: balancer.cut(f"etcd-of-{leader.name}"),
        lambda leader: balancer.join(f"etcd-of-{leader.name}"),
    )


@pytest.mark.at_length
def test_frozen_standby(whole_cluster, under_load):
    def freeze(load):
        standby = whole_cluster.find("sync_standby")
        standby.freeze()
        wait_until(lambda: whole_cluster.find("sync_standby") not in (standby, None), "another one follows")
        load.wait_for_success()
        standby.thaw()
        whole_cluster.wait()

    under_load(whole_cluster, "standby frozen", 5, freeze)
