"""Several reads in one request, by REST's batch and GraphQL's `nodes`: each result equals that of a single read."""

from itertools import groupby

import pytest

from profiles.identity.throttling import counter
from profiles.models import Profile
from tests.apis import BatchAPI
from tests.cast import NOBODY
from tests.parity.cases import CASES
from tests.parity.test_cases import check_answer, perform
from tests.parity.test_matrix import ACTORS

READS = [case for case in CASES if case.operation.startswith("view")]
OF_ROWS = {
    actor: list(cases) for actor, cases in groupby(sorted(READS, key=lambda case: case.actor), lambda c: c.actor)
}
LISTS = ("/profiles/?page_size=3", "/profiles/?search=a&count=true", "/profiles/?is_active=false", "/profiles/?page=2")


@pytest.fixture
def batch(client):
    return BatchAPI(client)


def paths(cast):
    """A path of each kind: existing and missing rows, valid, forbidden and invalid lists, and histories."""
    rows = [f"/profiles/{cast.pk(name)}/" for name in ("shown", "hidden", "owner")]
    histories = [f"/profiles/{cast.pk('owner')}/history/?page_size=1", "/profiles/me/history"]
    return [*rows, f"/profiles/{NOBODY}", "/profiles/me/", "/profiles/by-username/SHOWN/", *LISTS, *histories]


def alone(rest, path, token):
    response = rest.send("GET", path, token=token)
    return {"status": response.status_code, "etag": response.headers.get("ETag"), "body": response.json()}


@pytest.mark.parametrize("case", READS, ids=lambda case: case.label)
def test_a_read_of_the_table_is_answered_in_a_batch_as_alone(case, cast, rest, batch):
    answer = perform(batch, case, cast)
    check_answer(case, answer)
    assert answer == perform(rest, case, cast)


@pytest.mark.parametrize("actor", ACTORS)
def test_each_read_is_answered_as_its_own_get(actor, cast, rest):
    token = cast.token(actor)
    wanted = paths(cast)
    for some in (wanted[:6], wanted[6:]):
        response = rest.send("POST", "/batch/", [{"path": path} for path in some], token=token)
        assert response.json() == [alone(rest, path, token) for path in some]


@pytest.mark.parametrize("actor", ACTORS)
def test_nodes_are_the_rows_of_a_batch(actor, cast, rest, graphql):
    token, profiles = cast.token(actor), list(cast.profiles.values())[:10]
    response = rest.send("POST", "/batch/", [{"path": f"/profiles/{each.pk}/"} for each in profiles], token=token)
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ...Whole } }" + graphql.whole
    body = graphql.send(query, {"ids": [each.node_id for each in profiles]}, token=token).json()
    errors = {error["path"][1]: error for error in body.get("errors", ())}
    for number, (read, node) in enumerate(zip(response.json(), body["data"]["nodes"], strict=True)):
        if node is None:
            (refused,) = read["body"]["errors"]
            assert (refused["code"], refused["detail"]) == (
                errors[number]["extensions"]["code"],
                errors[number]["message"],
            )
        else:
            shown = graphql.done(node)
            assert (read["status"], read["body"], read["etag"]) == (200, shown.body, shown.etag)


def test_a_row_that_the_client_has_is_not_sent_again(cast, rest, graphql):
    path, tag = f"/profiles/{cast.pk('shown')}/", graphql.view(cast.pk("shown")).etag
    reads = [{"path": path, "if_none_match": each} for each in (tag, '"0-stale"')]
    same, other = rest.send("POST", "/batch/", reads, if_none_match='"0-stale"').json()
    assert same == {"status": 304, "etag": tag, "body": None}
    assert (other["status"], other["body"]["username"]) == (200, "shown")


def test_a_list_leads_on_by_paths_of_its_own(cast, rest):
    token = cast.token("staff")
    (first,) = rest.send("POST", "/batch/", [{"path": "/profiles/?page_size=2"}], token=token).json()
    assert first["body"] == rest.send("GET", "/profiles/?page_size=2", token=token).json()
    path = first["body"]["next"].removeprefix("https://testserver")
    (second,) = rest.send("POST", "/batch/", [{"path": path}], token=token).json()
    assert second["body"]["previous"]
    assert not {row["id"] for row in first["body"]["results"]} & {row["id"] for row in second["body"]["results"]}


