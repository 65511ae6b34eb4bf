"""`manage.py documents`: manifests of clients' compilers, and the problems of invalid documents."""

import hashlib
import json

import pytest
from django.core.management import CommandError, call_command

from graphql_api.models import Document

ME = "query Me { me { pk } }"
NODE = "query Node($id: ID!) {\n  node(id: $id) { id }\n}"
SIGN_IN = 'tokenAuth(username: "a", password: "b") { token }'
UPDATE = "mutation Update($input: UpdateProfileInput!) { updateProfile(input: $input) { errors { code } } }"


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def apollo(*texts, **changes):
    operations = [{"id": sha256(text), "name": "N", "type": "query", "body": text} for text in texts]
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations} | changes


@pytest.fixture
def write(tmp_path):
    """Write a manifest; return its path."""

    def written(content, name="manifest.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return written


@pytest.fixture
def add(db, write, capsys):
    """Add these manifests; return the printed text."""

    def added(*contents):
        call_command("documents", "add", *(write(content, f"{n}.json") for n, content in enumerate(contents)))
        return capsys.readouterr().out

    return added


def refused(add, *contents):
    """Add invalid manifests; return the error, after checking that nothing was registered."""
    before = Document.objects.count()
    with pytest.raises(CommandError) as error:
        add(*contents)
    assert Document.objects.count() == before
    return str(error.value)


def test_apollos_and_relays_manifests(add):
    relay = {"17d1c2e1": NODE, f"sha256:{sha256(ME)}": ME}
    said = "Each instance knows within 10 seconds.\n"
    assert add(apollo(ME, UPDATE), relay) == f"Registered 3; 0 were registered before. {said}"
    assert {row.pk: (row.text, row.digest) for row in Document.objects.all()} == {
        sha256(ME): (ME, sha256(ME)),
        sha256(UPDATE): (UPDATE, sha256(UPDATE)),
        "17d1c2e1": (NODE, sha256(NODE)),
    }
    assert add(apollo(ME, NODE)) == f"Registered 1; 1 were registered before. {said}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "Syntax Error: Expected Name, found <EOF>. (line 1, column 2)"),
        (
            "query Me {\n  mee { pk }\n}",
            "Cannot query field 'mee' on type 'Query'. Did you mean 'me'? (line 2, column 3)",
        ),
        ("fragment F on Profile { pk }", "Fragment 'F' is never used. (line 1, column 1)"),
        ("{ " + "a: me { pk } " * 31 + "}", "31 root fields"),
        ("{ me " + "{ updatedBy " * 20 + "{ pk }" + "}" * 21, "levels of fields"),
        ("query ($n: Int) { me { history(first: $n) { totalCount } " + "a: pk " * 40 + "} }", "40 aliases"),
        ("{ profiles(first: 100) { edges { node { updatedBy { updatedBy { updatedBy { pk } } } } } } }", "rows"),
        ("{ me { pk } } # " + "x" * 20_000, "characters"),
        (f"mutation {{ a: {SIGN_IN} b: {SIGN_IN} }}", "may contain one of these operations"),
    ],
)
def test_what_is_wrong_with_which(add, text, problem):
    said = refused(add, apollo(ME, text))
    [line, end] = said.splitlines()
    assert (sha256(text) in line, problem in line, end) == (True, True, "Nothing was registered.")


def test_all_problems_are_said_at_once(add):
    said = refused(add, apollo("{ a b }", ME), {"x": "query X { c }"})
    assert [line.rpartition(": ")[2].partition(" on ")[0] for line in said.splitlines()[:-1]] == [
        "Cannot query field 'a'",
        "Cannot query field 'b'",
        "Cannot query field 'c'",
    ]
    assert "1.json: x (X): " in said


def test_what_depends_on_variables_is_for_each_request(add):
    node = "updatedBy { updatedBy { updatedBy { pk } } }"
    add(apollo(f"query ($n: Int!) {{ profiles(first: $n) {{ edges {{ node {{ {node} }} }} }} }}"))
    assert Document.objects.count() == 1


def test_a_query_of_the_schema_can_be_registered(add, settings):
    settings.GRAPHQL_INTROSPECTION = "nobody"
    add(apollo("query Schema { __schema { queryType { name } } }"))
    assert Document.objects.count() == 1


@pytest.mark.parametrize(
    ("document_id", "problem"),
    [
        ("", "The id is not"),
        ("a b", "The id is not"),
        ("x" * 201, "The id is not"),
        ("0" * 64, "The id is the SHA-256 of another text."),
        (f"sha256:{'0' * 64}", "The id is the SHA-256 of another text."),
    ],
)
def test_an_id_that_is_none(add, document_id, problem):
    assert problem in refused(add, {document_id: ME})


def test_an_id_has_one_text(add):
    assert "Another file has another text under this id." in refused(add, {"x": ME}, {"x": NODE})
    add({"x": ME})
    assert "Another text is registered under this id: remove that first." in refused(add, {"x": NODE})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "1",
        {"x": 1},
        apollo(ME, version=2),
        apollo(ME, operations=[{"id": "x"}]),
        apollo(ME, operations=1),
        apollo(ME, operations=[{"id": "x", "body": None}]),
        apollo(ME, operations=[{"id": 1, "body": ME}]),
    ],
)
def test_a_file_that_is_no_manifest(add, content):
    said = refused(add, content)
    assert said.endswith(
        ("Not a file of JSON.", "Neither Apollo's manifest, version 1, nor Relay's, an object of texts by id.")
    )


def test_a_file_that_is_not_there(db):
    with pytest.raises(CommandError, match=r"nowhere\.json"):
        call_command("documents", "add", "nowhere.json")


def test_list_and_remove(add, capsys):
    add(apollo(UPDATE), {"x": f"{ME} {NODE}"})
    call_command("documents", "list")
    lines = capsys.readouterr().out.splitlines()
    assert {line.split("  ")[0]: line.split("  ")[2] for line in lines} == {sha256(UPDATE): "Update", "x": "Me, Node"}
    call_command("documents", "remove", f"sha256:{sha256(UPDATE)}", "unknown")
    assert capsys.readouterr().out == "Removed 1. Each instance knows within 10 seconds.\n"
    assert [row.pk for row in Document.objects.all()] == ["x"]
