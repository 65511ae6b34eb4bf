"""The lists in both APIs: the same rows, order and cursors."""

import base64
import json
from datetime import timedelta
from itertools import pairwise
from urllib.parse import urlencode

import pytest
from django.db.models import F
from django.utils import timezone

from profiles.core.actors import Actor
from profiles.core.outcomes import InvalidCode
from profiles.identity.throttling import counter
from profiles.models import Profile
from profiles.policy import Visibility
from profiles.resource import PROFILES

MANY = 60


@pytest.fixture
def crowd(cast):
    """Many more profiles of every visibility: some created at the same moment, every fourth disabled."""
    now = timezone.now()
    Profile.objects.bulk_create(
        Profile(
            username=("Zoe", "adam", "Bob", "eve")[n % 4] + f".{n}",
            email=f"{n}@example.com",
            display_name=f"Number {n}",
            location=("Graz", "GRAZ", "León", "")[n % 4],
            bio=("A gardener of roses.", "Writes compilers.", "")[n % 3],
            visibility=Visibility.values[n % 3],
            is_active=n % 4 != 3,
            created_at=now - timedelta(hours=n // 5),
            updated_at=now - timedelta(minutes=n // 7),
        )
        for n in range(MANY)
    )
    return cast


def both(apis, **wanted):
    rest, graphql = (api.list(**wanted) for api in apis)
    assert rest == graphql
    assert rest.outcome == "done", rest
    return rest.body


def names(page):
    return [row["username"] for row in page["rows"]]


@pytest.mark.parametrize("actor", ["anonymous", "member", "owner", "staff", "staff (read)"])
def test_only_what_the_actor_may_see(crowd, apis, actor):
    name = actor.partition(" ")[0]
    page = both(apis, token=crowd.token(actor), page_size=100, count="true")
    seen = Profile.objects.visible_to(Actor() if name == "anonymous" else Actor(crowd[name]))
    assert {row["id"] for row in page["rows"]} == set(seen.values_list("pk", flat=True))
    assert page["count"] == len(page["rows"])
    for row in page["rows"][:3]:
        assert row == apis[0].view(row["id"], token=crowd.token(actor)).body


@pytest.mark.parametrize("ordering", PROFILES.orderings)
@pytest.mark.parametrize("size", [1, 7, 100])
def test_pages_lead_through_all_of_it_and_back(crowd, apis, ordering, size):
    token = crowd.token("staff")
    pages, cursor = [], None
    while not pages or cursor:
        wanted = {"cursor": cursor} if cursor else {}
        pages.append(both(apis, token=token, page_size=size, ordering=ordering, **wanted))
        cursor = pages[-1]["next"]
    rows = [row for page in pages for row in page["rows"]]
    assert len({row["id"] for row in rows}) == len(rows) == Profile.objects.count()
    field = ordering.removeprefix("-")
    values = [row[field].lower() for row in rows]
    assert all(a >= b if ordering.startswith("-") else a <= b for a, b in pairwise(values))
    for page, following in pairwise(pages):
        wanted = {"cursor": following["previous"], "direction": "back"}
        assert both(apis, token=token, page_size=size, ordering=ordering, **wanted)["rows"] == page["rows"]


def test_rows_that_come_and_go_between_pages_are_neither_repeated_nor_skipped(crowd, apis):
    token = crowd.token("staff")
    before = set(Profile.objects.values_list("username", flat=True))
    seen, cursor, number = [], None, 0
    while number == 0 or cursor:
        wanted = {"cursor": cursor} if cursor else {}
        page = apis[number % 2].list(token=token, page_size=5, ordering="username", **wanted).body
        seen += names(page)
        cursor, number = page["next"], number + 1
        Profile.objects.filter(username__in=seen[-1:]).delete()  # the row that the cursor names
        Profile.objects.create_user(f"a0{number}", "a@example.com", "x")
        Profile.objects.create_user(f"zz{number}", "z@example.com", "x")
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


FILTERS = {
    "username": ({"username": "ADAM.1"}, lambda row: row.username == "adam.1"),
    "username_prefix": ({"username_prefix": "ZO"}, lambda row: row.username.startswith("Zoe")),
    "a prefix of nothing special": ({"username_prefix": "%"}, lambda row: False),
    "a username that none can be": ({"username": "a b"}, lambda row: False),
    "that, and a word": ({"username": "a b", "search": "gardener"}, lambda row: False),
    "location": ({"location": "graz"}, lambda row: row.location.lower() == "graz"),
    "visibility": ({"visibility": "private"}, lambda row: row.visibility == "private"),
    "is_active": ({"is_active": "false"}, lambda row: not row.is_active),
    "two": ({"location": "León", "is_active": "true"}, lambda row: row.location == "León" and row.is_active),
}


@pytest.mark.parametrize("label", FILTERS)
def test_filters(crowd, apis, label):
    wanted, passes = FILTERS[label]
    page = both(apis, token=crowd.token("staff"), page_size=100, **wanted)
    assert {row["id"] for row in page["rows"]} == {row.pk for row in Profile.objects.all() if passes(row)}


def test_filters_by_time(crowd, apis):
    moment = timezone.now() - timedelta(hours=5)
    Profile.objects.update(updated_at=F("created_at"))
    for field in ("created", "updated"):
        after, before = (
            both(apis, token=crowd.token("staff"), page_size=100, **{f"{field}_{side}": moment.isoformat()})
            for side in ("after", "before")
        )
        late = set(Profile.objects.filter(created_at__gte=moment).values_list("username", flat=True))
        assert set(names(after)) == late
        assert set(names(before)) == set(Profile.objects.values_list("username", flat=True)) - late


@pytest.mark.parametrize("actor", ["anonymous", "member"])
@pytest.mark.parametrize("wanted", [{"visibility": "private"}, {"is_active": "false"}])
def test_nobody_guesses_by_a_filter(crowd, apis, actor, wanted):
    first, second = (api.list(token=crowd.token(actor), **wanted) for api in apis)
    assert first == second
    assert first.outcome == "FORBIDDEN"


def test_of_two_filters_the_same_one_is_refused_whatever_their_order(crowd, apis):
    wanted = {"is_active": "false", "visibility": "private"}
    for given in (wanted, dict(reversed(wanted.items()))):
        first, second = (api.list(token=crowd.token("member"), **given) for api in apis)
        assert first == second


def test_there_is_no_filter_by_email(crowd, rest, graphql):
    answer = rest.list(token=crowd.token("staff"), email="owner@example.com")
    assert [error[:2] for error in answer.errors] == [("unknown", "email")]
    assert graphql.list(token=crowd.token("staff"), email="owner@example.com").outcome == "BAD_REQUEST"


@pytest.mark.parametrize("text", ["gardener", "ROSES gardener", "number", "graz", "compilers writes"])
def test_search(crowd, apis, text):
    page = both(apis, token=crowd.token("staff"), page_size=100, search=text)
    found = [
        row.pk
        for row in Profile.objects.all()
        if all(
            word in f"{row.username} {row.display_name} {row.location} {row.bio}".lower()
            for word in text.lower().split()
        )
    ]
    assert {row["id"] for row in page["rows"]} == set(found) != set()


@pytest.mark.parametrize("text", ["nothingofthekind", "%", "'", "zzz & | !", "\\", "gardener compilers"])
def test_a_search_of_nothing(crowd, apis, text):
    assert both(apis, token=crowd.token("staff"), search=text)["rows"] == []


BEFORE_ALL_TIME, AFTER_ALL_TIME = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"  # out of range in UTC


def forged(*values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


WRONG = {
    "a size of none": ({"page_size": 0}, "page_size"),
    "a size too large": ({"page_size": 101}, "page_size"),
    "a cursor of nowhere": ({"cursor": "x"}, "cursor"),
    "a cursor too long": ({"cursor": "x" * 501}, "cursor"),
    "NUL in a cursor": ({"cursor": "a\0"}, "cursor"),
    "NUL within a cursor": ({"cursor": forged("-created_at,-id", "a\0", 1)}, "cursor"),
    "a lone surrogate within a cursor": (
        {"cursor": forged("username__lower", "\ud800"), "ordering": "username"},
        "cursor",
    ),
    "a cursor before all time": ({"cursor": forged("-created_at,-id", BEFORE_ALL_TIME, 1)}, "cursor"),
    "a cursor after all time": ({"cursor": forged("-created_at,-id", AFTER_ALL_TIME, 1)}, "cursor"),
    "a time before all time": ({"created_after": BEFORE_ALL_TIME}, "created_after"),
    "a time after all time": ({"updated_before": AFTER_ALL_TIME}, "updated_before"),
    "an empty search": ({"search": " "}, "search"),
    "NUL in a search": ({"search": "a\0"}, "search"),
    "NUL in a filter": ({"username": "a\0"}, "username"),
    "an empty filter": ({"location": ""}, "location"),
    "a filter too long": ({"location": "x" * 201}, "location"),
}


@pytest.mark.parametrize("label", WRONG)
def test_what_is_wrong(crowd, rest, graphql, label):
    wanted, field = WRONG[label]
    token = crowd.token("staff")
    [error] = rest.list(token=token, **wanted).errors
    assert error[0] in list(InvalidCode)
    assert error[1] == field
    assert graphql.list(token=token, **wanted).errors == (("BAD_REQUEST", None, error[2]),)


@pytest.mark.parametrize(
    "wanted",
    [{"ordering": "email"}, {"visibility": "secret"}, {"is_active": "perhaps"}, {"created_after": "soon"}]
    + [{"page_size": size} for size in ("1_0", " 1", "1.0", "٣", "1" * 1_001)],
    ids=lambda wanted: str(wanted)[:40],
)
def test_what_is_wrong_over_rest_alone(crowd, rest, wanted):
    [error] = rest.list(token=crowd.token("staff"), **wanted).errors
    assert error[:2] in ((code, next(iter(wanted))) for code in ("invalid", "invalid_choice"))


def test_a_lone_surrogate_in_a_filter(crowd, graphql):
    for wanted in ({"username": "\ud800"}, {"search": "\ud800"}, {"location": "\ud800"}, {"cursor": "\ud800"}):
        assert graphql.list(token=crowd.token("staff"), **wanted).outcome == "BAD_REQUEST"


@pytest.mark.parametrize("number", [2**31, 2**63, -(2**64), 10**300, True])
def test_a_forged_cursor_of_any_number_is_a_place_or_an_error(crowd, apis, number):
    for cursor in (forged("-created_at,-id", "2026-01-01T00:00:00Z", number), forged("-version", number)):
        for call in (
            lambda api, at=cursor: api.list(token=crowd.token("staff"), cursor=at),
            lambda api, at=cursor: api.history(crowd.pk("owner"), token=crowd.token("staff"), cursor=at, page_size=5),
        ):
            assert {call(api).outcome for api in apis} in ({"done"}, {"invalid", "BAD_REQUEST"})


def test_a_parameter_that_is_given_twice_is_refused(crowd, rest):
    token = crowd.token("owner")
    for path in ("/profiles/?search=a&search=b", f"/profiles/{crowd.pk('owner')}/history/?page_size=1&page_size=1"):
        answer = rest.answer(rest.send("GET", path, token=token))
        assert answer.outcome == "BAD_REQUEST"
        assert path.partition("?")[2].partition("=")[0] in answer.errors[0][2]


def test_a_page_names_the_cursors_of_the_adjacent_pages(crowd, rest):
    token = crowd.token("staff")

    def page(**query):
        return rest.send("GET", f"/profiles/?{urlencode({'page_size': 2, **query})}", token=token).json()

    first = page()
    second = page(cursor=first["next_cursor"])
    assert first["previous_cursor"] is None
    assert second == rest.send("GET", first["next"], token=token).json()
    back = page(cursor=second["previous_cursor"], direction="back")
    assert back["results"] == first["results"]
    last = page(direction="back")
    assert (last["next"], last["next_cursor"]) == (None, None)


def test_a_cursor_of_another_ordering_is_an_error(crowd, rest):
    cursor = rest.list(token=crowd.token("staff"), ordering="username").body["next"]
    answer = rest.list(token=crowd.token("staff"), ordering="-username", cursor=cursor)
    assert [error[:2] for error in answer.errors] == [("invalid", "cursor")]


@pytest.mark.parametrize(("size", "count", "statements"), [(1, None, 2), (60, None, 2), (60, "true", 3)])
def test_a_page_costs_the_same_statements_whatever_its_size(
    crowd, apis, django_assert_num_queries, size, count, statements
):
    token = crowd.token("member")
    wanted = {"page_size": size} | ({"count": count} if count else {})
    Profile.objects.update(updated_by=crowd["staff"])
    for api in apis:
        with django_assert_num_queries(statements):
            api.list(token=token, **wanted)


@pytest.mark.parametrize(
    ("wanted", "operations"),
    [
        ({}, 1),
        ({"location": "Graz", "page_size": 100}, 1),
        ({"search": "roses"}, 6),
        ({"count": "true"}, 21),
        ({"search": "roses", "count": "true"}, 26),
    ],
)
def test_a_list_spends_the_same_in_both_apis(crowd, apis, settings, django_assert_num_queries, wanted, operations):
    token = crowd.token("member")
    for api in apis:
        counter.cache_clear()
        settings.READ_LIMIT = f"{operations} per hour"
        assert api.list(token=token, **wanted).outcome == "done"
        assert api.view_me(token=token).outcome == "THROTTLED"
        counter.cache_clear()
        settings.READ_LIMIT = f"{operations} per hour"
        assert api.view_me(token=token).outcome == "done"
        with django_assert_num_queries(1):  # the caller's identity
            assert api.list(token=token, **wanted).outcome == "THROTTLED"


@pytest.mark.parametrize(
    ("query", "operations"),
    [
        ("count=TRUE", 21),
        ("count=1", 21),
        ("count=yes", 21),
        ("count=false", 1),
        ("count=perhaps", 1),
        ("search=", 6),
        ("search=a&count=on", 26),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_each_spelling_of_a_parameter_is_charged(cast, rest, method, query, operations):
    response = rest.client.generic(method, f"/profiles/?{query}")
    assert response.headers["RateLimit"].startswith(f'"reads";r={600 - operations};')


def test_no_limit_of_graphql_refuses_what_rest_gives(cast, apis):
    """The largest list: a full page with all fields, searched and counted."""
    rest, graphql = (
        api.list(token=cast.token("staff"), page_size=100, search="roses", count="true", visibility="public")
        for api in apis
    )
    assert rest.outcome == "done"
    assert graphql == rest
