"""Resolvers check the policy themselves, so that every execution of the schema returns the same data."""

import pytest
from django.http import HttpRequest
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from graphql_api.core.context import Context
from graphql_api.core.types import input_errors
from graphql_api.schema import schema
from graphql_api.types import PROFILE
from profiles.core.actors import Actor
from profiles.core.outcomes import Outcome
from tests.state import stored


def execute(query, actor):
    return schema.execute(query, context_value=Context(Request(HttpRequest()), actor))


@pytest.mark.parametrize(("actor", "outcome"), [(None, Outcome.UNAUTHENTICATED), ("member", Outcome.FORBIDDEN)])
@pytest.mark.parametrize("name", ["updateProfile", "replaceProfile"])
def test_a_mutation_without_the_view_is_refused_all_the_same(cast, actor, outcome, name):
    before = stored()
    node_id = cast["shown"].node_id
    result = execute(
        f'mutation {{ {name}(input: {{id: "{node_id}", username: "x"}}) {{ profile {{ pk }} }} }}',
        Actor(actor and cast[actor]),
    )
    assert result.errors[0].original_error.outcome is outcome
    assert stored() == before


def test_a_read_without_the_view_is_refused_all_the_same(cast):
    result = execute(f'{{ node(id: "{cast["hidden"].node_id}") {{ id }} }}', Actor(cast["member"]))
    assert result.data == {"node": None}
    assert result.errors[0].original_error.outcome is Outcome.NOT_FOUND


def test_who_last_wrote_is_shown_only_to_who_may_see_it(cast):
    cast["shown"].updated_by = cast["known"]
    cast["shown"].save()
    query = f'{{ node(id: "{cast["shown"].node_id}") {{ ... on Profile {{ updatedBy {{ username email }} }} }} }}'
    assert execute(query, Actor()).data == {"node": {"updatedBy": None}}
    assert execute(query, Actor(cast["member"])).data == {"node": {"updatedBy": {"username": "known", "email": None}}}


@pytest.mark.parametrize(
    "field", ["profiles { edges { node { %s } } }", 'nodes(ids: ["%s"]) { ... on Profile { %%s } }']
)
def test_a_writer_is_shown_like_any_other_profile(cast, field):
    """Its own last writer is shown too, and its entity tag depends on that."""
    for name, by in (("shown", "known"), ("known", "owner")):
        cast[name].updated_by = cast[by]
        cast[name].save()
    if "ids" in field:
        field %= cast["shown"].node_id
    result = execute(f"{{ {field % 'pk updatedBy { pk etag updatedBy { pk } }'} }}", Actor(cast["staff"]))
    assert not result.errors
    rows = [edge["node"] for edge in result.data["profiles"]["edges"]] if "edges" in field else result.data["nodes"]
    (shown,) = (row for row in rows if row["pk"] == cast.pk("shown"))
    alone = execute(f"{{ profile(pk: {cast.pk('known')}) {{ pk etag updatedBy {{ pk }} }} }}", Actor(cast["staff"]))
    assert shown["updatedBy"] == alone.data["profile"]
    assert shown["updatedBy"]["updatedBy"] == {"pk": cast.pk("owner")}


class Link(serializers.Serializer):
    page_url = serializers.URLField()


class Linked(serializers.Serializer):
    home_page = Link()
    other_pages = Link(many=True)


def test_a_nested_error_keeps_its_whole_path():
    serializer = Linked(data={"home_page": {"page_url": "x"}, "other_pages": [{"page_url": "http://a.example"}, {}]})
    with pytest.raises(ValidationError) as error:
        serializer.is_valid(raise_exception=True)
    assert [(e.code, e.field) for e in input_errors(PROFILE.error, error.value)] == [
        ("invalid", "homePage.pageUrl"),
        ("required", "otherPages.1.pageUrl"),
    ]


def test_an_error_of_no_field():
    error = ValidationError([ErrorDetail("Not so.", code="invalid")])
    assert [(e.code, e.message, e.field) for e in input_errors(PROFILE.error, error)] == [("invalid", "Not so.", None)]
