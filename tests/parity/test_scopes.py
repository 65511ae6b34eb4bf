"""Scopes of personal tokens: each operation needs its own scope, in both APIs."""

import pytest

from graphql_api.core.operations import INTROSPECTION, names_of
from graphql_api.schema import schema
from profiles.identity import scopes
from profiles.rest.contract.operations import OPERATIONS as CONTRACT
from tests.apis import BatchAPI
from tests.cast import PASSWORD
from tests.state import stored, undone

NOT_FOR_THEM = {  # denied to every personal token, or public
    "tokenAuth", "refreshToken", "verifyToken", "revokeToken", "logoutEverywhere", "changePassword", "getKeySet",
    "requestRecovery", "confirmRecovery", "verifyEmail", "resendVerification", "undoEmailChange",
    "endSession", "endOtherSessions", "createPersonalToken", "listPersonalTokens", "revokePersonalToken",
}  # fmt: skip
THE_SAME = {  # another name in REST's contract, because of its path
    "getProfileByUsername": "getProfile", "updateOwnProfile": "updateProfile", "replaceOwnProfile": "replaceProfile",
    "deleteOwnProfile": "deleteProfile", "listOwnProfileHistory": "listProfileHistory",
    "exportOwnProfile": "exportProfile",
}  # fmt: skip
IN_BATCHES = "readBatch"  # needs the scope of each of its reads
MEMBERS = {"listProfileHistory": "getProfile", "exportProfile": "getProfile", "listSessions": "getOwnProfile"}
"""Operations that are a field of another operation's row over GraphQL, which needs both scopes."""

WHOLE = {"username": "known", "bio": "B"}
SIGN_UP = {"username": "another", "email": "a@example.com", "password": PASSWORD}
SIGN_UP_BY_GRAPHQL = (
    'mutation { createProfile(input: {username: "another", email: "a@example.com", '
    f'password: "{PASSWORD}"}}) {{ profile {{ pk }} }} }}'
)
PERFORM = {
    # name: over REST, as method, path and body; over GraphQL
    "listProfiles": (("GET", "/profiles/"), "{ profiles(first: 1) { edges { node { pk } } } }"),
    "getProfile": (("GET", "/profiles/{pk}/"), "{ profile(pk: {pk}) { pk } }"),
    "getOwnProfile": (("GET", "/profiles/me/"), "{ me { pk } }"),
    "listProfileHistory": (
        ("GET", "/profiles/{pk}/history/"),
        "{ profile(pk: {pk}) { history { edges { cursor } } } }",
    ),
    "exportProfile": (("GET", "/profiles/{pk}/export/"), "{ profile(pk: {pk}) { export { url } } }"),
    "listSessions": (("GET", "/auth/sessions/"), "{ me { sessions { id } } }"),
    "updateProfile": (
        ("PATCH", "/profiles/{pk}/", {"bio": "B"}),
        'mutation { updateProfile(input: {id: "{id}", bio: "B"}) { profile { pk } } }',
    ),
    "replaceProfile": (
        ("PUT", "/profiles/{pk}/", WHOLE),
        'mutation { replaceProfile(input: {id: "{id}", username: "known", bio: "B"}) { profile { pk } } }',
    ),
    "updateProfiles": (
        ("PATCH", "/profiles/", [{"id": "{pk}", "bio": "B"}]),
        'mutation { updateProfiles(input: {profiles: [{id: "{id}", bio: "B"}]}) { profiles { pk } } }',
    ),
    "createProfile": (("POST", "/profiles/", SIGN_UP), SIGN_UP_BY_GRAPHQL),
    "deleteProfile": (
        ("DELETE", "/profiles/{pk}/"),
        'mutation { deleteProfile(input: {id: "{id}"}) { deletedId } }',
    ),
}


def performed(api, name, cast, token):
    """The codes and messages of an operation's errors, on the profile `known` or by its owner."""
    target = cast["known"]

    def filled(value):
        if isinstance(value, list):
            return [{key: target.pk if each == "{pk}" else each for key, each in row.items()} for row in value]
        return (
            value.replace("{pk}", str(target.pk)).replace("{id}", target.node_id) if isinstance(value, str) else value
        )

    rest, document = PERFORM[name]
    if hasattr(api, "whole"):
        body = api.send(filled(document), token=token).json()
        return [(error["extensions"]["code"], error["message"]) for error in body.get("errors", [])]
    response = api.send(*map(filled, rest), token=token)
    errors = [] if response.status_code in (200, 201, 204) else response.json()["errors"]
    return [(error["code"], error["detail"]) for error in errors]


def test_every_operation_of_both_contracts_is_a_scope_or_is_not_for_personal_tokens():
    named = {THE_SAME.get(operation.id, operation.id) for operation in CONTRACT.values()}
    assert named - {IN_BATCHES} == scopes.operations().keys() | NOT_FOR_THEM
    fields = set(names_of(schema.graphql_schema).values()) - set(INTROSPECTION.values())
    assert fields - {"node", "nodes"} == named - {IN_BATCHES, "getKeySet", "listPersonalTokens"} - MEMBERS.keys()
    assert PERFORM.keys() == scopes.operations().keys()


def test_a_scope_writes_where_its_operation_is_no_get():
    methods = {operation.id: place.split()[0] for place, operation in CONTRACT.items()}
    assert {name: methods[name] != "GET" for name in scopes.operations()} == scopes.operations()


