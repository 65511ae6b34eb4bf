"""`REQUIRE_PRECONDITION`: a write says which state it is based on, in both APIs (RFC 6585, section 3)."""

import pytest

from profiles.core.policy import Action
from profiles.models import Profile
from tests.parity.conftest import acting, required
from tests.parity.test_resources import a_text, every_resource
from tests.state import stored, undone

WRITES = [Action.UPDATE, Action.REPLACE, Action.DELETE]
every_write = pytest.mark.parametrize("action", WRITES)
REFUSED = "PRECONDITION_REQUIRED"


@pytest.fixture
def row(resource, rows, cast):
    return next(row for row in rows if resource.policy.can(acting(cast, "owner"), Action.DELETE, row))


@pytest.fixture
def strict(settings):
    settings.REQUIRE_PRECONDITION = True


def performed(api, resource, action, row, token, *, text="New.", version=None, **conditions):
    values = {a_text(resource): text} | ({} if version is None else {"version": version})
    if action is Action.DELETE:
        return api.delete(row.pk, token=token, **conditions)
    if action is Action.UPDATE:
        return api.update(row.pk, values, token=token, **conditions)
    whole = {name: getattr(row, name) for name in required(resource)}
    return api.replace(row.pk, whole | values, token=token, **conditions)


@every_resource
@every_write
def test_a_write_needs_none_by_default(resource, action, row, resource_apis, cast):
    for api in resource_apis:
        with undone():
            assert performed(api, resource, action, row, cast.token("owner")).outcome == "done"


@every_resource
@every_write
def test_a_write_without_one_is_refused(resource, action, row, resource_apis, cast, strict):
    before = stored(resource)
    first, second = (performed(api, resource, action, row, cast.token("owner")) for api in resource_apis)
    assert first == second
    assert first.outcome == REFUSED
    assert stored(resource) == before


@every_resource
@pytest.mark.parametrize(
    ("action", "condition"),
    [(action, each) for action in WRITES for each in ("etag", "any")]
    + [(Action.UPDATE, "version"), (Action.REPLACE, "version")],
)
def test_a_write_with_one_is_done(resource, action, condition, row, resource_apis, cast, strict):
    token = cast.token("owner")
    for api in resource_apis:
        with undone():
            etag = {"etag": api.view(row.pk, token=token).etag, "any": "*", "version": None}[condition]
            given = {"version": row.version} if condition == "version" else {"if_match": etag}
            assert performed(api, resource, action, row, token, **given).outcome == "done"


@every_resource
def test_one_that_is_stale_is_a_conflict(resource, row, resource_apis, cast, strict):
    for api in resource_apis:
        answer = performed(api, resource, Action.UPDATE, row, cast.token("owner"), version=row.version + 1)
        assert answer.outcome == "CONFLICT"


@every_resource
def test_input_is_looked_at_afterwards(resource, row, resource_apis, cast, strict):
    for api in resource_apis:
        answer = performed(api, resource, Action.UPDATE, row, cast.token("owner"), text="x" * 5_000)
        assert answer.outcome == REFUSED


@pytest.mark.parametrize(
    ("actor", "target", "outcome"),
    [("anonymous", "shown", "UNAUTHENTICATED"), ("member", "known", "FORBIDDEN"), ("member", "hidden", "NOT_FOUND")],
)
def test_whoever_may_not_write_is_told_no_more(actor, target, outcome, apis, cast, strict):
    for api in apis:
        assert api.update(cast.pk(target), {"bio": "x"}, token=cast.token(actor)).outcome == outcome
        assert api.delete(cast.pk(target), token=cast.token(actor)).outcome == outcome


def test_of_several_the_first_row_without_one_is_named(apis, cast, strict):
    before = stored()
    based = {"bio": "x", "version": 1}
    items = [(cast.pk("known"), based), (cast.pk("shown"), {"bio": "x"}), (cast.pk("owner"), {"bio": "x"})]
    for api in apis:
        answer = api.update_many(items, token=cast.token("staff"))
        assert (answer.outcome, answer.details) == (REFUSED, {"row": 1})
    assert stored() == before
    for api in apis:
        with undone():
            assert api.update_many(items[:1], token=cast.token("staff")).outcome == "done"


def test_if_none_match_is_none(rest, cast, strict):
    answer = rest.send(
        "PATCH", f"/profiles/{cast.pk('owner')}/", {"bio": "x"}, token=cast.token("owner"), if_none_match='"0-other"'
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (428, REFUSED)


def test_what_makes_something_new_needs_none(apis, cast, strict):
    for number, api in enumerate(apis):
        values = {"username": f"new{number}", "email": "new@example.com", "password": "correct horse battery staple"}
        assert api.create(values).outcome == "done"
    assert Profile.objects.filter(username__startswith="new").count() == 2


def test_a_deletion_that_is_repeated_under_its_key_needs_no_more(apis, cast, strict):
    for api in apis:
        with undone():
            conditions = {"if_match": "*", "key": "1"}
            answers = [api.delete(cast.pk("known"), token=cast.token("staff"), **conditions) for _ in range(2)]
            assert [answer.outcome for answer in answers] == ["done", "done"]
