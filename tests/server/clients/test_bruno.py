"""The Bruno collection: each of its requests passes, and it has each operation of both contracts."""

import re

import yaml
from graphql import build_schema, parse, validate

from tests.server.clients.conftest import CLIENTS, run
from tests.server.conftest import NODE, ROOT

COLLECTION = CLIENTS / "bruno"
BRU = NODE / "node_modules" / "@usebruno" / "cli" / "bin" / "bru.js"
METHODS = {"get", "post", "put", "patch", "delete"}


def requests(folder, kind):
    """What each file of a folder sends."""
    files = [yaml.safe_load(path.read_text()) for path in sorted((COLLECTION / folder).glob("*.yml"))]
    return [file[kind] for file in files if file["info"]["type"] == kind]


def test_each_request_passes(address):
    run("node", BRU, "run", "-r", "--env", "local", "--env-var", f"baseUrl={address}", "--noproxy", cwd=COLLECTION)


def test_the_collection_has_each_operation_of_rest():
    contract = yaml.load((ROOT / "profiles" / "openapi.yaml").read_text(), yaml.CSafeLoader)
    published = {(method, path) for path, each in contract["paths"].items() for method in METHODS & each.keys()}
    sent = {(request["method"].lower(), path_of(request["url"])) for request in requests("REST", "http")}
    assert sent == published


def path_of(url):
    """A URL's path as OpenAPI writes it: `{{baseUrl}}/profiles/:id?…` is `/profiles/{id}`."""
    return re.sub(r":(\w+)", r"{\1}", url.removeprefix("{{baseUrl}}").partition("?")[0])


def test_the_collection_has_each_operation_of_graphql():
    schema = build_schema((ROOT / "graphql_api" / "schema.graphql").read_text())
    documents = [parse(request["body"]["query"]) for request in requests("GraphQL", "graphql")]
    assert [error for document in documents for error in validate(schema, document)] == []
    sent = {field.name.value for document in documents for field in document.definitions[0].selection_set.selections}
    assert sent == {*schema.query_type.fields, *schema.mutation_type.fields}
