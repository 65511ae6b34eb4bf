"""Leaves that are read in one step are what graphql-core makes of them: data, errors, order and cost."""

import re

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from graphql_api.core import execution
from profiles.models import Profile
from profiles.serializers import ProfileSerializer
from tests.cast import NOBODY

REQUEST_ID = re.compile(rb"[0-9a-f]{32}|[0-9a-f-]{36}")
LEAVES = (
    *("__typename", "pk", "id", "etag", "username", "email", "bio", "displayName", "location", "website", "timeZone"),
    *("visibility", "emailPublic", "isActive", "createdAt", "updatedAt", "version", "editableFields"),
)
COMPOSED = ["updatedBy { %s }", "... on Profile { %s }", "...Shown", "... @include(if: $yes) { %s }"]
ROWS = [
    "profile(pk: %d) { %%s }",
    "me { %s }",
    "profiles(first: 3, orderBy: USERNAME) { totalCount edges { cursor node { %s } } pageInfo { endCursor } }",
    'profiles(filter: {usernamePrefix: "o"}) { edges { node { %s } } }',
    "nodes(ids: [%s]) { ... on Profile { %%s } }",
]
SETTINGS = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def aliased(name, number):
    return f"a{number}: {name}" if number else name


def selections():
    leaf = st.builds(aliased, st.sampled_from(LEAVES), st.sampled_from([0, 0, 0, 1, 2]))
    skipped = leaf.map(lambda text: f"{text} @skip(if: $no)")
    plain = st.lists(st.one_of(leaf, leaf, skipped), min_size=1, max_size=8).map(" ".join)
    composed = st.builds(lambda form, inner: form % inner if "%s" in form else form, st.sampled_from(COMPOSED), plain)
    return st.one_of(plain, plain, st.lists(st.one_of(leaf, composed), min_size=1, max_size=4).map(" ".join))


def document(fields):
    body = " ".join(f"f{number}: {field}" for number, field in enumerate(fields))
    shown = "fragment Shown on Profile { version username }" if "...Shown" in body else ""
    parameters = ", ".join(f"${name}: Boolean!" for name in ("yes", "no") if f"${name}" in body)
    return f"query {f'({parameters})' if parameters else ''} {{ {body} }} {shown}"


@pytest.fixture
def both(graphql, monkeypatch, settings):
    """A function that gives the response of a document as it is made, and as graphql-core alone makes it."""

    settings.READ_LIMIT = settings.READ_LIMIT_PER_ADDRESS = "1000000 per minute"

    def responses(query, token):
        variables = {name: name == "yes" for name in ("yes", "no") if f"${name}" in query}
        with monkeypatch.context() as alone:
            made = graphql.send(query, variables, token=token)
            alone.setattr(execution, "leaves_of", lambda *_: None)
            return made.content, graphql.send(query, variables, token=token).content

    return responses


@pytest.mark.parametrize("actor", ["anonymous", "member", "owner", "staff"])
def test_any_selection_is_made_as_by_graphql_core(actor, cast, both):
    token = cast.token(actor)
    Profile.objects.filter(username__in=["shown", "known"]).update(updated_by=cast["hidden"])
    keys = [cast.pk(name) for name in ("shown", "owner", "hidden", "mailed")] + [NOBODY]
    ids = ", ".join(f'"{profile.node_id}"' for profile in list(cast.profiles.values())[:6])

    @given(data=st.data())
    @SETTINGS
    def compare(data):
        forms = data.draw(st.lists(st.sampled_from(ROWS), min_size=1, max_size=2))
        fields = []
        for form in forms:
            if "%d" in form:
                form %= data.draw(st.sampled_from(keys))
            elif "ids" in form:
                form %= ids
            fields.append(form % data.draw(selections()))
        made, expected = both(document(fields), token)
        assert made == expected

    compare()


def test_what_breaks_is_told_by_graphql_core(cast, both, monkeypatch):
    """An exception in a field that can be null, and in one that can't."""
    both("{ __typename }", None)  # all modules are imported by now
    query = "{ profiles(first: 2) { edges { node { username editableFields } } } me { etag bio } }"
    for method in ("get_editable_fields", "get_updated_by"):
        with monkeypatch.context() as broken:
            broken.setattr(ProfileSerializer, method, lambda self, row: 1 / 0)
            made, expected = (REQUEST_ID.sub(b"", each) for each in both(query, cast.token("owner")))
            assert made == expected
            assert b"INTERNAL" in made
    with monkeypatch.context() as broken:
        broken.setattr(Profile.policy, "may_read", lambda actor, row, name: name != "username")
        broken.setattr(Profile.policy, "always_shown", frozenset())
        made, expected = (REQUEST_ID.sub(b"", each) for each in both(query, cast.token("owner")))
        assert made == expected
        assert b"null" in made


def test_the_bytes_of_a_response_are_counted_alike(cast, both, monkeypatch):
    """Each as it is made, whatever was estimated."""
    seen = set()
    for most in range(50, 400, 5):
        monkeypatch.setattr(execution, "limit", lambda name, most=most: most)
        made, expected = both("{ me { username editableFields bio visibility emailPublic } }", cast.token("owner"))
        assert made == expected
        seen.add(b"TOO_COMPLEX" in made)
    assert seen == {True, False}
