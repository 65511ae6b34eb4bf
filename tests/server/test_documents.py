"""Registered documents on a server: registered while it runs, and requested in each form and by each client."""

import json
import os
import re
import subprocess
import sys

import httpx
import pytest

from graphql_api.models import Document
from tests.server.conftest import ROOT, ServerClient, serving
from tests.server.test_clients import CHECKS, compiled_by_relay, results_of

AT_RUN_TIME = CHECKS | {"no token", "conflict", "document that is not registered"}
MANIFEST_OF_THE_PAGES = ROOT / "server" / "web" / "dist" / "documents.json"


@pytest.fixture(scope="module")
def registered_alone(test_database, tmp_path_factory):
    """A server with two processes that executes only registered documents."""
    log = tmp_path_factory.mktemp("registered") / "log"
    with serving(log, **test_database, WEB_CONCURRENCY="2", GRAPHQL_DOCUMENTS="registered") as address:
        yield address


@pytest.fixture
def documents(test_database):
    """Run the command on the server's database; return its output."""

    def run(*arguments):
        command = [sys.executable, "manage.py", "documents", *arguments]
        environment = os.environ | test_database
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout

    return run


@pytest.fixture
def ask(cast):
    """Send a request as `owner` by POST and by GET; return the data or the error code of each."""
    headers = ServerClient.proxied | {"authorization": f"Bearer {cast.token('owner')}"}

    def asked(address, **sent):
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in sent.items()}
        with httpx.Client(base_url=address, headers=headers, timeout=60) as http:
            answers = http.post("/graphql/", json=sent).json(), http.get("/graphql/", params=texts).json()
        return [answer.get("data") or answer["errors"][0]["extensions"]["code"] for answer in answers]

    return asked


def test_what_is_registered_is_executed_without_a_restart(registered_alone, documents, ask, tmp_path):
    text = "query Me { me { username } }"
    assert ask(registered_alone, query=text) == ["DOCUMENT_UNKNOWN"] * 2
    path = tmp_path / "persisted_queries.json"
    path.write_text(json.dumps({"17d1c2e1": f"{text} "}))
    assert documents("add", path).startswith("Registered 1; 0 were registered before.")
    assert re.fullmatch(r"17d1c2e1  [-: \d]+ UTC  Me\n", documents("list"))
    digest = Document.objects.get().digest
    apq = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}}
    by_id = [{"documentId": "17d1c2e1"}, {"documentId": f"sha256:{digest}"}, {"doc_id": "17d1c2e1"}, {"id": digest}]
    for sent in (*by_id, apq, {"query": f"{text} "}):
        assert ask(registered_alone, **sent) == [{"me": {"username": "owner"}}] * 2, sent


def test_rest_is_not_concerned(registered_alone, cast):
    headers = ServerClient.proxied | {"authorization": f"Bearer {cast.token('owner')}"}
    answer = httpx.patch(f"{registered_alone}/profiles/me/", json={"bio": "B"}, headers=headers)
    assert (answer.status_code, answer.json()["bio"]) == (200, "B")


@pytest.mark.parametrize(("client", "more"), [("apollo", set()), ("urql", {"documentId"})])
def test_a_client_drives_the_server_by_the_ids_of_its_manifest(
    client, more, registered_alone, documents, cast, node, tmp_path
):
    manifest = tmp_path / "persisted-query-manifest.json"
    manifest.write_text(node("clients/manifest.mjs").stdout)
    documents("add", manifest)
    assert results_of(node, registered_alone, client, manifest) == dict.fromkeys(AT_RUN_TIME | more)
    cast["owner"].refresh_from_db()
    assert cast["owner"].bio == f"By {client}."


@pytest.mark.parametrize("algorithm", ["MD5", "SHA256"])
def test_relay_drives_the_server_by_the_ids_of_its_compiler(
    algorithm, registered_alone, documents, cast, node, tmp_path
):
    manifest = tmp_path / "persisted_queries.json"
    manifest.write_text("{}")  # the compiler adds to this file
    persisted = {"file": str(manifest), "algorithm": algorithm}
    project = compiled_by_relay(node, tmp_path, persistConfig=persisted)
    documents("add", manifest)
    assert results_of(node, registered_alone, "relay", project / "__generated__") == dict.fromkeys(CHECKS)
    cast["owner"].refresh_from_db()
    assert cast["owner"].bio == "By relay."


def test_the_pages_own_documents_can_be_registered(documents, transactional_db):
    operations = json.loads(MANIFEST_OF_THE_PAGES.read_text())["operations"]
    assert documents("add", MANIFEST_OF_THE_PAGES).startswith(f"Registered {len(operations)};")
    assert {"SignIn", "UpdateProfile", "Profiles"} <= {operation["name"] for operation in operations}


def test_a_report_is_a_metric_and_a_line_of_the_log(test_database, documents, ask, tmp_path, free_tcp_port):
    log, path = tmp_path / "log", tmp_path / "persisted_queries.json"
    path.write_text(json.dumps({"reported": "query Reported { me { username } }"}))
    documents("add", path)
    environment = {"GRAPHQL_DOCUMENTS": "report", "METRICS_PORT": str(free_tcp_port), "WEB_CONCURRENCY": "1"}
    with serving(log, **test_database, **environment) as address:
        for sent in ({"documentId": "reported"}, {"query": "query Unknown { me { username } }"}):
            assert ask(address, **sent) == [{"me": {"username": "owner"}}] * 2
        metrics = httpx.get(f"http://127.0.0.1:{free_tcp_port}/metrics").text
    counts = re.findall(r'^profiles_documents_total{registered="(\w+)"} (.+)$', metrics, re.MULTILINE)
    assert dict(counts) == {"yes": "2.0", "no": "2.0"}
    messages = [json.loads(line)["message"] for line in log.read_text().splitlines()]
    [reported] = [message for message in messages if "is not registered" in message]
    assert re.fullmatch(r"A document is not registered: sha256:[0-9a-f]{64}, operation Unknown", reported)
