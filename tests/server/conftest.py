"""Fixtures: the shipped server on the test's own database."""

import os
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

import httpx
import pytest
from django.db import connection

from tests.apis import RESTAPI, GraphQLAPI
from tests.bench.service import LIMITS, UNLIMITED
from tests.cast import Cast

ROOT = Path(__file__).parent.parent.parent
NODE = ROOT / "tests" / "node"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # with the programs that the Makefile installs
MOST_AT_ONCE = 100
# All tests share one address.
UNTHROTTLED = dict.fromkeys((*LIMITS, "SIGN_IN_LIMIT_PER_ADDRESS", "SIGN_UP_LIMIT_PER_ADDRESS"), UNLIMITED)
TRUST = httpx.create_ssl_context()  # of all clients: without it, each reads the machine's certificates, for 36 ms
MOST_SECONDS = 60  # for a start or a stop, on the slowest machine


def database_url():
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    host, port = settings["HOST"], settings["PORT"] or 5432
    return f"postgres://{settings['USER']}:{settings['PASSWORD']}@{host}:{port}/{settings['NAME']}"


@contextmanager
def serving(log_path, **options):
    """Run gunicorn with production's configuration and the test's variables; yield its address."""
    with running(log_path, **options) as (address, _):
        yield address


@contextmanager
def running(log_path, *arguments, folder=ROOT, python=sys.executable, **environment):
    """As `serving`, with arguments for gunicorn; yield the address and the process of gunicorn's master.

    `folder` and `python` select another release.
    """
    with log_path.open("w") as log, socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [python, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", *arguments],
            cwd=folder,
            env=os.environ | UNTHROTTLED | {"ALLOWED_HOSTS": "127.0.0.1"} | environment,
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
        )
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            wait_for(address, process, log_path)
            listener.close()  # the server has its own copy of the socket
            yield address, process
        finally:
            process.terminate()
            try:
                process.wait(MOST_SECONDS)
            finally:
                process.kill()


@pytest.fixture(scope="session")
def test_database(django_db_setup, django_db_blocker):
    """The variables that point a server to this worker's test database."""
    with django_db_blocker.unblock():
        return {"DATABASE_URL": database_url()}


@pytest.fixture(scope="session")
def server(test_database, tmp_path_factory):
    if not (ROOT / ".static" / "staticfiles.json").exists():
        pytest.fail("The pages' files are not collected: `make collect` does it.")
    with serving(tmp_path_factory.mktemp("server") / "log", **test_database) as address:
        yield address


@pytest.fixture(scope="session")
def node():
    """Run Node with arguments, in the folder of its packages or in `cwd`; return the completed process."""
    program = shutil.which("node", path=PATH)
    if not (program and (NODE / "node_modules").is_dir()):
        pytest.fail("Node's packages are not here: `make test` brings them.")

    def run(*arguments, cwd=NODE):
        command = [program, *arguments]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)

    return run


def wait_for(address, process, log):
    """Wait for the first answer. The socket listens before the server does; if the server ends, fail with its log."""
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        try:
            return httpx.get(address, headers=ServerClient.proxied, timeout=1, verify=TRUST)
        except httpx.TimeoutException:
            if process.poll() is not None:
                break
    return pytest.fail(f"the server did not start:\n{log.read_text()}")


class ServerClient:
    """A client for the tests' REST and GraphQL clients, over a real connection."""

    proxied = {"x-forwarded-proto": "https"}  # the header that a proxy sends

    def __init__(self, address, verify=TRUST):
        self.http = httpx.Client(base_url=address, headers=self.proxied, timeout=60, verify=verify)

    def generic(self, method, path, data=None, content_type=None, headers=None):
        if content_type:
            headers = (headers or {}) | {"content-type": content_type}
        return self.http.request(method, path, content=data, headers=headers)


@pytest.fixture
def served(server):
    """A client of the server with its own connection."""
    client = ServerClient(server)
    yield client
    client.http.close()


@pytest.fixture
def quick_passwords():
    """Keep the server's own hasher: it verifies the passwords."""


@pytest.fixture
def cast(transactional_db):
    """The cast, committed so that a server in another process sees it."""
    return Cast()


@pytest.fixture
def at_once(server):
    """Make calls at the same moment, each with its own connection.

    A call takes the API clients by name, `rest` and `graphql`. The results are in the order of the calls.
    """
    clients = []
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:

        def run(*calls):
            clients.extend(ServerClient(server) for _ in range(len(calls) - len(clients)))
            barrier = Barrier(len(calls))

            def one(call, client):
                barrier.wait()
                return call({"rest": RESTAPI(client), "graphql": GraphQLAPI(client)})

            return list(pool.map(one, calls, clients))

        yield run
    for client in clients:
        client.http.close()


@pytest.fixture
def rounds(request):
    return request.config.getoption("--rounds")


@pytest.fixture
def report(request, capsys):
    """Print a figure for the reader of the run."""

    def say(text):
        with capsys.disabled():
            print(f"\n  {request.node.name}: {text}")  # noqa: T201

    return say


@pytest.fixture
def redis_alone(redis_url):
    """The variables of a server that counts in an empty Redis, with a long timeout."""
    return {"REDIS_URL": redis_url, "REDIS_TIMEOUT": "10"}
