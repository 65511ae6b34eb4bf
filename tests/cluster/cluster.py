"""The cluster: the stack with standbys and automatic failover.

It has three PostgreSQL servers under Patroni, Redis with Sentinel, PgBouncer, two services, two workers that send mail,
and nginx.
"""

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tests.cluster import haproxy, mail, patroni, postgresql, redis, service
from tests.cluster.haproxy import Balancer
from tests.cluster.mail import MailServer
from tests.cluster.patroni import Node
from tests.cluster.processes import START_SECONDS, Process, all_at_once, free_port, wait_until
from tests.cluster.stack import port_of

NAMES = ("postgresql-1", "postgresql-2", "postgresql-3")


@dataclass
class Cluster:
    etcd: Process
    nodes: list[Node]
    redis: list[Process]
    sentinels: list[Process]
    haproxy: Balancer
    pgbouncer: Process
    instances: list[Process]
    proxy: Process
    smtp: MailServer
    mail: list[Process]
    variables: dict[str, str] = field(repr=False)  # the service's environment

    @property
    def processes(self):
        own = [self.etcd, *self.nodes, *self.redis, *self.sentinels, self.haproxy, self.pgbouncer]
        return [*own, *self.instances, self.proxy, self.smtp, *self.mail]

    @property
    def database_url(self):
        """The URL of the service's database on the leader, without PgBouncer."""
        return postgresql.url(self.haproxy.ports["primary"])

    def roles(self):
        """The role of each running node, by name, as stored in etcd: "leader", "sync_standby" or "replica"."""
        held = patroni.held(self.etcd.address)
        running = [name for name in NAMES if json.loads(held.get(f"members/{name}", "{}")).get("state") == "running"]
        special = {json.loads(held.get("sync", "{}")).get("sync_standby"): "sync_standby", held.get("leader"): "leader"}
        return {name: special.get(name, "replica") for name in running}

    def find(self, role):
        """The node with this role, or None."""
        roles = self.roles()
        return next((node for node in self.nodes if roles.get(node.name) == role), None)

    def is_whole(self):
        """Whether there is a leader with two followers, one of them synchronous."""
        roles = self.roles()
        if sorted(roles.values()) != ["leader", "replica", "sync_standby"]:
            return False
        followers = postgresql.followers(self.find("leader").port)
        return followers == {name: role for name, role in roles.items() if role != "leader"}

    def wait(self):
        """Wait until the cluster is whole: a former leader may have to be rewound first."""
        wait_until(self.is_whole, "one leads, and two follow", 3 * START_SECONDS)


@contextmanager
def running(folder, **variables):
    """Run the cluster, with its files in this folder and these variables for the service."""
    with ExitStack() as started:
        start = started.enter_context
        etcd = start(patroni.etcd(folder / "etcd"))
        counts = [start(redis.server(folder / "redis-1", "redis-1"))]
        counts.append(start(redis.server(folder / "redis-2", "redis-2", replica_of=counts[0])))
        watches = [
            start(redis.sentinel(folder / f"sentinel-{n}", f"sentinel-{n}", counts[0]))
            for n in range(1, redis.SENTINELS + 1)
        ]
        ways = haproxy.links(NAMES)
        nodes = [patroni.node(folder / name, name, ways[name][1]) for name in NAMES]
        balancer = start(haproxy.balancer(folder / "haproxy", nodes, counts, ways, etcd.address))
        start(all_at_once(nodes))
        pool = postgresql.pgbouncer(
            folder / "pgbouncer", profiles=balancer.ports["primary"], **{name: balancer.ports[name] for name in NAMES}
        )
        direct = service.environment(postgresql.url(balancer.ports["primary"]))
        smtp, port = start(mail.server(folder / "smtp")), free_port()
        behind_pool = direct | {
            "DATABASE_URL": postgresql.url(port_of(pool)),
            "DATABASE_REPLICA_URLS": ",".join(postgresql.url(port_of(pool), name=name) for name in NAMES),
            **postgresql.WAITS,
            "REDIS_URL": f"redis://127.0.0.1:{balancer.ports['redis']}",
            **mail.variables(smtp, f"https://127.0.0.1:{port}"),
            **variables,
        }
        instances = [service.instance(folder / f"service-{n}", f"service-{n}", behind_pool) for n in (1, 2)]
        proxy = service.proxy(folder / "nginx", *instances, port=port)
        workers = [mail.worker(folder / f"mail-{n}", behind_pool, f"mail-{n}") for n in (1, 2)]
        cluster = Cluster(etcd, nodes, counts, watches, balancer, pool, instances, proxy, smtp, workers, behind_pool)
        cluster.wait()
        postgresql.create_database(cluster.find("leader").port)
        service.manage(direct, "migrate", "--verbosity", "0")
        start(pool)
        start(all_at_once([*instances, *workers]))
        start(proxy)
        yield cluster