@pytest.mark.parametrize(
    ("reads", "operations"),
    [
        (["/profiles/me/"], 1),
        (["/profiles/me/"] * 10, 10),
        (["/profiles/?search=a", "/profiles/?count=true", "/profiles/"], 6 + 21 + 1),
    ],
)
def test_each_read_counts_as_its_own_get(reads, operations, cast, rest, settings):
    settings.READ_LIMIT = "100 per minute"
    token = cast.token("owner")
    response = rest.send("POST", "/batch/", [{"path": path} for path in reads], token=token)
    assert response.headers["RateLimit"].startswith(f'"reads";r={100 - operations};')


def test_what_does_not_pass_is_not_read(cast, rest, settings, django_assert_num_queries):
    settings.READ_LIMIT = "4 per minute"
    token = cast.token("owner")
    with django_assert_num_queries(1):  # the caller
        response = rest.send("POST", "/batch/", [{"path": "/profiles/me/"}] * 5, token=token)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (429, "THROTTLED")
    assert rest.send("POST", "/batch/", [{"path": "/profiles/me/"}] * 4, token=token).status_code == 200


def test_the_caller_is_identified_once(cast, rest, django_assert_num_queries):
    token, reads = cast.token("owner"), [{"path": f"/profiles/{cast.pk('shown')}/"}] * 10
    with django_assert_num_queries(1 + len(reads)):
        assert rest.send("POST", "/batch/", reads, token=token).status_code == 200


@pytest.mark.parametrize(
    ("sent", "attr"),
    [
        ({}, None),
        ([], None),
        ([{"path": "/profiles/"}] * 11, None),
        ([{"path": "/profiles/"}, "/profiles/"], None),
        ([{}], "0.path"),
        ([{"path": "/profiles/", "method": "DELETE"}], "0.method"),
        ([{"path": "/profiles/"}, {"path": "profiles/"}], "1.path"),
        *[
            ([{"path": path}], "0.path")
            for path in (
                "/",
                "/batch/",
                "/graphql/?query={me{pk}}",
                "/admin/",
                "/auth/token/",
                "/docs/",
                "/nothing/",
                "/profiles/me/export/",
                "/profiles/by-username/é/",
                "/profiles/by-username/%ff/",
                "/profiles/?location=%ff",
                "//example.com/profiles/",
                "https://example.com/profiles/",
                "/profiles/\x00",
            )
        ],
    ],
)
def test_what_is_no_read_is_an_invalid_input(sent, attr, cast, rest, settings):
    settings.READ_LIMIT = "100 per minute"
    response = rest.send("POST", "/batch/", sent, token=cast.token("owner"))
    assert response.status_code == 400, response.content
    assert [(error["code"], error["attr"]) for error in response.json()["errors"]] in (
        [("invalid", attr)],
        [("required", attr)],
        [("unknown", attr)],
    )
    assert response.headers["RateLimit"].startswith('"reads";r=99;')


def test_it_gives_way_to_short_requests(cast, rest, monkeypatch):
    waits = []
    monkeypatch.setattr("profiles.rest.batch.traffic.give_way", lambda patience: waits.append(patience) or patience / 2)
    assert rest.send("POST", "/batch/", [{"path": "/profiles/"}] * 3).status_code == 200
    assert waits == [0.2, 0.1, 0.05]


def test_it_writes_nothing(cast, rest):
    before = Profile.objects.order_by("pk").values()
    pk = cast.pk("owner")
    for method in ("PATCH", "PUT", "DELETE"):
        assert (
            rest.send(method, "/batch/", [{"path": f"/profiles/{pk}/"}], token=cast.token("owner")).status_code == 405
        )
    assert list(before.all()) == list(before)
    assert counter()
