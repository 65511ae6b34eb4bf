"""The service behind nginx and PgBouncer: sign up and in, write through one API, read through the other."""

import signal
import subprocess
import sys

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from profiles.core.outcomes import RETRY_AFTER, Outcome
from tests.apis import RESTAPI, GraphQLAPI, camel
from tests.bench.service import ROOT
from tests.cast import PASSWORD
from tests.cluster import postgresql
from tests.cluster.processes import answers, wait_until
from tests.cluster.stack import port_of


@pytest.fixture
def apis(through):
    return RESTAPI(through), GraphQLAPI(through)


def pool_mode(running):
    """PgBouncer's pool mode for the service's database."""
    console = postgresql.url(port_of(running.pgbouncer), name="pgbouncer")
    with psycopg.connect(console, autocommit=True, row_factory=dict_row) as admin:
        return next(pool["pool_mode"] for pool in admin.execute("SHOW POOLS") if pool["database"] == "profiles")


def test_what_one_api_writes_the_other_reads(running, apis):
    for n, (writer, reader) in enumerate((apis, apis[::-1])):
        values = {"username": f"member-{n}", "email": "member@example.com", "password": PASSWORD}
        created = writer.create(values)
        assert created.outcome == "done", created
        token = reader.sign_in(values["username"], PASSWORD).body["token"]
        pk = created.body["id"]
        written = writer.update(pk, {"bio": f"Written {n}."}, token=token, if_match=created.etag)
        assert written.outcome == "done"
        read = reader.view(pk, token=token)
        assert (read.body["bio"], read.etag) == (f"Written {n}.", written.etag)
    assert pool_mode(running) == "transaction"


def test_statements_end_behind_the_pool_too(running):
    """PgBouncer ignores the options of the service's connections and sets its own."""
    with psycopg.connect(postgresql.url(port_of(running.pgbouncer)), autocommit=True) as connection:
        names = ("statement_timeout", "lock_timeout", "max_parallel_workers_per_gather")
        assert [connection.execute(f"SHOW {name}").fetchone()[0] for name in names] == ["1500ms", "1s", "0"]


def test_the_pages_links_are_of_the_proxy(running, through):
    assert through.http.get("/").json()["docs"] == f"{running.proxy.address}/docs/"


def test_plain_http_is_sent_to_https(running):
    response = httpx.patch(f"{running.proxy.plain}/profiles/1/?fields=id")
    assert (response.status_code, response.headers["location"]) == (308, "https://127.0.0.1/profiles/1/?fields=id")


def is_refused(response, outcome, **details):
    """Whether nginx itself returned this outcome, in REST's or GraphQL's form."""
    error = {"code": outcome.code, "detail": outcome.meaning, "attr": None}
    rest = {"type": "client_error" if outcome.status < 500 else "server_error", "errors": [error], **details}
    extensions = {"code": outcome.code, **{camel(name): value for name, value in details.items()}}
    graphql = {"errors": [{"message": outcome.meaning, "extensions": extensions}]}
    expected = graphql if response.url.path == "/graphql/" else rest
    assert (response.status_code, response.json()) == (outcome.status, expected)
    assert "x-request-id" not in response.headers, "the service answered"
    return True


def test_mail_is_sent_with_links_to_the_site(running, through):
    values = {"username": "by-mail", "email": "by-mail@example.com", "password": PASSWORD}
    through.http.post("/profiles/", json=values).raise_for_status()
    sent = lambda: [message for message in running.smtp.messages if message["To"] == values["email"]]  # noqa: E731
    (message,) = wait_until(sent, "the message was sent")
    assert f"{running.proxy.address}/#/account" in message.as_string()


@pytest.mark.parametrize("path", ["/profiles/", "/graphql/"])
def test_the_proxy_refuses_a_large_body_in_the_catalogues_form(through, path):
    assert is_refused(through.generic("POST", path, "x" * 200_000, "application/json"), Outcome.CONTENT_TOO_LARGE)


@pytest.mark.parametrize("path", ["/profiles/", "/graphql/"])
def test_the_proxy_refuses_in_the_catalogues_form_where_no_instance_answers(running, through, path):
    (instance,) = running.instances
    instance.kill()
    response = through.http.get(path)
    assert is_refused(response, Outcome.UNAVAILABLE, retry_after=RETRY_AFTER)
    assert response.headers["retry-after"] == str(RETRY_AFTER)
    instance.start()
    assert through.http.get("/livez").status_code == httpx.codes.OK


def test_the_list_of_what_runs_and_ctrl_c():
    """`make stack` lists each process, and stops all of them on Ctrl-C."""
    command = [sys.executable, "-m", "tests.cluster", "stack"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        listed = {}
        for line in process.stdout:
            if line.startswith("Ctrl-C"):
                break
            name, address, _log = line.split()
            listed[name] = address
        ports = [int(address.rpartition(":")[2]) for address in listed.values() if address != "-"]
        assert all(answers(port) for port in ports)
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "Ended.\n"
    assert set(listed) == {"postgresql", "redis", "pgbouncer", "service-1", "nginx", "smtp", "mail"}
    assert not any(answers(port) for port in ports)
    assert process.returncode == 0
