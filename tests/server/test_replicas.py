"""Reads from a PostgreSQL replica that lags behind its primary."""

import time

import psycopg
import pytest
from django.db import connection

from tests.apis import RESTAPI, GraphQLAPI
from tests.cluster import postgresql, service
from tests.cluster.processes import directory, wait_until
from tests.server.conftest import ServerClient, serving

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no replicas")

DELAY = 2  # seconds of the replica's lag
PASSWORD = "correct horse battery"
LONG_AGO = "UPDATE profiles_profile SET wrote_at = now() - interval '1 hour'"


class Replicated:
    """A primary, its replica, the service on both, and both APIs."""

    def __init__(self, primary, replica, address):
        self.primary, self.replica = primary, replica
        self.client = ServerClient(address)
        self.rest, self.graphql = self.apis = RESTAPI(self.client), GraphQLAPI(self.client)

    def sign_up(self, name):
        """Sign up with a public profile; return its primary key and a token."""
        values = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "visibility": "public"}
        pk = self.rest.create(values).body["id"]
        return pk, self.rest.sign_in(name, PASSWORD).body["token"]

    def execute(self, process, sql):
        url = postgresql.url(process.address.rpartition(":")[2])
        with psycopg.connect(url, autocommit=True) as session:
            cursor = session.execute(sql)
            return cursor.fetchone() if cursor.description else None

    def wait_for_replica(self):
        """Wait until the service reads from the replica, for callers whose last write is long ago."""
        self.execute(self.primary, LONG_AGO)
        (before,) = self.reads()
        wait_until(lambda: self.rest.list() and self.reads() > (before + 5,), "the replica is read")

    def has_writer(self):
        return self.execute(self.replica, "SELECT 1 FROM profiles_profile WHERE username = 'writer'") is not None

    def reads(self):
        sql = "SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = 'profiles_profile'"
        return self.execute(self.replica, sql)


@pytest.fixture(scope="module")
def replicated(tmp_path_factory):
    with directory("replicas") as folder, postgresql.server(folder / "primary") as primary:
        port = primary.address.rpartition(":")[2]
        postgresql.create_database(port)
        url = postgresql.url(port)
        service.manage(service.environment(url), "migrate", "--verbosity", "0")
        behind = f"recovery_min_apply_delay={DELAY}s"
        with postgresql.replica(folder / "replica", port, behind) as replica:
            copy = postgresql.url(replica.address.rpartition(":")[2])
            log = tmp_path_factory.mktemp("service") / "log"
            with serving(log, DATABASE_URL=url, DATABASE_REPLICA_URLS=copy, WEB_CONCURRENCY="2") as address:
                made = Replicated(primary, replica, address)
                yield made
                made.client.http.close()


def test_clients_read_what_they_wrote_and_others_what_was_there(replicated, rounds, report):
    pk, token = replicated.sign_up("writer")
    _, others_token = replicated.sign_up("reader")
    replicated.wait_for_replica()
    wait_until(replicated.has_writer, "the replica has the profile")
    stale, behind = 0, 0
    for number in range(rounds):
        writes, reads = replicated.apis[number % 2], replicated.apis[number // 2 % 2]
        bio = f"Bio {number}."
        assert writes.update(pk, {"bio": bio}, token=token).outcome == "done"
        read = reads.view(pk, token=token) if number % 3 else reads.list(token=token, username="writer")
        row = read.body if number % 3 else read.body["rows"][0]
        stale += row["bio"] != bio
        behind += reads.view(pk, token=others_token).body["bio"] != bio
    report(f"{rounds} reads after a write with a replica {DELAY} s behind: {stale} stale; {behind} of others' were")
    assert stale == 0
    assert behind > rounds / 2  # otherwise the replica was not read


def test_who_wrote_long_ago_reads_from_the_replica_again(replicated):
    pk, token = replicated.sign_up("again")
    replicated.wait_for_replica()
    assert replicated.rest.update(pk, {"bio": "New."}, token=token).outcome == "done"
    assert replicated.graphql.view(pk, token=token).body["bio"] == "New."

    def reads_the_replica():
        before = replicated.reads()
        assert replicated.graphql.view(pk, token=token).body["bio"] == "New."
        return replicated.reads() > before

    wait_until(reads_the_replica, "the writer reads from the replica")


def test_a_row_that_the_replica_does_not_have_yet_is_found(replicated):
    replicated.wait_for_replica()
    pk, _ = replicated.sign_up("newcomer")
    for api in replicated.apis:
        assert api.view(pk).outcome == "done"


@pytest.mark.parametrize("fault", ["freeze", "kill"])
def test_reads_go_on_without_the_replica(replicated, fault, report):
    replicated.wait_for_replica()
    getattr(replicated.replica, fault)()
    try:
        slowest = 0
        for _ in range(10):
            for api in replicated.apis:
                start = time.monotonic()
                assert api.list().outcome == "done"
                slowest = max(slowest, time.monotonic() - start)
        report(f"slowest read {slowest:.2f} s")
    finally:
        replicated.replica.thaw()
        if fault == "kill":
            replicated.replica.start()
    replicated.wait_for_replica()


def test_anonymous_callers_read_while_the_primary_is_down(replicated):
    pk, token = replicated.sign_up(f"public-{time.monotonic_ns()}")
    replicated.wait_for_replica()
    wait_until(lambda: replicated.execute(replicated.replica, f"SELECT 1 FROM profiles_profile WHERE id = {pk}"), "it")  # noqa: S608
    replicated.primary.stop()
    try:
        for api in replicated.apis:
            assert api.view(pk).outcome == "done"
            assert api.list().outcome == "done"
            assert api.view(pk, token=token).outcome == "UNAVAILABLE"  # the token's session cannot be checked
    finally:
        replicated.primary.start()
    replicated.wait_for_replica()