@pytest.mark.parametrize("name", PERFORM)
def test_an_operation_needs_its_scope(name, cast, rest, graphql):
    everything_else = cast.personal_token("staff", *(other for other in PERFORM if other != name))
    for api in (rest, graphql):
        with undone():
            before = stored()
            ((code, message),) = performed(api, name, cast, everything_else)
            assert code == "FORBIDDEN"
            assert f" {name}." in message
            assert stored() == before


@pytest.mark.parametrize("name", PERFORM)
def test_an_operation_needs_no_other_scope(name, cast, rest, graphql):
    for api, needed in ((rest, [name]), (graphql, [name, *([MEMBERS[name]] if name in MEMBERS else [])])):
        with undone():
            assert performed(api, name, cast, cast.personal_token("staff", *needed)) == []


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_needs_the_scope_of_its_row_too(name, cast, graphql):
    ((code, message),) = performed(graphql, name, cast, cast.personal_token("staff", name))
    assert (code, f" {MEMBERS[name]}." in message) == ("FORBIDDEN", True)


@pytest.mark.parametrize("name", PERFORM)
@pytest.mark.parametrize("scope", ["read", "write"])
def test_reads_and_writes(scope, name, cast, rest, graphql):
    token = cast.personal_token("staff", scope)
    is_refused = scope == "read" and scopes.operations()[name]
    for api in (rest, graphql):
        with undone():
            codes = [code for code, _ in performed(api, name, cast, token)]
            assert codes == ["FORBIDDEN"] * is_refused


def test_each_read_of_a_batch_needs_its_own(cast, client, rest):
    token = cast.personal_token("owner", "getProfile")
    pk = cast.pk("owner")
    paths = [f"/profiles/{pk}/", "/profiles/", f"/profiles/{pk}/history/", "/profiles/me/"]
    answers = rest.send("POST", "/batch/", [{"path": path} for path in paths], token=token).json()
    assert [answer["status"] for answer in answers] == [200, 403, 403, 403]
    batch = BatchAPI(client)
    assert batch.list(token=token).errors == rest.list(token=token).errors


def test_each_node_needs_the_scope_of_its_type(cast, graphql):
    of_rows = f'node(id: "{cast["known"].node_id}") {{ id }} nodes(ids: ["{cast["known"].node_id}"]) {{ id }}'
    body = graphql.send(f"{{ {of_rows} }}", token=cast.personal_token("owner", "getOwnProfile")).json()
    assert body["data"] == {"node": None, "nodes": [None]}
    assert {error["extensions"]["code"] for error in body["errors"]} == {"FORBIDDEN"}
    assert "errors" not in graphql.send(f"{{ {of_rows} }}", token=cast.personal_token("owner", "getProfile")).json()


@pytest.mark.parametrize(
    ("shown", "path"),
    [("updatedBy { email }", "updatedBy"), ("history { edges { node { actor { email } } } }", "actor")],
)
def test_an_account_that_a_row_refers_to_is_another_read(shown, path, cast, graphql):
    fields = f'updateProfile(input: {{id: "{cast["owner"].node_id}", bio: "B"}}) {{ profile {{ {shown} }} }}'
    update, history, read = "updateProfile", "listProfileHistory", "getProfile"
    body = graphql.send(f"mutation {{ {fields} }}", token=cast.personal_token("owner", update, history)).json()
    assert [(error["path"][-1], error["extensions"]["code"]) for error in body["errors"]] == [(path, "FORBIDDEN")]
    body = graphql.send(f"mutation {{ {fields} }}", token=cast.personal_token("owner", update, history, read)).json()
    assert "errors" not in body


def test_the_fields_of_a_document_are_refused_one_by_one(cast, graphql):
    first = f'a: updateProfile(input: {{id: "{cast["owner"].node_id}", bio: "B"}}) {{ profile {{ bio }} }}'
    body = graphql.send(
        f"mutation {{ {first} b: logoutEverywhere {{ loggedOut }} __typename }}",
        token=cast.personal_token("owner", "updateProfile"),
    ).json()
    assert body["data"] == {"a": {"profile": {"bio": "B"}}, "b": None, "__typename": "Mutation"}
    assert [(error["path"], error["extensions"]["code"]) for error in body["errors"]] == [(["b"], "FORBIDDEN")]


def test_the_schema_is_everybodys(cast, graphql):
    body = graphql.send(
        "{ __typename __schema { queryType { name } } }", token=cast.personal_token("owner", "getProfile")
    )
    assert "errors" not in body.json()


def test_to_ask_for_a_paths_methods_needs_none(cast, rest):
    token = cast.personal_token("owner", "getOwnProfile")
    assert rest.send("OPTIONS", "/profiles/", token=token).status_code == 200
    assert rest.send("OPTIONS", "/auth/tokens/", token=token).headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert rest.send("DELETE", "/auth/sessions/", token=token).status_code == 405


@pytest.mark.parametrize("scope", ["read", "write", "deleteProfile"])
def test_a_personal_token_does_not_delete_its_own_account(scope, cast, apis):
    for api in apis:
        assert api.delete(cast.pk("staff"), token=cast.personal_token("staff", scope)).outcome == "FORBIDDEN"


def test_a_sign_up_by_a_personal_token_of_the_staff_has_an_address(cast, apis, settings):
    settings.SIGN_UP_IS_OPEN = False
    token = cast.personal_token("staff", "createProfile")
    for api in apis:
        with undone():
            assert performed(api, "createProfile", cast, token) == []


def test_several_profiles_keep_their_addresses(cast, apis):
    token = cast.personal_token("staff", "write")
    for api in apis:
        answer = api.update_many([(cast.pk("known"), {"email": "new@example.com"})], token=token)
        assert [error[:2] for error in answer.errors] == [("read_only", "0.email")]
