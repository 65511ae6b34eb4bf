"""A test for each intended difference."""

import json

import pytest

from profiles.models import Profile
from tests.cast import PASSWORD
from tests.parity.differences import DIFFERENCES


def show(label):
    """Mark a test as the one for this difference."""
    return pytest.mark.parametrize("difference", [DIFFERENCES[label]], ids=[label])


def bad_request(response):
    return response.status_code == 200 and response.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


def update(graphql, cast, fields, token):
    return graphql.send(
        f'mutation {{ updateProfile(input: {{id: "{cast["owner"].node_id}", {fields}}}) {{ errors {{ code }} }} }}',
        token=token,
    )


@show("names")
def test_names(cast, rest, graphql, difference):
    token = cast.token("owner")
    body = rest.send("GET", "/profiles/me/", token=token).json()
    me = graphql.send("{ me { pk id displayName visibility } }", token=token).json()["data"]["me"]
    assert (body["id"], body["node_id"], body["visibility"]) == (me["pk"], me["id"], me["visibility"].lower())
    assert body["display_name"] == me["displayName"]


@show("who last wrote it")
def test_who_last_wrote_it(cast, rest, graphql, difference):
    token = cast.token("owner")
    body = rest.send("PATCH", "/profiles/me/", {"bio": "B"}, token=token).json()
    me = graphql.send("{ me { updatedBy { pk username } } }", token=token).json()["data"]["me"]
    assert (body["updated_by"], me["updatedBy"]) == (cast.pk("owner"), {"pk": cast.pk("owner"), "username": "owner"})


@show("a value of another type")
def test_a_value_of_another_type(cast, rest, graphql, difference):
    token = cast.token("owner")
    assert [e[:2] for e in rest.update(cast.pk("owner"), {"bio": 1}, token=token).errors] == [("invalid", "bio")]
    assert bad_request(update(graphql, cast, "bio: 1", token))


@show("a field that does not exist")
def test_a_field_that_does_not_exist(cast, rest, graphql, difference):
    token = cast.token("owner")
    assert [e[:2] for e in rest.update(cast.pk("owner"), {"x": 1}, token=token).errors] == [("unknown", "x")]
    assert bad_request(update(graphql, cast, "x: 1", token))


@show("a choice that does not exist")
def test_a_choice_that_does_not_exist(cast, rest, graphql, difference):
    token = cast.token("owner")
    answer = rest.update(cast.pk("owner"), {"visibility": "secret"}, token=token)
    assert [e[:2] for e in answer.errors] == [("invalid_choice", "visibility")]
    assert bad_request(update(graphql, cast, "visibility: SECRET", token))


@show("what the server keeps, in an input")
def test_what_the_server_keeps(cast, rest, graphql, difference):
    token = cast.token("owner")
    assert rest.update(cast.pk("owner"), {"created_at": "x"}, token=token).outcome == "done"
    assert bad_request(update(graphql, cast, 'createdAt: "x"', token))


@show("invalid input")
def test_invalid_input(cast, rest, graphql, difference):
    token = cast.token("owner")
    assert rest.send("PATCH", "/profiles/me/", {"email": "x"}, token=token).status_code == 400
    response = update(graphql, cast, 'email: "x"', token)
    assert (response.status_code, response.json()["data"]["updateProfile"]["errors"]) == (200, [{"code": "invalid"}])


@show("a refusal")
def test_a_refusal(cast, rest, graphql, difference):
    token = cast.token("member")
    for pk, status, code in ((cast.pk("hidden"), 404, "NOT_FOUND"), (cast.pk("shown"), 403, "FORBIDDEN")):
        assert rest.send("PATCH", f"/profiles/{pk}/", {}, token=token).status_code == status
        response = graphql.send(
            "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { errors { code } } }",
            {"input": {"id": next(p for p in cast.profiles.values() if p.pk == pk).node_id}},
            token=token,
        )
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (200, code)


