"""Writes of several profiles in both APIs: all or none are written."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from profiles.bulk import MOST
from profiles.core.outcomes import INSUFFICIENT_SCOPE, NOT_PERMITTED
from profiles.models import Change, Profile
from tests.cast import NOBODY
from tests.parity.test_cases import comparable
from tests.state import stored, undone


def both(apis, items, *, token):
    """Send the same write to both APIs, each from the same state; check that answers and rows are equal.

    Returns the answer and the number of changes.
    """
    answers, states = [], []
    for api in apis:
        with undone():
            answers.append(api.update_many(items, token=token))
            states.append(list(Profile.objects.order_by("pk").values("username", "bio", "version")))
            changes = list(Change.objects.values_list("source", flat=True))
            assert set(changes) <= {api.source}
    rest, graphql = answers
    assert comparable(rest)[:3] == comparable(graphql)[:3]
    assert states[0] == states[1]
    return rest, len(changes)


def test_all_of_them_are_written(cast, apis):
    items = [(cast.pk(name), {"bio": f"For {name}.", "visibility": "public"}) for name in ("known", "hidden", "gone")]
    answer, changes = both(apis, items, token=cast.token("staff"))
    assert answer.outcome == "done"
    assert [(row["username"], row["bio"], row["version"]) for row in answer.body["rows"]] == [
        (name, f"For {name}.", 2) for name in ("known", "hidden", "gone")
    ]
    assert changes == 3


def test_an_owner_writes_its_own(cast, apis):
    answer, _ = both(apis, [(cast.pk("owner"), {"bio": "B"})], token=cast.token("owner"))
    assert answer.body["rows"][0]["bio"] == "B"


@pytest.mark.parametrize(
    ("names", "outcome", "details"),
    [
        (("owner", "known"), "FORBIDDEN", {"row": 1, "reason": NOT_PERMITTED}),
        (("owner", "hidden"), "NOT_FOUND", {"row": 1}),
        (("nobody", "owner"), "NOT_FOUND", {"row": 0}),
    ],
)
def test_one_that_is_refused_refuses_all(cast, apis, names, outcome, details):
    before = stored()
    answer, _ = both(apis, [(cast.pk(name), {"bio": "x"}) for name in names], token=cast.token("owner"))
    assert (answer.outcome, answer.details) == (outcome, details)
    assert stored() == before


@pytest.mark.parametrize(
    ("actor", "outcome", "details"),
    [
        ("anonymous", "UNAUTHENTICATED", {}),
        ("owner (read)", "FORBIDDEN", {"reason": INSUFFICIENT_SCOPE}),
        ("staff (read)", "FORBIDDEN", {"reason": INSUFFICIENT_SCOPE}),
    ],
)
@pytest.mark.parametrize("names", [(), ("shown",), ("hidden",), ("owner",), ("nobody",) * (MOST + 1)])
def test_a_caller_who_may_not_write_is_refused_whatever_the_rows(cast, apis, actor, outcome, details, names):
    before = stored()
    answer, _ = both(apis, [(cast.pk(name), {"email": "x"}) for name in names], token=cast.token(actor))
    assert (answer.outcome, answer.details) == (outcome, details)
    assert stored() == before


@pytest.mark.parametrize("body", ["[]", "{}", "null", "no JSON"])
def test_a_caller_who_may_not_write_is_refused_whatever_the_body(cast, rest, body):
    assert rest.send("PATCH", "/profiles/", body).status_code == 401
    assert rest.send("PATCH", "/profiles/", body, token=cast.token("owner (read)")).status_code == 403


def test_errors_say_which_row(cast, apis):
    before = stored()
    items = [
        (cast.pk("known"), {"bio": "Fine."}),
        (cast.pk("hidden"), {"email": "x", "website": "x"}),
        (cast.pk("gone"), {"username": "OWNER"}),
    ]
    answer, _ = both(apis, items, token=cast.token("staff"))
    assert [error[:2] for error in answer.errors] == [
        ("invalid", "1.email"),
        ("invalid", "1.website"),
        ("unique", "2.username"),
    ]
    assert stored() == before


def test_a_stale_version_is_a_conflict_for_all(cast, apis):
    before = stored()
    items = [(cast.pk("known"), {"bio": "x"}), (cast.pk("hidden"), {"bio": "x", "version": 3})]
    answer, _ = both(apis, items, token=cast.token("staff"))
    assert (answer.outcome, answer.details) == ("CONFLICT", {"version": 1, "row": 1})
    assert stored() == before


@pytest.mark.parametrize(
    ("first", "second", "errors"),
    [
        ({"username": "same"}, {"username": "SAME"}, ["0.username", "1.username"]),
        ({"username": "hidden"}, {"username": "known"}, ["0.username", "1.username"]),
        ({"username": "free"}, {"username": "known"}, ["1.username"]),
        ({"username": "Known"}, {"username": "HIDDEN"}, []),  # their own, in another case
    ],
)
def test_usernames_are_taken_by_what_was_there_and_once(cast, apis, first, second, errors):
    items = [(cast.pk("known"), first), (cast.pk("hidden"), second)]
    answer, _ = both(apis, items, token=cast.token("staff"))
    assert [error[:2] for error in answer.errors] == [("unique", name) for name in errors]


def test_one_profile_twice_is_an_error(cast, apis):
    items = [(cast.pk("known"), {"bio": "a"}), (cast.pk("known"), {"bio": "b"})]
    answer, changes = both(apis, items, token=cast.token("staff"))
    assert [error[:2] for error in answer.errors] == [("invalid", "0.id"), ("invalid", "1.id")]
    assert changes == 0


def test_too_many_are_an_error_and_none_are_none(cast, apis):
    token = cast.token("staff")
    answer, _ = both(apis, [(NOBODY + n, {"bio": "x"}) for n in range(MOST + 1)], token=token)
    assert [error[0] for error in answer.errors] == ["max_length"]
    assert both(apis, [], token=token)[0].body == {"rows": []}


@pytest.mark.parametrize("body", [{}, "x", 1, None, {"profiles": []}])
def test_a_body_that_is_no_list(cast, rest, body):
    response = rest.send("PATCH", "/profiles/", "null" if body is None else body, token=cast.token("staff"))
    assert response.status_code == 400


@pytest.mark.parametrize(
    "row", [1, "x", None, [], {}, {"id": "1"}, {"id": True}, {"id": -1}, {"id": 10**30}, {"bio": "x"}]
)
def test_a_row_that_names_no_profile_is_not_found(cast, rest, row):
    before = stored()
    response = rest.send("PATCH", "/profiles/", [{"id": cast.pk("known"), "bio": "x"}, row], token=cast.token("staff"))
    assert (response.status_code, response.json()["row"]) == (404, 1)
    assert stored() == before


@pytest.mark.parametrize("count", [1, 10, MOST])
def test_it_costs_two_statements_a_row_and_three_beside(cast, apis, count):
    Profile.objects.bulk_create(Profile(username=f"many{n}", email="a@b.co") for n in range(MOST))
    keys = list(Profile.objects.filter(username__startswith="many").values_list("pk", flat=True))[:count]
    token = cast.token("staff")
    for api in apis:
        with undone(), CaptureQueriesContext(connection) as queries:
            items = [(key, {"bio": "B", "username": f"renamed{n}"}) for n, key in enumerate(keys)]
            assert api.update_many(items, token=token).outcome == "done"
        sent = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
        assert len(sent) == 2 * count + 3  # caller, lock, usernames
