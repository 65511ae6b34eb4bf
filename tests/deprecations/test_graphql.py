"""The schema's `@deprecated` marks, and the documents that use a marked element."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from graphql import build_schema, print_schema

from graphql_api.core import deprecations
from graphql_api.schema import schema
from tests.deprecations.settings import BODY, DELETION, DEPRECATIONS, FILTER, HISTORY, KEY, ORDER


def test_the_sdl_marks_each_coordinate_and_no_other():
    text = print_schema(schema.graphql_schema)
    coordinates = [(each, coordinate) for each in DEPRECATIONS for coordinate in each.graphql]
    assert text.count("@deprecated(") == len(coordinates)
    published = build_schema(text)
    for each, coordinate in coordinates:
        assert deprecations.element_at(published, coordinate).deprecation_reason == each.text


def test_introspection_tells_of_it(apis, token):
    _, graphql = apis
    query = '{ __type(name: "Note") { fields(includeDeprecated: true) { name deprecationReason } } }'
    fields = graphql.send(query, token=token).json()["data"]["__type"]["fields"]
    told = {field["name"]: field["deprecationReason"] for field in fields if field["deprecationReason"]}
    assert told == {"body": BODY.text, "history": HISTORY.text}


@pytest.mark.parametrize(
    "coordinate",
    [
        *(
            "Nothing",
            "Note",
            "Note.nothing",
            "Nothing.id",
            "Query.note(nothing:)",
            "NoteOrder.NOTHING",
            "no coordinate",
        ),
        *("@include", "@include(if:)", "Query.node(id:)", "UpdateNoteInput.id"),
    ],
)
def test_what_there_is_not_and_what_is_required_ends_the_start(coordinate):
    with pytest.raises(ImproperlyConfigured, match=coordinate.split("(")[0]):
        deprecations.element_at(schema.graphql_schema, coordinate)


NOTHING = "query ($no: Boolean = false) { me { pk } "
DOCUMENTS = {
    "a field": ("{ notes { edges { node { body } } } }", {}, {BODY}),
    "a field that is skipped": (NOTHING + "notes @include(if: $no) { edges { node { body } } } }", {}, {BODY}),
    "a field of a fragment": (
        "{ notes { edges { node { ...Of } } } } fragment Of on Note { ... on Note { body } }",
        {},
        {BODY},
    ),
    "a field twice": ("{ notes { edges { node { a: body b: body } } } }", {}, {BODY}),
    "an argument": ('{ note(id: "x") { title } }', {}, {KEY}),
    "an argument by a variable": ("query ($id: ID) { note(id: $id) { title } }", {"id": "x"}, {KEY}),
    "an enum value": ("{ notes(orderBy: UPDATED_AT) { totalCount } }", {}, {ORDER}),
    "another value": ("{ notes(orderBy: UPDATED_AT_DESC) { totalCount } }", {}, set()),
    "an enum value by a variable": (
        "query ($o: NoteOrder) { notes(orderBy: $o) { totalCount } }",
        {"o": "UPDATED_AT"},
        {ORDER},
    ),
    "an enum value by default": (
        "query ($o: NoteOrder = UPDATED_AT) { notes(orderBy: $o) { totalCount } }",
        {},
        {ORDER},
    ),
    "another value by a variable": ("query ($o: NoteOrder) { notes(orderBy: $o) { totalCount } }", {"o": None}, set()),
    "an input field": ('{ notes(filter: {title: "t"}) { totalCount } }', {}, {FILTER}),
    "an input field by a variable": (
        "query ($f: NoteFilterInput) { notes(filter: $f) { totalCount } }",
        {"f": {"title": "t"}},
        {FILTER},
    ),
    "no input field": ("query ($f: NoteFilterInput) { notes(filter: $f) { totalCount } }", {"f": {}}, set()),
    "a variable of its own": (
        "query ($t: String) { notes(filter: {title: $t}) { totalCount } }",
        {"t": "t"},
        {FILTER},
    ),
    "several": (
        '{ notes(orderBy: UPDATED_AT, filter: {title: "t"}) { edges { node { body } } } }',
        {},
        {BODY, FILTER, ORDER},
    ),
    "a refused mutation": ('mutation { deleteNote(input: {id: "x"}) { deletedId } }', {}, {DELETION}),
}


@pytest.mark.parametrize("label", DOCUMENTS)
def test_a_document_counts_what_it_uses(label, apis, note, token, used):
    _, graphql = apis
    document, variables, expected = DOCUMENTS[label]
    for _ in range(2):  # the second time, the document is cached
        graphql.send(document, variables, token=token)
        assert used() == {(each.name, "graphql"): 1 for each in expected}


def test_of_several_operations_the_one_that_is_meant_counts(apis, client, note, token, used):
    document = "query A { notes { edges { node { ...Of } } } } query B { me { pk } } fragment Of on Note { body }"
    for name, expected in (("A", {(BODY.name, "graphql"): 1}), ("B", {}), ("C", {}), (None, {})):
        body = {"query": document, "operationName": name}
        client.post("/graphql/", body, content_type="application/json", headers={"authorization": f"Bearer {token}"})
        assert used() == expected


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("{ notes { edges { node { body nothing } } } }", {}),
        ("query ($f: NoteFilterInput) { notes(filter: $f) { totalCount } }", {"f": {"title": "t", "nothing": 1}}),
        ("query ($o: NoteOrder) { notes(orderBy: $o) { totalCount } }", {"o": {}}),
    ],
)
def test_a_document_that_is_refused_counts_nothing(document, variables, apis, token, used):
    _, graphql = apis
    assert graphql.send(document, variables, token=token).json()["errors"]
    assert used() == {}