@show("credentials left out")
def test_credentials_left_out(db, rest, graphql, difference):
    body = rest.send("POST", "/auth/token/", {}).json()
    assert [(e["code"], e["attr"]) for e in body["errors"]] == [("required", "username"), ("required", "password")]
    assert bad_request(graphql.send("mutation { tokenAuth { token } }"))


@show("two sets of credentials at once")
def test_two_sets_of_credentials_at_once(cast, rest, graphql, difference):
    assert [rest.sign_in("owner", PASSWORD).outcome for _ in range(2)] == ["done", "done"]
    one = f'tokenAuth(username: "owner", password: "{PASSWORD}") {{ token }}'
    assert bad_request(graphql.send(f"mutation {{ a: {one} b: {one} }}"))


@show("a tag that still holds")
def test_a_tag_that_still_holds(cast, rest, graphql, difference):
    token = cast.token("owner")
    me = graphql.send("{ me { etag } }", token=token).json()["data"]["me"]
    assert rest.send("GET", "/profiles/me/", token=token, if_none_match=me["etag"]).status_code == 304


@show("a list's arguments that are wrong")
def test_a_lists_arguments_that_are_wrong(cast, rest, graphql, difference):
    [error] = rest.list(page_size=0).errors
    assert error[:2] == ("min_value", "page_size")
    assert graphql.list(page_size=0).errors == (("BAD_REQUEST", None, error[2]),)


@show("an export")
def test_an_export(cast, rest, graphql, difference):
    token = cast.token("owner")
    link = graphql.send("{ me { export { url } } }", token=token).json()["data"]["me"]["export"]["url"]
    assert link == f"https://testserver/profiles/{cast.pk('owner')}/export/"
    response = rest.client.get(link, headers={"authorization": f"Bearer {token}"})
    assert response.streaming
    assert json.loads(b"".join(response))["profile"]["username"] == "owner"


@show("a page of long texts")
def test_a_page_of_long_texts(cast, rest, graphql, settings, difference):
    settings.GRAPHQL_LIMITS = settings.GRAPHQL_LIMITS | {"bytes": 20_000}
    Profile.objects.filter(pk=cast.pk("shown")).update(bio="é" * 2_000)
    assert len(rest.send("GET", "/profiles/?page_size=1&username=shown").content) > 2_000
    refused = graphql.send('{ profiles(first: 1, filter: {username: "shown"}) { edges { node { bio } } } }').json()
    assert refused["errors"][0]["extensions"]["limit"] == "bytes"


@show("the scopes for a member")
def test_the_scopes_for_a_member(cast, rest, graphql, difference):
    token, pk = cast.personal_token("owner", "listProfileHistory"), cast.pk("owner")
    assert rest.history(pk, token=token).outcome == "done"
    assert graphql.history(pk, token=token).outcome == "FORBIDDEN"
    both = cast.personal_token("owner", "listProfileHistory", "getProfile")
    assert graphql.history(pk, token=both) == rest.history(pk, token=both)


@show("a document that is not registered")
def test_a_document_that_is_not_registered(cast, rest, graphql, settings, difference):
    settings.GRAPHQL_DOCUMENTS = "registered"
    token = cast.token("owner")
    assert rest.view_me(token=token).outcome == "done"
    assert rest.update(cast.pk("owner"), {"bio": "B"}, token=token).outcome == "done"
    assert graphql.send("{ me { pk } }", token=token).json()["errors"][0]["extensions"]["code"] == "DOCUMENT_UNKNOWN"


@show("a key of more than 32 bits")
def test_a_key_of_more_than_32_bits(cast, rest, graphql, difference):
    token = cast.token("owner")
    assert rest.view(2**31, token=token).outcome == "NOT_FOUND"
    assert bad_request(graphql.send(f"{{ profile(pk: {2**31}) {{ pk }} }}", token=token))


def test_each_difference_is_shown():
    shown = {
        label
        for test in globals().values()
        for mark in getattr(test, "pytestmark", [])
        for label in mark.kwargs.get("ids", [])
    }
    assert shown == set(DIFFERENCES)
