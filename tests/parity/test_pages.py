"""The tags of pages: a client that has a page is spared it, through a batch too. GraphQL's clients cache by id."""

import pytest

from profiles.core.policy import Action
from tests.parity.conftest import acting
from tests.parity.test_resources import a_text, every_resource

SPARED = ("Cache-Control", "Vary", "RateLimit-Policy", "Content-Language")  # what a 304 tells as a 200 does


@pytest.fixture
def row(resource, rows, cast):
    return next(row for row in rows if resource.policy.can(acting(cast, "owner"), Action.VIEW_HISTORY, row))


@pytest.fixture(params=["/{plural}/", "/{plural}/?page_size=100&count=true", "/{plural}/{pk}/history/?page_size=5"])
def path(request, resource, row):
    return request.param.format(plural=resource.plural, pk=row.pk)


def write(resource_apis, resource, row, cast, text):
    assert resource_apis[0].update(row.pk, {a_text(resource): text}, token=cast.token("owner")).outcome == "done"


@every_resource
def test_a_page_has_a_weak_tag_that_spares_the_body(resource, path, rest, cast):
    token = cast.token("owner")
    page = rest.send("GET", path, token=token)
    tag = page.headers["ETag"]
    assert tag.startswith('W/"')
    for value in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        for method in ("GET", "HEAD"):
            spared = rest.send(method, path, token=token, if_none_match=value)
            assert (spared.status_code, spared.content, spared.headers["ETag"]) == (304, b"", tag)
            assert [spared.headers[name] for name in SPARED] == [page.headers[name] for name in SPARED]
            assert "Content-Type" not in spared.headers
    assert rest.send("GET", path, token=token, if_none_match='W/"other"').json() == page.json()


@every_resource
def test_a_tag_is_of_what_is_shown_now(resource, path, row, resource_apis, rest, cast):
    token = cast.token("owner")
    tag = rest.send("GET", path, token=token).headers["ETag"]
    write(resource_apis, resource, row, cast, "New.")
    again = rest.send("GET", path, token=token, if_none_match=tag)
    assert (again.status_code, again.headers["ETag"] != tag) == (200, True)


@every_resource
def test_a_tag_is_of_what_this_caller_is_shown(resource, row, rest, cast):
    path = f"/{resource.plural}/"
    asked = [("owner", path), ("staff", path), ("owner (read)", path), ("owner", f"{path}?fields=id")]
    tags = {rest.send("GET", each, token=cast.token(actor)).headers["ETag"] for actor, each in asked}
    assert len(tags) == len(asked)


@every_resource
def test_a_batch_spares_a_page_too(resource, path, rest, cast):
    token = cast.token("owner")
    alone = rest.send("GET", path, token=token)
    reads = [{"path": path}, {"path": path, "if_none_match": alone.headers["ETag"]}]
    whole, spared = rest.send("POST", "/batch/", reads, token=token).json()
    assert whole == {"status": 200, "etag": alone.headers["ETag"], "body": alone.json()}
    assert spared == {"status": 304, "etag": alone.headers["ETag"], "body": None}


def test_a_page_that_the_caller_may_not_see_is_not_told_of_by_its_tag(rest, cast):
    path = f"/profiles/{cast.pk('owner')}/history/"
    tag = rest.send("GET", path, token=cast.token("owner")).headers["ETag"]
    refused = rest.send("GET", path, token=cast.token("member"), if_none_match=tag)
    assert refused.status_code == 403
    assert "ETag" not in refused.headers


@pytest.mark.parametrize("path", ["/profiles/?page_size=x", "/profiles/?unknown=1", "/profiles/2000000000/history/"])
def test_an_error_has_no_tag(path, rest, cast):
    refused = rest.send("GET", path, token=cast.token("owner"), if_none_match="*")
    assert refused.status_code in (400, 404)
    assert "ETag" not in refused.headers


def test_what_is_no_page_is_as_before(rest, cast):
    token = cast.token("owner")
    several = rest.send("PATCH", "/profiles/", [{"id": cast.pk("owner"), "bio": "x"}], token=token, if_none_match="*")
    assert (several.status_code, "ETag" in several.headers) == (200, False)
    assert "ETag" not in rest.send("OPTIONS", "/profiles/", token=token, if_none_match="*").headers
    export = rest.send("GET", f"/profiles/{cast.pk('owner')}/export/", token=token, if_none_match="*")
    assert (export.status_code, "ETag" in export.headers) == (200, False)
