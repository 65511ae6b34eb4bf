"""PgBouncer with all connections in use by another client."""

from contextlib import ExitStack

import psycopg

from tests.cluster import postgresql
from tests.cluster.stack import port_of


def test_exhausted_pool(two_services, under_load):
    def exhaust(load):
        with ExitStack() as sessions:
            for _ in range(postgresql.POOL):
                url = postgresql.url(port_of(two_services.pgbouncer))
                sessions.enter_context(psycopg.connect(url)).execute("SELECT 1")  # leaves a transaction open
            load.wait_for_refusal()

    under_load(two_services, "pool exhausted", 5, exhaust)
