"""What a document may cost: each limit, at its edge and over it, whatever the shape."""

import pytest
from graphql import get_introspection_query

from graphql_api import limits
from profiles.outcomes import Refused


def aliased(count):
    return "{" + " ".join(f"a{n}: __typename" for n in range(count)) + "}"


def nested(depth):
    return "{ me {" + " updatedBy {" * (depth - 2) + " pk " + "}" * depth


def inside_me(fields):
    return "{ me { " + " ".join(fields) + " } }"


def spread(count):
    return "{" + " ...F" * count + "} fragment F on Query { __typename }"


def doubling(count):
    links = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(count))
    return f"{{ ...F0 }} {links} fragment F{count} on Query {{ __typename }}"


EDGES = {  # what passes, what is one too many
    "size": ("{ me { pk } }".ljust(20_000), "{ me { pk } }".ljust(20_001)),
    "tokens": ("{ me(x: [" + "1 " * 485 + "]) { pk } }", "{ me(x: [" + "1 " * 1_000 + "]) { pk } }"),
    "depth": (nested(16), nested(17)),
    "root_fields": (aliased(10), aliased(11)),
    "aliases": (inside_me(f"a{n}: pk" for n in range(30)), inside_me(f"a{n}: pk" for n in range(31))),
    "repeated_fields": (inside_me(["pk"] * 31), inside_me(["pk"] * 32)),
    "directives": (inside_me(["pk", *["@include(if: true)"] * 20]), inside_me(["pk", *["@include(if: true)"] * 21])),
    "fragments": (spread(50), spread(51)),
    "rows": (
        "{ profiles(first: 100) { edges { node { updatedBy { updatedBy { pk } } } } } }",
        "{ profiles(first: 100) { edges { node { updatedBy { updatedBy { pk } } } } } me { pk } }",
    ),
    "values": (
        "{ profiles(first: 100) { edges {" + "".join(f" a{n}: cursor" for n in range(21)) + " } } }",
        "{ profiles(first: 100) { edges {" + "".join(f" a{n}: cursor" for n in range(22)) + " } } }",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_each_limit_at_its_edge(name):
    within, over = EDGES[name]
    limits.read(within, {}, None)
    with pytest.raises(Refused) as refused:
        limits.read(over, {}, None)
    details = refused.value.details
    assert details["limit"] == name
    assert details["figure"] > details["most"]


def test_a_refusal_says_which_limit_and_by_how_much(client):
    response = client.post("/graphql/", {"query": aliased(27)}, content_type="application/json")
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "TOO_COMPLEX", "limit": "root_fields", "most": 10, "figure": 27}
    assert "27 root fields" in error["message"]
    assert "data" not in response.json()


def test_variables_are_counted_however_deep(client):
    body = {"query": "{ __typename }", "variables": {"a": [[0] * 100] * 20}}
    response = client.post("/graphql/", body, content_type="application/json")
    assert response.json()["errors"][0]["extensions"]["limit"] == "variables"


@pytest.mark.parametrize(
    ("query", "variables", "rows"),
    [
        ("{ me { pk } }", {}, 1),
        ("{ profile(pk: 1) { updatedBy { pk } } }", {}, 2),
        ('{ node(id: "x") { ... on Profile { updatedBy { pk } } } }', {}, 2),
        ("{ profiles { edges { node { pk } } } }", {}, 70),
        ("{ profiles(last: 7) { pageInfo { endCursor } edges { node { pk } } totalCount } }", {}, 107),
        ("query ($n: Int) { profiles(first: $n) { edges { node { pk } } } }", {"n": 9}, 59),
        ("query ($n: Int = 5) { profiles(first: $n) { edges { node { pk } } } }", {}, 55),
        ("query A($n: Int = 5) { profiles(first: $n) { edges { cursor } } } query B($n: Int = 8) { a }", {}, 58),
        ("query ($s: String) { profiles(first: 3, search: $s) { edges { node { pk } } } }", {"s": None}, 53),
        ("query ($s: String) { profiles(first: 3, search: $s) { edges { node { pk } } } }", {"s": "x"}, 103),
        ('query { profiles(first: 3, search: "x") { edges { node { pk } } } }', {}, 103),
        ("{ profiles(first: 5) { edges { node { history(first: 4) { edges { node { actor { pk }}}}}}}}", {}, 345),
        ("{ profiles(first: 5) { ...P }} fragment P on ProfileConnection {edges { node { updatedBy { pk }}}}", {}, 60),
        ("{ profiles(first: 999999999999999999999) { edges { node { pk } } } }", {}, 150),
        ("{ profiles(first: -5) { edges { node { pk } } } }", {}, 50),
        ("{ me { export } }", {}, 21),
        ("mutation { updateProfiles(input: {profiles: []}) { profiles { pk } } }", {}, 150),
    ],
)  # fmt: skip
def test_pages_multiply(query, variables, rows):
    assert limits.read(query, variables, "A" if "query A" in query else None).cost.total_rows == rows


WHATEVER_SHAPE = [  # circular, doubling and bottomless ones too
    "{a" * 6_000, "{ me(a: " + "[" * 19_000, "query (" + "$a: [" * 3_000, "{" + "...{" * 400 + "a" + "}" * 401,
    doubling(30), "{ ...F0 }" + " ".join(f"fragment F{n} on Query {{ ...F{(n + 1) % 40} }}" for n in range(40)),
    "{ a" * 300 + "}" * 300, "# " * 9_999, "," * 19_000 + "{a}", '{ a(b: "' + "x" * 19_000 + '") }',
    "{ " + "...F " * 300 + "} fragment F on Query { " + " ".join(f"a{n}: __typename" for n in range(100)) + " }",
]  # fmt: skip


@pytest.mark.parametrize("query", WHATEVER_SHAPE)
def test_a_document_of_whatever_shape_is_the_clients_error(client, query):
    response = client.post("/graphql/", {"query": query}, content_type="application/json")
    assert response.status_code == 200
    assert response.json()["errors"][0]["extensions"]["code"] in ("TOO_COMPLEX", "BAD_REQUEST")
    assert "data" not in response.json()


def test_a_fragment_may_have_more_fields_than_an_operation():
    fields = " ".join(f"a{n}: pk" for n in range(20))
    limits.read(f"{{ me {{ ...F }} }} fragment F on Profile {{ {fields} }}", {}, None)


def test_another_operation_of_the_document_hides_nothing(client):
    body = {"query": f"query A {aliased(1)} query B {aliased(16)}", "operationName": "A"}
    response = client.post("/graphql/", body, content_type="application/json")
    assert response.json()["errors"][0]["extensions"]["limit"] == "root_fields"


# Who is shown the schema

INTROSPECTION = get_introspection_query()


@pytest.mark.parametrize(
    ("who", "actor", "shown"),
    [
        ("everybody", "anonymous", True),
        ("members", "anonymous", False),
        ("members", "owner", True),
        ("nobody", "staff", False),
    ],
)
def test_the_schema_is_for_those_that_the_setting_says(cast, graphql, settings, who, actor, shown):
    settings.GRAPHQL_INTROSPECTION = who
    token = cast.token(actor)
    answer = graphql.send(INTROSPECTION, token=token).json()
    assert ("data" in answer) == shown
    for query in ("{ profil(pk: 1) { pk } }", "{ profile(pk: 1) { usernam } }", "{ profile(kp: 1) { pk } }",
                  "{ profiles(orderBy: USERNAM) { totalCount } }", "{ ...on Profil { pk } }"):  # fmt: skip
        message = graphql.send(query, token=token).json()["errors"][0]["message"]
        assert ("Did you mean" in message) == shown
    variables = {"input": {"id": "x", "bioo": "x"}}
    query = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { profile { pk } } }"
    assert ("Did you mean" in graphql.send(query, variables, token=token).json()["errors"][0]["message"]) == shown
    assert graphql.send("{ __typename }", token=token).json()["data"] == {"__typename": "Query"}


def test_a_type_that_leads_to_itself_is_not_followed_without_end(cast, graphql):
    query = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    assert "introspection depth" in graphql.send(query, token=cast.token("owner")).json()["errors"][0]["message"]


def test_what_is_remembered_of_a_document_is_not_who_asked(cast, graphql, settings):
    settings.GRAPHQL_INTROSPECTION = "members"
    assert "data" in graphql.send(INTROSPECTION, token=cast.token("owner")).json()
    assert "data" not in graphql.send(INTROSPECTION).json()
    assert "data" in graphql.send(INTROSPECTION, token=cast.token("owner")).json()
