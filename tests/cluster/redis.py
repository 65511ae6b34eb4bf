"""Redis, alone or with a replica and Sentinels that promote it."""

from redis import Redis, RedisError

from tests.cluster.processes import Process, free_port

# Sentinel replaces a Redis that is silent for a second, if QUORUM of the three agree.
SENTINELS, QUORUM = 3, 2
SENTINEL = """
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor counts 127.0.0.1 {redis} {quorum}
sentinel down-after-milliseconds counts 1000
sentinel failover-timeout counts 3000
"""


def server(folder, name="redis", replica_of=None):
    """Redis without persistence: counts begin anew after a crash."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    if replica_of:
        command += ["--replicaof", *replica_of.address.split(":"), "--repl-diskless-sync-delay", "0"]
    return Process(name, command, folder, f"127.0.0.1:{port}", lambda: pings(port))


def sentinel(folder, name, redis):
    """A Sentinel that monitors this Redis and its replicas."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    configuration = folder / "sentinel.conf"
    watched = redis.address.rpartition(":")[2]
    configuration.write_text(SENTINEL.format(port=port, folder=folder, redis=watched, quorum=QUORUM))
    return Process(
        name, ["redis-server", str(configuration), "--sentinel"], folder, f"127.0.0.1:{port}", lambda: pings(port)
    )


def pings(port):
    try:
        with Redis(port=port, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except RedisError:
        return False
