"""The stack: nginx, one service, PgBouncer, PostgreSQL, Redis, a mail server and the worker that sends mail."""

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tests.cluster import mail, postgresql, redis, service
from tests.cluster.mail import MailServer
from tests.cluster.processes import Process, all_at_once, free_port


def port_of(process):
    return int(process.address.rpartition(":")[2])


@dataclass
class Stack:
    postgresql: Process
    redis: Process
    pgbouncer: Process
    instances: list[Process]
    proxy: Process
    smtp: MailServer
    mail: Process
    variables: dict[str, str] = field(repr=False)  # the service's environment

    @property
    def processes(self):
        stores = [self.postgresql, self.redis, self.pgbouncer]
        return [*stores, *self.instances, self.proxy, self.smtp, self.mail]

    @property
    def database_url(self):
        """The URL of the service's database, without PgBouncer."""
        return postgresql.url(port_of(self.postgresql))


@contextmanager
def running(folder, *, instances=1, settings=(), **variables):
    """Run the stack, with its files in this folder.

    Args:
        instances: how many services run.
        settings: PostgreSQL's, as `name=value`.
        variables: the service's, besides those of the stack.
    """
    with ExitStack() as started:
        database = started.enter_context(postgresql.server(folder / "postgresql", *settings))
        postgresql.create_database(port_of(database))
        counts = started.enter_context(redis.server(folder / "redis"))
        direct = service.environment(postgresql.url(port_of(database)))
        service.manage(direct, "migrate", "--verbosity", "0")
        pool = started.enter_context(postgresql.pgbouncer(folder / "pgbouncer", profiles=port_of(database)))
        smtp, port = started.enter_context(mail.server(folder / "smtp")), free_port()
        behind_pool = direct | {
            "DATABASE_URL": postgresql.url(port_of(pool)),
            **postgresql.WAITS,
            "REDIS_URL": f"redis://{counts.address}",
            **mail.variables(smtp, f"https://127.0.0.1:{port}"),
            **variables,
        }
        serving = [
            service.instance(folder / f"service-{n}", f"service-{n}", behind_pool) for n in range(1, instances + 1)
        ]
        started.enter_context(all_at_once(serving))
        proxy = started.enter_context(service.proxy(folder / "nginx", *serving, port=port))
        worker = started.enter_context(mail.worker(folder / "mail", behind_pool))
        yield Stack(database, counts, pool, serving, proxy, smtp, worker, behind_pool)
