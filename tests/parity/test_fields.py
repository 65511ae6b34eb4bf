"""A subset of a row's fields: REST's `?fields=`, and a GraphQL document's selection."""

import re
from datetime import UTC, datetime

import pytest

from profiles.core.outcomes import InvalidCode
from profiles.core.preconditions import entity_tag
from profiles.core.serializers import columns_of
from profiles.models import Profile
from profiles.serializers import ProfileSerializer
from tests.apis import camel
from tests.cast import PASSWORD
from tests.parity.test_matrix import ACTORS
from tests.state import stored

NAMES = ProfileSerializer().names
CHOICES = [[name] for name in NAMES] + [NAMES, ["username", "email", "visibility"], ["updated_by", "editable_fields"]]
OF_GRAPHQL = {"id": "pk", "node_id": "id", "updated_by": "updatedBy { pk }"}


def selected(names):
    return " ".join(OF_GRAPHQL.get(name, camel(name)) for name in names)


@pytest.mark.parametrize("names", CHOICES, ids=",".join)
@pytest.mark.parametrize("actor", ["anonymous", "member", "owner", "staff"])
def test_a_row_has_the_fields_that_are_asked_for(names, actor, cast, rest, graphql):
    token = cast.token(actor)
    for target in ("shown", "owner", "mailed"):
        whole = rest.view(cast.pk(target), token=token)
        some = rest.answer(rest.send("GET", f"/profiles/{cast.pk(target)}/?fields={','.join(names)}", token=token))
        if whole.outcome != "done":
            assert some == whole
            continue
        assert some.body == {name: whole.body[name] for name in names}
        assert some.etag == entity_tag(some.body, whole.body["version"])
        query = f"{{ answer: profile(pk: {cast.pk(target)}) {{ {selected(names)} }} }}"
        shown = graphql.send(query, token=token).json()["data"]["answer"]
        for name in names:
            value = shown[OF_GRAPHQL.get(name, camel(name)).split()[0]]
            expected = some.body[name]
            assert (value and value["pk"] if name == "updated_by" else value) == spelled(name, expected)


def spelled(name, value):
    """A value in GraphQL's spelling."""
    if name in ("visibility", "language"):
        return value and value.upper()
    return [camel(each) for each in value] if name == "editable_fields" else value


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("names", CHOICES, ids=",".join)
def test_a_list_has_the_fields_that_are_asked_for(actor, names, cast, rest):
    token = cast.token(actor)
    whole = rest.list(token=token, page_size=100, ordering="username").body
    some = rest.list(token=token, page_size=100, ordering="username", fields=",".join(names)).body
    assert some["rows"] == [{name: row[name] for name in names} for row in whole["rows"]]


def test_the_pages_of_a_list_keep_its_fields(cast, rest):
    rows, token = [], cast.token("staff")
    path = "/profiles/?page_size=2&fields=username,version"
    while path:
        body = rest.send("GET", path, token=token).json()
        rows += body["results"]
        path = body["next"]
    assert len(rows) == len(cast.profiles)
    assert all(row.keys() == {"username", "version"} for row in rows)


@pytest.mark.parametrize("wrong", ["password", "", "username,", "username, email", "USERNAME", "bio,nothing", "pk"])
@pytest.mark.parametrize("path", ["/profiles/me/", "/profiles/", "/profiles/by-username/shown/"])
def test_a_field_that_there_is_not_is_an_error(wrong, path, cast, rest):
    answer = rest.answer(rest.send("GET", f"{path}?fields={wrong}", token=cast.token("owner")))
    assert answer.outcome == "invalid"
    ((code, attr, message),) = answer.errors
    assert (code, attr) == (InvalidCode.UNKNOWN, "fields")
    assert "The fields are: id, node_id, username" in message


def test_a_tag_stands_for_its_own_fields(cast, rest):
    token, path = cast.token("owner"), f"/profiles/{cast.pk('owner')}/"
    tags = [rest.answer(rest.send("GET", p, token=token)).etag for p in (path, f"{path}?fields=bio")]
    assert tags[0] != tags[1]
    for asked, tag, status in (
        (f"{path}?fields=bio", tags[1], 304),
        (f"{path}?fields=bio", tags[0], 200),
        (path, tags[1], 200),
    ):
        assert rest.send("GET", asked, token=token, if_none_match=tag).status_code == status
    stale = rest.update(cast.pk("owner"), {"bio": "New."}, token=token, if_match=tags[1])
    assert stale.outcome == "CONFLICT"


def test_a_write_takes_no_fields(cast, rest):
    before = stored()
    path = f"/profiles/{cast.pk('owner')}/?fields=bio"
    response = rest.send("PATCH", path, {"bio": "New."}, token=cast.token("owner"))
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "unknown")
    assert stored() == before


def test_only_the_columns_that_are_needed_are_read(cast, rest, django_assert_num_queries):
    token = cast.token("owner")
    with django_assert_num_queries(2) as queries:
        rest.list(token=token, fields="username")
    sql = queries.captured_queries[1]["sql"].split(" FROM ")[0]
    assert '"username"' in sql
    for name in ("password", "bio", "sign_outs"):
        assert f'"{name}"' not in sql
    assert columns_of(ProfileSerializer, tuple(NAMES), related=False) is not None


def test_every_instant_has_microseconds(cast, apis):
    """All timestamps have one format and one length."""
    on_the_second = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    Profile.objects.filter(pk=cast.pk("owner")).update(created_at=on_the_second)
    for api in apis:
        assert api.view_me(token=cast.token("owner")).body["created_at"] == "2026-01-02T03:04:05.000000Z"
        signed_in = api.sign_in("owner", PASSWORD).body
        for name in ("expires_at", "refresh_expires_at"):
            assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z", signed_in[name])
