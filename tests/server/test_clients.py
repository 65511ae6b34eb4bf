"""GraphQL's clients from npm drive the server: Apollo Client, urql, and Relay with what its compiler made."""

import json
import shutil

import pytest

from tests.cast import PASSWORD
from tests.server.conftest import NODE, ROOT, serving

CHECKS = {"query", "mutation", "validation error", "bad token", "pages", "node"}
AT_RUN_TIME = CHECKS | {"no token", "conflict", "persisted query"}  # Relay persists when it compiles


@pytest.fixture(scope="module")
def one_process(test_database, tmp_path_factory):
    """Where one process serves: each keeps persisted queries for itself."""
    with serving(tmp_path_factory.mktemp("one") / "log", **test_database, WEB_CONCURRENCY="1") as address:
        yield address


@pytest.fixture
def drive(cast, one_process, node):
    """A function that lets a client of `tests/node/clients` drive the server: the error of each check, or None."""
    return lambda client, *arguments: results_of(node, one_process, client, *arguments)


def results_of(node, address, client, *arguments):
    """The error of each check of a client that drives the server at this address, or None."""
    script = ("--test-reporter=./clients/lines.mjs", f"clients/{client}.mjs")
    done = node(*script, f"{address}/graphql/", PASSWORD, *arguments)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["check"]: line["error"] for line in lines} or done.stderr


def compiled_by_relay(node, tmp_path, **configuration):
    """The folder of a project that Relay's compiler has compiled by the published schema."""
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
