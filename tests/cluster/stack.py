"""The stack: nginx, one service, PgBouncer, PostgreSQL and Redis."""

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tests.cluster import postgresql, redis, service
from tests.cluster.processes import Process, all_at_once


def port_of(process):
    return int(process.address.rpartition(":")[2])


@dataclass
class Stack:
    postgresql: Process
    redis: Process
    pgbouncer: Process
    instances: list[Process]
    proxy: Process
    variables: dict[str, str] = field(repr=False)  # the service's environment

    @property
    def processes(self):
        return [self.postgresql, self.redis, self.pgbouncer, *self.instances, self.proxy]

    @property
    def database_url(self):
        """The service's database, without PgBouncer."""
        return postgresql.url(port_of(self.postgresql))


@contextmanager
def running(folder, *, instances=1, settings=(), **variables):
    """The stack with its files in this folder: so many instances, PostgreSQL with these settings, the service with
    these variables."""
    with ExitStack() as started:
        database = started.enter_context(postgresql.server(folder / "postgresql", *settings))
        postgresql.create_database(port_of(database))
        counts = started.enter_context(redis.server(folder / "redis"))
        direct = service.environment(postgresql.url(port_of(database)))
        service.manage(direct, "migrate", "--verbosity", "0")
        pool = started.enter_context(postgresql.pgbouncer(folder / "pgbouncer", profiles=port_of(database)))
        behind_pool = direct | {
            "DATABASE_URL": postgresql.url(port_of(pool)),
            **postgresql.WAITS,
            "REDIS_URL": f"redis://{counts.address}",
            **variables,
        }
        serving = [
            service.instance(folder / f"service-{n}", f"service-{n}", behind_pool) for n in range(1, instances + 1)
        ]
        started.enter_context(all_at_once(serving))
        proxy = started.enter_context(service.proxy(folder / "nginx", *serving))
        yield Stack(database, counts, pool, serving, proxy, behind_pool)
