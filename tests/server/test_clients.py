"""GraphQL clients from npm use the server: Apollo Client, urql, and Relay with its compiler's output."""

import json
import shutil

import pytest

from tests.cast import PASSWORD
from tests.server.conftest import NODE, ROOT, serving

CHECKS = {"query", "mutation", "validation error", "bad token", "pages", "node"}
AT_RUN_TIME = CHECKS | {"no token", "conflict", "persisted query"}  # Relay persists queries at compile time


@pytest.fixture(scope="module")
def one_process(test_database, tmp_path_factory):
    """A server with one process, because each process caches persisted queries for itself."""
    with serving(tmp_path_factory.mktemp("one") / "log", **test_database, WEB_CONCURRENCY="1") as address:
        yield address


@pytest.fixture
def drive(cast, one_process, node):
    """Run a client of `tests/node/clients` against the server; return the error of each check, or None."""
    return lambda client, *arguments: results_of(node, one_process, client, *arguments)


def results_of(node, address, client, *arguments):
    """Run a client against the server at this address; return the error of each check, or None."""
    script = ("--test-reporter=./clients/lines.mjs", f"clients/{client}.mjs")
    done = node(*script, f"{address}/graphql/", PASSWORD, *arguments)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["check"]: line["error"] for line in lines} or done.stderr


def compiled_by_relay(node, tmp_path, **configuration):
    """Compile a Relay project with the published schema; return its folder."""
    project = shutil.copytree(NODE / "relay", tmp_path / "relay")
    shutil.copy(ROOT / "graphql_api" / "schema.graphql", project)
    config = project / "relay.config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | configuration))
    done = node(NODE / "node_modules/relay-compiler/cli.js", "--noWatchman", config.name, cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.mark.parametrize("client", ["apollo", "urql"])
def test_a_client_drives_the_server(client, drive, cast):
    assert drive(client) == dict.fromkeys(AT_RUN_TIME)
    cast["owner"].refresh_from_db()
    assert cast["owner"].bio == f"By {client}."


def test_relay_compiles_by_the_published_schema_and_drives_the_server(drive, cast, node, tmp_path):
    assert drive("relay", compiled_by_relay(node, tmp_path) / "__generated__") == dict.fromkeys(CHECKS)
    cast["owner"].refresh_from_db()
    assert cast["owner"].bio == "By relay."
