"""The server that the service ships with, on the test's own database."""

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

from tests.cast import Cast
from tests.doors import GraphQLDoor, RESTDoor

ROOT = Path(__file__).parent.parent.parent
NODE = ROOT / "tests" / "node"
MOST_AT_ONCE = 100
UNTHROTTLED = dict.fromkeys(
    ("READ_LIMIT", "WRITE_LIMIT", "READ_LIMIT_PER_ADDRESS", "WRITE_LIMIT_PER_ADDRESS", "SIGN_UP_LIMIT_PER_ADDRESS"),
    "1000000 per minute",
)
MOST_SECONDS = 60  # for a server to start or stop, on the slowest machine


def database_url():
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    host, port = settings["HOST"], settings["PORT"] or 5432
    return f"postgres://{settings['USER']}:{settings['PASSWORD']}@{host}:{port}/{settings['NAME']}"


@contextmanager
def serving(log_path, **options):
    """Where gunicorn serves, with the configuration of production and what the test adds to it."""
    with running(log_path, **options) as (address, _):
        yield address


@contextmanager
def running(log_path, *arguments, folder=ROOT, python=sys.executable, **environment):
    """As `serving`, with arguments for gunicorn: the address, and the process of gunicorn's master.

    `folder` and `python` are those of another release, where it is not this one that serves.
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
            listener.close()  # the server has its own
            yield address, process
        finally:
            process.terminate()
            try:
                process.wait(MOST_SECONDS)
            finally:
                process.kill()


@pytest.fixture(scope="session")
def test_database(django_db_setup, django_db_blocker):
    """The environment that points a server to this worker's test database."""
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
    """A function that runs Node with these arguments, where its packages are or in `cwd`; what came of it."""
    program = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if not (program and (NODE / "node_modules").is_dir()):
        pytest.fail("Node's packages are not here: `make test` brings them.")

    def run(*arguments, cwd=NODE):
        command = [program, *arguments]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)

    return run


def wait_for(address, process, log):
    """Until the first answer, which the listening socket keeps waiting for; a server that ended says why."""
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        try:
            return httpx.get(address, headers=ServerClient.proxied, timeout=1)
        except httpx.TimeoutException:
            if process.poll() is not None:
                break
    return pytest.fail(f"the server did not start:\n{log.read_text()}")


class ServerClient:
    """What the doors of the tests need of a client, over a real connection."""

    proxied = {"x-forwarded-proto": "https"}  # as the proxy in front of it says

    def __init__(self, address, **options):
        self.http = httpx.Client(base_url=address, headers=self.proxied, timeout=60, **options)

    def generic(self, method, path, data=None, content_type=None, headers=None):
        if content_type:
            headers = (headers or {}) | {"content-type": content_type}
        return self.http.request(method, path, content=data, headers=headers)


@pytest.fixture
def served(server):
    """A client of the server, with a connection of its own."""
    client = ServerClient(server)
    yield client
    client.http.close()


@pytest.fixture
def quick_passwords():
    """Not here: the server verifies with the hasher that it ships with."""


@pytest.fixture
def cast(transactional_db):
    """The cast, where a server in another process sees it."""
    return Cast()


@pytest.fixture
def at_once(server):
    """A function that makes calls at the same moment, each with doors and a connection of its own.

    A call takes the doors by name, `rest` and `graphql`; what the calls return is given in their order.
    """
    clients = []
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:

        def run(*calls):
            clients.extend(ServerClient(server) for _ in range(len(calls) - len(clients)))
            barrier = Barrier(len(calls))

            def one(call, client):
                barrier.wait()
                return call({"rest": RESTDoor(client), "graphql": GraphQLDoor(client)})

            return list(pool.map(one, calls, clients))

        yield run
    for client in clients:
        client.http.close()


@pytest.fixture
def rounds(request):
    return request.config.getoption("--rounds")


@pytest.fixture
def report(request, capsys):
    """Print a figure that a reader of the run wants to see."""

    def say(text):
        with capsys.disabled():
            print(f"\n  {request.node.name}: {text}")  # noqa: T201

    return say


@pytest.fixture
def redis_alone(redis_url):
    """The environment of a server that counts in a Redis with nothing counted in it, however long that takes."""
    return {"REDIS_URL": redis_url, "REDIS_TIMEOUT": "10"}
