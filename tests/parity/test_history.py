"""The history in both APIs: the same rows and cursors."""

import pytest

from profiles.core import writing
from profiles.core.actors import Actor
from profiles.core.models import Source
from profiles.core.pages import DEFAULT_SIZE, MOST
from profiles.models import Profile

WRITES = 25


@pytest.fixture
def written(cast):
    """Writes to `owner`. The last is by staff, to a field that the owner may not read."""
    for number in range(WRITES - 1):
        source = list(Source)[number % len(Source)]
        writing.update(cast["owner"], {"bio": f"bio {number}"}, actor=Actor(cast["owner"]), source=source)
    values = {"is_active": False, "display_name": "Seen to"}
    writing.update(cast["owner"], values, actor=Actor(cast["staff"]), source=Source.ADMIN)
    Profile.objects.filter(pk=cast.pk("owner")).update(is_active=True)
    return cast


def both(apis, *arguments, **page):
    """The history, equal in both APIs."""
    rest, graphql = (api.history(*arguments, **page) for api in apis)
    assert rest == graphql
    return rest


@pytest.mark.parametrize(
    ("actor", "target", "outcome"),
    [
        ("owner", "owner", "done"),
        ("owner (read)", "owner", "done"),
        ("staff", "hidden", "done"),
        ("staff (read)", "gone", "done"),
        ("member", "known", "FORBIDDEN"),
        ("member", "hidden", "NOT_FOUND"),
        ("anonymous", "shown", "UNAUTHENTICATED"),
        ("anonymous", "hidden", "UNAUTHENTICATED"),
    ],
)
def test_who_may_read_it(cast, apis, actor, target, outcome):
    assert both(apis, cast.pk(target), token=cast.token(actor)).outcome == outcome


@pytest.mark.parametrize(
    ("actor", "target", "outcome"), [("member", "known", "FORBIDDEN"), ("member", "hidden", "NOT_FOUND")]
)
def test_who_may_not_read_it_learns_nothing_from_errors(cast, apis, actor, target, outcome):
    assert both(apis, cast.pk(target), token=cast.token(actor), page_size=0).outcome == outcome


def test_a_row_says_who_when_where_and_what(written, apis):
    rows = both(apis, written.pk("owner"), token=written.token("staff"), page_size=2).body["rows"]
    change = Profile.objects.get(username="owner").history.get(version=WRITES + 1)
    assert rows[0] == {
        "version": WRITES + 1,
        "at": change.at.isoformat().replace("+00:00", "Z"),
        "actor": written.pk("staff"),
        "source": "admin",
        "request_id": None,
        "changes": [
            {"field": "is_active", "from": True, "to": False},
            {"field": "display_name", "from": "", "to": "Seen to"},
        ],
    }
    assert rows[1]["changes"] == [{"field": "bio", "from": "bio 22", "to": "bio 23"}]


def test_an_owner_is_shown_neither_who_nor_what_it_may_not_see(written, apis):
    row = both(apis, written.pk("owner"), token=written.token("owner"), page_size=1).body["rows"][0]
    assert row["actor"] is None  # by staff, who is private
    assert row["changes"] == [{"field": "display_name", "from": "", "to": "Seen to"}]


@pytest.mark.parametrize("size", [1, 4, 5, 24, 25, 26, MOST])
def test_pages_lead_through_all_of_it_and_back(written, apis, size):
    pk, token = written.pk("owner"), written.token("owner")
    pages, cursor = [], None
    while not pages or cursor:
        page = both(apis, pk, token=token, page_size=size, **({"cursor": cursor} if cursor else {})).body
        pages.append(page)
        cursor = page["next"]
    versions = [row["version"] for page in pages for row in page["rows"]]
    assert versions == list(range(WRITES + 1, 1, -1))
    assert pages[0]["previous"] is None
    for page, following in zip(pages[-2::-1], pages[:0:-1], strict=True):
        back = both(apis, pk, token=token, page_size=size, cursor=following["previous"], direction="back").body
        assert back["rows"] == page["rows"]
        assert back["next"] == page["next"]


def test_a_page_has_a_size_of_its_own(written, apis):
    assert len(both(apis, written.pk("owner"), token=written.token("owner")).body["rows"]) == DEFAULT_SIZE


def test_the_last_page_is_reached_from_the_end(written, apis):
    page = both(apis, written.pk("owner"), token=written.token("owner"), page_size=3, direction="back").body
    assert [row["version"] for row in page["rows"]] == [4, 3, 2]
    assert page["next"] is None


def test_a_row_that_comes_meanwhile_moves_nothing(written, apis):
    pk, token = written.pk("owner"), written.token("owner")
    first = both(apis, pk, token=token, page_size=3).body
    writing.update(written["owner"], {"bio": "Meanwhile."}, actor=Actor(written["owner"]), source=Source.REST)
    second = both(apis, pk, token=token, page_size=3, cursor=first["next"]).body
    assert [row["version"] for row in first["rows"] + second["rows"]] == [26, 25, 24, 23, 22, 21]


@pytest.mark.parametrize(
    "cursor", ["x", "", "é", "e30", "WyItdmVyc2lvbiJd", "WyItdmVyc2lvbiIsIjEiXQ", "WyJhIiwxXQ", "W" * 500]
)
def test_a_cursor_of_nowhere_is_an_error(written, rest, graphql, cursor):
    pk, token = written.pk("owner"), written.token("owner")
    assert rest.history(pk, token=token, cursor=cursor).errors[0][:2] in (("invalid", "cursor"), ("blank", "cursor"))
    assert graphql.history(pk, token=token, cursor=cursor).outcome == "BAD_REQUEST"


@pytest.mark.parametrize("size", [0, -1, MOST + 1])
def test_a_page_of_no_size_is_an_error(written, rest, graphql, size):
    pk, token = written.pk("owner"), written.token("owner")
    [error] = rest.history(pk, token=token, page_size=size).errors
    assert error[1] == "page_size"
    assert graphql.history(pk, token=token, page_size=size).errors[0] == ("BAD_REQUEST", None, error[2])


def test_a_parameter_that_there_is_not_is_an_error(written, rest):
    answer = rest.history(written.pk("owner"), token=written.token("owner"), pagesize=3)
    assert [error[:2] for error in answer.errors] == [("unknown", "pagesize")]


def test_both_ends_at_once_is_an_error(written, graphql):
    query = "{ me { history(first: 1, last: 1) { edges { cursor } } } }"
    response = graphql.send(query, token=written.token("owner"))
    assert response.json()["errors"][0]["message"] == "Give first and after, or last and before."


def test_links_lead_where_the_body_does(written, rest):
    response = rest.send("GET", f"/profiles/{written.pk('owner')}/history/?page_size=3", token=written.token("owner"))
    assert response.headers["Link"] == f'<{response.json()["next"]}>; rel="next"'


def test_a_page_is_one_statement_more_than_its_profile(written, apis, django_assert_num_queries):
    token = written.token("staff")
    for api in apis:
        with django_assert_num_queries(3):
            api.history(written.pk("owner"), token=token, page_size=20)
