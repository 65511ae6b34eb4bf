"""Every declared resource in both APIs. With `--ds tests.project`, notes are one of them."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from rest_framework.fields import BooleanField as Flag

from profiles.core.fields import Line, Text
from profiles.core.outcomes import Refused
from profiles.core.policy import Action, Policy
from profiles.core.resources import resources
from profiles.resource import PROFILES
from tests.apis import BatchAPI
from tests.parity.conftest import acting, required
from tests.state import stored, undone

ACTORS = ("anonymous", "member", "owner", "staff", "member (read)", "owner (read)", "staff (read)")
NOTES = Path(__file__).parent.parent / "notes"
MOST_LINES = 75  # for an app that adds a resource

every_resource = pytest.mark.parametrize("resource", resources(), ids=lambda resource: resource.name)
every_actor = pytest.mark.parametrize("actor", ACTORS)


def a_text(resource):
    """A writable text field without a special format."""
    fields = resource.serializer().fields.items()
    return next(name for name, field in fields if type(field) in (Line, Text) and not field.read_only)


def expected(resource, actor, action, row):
    try:
        resource.policy.require(actor, action, row)
    except Refused as refused:
        return refused.outcome.code
    return "done"


def performed(api, resource, action, row, token, **given):
    text = {a_text(resource): "New."}
    whole = {name: getattr(row, name) for name in required(resource)} | text
    match action:
        case Action.VIEW:
            return api.view(row.pk, token=token)
        case Action.VIEW_HISTORY:
            return api.history(row.pk, token=token, page_size=5)
        case Action.DELETE:
            return api.delete(row.pk, token=token, **given)
        case Action.UPDATE:
            return api.update(row.pk, text, token=token, **given)
    return api.replace(row.pk, whole, token=token, **given)


def lasting(answer):
    """An answer without values that differ between two runs: `updated_at` and the entity tag."""
    body = {name: value for name, value in (answer.body or {}).items() if name != "updated_at"}
    return replace(answer, body=body, etag=None)


@every_resource
@every_actor
def test_what_the_database_shows_is_what_the_policy_sees(resource, actor, rows, cast):
    who = acting(cast, actor)
    seen = [row for row in rows if resource.policy.sees(who, row)]
    assert list(resource.model.objects.visible_to(who).filter(pk__in=[row.pk for row in rows]).order_by("pk")) == seen


@every_resource
@every_actor
@pytest.mark.parametrize("action", Action)
def test_both_apis_do_what_the_policy_says(resource, actor, action, rows, cast, resource_apis, client):
    who, token = acting(cast, actor), cast.token(actor)
    for row in rows:
        if row == who.profile and not row.is_active:
            continue
        answers = []
        for api in (*resource_apis, BatchAPI(client, resource)):
            with undone():
                before = stored(resource)
                answers.append(performed(api, resource, action, row, token))
                assert answers[-1].outcome == expected(resource, who, action, row), (api.source, row)
                is_write = action not in (Action.VIEW, Action.VIEW_HISTORY) and answers[-1].outcome == "done"
                assert (stored(resource) != before) is is_write
        first, *others = map(lasting, answers)
        assert others == [first, first]


@every_resource
@pytest.mark.parametrize("action", [Action.UPDATE, Action.REPLACE, Action.DELETE])
def test_a_stale_condition_changes_nothing(resource, action, rows, cast, resource_apis):
    who, token = acting(cast, "owner"), cast.token("owner")
    row = next(row for row in rows if resource.policy.can(who, action, row))
    before = stored(resource)
    for api in resource_apis:
        answer = performed(api, resource, action, row, token, if_match='"0-stale"')
        assert (answer.outcome, answer.details) == ("CONFLICT", {"version": 1})
    assert stored(resource) == before


@every_resource
def test_a_write_is_in_the_history_whichever_api_it_came_by(resource, rows, cast, resource_apis):
    who, token, text = acting(cast, "owner"), cast.token("owner"), a_text(resource)
    row = next(row for row in rows if resource.policy.can(who, Action.UPDATE, row))
    for number, api in enumerate(resource_apis):
        assert api.update(row.pk, {text: f"No. {number}"}, token=token).body["version"] == 2 + number
    pages = [api.history(row.pk, token=token, page_size=5).body for api in resource_apis]
    assert pages[0] == pages[1]
    newest, oldest = pages[0]["rows"]
    assert [newest["source"], oldest["source"]] == ["graphql", "rest"]
    assert newest["changes"] == [{"field": text, "from": "No. 0", "to": "No. 1"}]
    assert newest["actor"] == who.profile.pk


@every_resource
def test_invalid_input_is_told_alike(resource, rows, cast, resource_apis):
    who, token, text = acting(cast, "owner"), cast.token("owner"), a_text(resource)
    row = next(row for row in rows if resource.policy.can(who, Action.UPDATE, row))
    for value in ("x" * 5_000, "\x07", None):
        first, second = (api.update(row.pk, {text: value}, token=token) for api in resource_apis)
        assert first == second
        assert (first.outcome, [field for _, field, _ in first.errors]) == ("invalid", [text])


@every_resource
@every_actor
def test_both_lists_have_what_may_be_seen(resource, actor, rows, cast, resource_apis, client):
    who, token = acting(cast, actor), cast.token(actor)
    resource_apis = (*resource_apis, BatchAPI(client, resource))
    pages = [api.list(token=token, page_size=100, count="true").body for api in resource_apis]
    assert pages[0] == pages[1] == pages[2]
    seen = {row.pk for row in rows if resource.policy.sees(who, row)}
    assert {row["id"] for row in pages[0]["rows"]} >= seen
    assert {row["id"] for row in pages[0]["rows"]} & {row.pk for row in rows} == seen


@pytest.mark.parametrize("resource", resources(but=PROFILES), ids=lambda each: each.name)
@every_actor
def test_a_row_is_created_by_whom_the_policy_allows(resource, actor, cast, resource_apis):
    who, token = acting(cast, actor), cast.token(actor)
    flags = {name: True for name, field in resource.serializer().fields.items() if isinstance(field, Flag)}
    values = dict.fromkeys(required(resource), "Text") | flags
    allowed = resource.policy.may_create(who)
    answers = []
    for api in resource_apis:
        with undone():
            answers.append(api.create(values, token=token))
            assert resource.model.objects.count() == allowed
            assert (answers[-1].outcome == "done") is allowed
            if allowed:
                assert answers[-1].body.items() >= values.items()
                created = resource.model.objects.get()
                assert created.updated_at == created.created_at
    assert answers[0].outcome == answers[1].outcome
    assert answers[0].outcome in ("done", "UNAUTHENTICATED" if who.is_anonymous else "FORBIDDEN")


class Watched:
    """A row that records which of its fields are read."""

    def __init__(self, row, seen):
        self.__dict__.update(row=row, seen=seen)

    def __getattr__(self, name):
        self.seen.add({"pk": "id"}.get(name, name))
        return getattr(self.row, name)


@every_resource
def test_a_policy_decides_by_the_fields_that_it_names(resource, rows, cast):
    """Lists load no other fields, so the policy cannot use another."""
    policy, seen, names = resource.policy, set(), resource.names
    for actor, row in product([acting(cast, name) for name in ACTORS], rows):
        watched = Watched(row, seen)
        policy.sees(actor, watched)
        policy.writable(actor, watched, names)
        for name in names:
            policy.may_read(actor, watched, name)
    assert seen
    assert policy.decides_by is None or seen <= policy.decides_by


@every_resource
def test_less_of_a_policy_allows_no_more(resource, rows, cast, monkeypatch):
    """Without any one of its methods, the policy must not allow anything more."""
    actors = [acting(cast, name) for name in ACTORS]
    before = allowed(resource, actors, rows)
    kind = type(resource.policy)
    methods = [name for name, member in vars(kind).items() if callable(member)]
    assert {"visible", "sees", "can", "owns"} <= set(methods)
    for name in methods:
        inherited = {name: getattr(Policy, name, None)}
        monkeypatch.setattr(resource.model, "policy", type("Less", (kind,), inherited)())
        assert allowed(resource, actors, rows) <= before, name


def allowed(resource, actors, rows):
    """Everything that the policy lets an actor do with a row, or read or write of it."""
    policy, found = resource.model.policy, set()
    for (number, actor), row in product(enumerate(actors), rows):
        visible = resource.model.objects.visible_to(actor).filter(pk=row.pk).exists()
        for action in Action:
            if visible and is_so(policy.require, actor, action, row):
                found.add((number, row.pk, action))
        for name in resource.serializer().fields:
            if (number, row.pk, Action.VIEW) in found and is_so(policy.may_read, actor, row, name):
                found.add((number, row.pk, "read", name))
            if is_so(policy.writable, actor, row, [name]):
                found.add((number, row.pk, "write", name))
    return found | {(number, "create") for number, actor in enumerate(actors) if is_so(policy.may_create, actor)}


def is_so(ask, *arguments):
    """The policy's answer; False if it refuses, or fails for lack of a method."""
    try:
        return bool(ask(*arguments))
    except (Refused, TypeError):
        return False


def test_the_lines_that_a_resource_takes():
    sources = [path for path in NOTES.rglob("*.py") if path.parent.name != "migrations"]
    assert {path.name for path in sources} == {"__init__.py", "models.py", "policy.py", "resource.py"}
    assert sum(len(path.read_text().splitlines()) for path in sources) <= MOST_LINES
