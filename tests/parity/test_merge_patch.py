"""Merge patches (RFC 7396): a null takes a field back to its default, as a replacement without the field does."""

import json

import pytest
from rest_framework.fields import empty

from profiles.core.policy import Action
from tests.parity.conftest import acting
from tests.parity.test_resources import every_resource
from tests.state import stored, undone

MERGE_PATCH = "application/merge-patch+json"
OTHER_VALUES = {  # than the defaults, where a text will not do
    "website": "https://example.com",
    "time_zone": "Europe/Madrid",
    "language": "es",
    "visibility": "public",
}


@pytest.fixture
def row(resource, rows, cast):
    return next(row for row in rows if resource.policy.can(acting(cast, "owner"), Action.UPDATE, row))


@pytest.fixture
def patch(rest, resource, row, cast):
    """A function that sends a merge patch to a row as its owner."""

    def send(values, **given):
        path = f"/{resource.plural}/{row.pk}/"
        return rest.send("PATCH", path, values, **{"token": cast.token("owner"), "media_type": MERGE_PATCH} | given)

    return send


def writable(resource, row, cast):
    """The fields that the row's owner may write, by name, with whether each has a default."""
    serializer = resource.serializer(context={"actor": acting(cast, "owner")})
    fields = {name: serializer.fields[name] for name in serializer.writable_names(row)}
    return {name: field.default is not empty for name, field in fields.items()}


def other_value(resource, name):
    is_flag = isinstance(resource.serializer().fields[name].default, bool)
    return not resource.serializer().fields[name].default if is_flag else OTHER_VALUES.get(name, "Text")


@every_resource
def test_a_null_is_the_default_of_a_replacement(resource, row, patch, cast, resource_apis):
    token = cast.token("owner")
    removed = [name for name, has_default in writable(resource, row, cast).items() if has_default]
    assert removed
    changed = resource_apis[0].update(row.pk, {name: other_value(resource, name) for name in removed}, token=token)
    kept = {name: changed.body[name] for name, has in writable(resource, row, cast).items() if not has}
    with undone():
        expected = resource_apis[1].replace(row.pk, kept, token=token).body
    for name in removed:
        assert changed.body[name] != expected[name]
        with undone():
            answer = patch({name: None})
            assert answer.status_code == 200
            assert answer.json()[name] == expected[name]
            assert all(answer.json()[other] == changed.body[other] for other in removed if other != name)
    without = patch(dict.fromkeys(removed)).json()
    assert without | {"updated_at": None} == expected | {"updated_at": None}


@every_resource
def test_a_null_is_refused_where_there_is_no_default_and_in_plain_json(resource, row, patch, cast):
    before = stored(resource)
    for name, has_default in writable(resource, row, cast).items():
        for media_type in ["application/json", *([] if has_default else [MERGE_PATCH])]:
            answer = patch({name: None}, media_type=media_type)
            assert answer.status_code == 400
            assert [(error["code"], error["attr"]) for error in answer.json()["errors"]] == [("null", name)]
    assert stored(resource) == before


@every_resource
def test_a_member_that_is_no_null_is_written_as_by_plain_json(resource, row, patch, cast):
    values = {name: other_value(resource, name) for name, has in writable(resource, row, cast).items() if has}
    answers = []
    for media_type in ("application/json", MERGE_PATCH):
        with undone():
            answers.append(patch(values, media_type=media_type).json() | {"updated_at": None})
    assert answers[0] == answers[1]
    assert {name: answers[1][name] for name in values} == values


@every_resource
@pytest.mark.parametrize("body", [[], [{"id": 1}], "text", 1, None])
def test_a_patch_that_is_no_object_is_invalid(resource, row, patch, body):
    before = stored(resource)
    answer = patch(json.dumps(body))
    assert (answer.status_code, answer.json()["type"]) == (400, "validation_error")
    assert stored(resource) == before


@every_resource
def test_preconditions_and_unknown_fields_are_those_of_any_patch(resource, row, patch):
    before = stored(resource)
    assert patch({}, if_match='"0-stale"').status_code == 412
    assert patch({"version": row.version + 1}).status_code == 412
    for values, code in (({"nickname": None}, "unknown"), ({"id": None}, "read_only"), ({"version": None}, "invalid")):
        assert [error["code"] for error in patch(values).json()["errors"]] == [code]
    assert patch({"created_at": None, "updated_by": None, "editable_fields": None}).status_code == 200
    assert stored(resource) == before


def test_a_null_that_was_shown_for_a_hidden_field_changes_nothing(rest, cast):
    before = stored()
    token, path = cast.token("owner"), f"/profiles/{cast.pk('owner')}/"
    assert rest.send("GET", path, token=token).json()["is_active"] is None
    assert rest.send("PATCH", path, {"is_active": None}, token=token, media_type=MERGE_PATCH).status_code == 200
    assert stored() == before
    path, token = f"/profiles/{cast.pk('gone')}/", cast.token("staff")
    staff = rest.send("PATCH", path, {"is_active": None}, token=token, media_type=MERGE_PATCH)
    assert staff.json()["is_active"] is True


# Which path takes it


@pytest.mark.parametrize("path", ["/profiles/{pk}", "/profiles/{pk}/", "/profiles/me/"])
def test_a_path_says_what_its_patch_takes(path, rest, cast):
    path, token = path.format(pk=cast.pk("owner")), cast.token("owner")
    both = f"application/json, {MERGE_PATCH}"
    assert rest.send("OPTIONS", path, token=token).headers["Accept-Patch"] == both
    refused = rest.send("PATCH", path, "bio=x", token=token, media_type="application/x-www-form-urlencoded")
    assert (refused.status_code, refused.headers["Accept-Patch"]) == (415, both)
    latin = rest.send("PATCH", path, "{}", token=token, media_type=f"{MERGE_PATCH}; charset=latin-1")
    assert (latin.status_code, latin.headers["Accept-Patch"]) == (415, both)
    assert rest.send("PATCH", path, "{}", token=token, media_type=f"{MERGE_PATCH}; charset=utf-8").status_code == 200


def test_a_list_takes_no_merge_patch_because_it_would_replace_the_list(rest, cast):
    token = cast.token("owner")
    refused = rest.send("PATCH", "/profiles/", [], token=token, media_type=MERGE_PATCH)
    assert (refused.status_code, refused.headers["Accept-Patch"]) == (415, "application/json")
    assert rest.send("OPTIONS", "/profiles/", token=token).headers["Accept-Patch"] == "application/json"


@pytest.mark.parametrize("path", ["/profiles/by-username/owner/", "/profiles/me/history/", "/auth/token/", "/batch/"])
def test_a_path_without_patch_says_nothing_of_it(path, rest, cast):
    assert "Accept-Patch" not in rest.send("OPTIONS", path, token=cast.token("owner")).headers


@pytest.mark.parametrize(("method", "path"), [("PUT", "/profiles/me/"), ("POST", "/profiles/"), ("POST", "/batch/")])
def test_other_methods_take_no_merge_patch(method, path, rest, cast):
    assert rest.send(method, path, "{}", token=cast.token("owner"), media_type=MERGE_PATCH).status_code == 415
