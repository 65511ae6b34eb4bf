"""REST's HTTP: paths, entity tags and caches, methods, bodies."""

import json

import pytest

from profiles.core.parsers import MOST_NESTED
from profiles.models import Profile
from tests.cast import NOBODY, PASSWORD
from tests.state import stored


def error_codes(response):
    return [error["code"] for error in response.json()["errors"]]


@pytest.mark.parametrize("path", ["/profiles/{pk}", "/profiles/me", "/profiles/by-username/owner"])
def test_with_and_without_the_last_slash(cast, rest, path):
    path = path.format(pk=cast.pk("owner"))
    with_slash, without = (rest.send("GET", p, token=cast.token("owner")) for p in (path + "/", path))
    assert with_slash.status_code == without.status_code == 200
    assert with_slash.json() == without.json()


@pytest.mark.parametrize("path", ["/nowhere/", "/profiles/x/", "/profiles/1/2/", "/profiles/by-username/"])
def test_an_unknown_path_is_answered_in_json(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert error_codes(response) == ["NOT_FOUND"]


@pytest.mark.parametrize("pk", ["0", "01", NOBODY, 2**31, 2**63, 10**30, "9" * 5000])
def test_an_impossible_key_is_one_that_never_was(cast, rest, pk):
    assert rest.view(pk, token=cast.token("staff")).outcome == "NOT_FOUND"
    assert rest.view(pk).outcome == "UNAUTHENTICATED"


@pytest.mark.parametrize("username", ["a%00b", "%00", "%ff", "%ED%A0%80", "%E2%80%AE", "x" * 3000])
def test_what_no_username_looks_like(cast, rest, username):
    assert rest.view_by_username(username, token=cast.token("staff")).outcome == "NOT_FOUND"


@pytest.mark.parametrize("actor", ["member", "anonymous"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT"])
def test_the_invisible_and_what_never_was_are_equal_byte_for_byte(cast, rest, actor, method):
    body = None if method == "GET" else {"bio": "x"}
    answers = [
        rest.send(method, f"/profiles/{pk}/", body, token=cast.token(actor))
        for pk in (cast.pk("hidden"), cast.pk("gone"), NOBODY)
    ]
    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    headers = [
        {k: v for k, v in answer.headers.items() if k not in ("X-Request-ID", "RateLimit")} for answer in answers
    ]
    assert headers[0] == headers[1] == headers[2]


# Entity tags


@pytest.mark.parametrize("path", ["/profiles/{pk}/", "/profiles/by-username/owner/", "/profiles/me/"])
def test_a_read_of_what_is_no_longer_there_is_a_conflict(cast, rest, path):
    path, token = path.format(pk=cast.pk("owner")), cast.token("owner")
    tag = rest.send("GET", path, token=token).headers["ETag"]
    assert rest.send("GET", path, token=token, if_match=tag).status_code == 200
    stale = rest.send("GET", path, token=token, if_match='"stale"')
    assert (stale.status_code, stale.json()["errors"][0]["code"], stale.json()["version"]) == (412, "CONFLICT", 1)


NO_TAGS = ["nonsense", "", '"unfinished', 'w/"x"', '"x" "y"', '"a b"', "*, *"]


@pytest.mark.parametrize("value", NO_TAGS)
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/profiles/{pk}/", "/profiles/me/"])
def test_an_if_match_of_another_syntax_matches_nothing(cast, rest, path, method, value):
    before = stored()
    body = None if method in ("GET", "DELETE") else {"username": "owner", "email": "owner@example.com"}
    path = path.format(pk=cast.pk("owner"))
    response = rest.send(method, path, body, token=cast.token("owner"), if_match=value)
    assert (response.status_code, error_codes(response), response.json()["version"]) == (412, ["CONFLICT"], 1)
    assert stored() == before


def test_blanks_and_empty_elements_of_if_match_are_ignored(cast, rest):
    path, token = f"/profiles/{cast.pk('owner')}/", cast.token("owner")
    tag = rest.send("GET", path, token=token).headers["ETag"]
    for value in (" *\t", f" , {tag} ,, "):
        assert rest.send("GET", path, token=token, if_match=value).status_code == 200


@pytest.mark.parametrize("value", NO_TAGS)
def test_an_if_none_match_of_another_syntax_matches_nothing(cast, rest, value):
    path, token = f"/profiles/{cast.pk('owner')}/", cast.token("owner")
    assert rest.send("GET", path, token=token, if_none_match=value).status_code == 200
    assert rest.send("PATCH", path, {"bio": "B"}, token=token, if_none_match=value).status_code == 200


def test_if_none_match_compares_weakly(cast, rest):
    path, token = f"/profiles/{cast.pk('owner')}/", cast.token("owner")
    tag = rest.send("GET", path, token=token).headers["ETag"]
    assert rest.send("GET", path, token=token, if_none_match=f"W/{tag}").status_code == 304
    assert rest.send("PATCH", path, {"bio": "B"}, token=token, if_none_match=f'"x", W/{tag}').status_code == 412


@pytest.mark.parametrize("value", ["*", '"1-0123456789abcdef"', *NO_TAGS])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/profiles/", None),
        ("PATCH", "/profiles/", [{"id": "{pk}", "bio": "B"}]),
        ("PATCH", "/profiles/", []),
        ("POST", "/profiles/", {"username": "new", "email": "a@b.co", "password": PASSWORD}),
        ("GET", "/profiles/{pk}/history/", None),
        ("GET", "/profiles/me/history/", None),
        ("GET", "/profiles/{pk}/export/", None),
    ],
)
def test_if_match_is_refused_where_there_is_no_tag(cast, rest, method, path, body, value):
    before = stored()
    path, body = (
        path.format(pk=cast.pk("owner")),
        body and json.loads(json.dumps(body).replace('"{pk}"', str(cast.pk("owner")))),
    )
    response = rest.send(method, path, body, token=cast.token("owner"), if_match=value)
    assert (response.status_code, error_codes(response)) == (400, ["BAD_REQUEST"])
    assert stored() == before


def test_a_precondition_by_time_is_ignored_for_there_is_no_time(cast, rest):
    path, token = f"/profiles/{cast.pk('owner')}/", cast.token("owner")
    past = "Thu, 01 Jan 1970 00:00:00 GMT"
    for headers in ({"if_unmodified_since": past}, {"if_modified_since": past}):
        assert rest.send("GET", path, token=token, **headers).status_code == 200
        assert rest.send("PATCH", path, {"bio": "B"}, token=token, **headers).status_code == 200


def test_a_tag_spares_the_body_until_something_changes(cast, rest):
    token = cast.token("owner")
    path = f"/profiles/{cast.pk('owner')}/"
    tag = rest.send("GET", path, token=token).headers["ETag"]
    unchanged = rest.send("GET", path, token=token, if_none_match=f'"other", W/{tag}')
    assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", tag)
    written = rest.send("PATCH", path, {"bio": "New."}, token=token)
    assert written.headers["ETag"] != tag
    again = rest.send("GET", path, token=token, if_none_match=tag)
    assert (again.status_code, again.headers["ETag"]) == (200, written.headers["ETag"])


def test_a_tag_is_of_what_this_caller_sees(cast, rest):
    tags = {rest.view(cast.pk("shown"), token=cast.token(actor)).etag for actor in ("anonymous", "staff")}
    assert len(tags) == 2


def test_a_tag_changes_with_who_is_seen_to_have_written(cast, rest):
    Profile.objects.filter(username="shown").update(updated_by=cast["known"])
    before = rest.view(cast.pk("shown"), token=cast.token("member"))
    Profile.objects.filter(username="known").update(visibility="private")
    after = rest.view(cast.pk("shown"), token=cast.token("member"))
    assert (before.body["updated_by"], after.body["updated_by"]) == (cast.pk("known"), None)
    assert before.etag != after.etag


def test_a_cache_is_told_that_the_answer_is_the_callers(cast, rest):
    response = rest.send("GET", f"/profiles/{cast.pk('shown')}/")
    assert "Authorization" in response.headers["Vary"]
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_if_none_match_keeps_a_put_from_writing_over(cast, rest):
    before = stored()
    whole = {"username": "owner", "email": "owner@example.com"}
    response = rest.send("PUT", f"/profiles/{cast.pk('owner')}/", whole, token=cast.token("owner"), if_none_match="*")
    assert response.status_code == 412
    assert stored() == before


def test_get_change_and_put_back(cast, rest):
    path, token = f"/profiles/{cast.pk('owner')}/", cast.token("owner")
    body = rest.send("GET", path, token=token).json()
    response = rest.send("PUT", path, body | {"bio": "Changed."}, token=token)
    assert response.status_code == 200
    assert response.json() == body | {
        "bio": "Changed.",
        "version": 2,
        "updated_at": response.json()["updated_at"],
        "updated_by": cast.pk("owner"),
    }


def test_what_the_server_keeps_is_ignored_and_what_it_identifies_is_checked(cast, rest):
    token, pk = cast.token("owner"), cast.pk("owner")
    kept = {"created_at": "yesterday", "updated_at": None, "updated_by": 7, "editable_fields": ["all"]}
    assert rest.update(pk, kept, token=token).outcome == "done"
    for wrong in ({"id": pk + 1}, {"id": str(pk)}, {"id": True}, {"node_id": "x"}):
        assert [e[0] for e in rest.update(pk, wrong, token=token).errors] == ["read_only"]
    unknown = rest.update(pk, {"nickname": "x", "password": "y", "is_staff": True}, token=token)
    assert [e[:2] for e in unknown.errors] == [("unknown", n) for n in ("nickname", "password", "is_staff")]


def test_me_is_updated_and_replaced(cast, rest):
    token = cast.token("owner")
    assert rest.send("PATCH", "/profiles/me/", {"bio": "B"}, token=token).json()["bio"] == "B"
    whole = {"username": "owner", "email": "owner@example.com"}
    assert rest.send("PUT", "/profiles/me", whole, token=token).json()["bio"] == ""


# Methods and bodies


def test_a_method_that_a_path_does_not_take(cast, rest):
    for method, path in (
        ("POST", "/profiles/1/"),
        ("PATCH", "/profiles/by-username/owner/"),
        ("GET", "/auth/token/"),
    ):
        response = rest.send(method, path, token=cast.token("owner"))
        assert (response.status_code, error_codes(response)) == (405, ["METHOD_NOT_ALLOWED"])
        assert method not in response.headers["Allow"]


def test_a_body_that_is_not_json(cast, client):
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        response = client.patch(
            "/profiles/me/",
            b"bio=x",
            content_type=content_type,
            headers={"authorization": f"Bearer {cast.token('owner')}"},
        )
        assert (response.status_code, error_codes(response)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


UNREADABLE = {
    "nothing": b" ",
    "half": b'{"bio": ',
    "no UTF-8": b'{"bio": "\xff"}',
    "UTF-16": '{"bio": "x"}'.encode("utf-16"),
    "a name twice": b'{"bio": "a", "bio": "b"}',
    "a name twice, deep": b'{"bio": {"x": 1, "x": 2}}',
    "NaN": b'{"bio": NaN}',
    "infinity": b'{"bio": -Infinity}',
    "a number too large": b'{"bio": 1e999}',
    "an integer too long": b'{"bio": ' + b"9" * 5000 + b"}",
    "a name that is no text": b'{"\\ud800": 1}',
    "deep": b"[" * (MOST_NESTED + 1) + b"]" * (MOST_NESTED + 1),
    "bottomless": b"[" * 40_000,
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_json_that_cannot_be_read_is_the_clients_error_in_both_apis(cast, rest, client, body):
    before = stored()
    token = cast.token("owner")
    response = rest.send("PATCH", "/profiles/me/", body, token=token)
    assert (response.status_code, error_codes(response)) == (400, ["BAD_REQUEST"])
    other = client.post("/graphql/", body, content_type="application/json")
    assert other.status_code == 400
    assert other.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}
    assert other.json()["errors"][0]["message"] == response.json()["errors"][0]["detail"]
    if body.isascii():  # query strings are always text
        assert client.get("/graphql/", {"query": "{ me { pk } }", "variables": body}).status_code == 400
    assert stored() == before


def test_json_may_be_nested_as_deep_as_the_limit(client):
    body = (
        b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * (MOST_NESTED - 2) + b"]" * (MOST_NESTED - 2) + b"}}"
    )
    assert client.post("/graphql/", body, content_type="application/json").json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("path", ["/profiles/me/", "/graphql/"])
def test_a_body_that_is_too_large(cast, client, path):
    response = client.generic(
        "PATCH" if "me" in path else "POST",
        path,
        b'"' + b"x" * 102_400 + b'"',
        content_type="application/json",
        headers={"authorization": f"Bearer {cast.token('owner')}"},
    )
    assert response.status_code == 413
    assert b"CONTENT_TOO_LARGE" in response.content


@pytest.mark.parametrize("body", [[], "text", 1, True, None])
def test_a_body_that_is_no_object(cast, rest, body):
    response = rest.send("PATCH", "/profiles/me/", json.dumps(body), token=cast.token("owner"))
    assert response.status_code == 400
    assert response.json()["type"] == "validation_error"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"bio": 123}, "invalid"),
        ({"bio": 1.5}, "invalid"),
        ({"bio": True}, "invalid"),
        ({"bio": ["a"]}, "invalid"),
        ({"bio": {"a": 1}}, "invalid"),
        ({"username": 123}, "invalid"),
        ({"email": 1}, "invalid"),
        ({"website": []}, "invalid"),
        ({"time_zone": 0}, "invalid"),
        ({"email_public": "true"}, "invalid"),
        ({"email_public": 1}, "invalid"),
        ({"visibility": 1}, "invalid_choice"),
        ({"visibility": ["public"]}, "invalid_choice"),
        ({"visibility": "PUBLIC"}, "invalid_choice"),
        ({"visibility": "\ud800"}, "invalid_choice"),
        ({"version": "1"}, "invalid"),
        ({"version": 1.0}, "invalid"),
        ({"version": True}, "invalid"),
    ],
    ids=str,
)
def test_a_value_of_another_type_is_an_error_and_not_made_to_fit(cast, rest, values, code):
    before = stored()
    answer = rest.update(cast.pk("owner"), values, token=cast.token("owner"))
    assert [error[:2] for error in answer.errors] == [(code, next(iter(values)))]
    assert stored() == before


def test_the_start_page_says_where_to_look(db, client):
    for url in client.get("/").json().values():
        response = client.get(url.replace("https://testserver", ""))
        response.close()  # a page of the guide is a file
        assert response.status_code != 404
