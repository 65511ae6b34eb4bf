"""The default costs of a schema's fields, from their types and declarations."""

import graphene
import pytest
from graphene_django.settings import graphene_settings
from graphql import get_named_type, is_leaf_type
from rest_framework import serializers

from graphql_api.core import limits
from graphql_api.core.connections import PAGE_ARGUMENTS
from graphql_api.core.costs import Argument, Field, FieldCost
from graphql_api.core.types import Node
from graphql_api.schema import schema as of_profiles
from profiles.core.outcomes import Refused


class Note(graphene.ObjectType):
    class Meta:
        interfaces = (Node,)

    serializer_fields = {"first_title": serializers.CharField(max_length=1_000)}
    first_title = graphene.String()
    author = graphene.Field(lambda: Note)


class Label(graphene.ObjectType):
    serializer_fields = {"first_title": serializers.CharField(max_length=10)}
    first_title = graphene.String()


class Notes(graphene.relay.Connection):
    class Meta:
        node = Note
        name = "PageOfNotes"

    total = Field(graphene.Int, cost=FieldCost(operations=7, rows=30))


class UpdateNote(graphene.relay.ClientIDMutation):
    note = graphene.Field(Note)
    mutate_and_get_payload = print


class UpdateLabel(graphene.Mutation):
    label = graphene.Field(Label)
    mutate = print


class SignIn(graphene.Mutation):
    cost = FieldCost(rows=0)
    token = graphene.String()
    mutate = print


class Query(graphene.ObjectType):
    notes = graphene.Field(
        Notes, **PAGE_ARGUMENTS, words=Argument(graphene.String, cost=FieldCost(operations=2, rows=10))
    )
    note = graphene.Field(Note)
    label = graphene.Field(Label)
    labels = Field(graphene.List(Label), cost=FieldCost(size=3))
    all_notes = graphene.List(Note)


class Mutation(graphene.ObjectType):
    update_note = UpdateNote.Field()
    update_label = UpdateLabel.Field()
    sign_in = SignIn.Field()


@pytest.fixture
def schema(monkeypatch):
    made = graphene.Schema(query=Query, mutation=Mutation)
    monkeypatch.setattr(graphene_settings, "SCHEMA", made)
    return made.graphql_schema


def cost(query):
    return limits.read(query, {}, None).cost


@pytest.mark.parametrize(
    ("query", "operations", "rows", "values"),
    [
        ("mutation { updateNote { clientMutationId } }", 1, 1, 2),
        ("mutation { updateNote { note { id } } }", 1, 1, 3),
        ("mutation { updateLabel { label { firstTitle } } }", 1, 1, 3),
        ("mutation { a: updateLabel { label { firstTitle } } b: updateNote { note { id author { id } } } }", 2, 3, 8),
        ("mutation { signIn { token } }", 1, 0, 2),
        ("{ note { author { id } } }", 1, 2, 3),
        ("{ label { firstTitle } }", 1, 1, 2),
        ("{ labels { firstTitle } }", 1, 1, 4),
        ("{ allNotes { id } }", 1, 150, 101),
        ("{ notes(first: 9) { edges { node { id author { id } } } } }", 1, 50 + 9 * 2, 1 + 9 * 5),
        ('{ notes(first: 9, words: "a") { total edges { cursor } } }', 10, 50 + 10 + 30 + 9, 2 + 9 * 2),
    ],
)
def test_a_cost_follows_from_types_and_declarations(schema, query, operations, rows, values):
    assert cost(query).shown == {"operations": operations, "rows": rows, "values": values}


def test_a_text_is_as_long_as_the_field_of_its_own_serializer(schema):
    frame = len("note") + len("firstTitle") + 2 * limits.A_NAME
    assert cost("{ note { firstTitle } }").figures["bytes"] == frame + 12 * 1_000
    assert cost("{ label { firstTitle } }").figures["bytes"] == frame + 1 + 12 * 10


def test_the_values_that_pass_follow_from_the_largest_resource(schema):
    assert limits.limit("values") == 100 * (4 + 2 + 2)  # edge, cursor, node, reserve; leaves; the author's


def test_the_largest_page_of_rest_passes_whole():
    fields = of_profiles.graphql_schema.type_map["Profile"].fields
    leaves = [name for name, each in fields.items() if is_leaf_type(get_named_type(each.type))]
    row = f"{' '.join(leaves)} updatedBy {{ pk }}"
    assert limits.limit("values") == 100 * (4 + len(leaves) + 2) >= 2_300  # edge, cursor, node, reserve
    info = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    whole = cost(f"{{ profiles(first: 100) {{ {info} edges {{ cursor node {{ {row} }} }} }} }}")
    assert whole.figures["values"] == 100 * (3 + len(leaves) + 2) + 6
    with pytest.raises(Refused):
        cost(f"{{ profiles(first: 100) {{ {info} edges {{ cursor node {{ {row} a: pk }} }} }} }}")


def test_a_setting_says_how_many_values_pass(settings):
    settings.GRAPHQL_LIMITS = settings.GRAPHQL_LIMITS | {"values": 5}
    assert limits.limit("values") == 5
