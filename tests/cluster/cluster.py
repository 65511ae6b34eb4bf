"""The cluster: three PostgreSQL servers under Patroni, Redis with Sentinel, PgBouncer, two services and nginx."""

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx

from tests.cluster import haproxy, patroni, postgresql, redis, service
from tests.cluster.haproxy import Balancer
from tests.cluster.patroni import Node
from tests.cluster.processes import Process, all_at_once, wait_until
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
    variables: dict[str, str]  # the service's environment

    @property
    def processes(self):
        own = [self.etcd, *self.nodes, *self.redis, *self.sentinels, self.haproxy, self.pgbouncer]
        return [*own, *self.instances, self.proxy]

    def roles(self):
        """The roles of the nodes that run and follow, by name, as Patroni gives them."""
        for node in self.nodes:
            try:
                members = httpx.get(f"{node.rest}/cluster", timeout=2).raise_for_status().json()["members"]
            except httpx.HTTPError:
                continue
            return {each["name"]: each["role"] for each in members if each["state"] in ("running", "streaming")}
        return {}

    def find(self, role):
        """The node of this role, "leader" or "sync_standby"; None where there is none."""
        roles = self.roles()
        return next((node for node in self.nodes if roles.get(node.name) == role), None)

    def is_whole(self):
        """Whether one leads, one follows synchronously, and the third one follows."""
        return sorted(self.roles().values()) == ["leader", "replica", "sync_standby"]

    def wait(self):
        wait_until(self.is_whole, "one leads, and two follow")


@contextmanager
def running(folder, **variables):
    """The cluster with its files in this folder, the service with these variables."""
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
            folder / "pgbouncer", profiles=balancer.ports["primary"], replica=balancer.ports["replica"]
        )
        direct = service.environment(postgresql.url(balancer.ports["primary"]))
        behind_pool = direct | {
            "DATABASE_URL": postgresql.url(port_of(pool)),
            "DATABASE_REPLICA_URLS": postgresql.url(port_of(pool), name="replica"),
            "REDIS_URL": f"redis://127.0.0.1:{balancer.ports['redis']}",
            **variables,
        }
        instances = [service.instance(folder / f"service-{n}", f"service-{n}", behind_pool) for n in (1, 2)]
        proxy = service.proxy(folder / "nginx", *instances)
        cluster = Cluster(etcd, nodes, counts, watches, balancer, pool, instances, proxy, behind_pool)
        cluster.wait()
        postgresql.create_database(cluster.find("leader").port)
        service.manage(direct, "migrate", "--verbosity", "0")
        start(pool)
        start(all_at_once(instances))
        start(proxy)
        yield cluster
