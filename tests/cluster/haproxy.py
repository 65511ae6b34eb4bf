"""HAProxy: one address each for the leader, Redis and every standby, and one link to etcd per node."""

import socket
from dataclasses import dataclass, field

from tests.cluster.processes import Process, answers, free_port

CONFIGURATION = """
global
    stats socket {folder}/admin level admin

defaults
    mode tcp
    timeout connect 1s
    timeout check 1s
    timeout client 1h
    timeout server 1h
    default-server inter 500ms fastinter 200ms downinter 300ms fall 2 rise 1 on-marked-down shutdown-sessions
"""

POSTGRESQL = """
listen {name}
    bind 127.0.0.1:{port}
    option httpchk OPTIONS /{role}
    http-check expect status 200
"""

REDIS = """
listen redis
    bind 127.0.0.1:{port}
    option tcp-check
    tcp-check send PING\\r\\n
    tcp-check expect string +PONG
    tcp-check send info\\ replication\\r\\n
    tcp-check expect string role:master
    tcp-check send QUIT\\r\\n
    tcp-check expect string +OK
"""

LINK = """
listen {name}
    bind 127.0.0.1:{port}
    server etcd {etcd}
"""


@dataclass
class Balancer(Process):
    """HAProxy, controlled through its admin socket while it runs. `ports` are its listening ports, by name."""

    ports: dict[str, int] = field(default_factory=dict)

    def tell(self, *commands):
        """Send commands (HAProxy Management Guide, section 9.3); return the response."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self.folder / "admin"))
            admin.sendall("; ".join(commands).encode() + b"\n")
            return b"".join(iter(lambda: admin.recv(4096), b"")).decode()

    def cut(self, link):
        """Cut a link: close its connections and accept no new ones."""
        self.tell(f"disable frontend {link}", f"shutdown sessions server {link}/etcd")

    def join(self, link):
        self.tell(f"enable frontend {link}")


def links(names):
    """The name and port of each node's link to etcd."""
    return {name: (f"etcd-of-{name}", free_port()) for name in names}


def balancer(folder, nodes, redis_servers, ways, etcd):
    """HAProxy with `ports` for "primary", "redis", and one replica under each node's name.

    HAProxy asks Patroni whether a node leads (`/primary`) or follows (`/replica`). The service tracks the lag of each
    replica, so each replica has its own address. `ways` are the links to etcd.
    """
    folder.mkdir(exist_ok=True)
    ports = {name: free_port() for name in ("primary", "redis", *(node.name for node in nodes))}
    text = CONFIGURATION.format(folder=folder)
    for name, role, servers in [("primary", "primary", nodes), *((node.name, "replica", [node]) for node in nodes)]:
        text += POSTGRESQL.format(name=name, role=role, port=ports[name])
        for node in servers:
            text += f"    server {node.name} 127.0.0.1:{node.port} check port {node.address.rpartition(':')[2]}\n"
    text += REDIS.format(port=ports["redis"])
    for server in redis_servers:
        text += f"    server {server.name} {server.address} check\n"
    for name, port in ways.values():
        text += LINK.format(name=name, port=port, etcd=etcd.removeprefix("http://"))
    (folder / "haproxy.cfg").write_text(text)
    return Balancer(
        "haproxy",
        ["haproxy", "-f", str(folder / "haproxy.cfg")],
        folder,
        f"127.0.0.1:{ports['primary']}",
        lambda: answers(ports["primary"]),
        ports=ports,
    )
