"""The number of SQL statements of an operation, equal in both APIs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

OPERATIONS = {
    # actor, operation, input, number of statements
    "an anonymous read": ("anonymous", "view", None, 1),
    "a read": ("member", "view", None, 2),  # caller, row
    "a read of oneself": ("owner", "view_me", None, 2),
    "a read by username": ("member", "view_by_username", None, 2),
    "a read of what is hidden": ("member", "view hidden", None, 2),
    "a write": ("owner", "update", {"bio": "B"}, 5),  # caller, row, lock, update, history
    "a write of a username": ("owner", "update", {"username": "new"}, 6),  # and a check that it is free
    "a write of nothing": ("owner", "update", {"bio": "Mine."}, 3),
    "a write by staff": ("staff", "update", {"bio": "B"}, 5),
    "a replacement": ("owner", "replace", {"username": "owner", "email": "owner@example.com"}, 5),
    "an invalid write": ("owner", "update", {"email": "x"}, 2),
    "a stranger's write": ("member", "update", {"bio": "x"}, 2),
}


def statements(perform):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        perform()
    return [q["sql"] for q in queries if "SAVEPOINT" not in q["sql"]]  # savepoints belong to the test's transaction


@pytest.mark.parametrize("label", OPERATIONS)
def test_statements(cast, apis, label):
    check_statements(cast, apis, label, cast.token(OPERATIONS[label][0]))


def check_statements(cast, apis, label, token):
    actor, operation, values, count = OPERATIONS[label]
    for api in apis:
        with_values = [] if values is None else [values]
        if operation == "view_me":
            arguments = []
        elif operation == "view_by_username":
            arguments = ["owner"]
        else:
            arguments = [cast.pk("hidden" if "hidden" in operation else "shown" if actor == "anonymous" else "owner")]
        method = getattr(api, operation.split()[0])
        sent = statements(lambda m=method, a=arguments, v=with_values: m(*a, *v, token=token))
        assert len(sent) == count, sent
        cast["owner"].save()  # restores the row for the other API


@pytest.mark.parametrize("label", [label for label, (actor, *_) in OPERATIONS.items() if actor != "anonymous"])
def test_a_personal_token_costs_no_more(cast, apis, label):
    check_statements(cast, apis, label, cast.personal_token(OPERATIONS[label][0], "write"))


def test_asking_who_wrote_it_costs_nothing_more(cast, graphql):
    cast["shown"].updated_by = cast["known"]
    cast["shown"].save()
    cast["known"].updated_by = cast["staff"]
    cast["known"].save()
    query = f"{{ profile(pk: {cast.pk('shown')}) {{ pk updatedBy {{ pk username bio email version }} }} }}"
    token = cast.token("member")
    assert len(statements(lambda: graphql.send(query, token=token))) == 2


def test_a_later_mutation_of_a_document_costs_what_a_request_does(cast, graphql):
    update = f'updateProfile(input: {{id: "{cast["owner"].node_id}", bio: "%s"}}) {{ profile {{ pk }} }}'
    token = cast.token("owner")
    sent = statements(lambda: graphql.send(f"mutation {{ a: {update % 'a'} b: {update % 'b'} }}", token=token))
    assert len(sent) == 10, sent


ROWS = {
    # of a list: what is selected, and whether all columns are read
    "edges": ("edges { node { pk name: displayName ... on Profile { location } } }", False),
    "nodes": ("nodes { ...F } totalCount", False),
    "edges and nodes": ("edges { cursor node { location } } nodes { displayName }", False),
    "a field with its own resolver": ("nodes { displayName location editableFields }", True),
    "an entity tag": ("nodes { displayName location etag }", True),
    "its writer": ("nodes { displayName location updatedBy { bio } }", True),
}


@pytest.mark.parametrize("label", ROWS)
def test_a_list_reads_the_columns_of_the_selected_fields(cast, graphql, label):
    selection, all_columns = ROWS[label]
    fragment = "fragment F on Profile { displayName location }" if "...F" in selection else ""
    query, token = f"{{ profiles {{ {selection} }} }} {fragment}", cast.token("member")
    _caller, sql, *_count = statements(lambda: graphql.send(query, token=token))
    assert all(f'"{column}"' in sql for column in ("display_name", "location"))
    assert ('"bio"' in sql) == all_columns


def test_a_list_of_some_fields_reads_the_same_columns_in_both_apis(cast, rest, graphql):
    token = cast.token("member")
    *_, of_rest = statements(lambda: rest.list(fields="display_name,location", token=token))
    *_, of_graphql = statements(lambda: graphql.send("{ profiles { nodes { displayName location } } }", token=token))
    assert of_rest == of_graphql
