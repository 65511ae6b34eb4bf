"""PostgreSQL servers under Patroni, which elect their leader through etcd."""

import json
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.cluster.postgresql import ADMIN
from tests.cluster.processes import Process, free_port, program

# A dead leader is replaced when its key in etcd expires, after at most TTL seconds. TTL is at least LOOP_WAIT + 2 *
# RETRY_TIMEOUT, so that a leader that cannot reach etcd stops before another one is elected.
TTL, LOOP_WAIT, RETRY_TIMEOUT = 8, 2, 3

SCOPE = "profiles"
CONFIGURATION = {
    "scope": SCOPE,
    "bootstrap": {
        "dcs": {
            "ttl": TTL,
            "loop_wait": LOOP_WAIT,
            "retry_timeout": RETRY_TIMEOUT,
            "primary_start_timeout": 0,  # fail over at once when the leader's PostgreSQL dies
            "maximum_lag_on_failover": 0,
            "synchronous_mode": True,  # a write is acknowledged once a standby has it; only that standby may lead next
            "postgresql": {
                "use_pg_rewind": True,
                "parameters": {
                    "wal_sender_timeout": "4s",  # stop waiting for a standby that is silent this long
                    "wal_receiver_timeout": "4s",
                    "wal_receiver_status_interval": "1s",
                    "wal_retrieve_retry_interval": "500ms",
                    "hot_standby_feedback": True,
                    "max_connections": 100,
                },
            },
        },
        "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
    },
}


def etcd(folder):
    """etcd with one member. Production needs three, on three machines."""
    folder.mkdir(exist_ok=True)
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    command = ["etcd", "--name", "etcd", "--data-dir", str(folder / "data"), "--enable-v2"]
    command += ["--listen-client-urls", client, "--advertise-client-urls", client]
    command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"etcd={peer}"]
    return Process("etcd", command, folder, client, lambda: answers(f"{client}/health"))


def held(address):
    """Patroni's values in etcd, by key without the prefix."""
    found = {}
    nodes = [httpx.get(f"{address}/v2/keys/service/{SCOPE}", params={"recursive": "true"}).json().get("node", {})]
    while nodes:
        node = nodes.pop()
        nodes += node.get("nodes", [])
        if "value" in node:
            found[node["key"].removeprefix(f"/service/{SCOPE}/")] = node["value"]
    return found


def answers(address, timeout=2):
    """Whether this URL returns 200."""
    try:
        return httpx.get(address, timeout=timeout).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@dataclass
class Node(Process):
    """Patroni and its PostgreSQL, killed or frozen together like one machine."""

    port: int = 0  # PostgreSQL's

    def family(self):
        return [*super().family(), *self.servers()]

    def servers(self):
        """PostgreSQL's processes, which are not Patroni's children."""
        data = self.folder / "data"
        try:
            postmaster = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
            return [postmaster, *postmaster.children(recursive=True)] if str(data) in postmaster.cmdline() else []
        except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            return []

    @property
    def rest(self):
        """The URL of Patroni's REST API."""
        return f"http://{self.address}"

    def end(self):
        super().end()
        self.kill()


def node(folder, name, etcd_port):
    """A PostgreSQL server under Patroni, which reaches etcd through its own port.

    It uses version 2 of etcd's API, where a leader renews its key only if it still owns it. With version 3, Patroni 3.0
    (in Debian 12) always writes the key, so a leader that was frozen would take it from its successor.
    """
    folder.mkdir(exist_ok=True)
    port, rest = free_port(), f"127.0.0.1:{free_port()}"
    trust = [f"host {database} all 127.0.0.1/32 trust" for database in ("all", "replication")]
    own = {
        "name": name,
        "restapi": {"listen": rest, "connect_address": rest},
        "etcd": {"hosts": f"127.0.0.1:{etcd_port}", "use_proxies": True},
        "postgresql": {
            "listen": f"127.0.0.1:{port}",
            "connect_address": f"127.0.0.1:{port}",
            "data_dir": str(folder / "data"),
            "bin_dir": str(Path(program("initdb")).parent),
            "pgpass": str(folder / "pgpass"),
            "authentication": {who: {"username": ADMIN} for who in ("superuser", "replication", "rewind")},
            "parameters": {"unix_socket_directories": str(folder)},
            "pg_hba": ["local all all trust", *trust],
        },
    }
    (folder / "patroni.json").write_text(json.dumps(CONFIGURATION | own))
    return Node(
        name,
        ["patroni", str(folder / "patroni.json")],
        folder,
        rest,
        lambda: answers(f"http://{rest}/health"),
        is_unprivileged=True,
        port=port,
    )
