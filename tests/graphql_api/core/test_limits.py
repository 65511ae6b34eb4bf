"""Limits on a document's cost: each limit, at its value and above, for any form of document."""

import json
from types import SimpleNamespace

import pytest
from graphene_django.settings import graphene_settings
from graphql import build_schema, get_introspection_query, graphql_sync
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from graphql_api.core import costs, limits
from graphql_api.core.connections import page_values
from graphql_api.schema import schema
from profiles.core.outcomes import Refused
from profiles.core.pages import DEFAULT_SIZE, MOST, PageQuery
from profiles.serializers import ProfileSerializer


def aliased(count):
    return "{" + " ".join(f"a{n}: __typename" for n in range(count)) + "}"


def nested(depth):
    return "{ me {" + " updatedBy {" * (depth - 2) + " pk " + "}" * depth


def inside_me(fields):
    return "{ me { " + " ".join(fields) + " } }"


def inside_a_page(*fields):
    return "{ profiles(first: 100) { edges { node { " + " ".join(fields) + " } } } }"


def spread(count):
    return "{" + " ...F" * count + "} fragment F on Query { __typename }"


def doubling(count):
    links = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(count))
    return f"{{ ...F0 }} {links} fragment F{count} on Query {{ __typename }}"


CURSORS = limits.limit("values") // 100 - 2  # per edge, besides the list and the edge
EDGES = {  # within the limit, and one above it
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
        "{ profiles(first: 100) { edges {" + "".join(f" a{n}: cursor" for n in range(CURSORS)) + " } } }",
        "{ profiles(first: 100) { edges {" + "".join(f" a{n}: cursor" for n in range(CURSORS + 1)) + " } } }",
    ),
    "bytes": (inside_a_page("bio"), inside_a_page("bio", "b: bio")),
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
        ('{ nodes(ids: ["x", "y", "z"]) { ... on Profile { updatedBy { pk } } } }', {}, 6),
        ("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["x", "y"]}, 2),
        ("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": None}, 1),  # invalid: null is not allowed
        ("{ nodes(ids: []) { id } }", {}, 1),
        ("{ profiles { edges { node { pk } } } }", {}, 70),
        ("{ profiles(last: 7) { pageInfo { endCursor } edges { node { pk } } totalCount } }", {}, 107),
        ("query ($n: Int) { profiles(first: $n) { edges { node { pk } } } }", {"n": 9}, 59),
        ("query ($n: Int = 5) { profiles(first: $n) { edges { node { pk } } } }", {}, 55),
        ("query A($n: Int = 5) { profiles(first: $n) { edges { cursor } } } query B($n: Int = 8) { a }", {}, 55),
        ("query ($s: String) { profiles(first: 3, search: $s) { edges { node { pk } } } }", {"s": None}, 53),
        ("query ($s: String) { profiles(first: 3, search: $s) { edges { node { pk } } } }", {"s": "x"}, 103),
        ('query { profiles(first: 3, search: "x") { edges { node { pk } } } }', {}, 103),
        ("{ profiles(first: 5) { edges { node { history(first: 4) { edges { node { actor { pk }}}}}}}}", {}, 345),
        ("{ profiles(first: 5) { ...P }} fragment P on ProfileConnection {edges { node { updatedBy { pk }}}}", {}, 60),
        ("{ profiles(first: 999999999999999999999) { edges { node { pk } } } }", {}, 150),
        ("{ profiles(first: -5) { edges { node { pk } } } }", {}, 50),
        ("{ me { export { url } } }", {}, 1),
        ("mutation { updateProfiles(input: {profiles: []}) { profiles { pk } } }", {}, 150),
    ],
)  # fmt: skip
def test_pages_multiply(query, variables, rows):
    assert limits.read(query, variables, "A" if "query A" in query else None).cost.figures["rows"] == rows


def rows(query, **variables):
    return limits.read(query, variables, None).cost.figures["rows"]


def values(query, **variables):
    return limits.read(query, variables, None).cost.figures["values"]


A_PAGE = "profiles(first: $n, last: $m, search: $s) { edges { cursor } }"


@pytest.mark.parametrize(
    ("declared", "variables", "expected"),
    [
        ("$n: Int", {"n": 100.0}, 150),
        ("$n: Int, $m: Int", {"n": None, "m": 100}, 150),
        ("$n: Int = null, $m: Int = 100", {}, 150),
        ("$n: Int = 100", {"n": None}, 70),
        ("$m: Int", {"m": 5}, 55),
        ("$n: Int, $m: Int", {"n": 5, "m": 100}, 70),  # invalid: both ends of the list
        ('$s: String = "ada"', {}, 120),
        ('$s: String = "ada"', {"s": None}, 70),
        ('$s: String = "ada", $n: Int = 100', {"n": 1e300}, 70),  # invalid: not an Int
    ],
)
def test_variables_cost_what_they_are_coerced_to(declared, variables, expected):
    assert rows(f"query ({declared}) {{ {A_PAGE} }}", **variables) == expected


def test_a_literal_null_is_no_size():
    assert rows("{ profiles(first: null, last: 100) { edges { cursor } } }") == 150
    assert rows("{ profiles(first: null, search: null) { edges { cursor } } }") == 70


def test_the_default_of_an_argument_is_charged(client):
    searches = " ".join(f"a{n}: profiles(first: 1, search: $s) {{ edges {{ cursor }} }}" for n in range(6))
    for variables, declared in (({}, 'String = "ada"'), ({"s": "ada"}, "String")):
        body = {"query": f"query ($s: {declared}) {{ {searches} }}", "variables": variables}
        error = client.post("/graphql/", body, content_type="application/json").json()["errors"][0]
        assert error["extensions"] == {"code": "TOO_COMPLEX", "limit": "rows", "most": 350, "figure": 606}


def test_a_fragment_costs_what_the_operation_that_is_meant_makes_of_it():
    document = (
        "query A($n: Int = 3) { ...F } query B($n: Int = 9) { ...F } "
        "fragment F on Query { profiles(first: $n) { edges { cursor } } }"
    )
    assert [limits.read(document, {}, name).cost.figures["rows"] for name in "AB"] == [53, 59]
    assert limits.read(document, {"n": 50}, "B").cost.figures["rows"] == 100


def test_what_is_not_executed_is_not_charged():
    document = f"query A {{ me {{ pk }} }} query B {{ {' '.join(f'a{n}: __schema {{ a }}' for n in range(5))} }}"
    assert limits.read(document, {}, "A").cost.figures["rows"] == 1
    with pytest.raises(Refused):
        limits.read(document, {}, "B")


sizes = st.none() | st.integers(-1, 200)
cursors = st.none() | st.just("x")


@given(st.fixed_dictionaries({}, optional={"first": sizes, "after": cursors, "last": sizes, "before": cursors}))
def test_a_page_is_charged_for_as_many_rows_as_its_resolver_reads(arguments):
    try:
        page = PageQuery(data=page_values(**arguments))
        page.is_valid(raise_exception=True)
    except ValidationError:
        assert limits.page_size(arguments) in (0, DEFAULT_SIZE, MOST)
    else:
        assert limits.page_size(arguments) == page.validated_data["page_size"]


CHANGES = "history(first: {}) {{ edges {{ node {{ changes {{ field from to }} }} }} }}"


def test_a_list_of_objects_costs_its_size_times_its_fields():
    of_a_change = 3 + 3 * 4  # edge, node, list; the fields of each entry
    assert values("{ me { " + CHANGES.format(100) + " } }") == 2 + 100 * of_a_change
    with pytest.raises(Refused) as refused:
        limits.read("{ me { a: " + CHANGES.format(100) + " b: " + CHANGES.format(100) + " } }", {}, None)
    assert refused.value.details["limit"] == "values"
    each = len(ProfileSerializer().fields)
    assert values("mutation { updateProfile(input: {id: 1}) { errors { code field } } }") == 2 + each * 2
    assert values("mutation { updateProfiles(input: {profiles: []}) { errors { code field } } }") == 2 + 100 * 2


SHAPES = """
scalar GenericScalar
type Thing { a: Int blob: GenericScalar things: [Thing!]! }
type Query { thing: Thing things: [Thing] numbers: [Int] blob: GenericScalar }
"""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ thing { a } }", 2),
        ("{ things { a } }", 101),
        ("{ things { things { a } } }", 10_101),
        ("{ thing { blob } }", 101),
        ("{ numbers }", 1),
        ("{ nothing { a } }", 2),
    ],
)
def test_the_cost_of_an_unknown_field_follows_from_its_shape(monkeypatch, settings, query, expected):
    monkeypatch.setattr(graphene_settings, "SCHEMA", SimpleNamespace(graphql_schema=build_schema(SHAPES)))
    settings.GRAPHQL_LIMITS = settings.GRAPHQL_LIMITS | {"values": 100_000, "bytes": 100_000_000}
    assert values(query) == expected


def test_a_type_with_a_global_id_is_a_row():
    types = schema.graphql_schema.type_map
    assert {name for name, kind in types.items() if costs.is_row(schema.graphql_schema, kind)} == {"Node", "Profile"}


def test_introspection_costs_about_what_it_returns():
    query = get_introspection_query(input_value_deprecation=True)
    returned = limits.count_values(graphql_sync(schema.graphql_schema, query).data)
    assert returned <= values(query) / costs.INTROSPECTION["__schema"].size <= 1.5 * returned
    types = " ".join(f"a{n}: types {{ name fields {{ name args {{ name type {{ name }} }} }} }}" for n in range(10))
    with pytest.raises(Refused) as refused:
        limits.read(f"{{ __schema {{ {types} }} }}", {}, None)
    assert refused.value.details["limit"] == "values"


TYPES = st.sampled_from(["Int", "Int!", "[Int!]", "String", "ID", "ProfileFilterInput", "Profile", "Nothing"])
GIVEN = st.sampled_from(
    ["$n", "$s", "null", "1", "-1", "1.5", "1e999999", '"x"', "true", "A", "[1]", "{}", "[$n, {a: $s}]"]
)
DEFAULTS = st.sampled_from(["", *(f" = {value}" for value in ("null", "5", '"x"', "[1]", "{username: 1}", "9" * 300))])
ARGUMENT = st.sampled_from(["first", "last", "after", "search", "filter", "id", "pk", "input", "nothing"])
ARGUMENTS = st.just("") | st.lists(st.builds("{}: {}".format, ARGUMENT, GIVEN), min_size=1).map(", ".join).map(
    "({})".format
)
DIRECTIVE = st.just("") | GIVEN.map("@skip(if: {})".format)
LEAF = st.sampled_from(
    ["pk", "totalCount", "export", "nothing", "a: pk", "...F", "... on Nothing { ...G }", "__typename", "field"]
)
PARENT = st.sampled_from(
    [
        *("profiles", "profile", "me", "a: node", "edges", "node", "history", "changes", "updatedBy", "__schema"),
        *("types", "updateProfiles", "profil"),
    ]
)
SELECTION = st.recursive(
    LEAF,
    lambda inner: st.builds(
        lambda *parts: "{}{} {} {{ {} }}".format(*parts[:3], " ".join(parts[3])),
        *(PARENT, ARGUMENTS, DIRECTIVE, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)
DOCUMENT = st.builds(
    lambda kind, n, s, *parts: (
        f"{kind} A($n: {n[0]}{n[1]}, $s: {s[0]}{s[1]}) {{ {parts[0]} }} query B {{ {parts[1]} }} "
        f"fragment F on Query {{ {parts[2]} }} fragment G on Nothing {{ {parts[3]} }}"
    ),
    st.sampled_from(["query", "mutation", "subscription"]),
    *[st.tuples(TYPES, DEFAULTS)] * 2,
    *[SELECTION] * 4,
)
SENT = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just("x") | st.just([1])


@given(DOCUMENT, st.dictionaries(st.sampled_from("ns"), SENT), st.sampled_from([None, "A", "B", "C"]))
def test_any_document_is_measured_or_refused(query, variables, name):
    """Most documents are invalid. Measuring one must not raise any other exception."""
    try:
        cost = limits.read(query, variables, name).cost
    except Refused:
        return
    assert min(cost.shown.values()) >= 0


# The bytes of a response

LONGEST = {"bio": "\U0001f600" * 2_000, "display_name": "\u2028" * 100, "location": '"' * 100}
PROFILE = "bio displayName location username email website timeZone createdAt etag editableFields updatedBy { pk }"
HISTORY = "history(first: 5) { edges { cursor node { version at source requestId changes { field from to } } } }"


def count_fields(data):
    if isinstance(data, dict):
        return len(data) + sum(map(count_fields, data.values()))
    return sum(map(count_fields, data)) if isinstance(data, list) else 0


@pytest.mark.parametrize(
    "query",
    [
        f"{{ me {{ {PROFILE} }} }}",
        f"{{ me {{ {HISTORY} }} }}",
        f"{{ profiles(first: 9) {{ totalCount pageInfo {{ endCursor }} edges {{ cursor node {{ {PROFILE} }} }} }} }}",
        f"query ($n: Int = 3) {{ profiles(last: $n) {{ edges {{ node {{ {PROFILE} }} }} }} }}",
        'mutation { createProfile(input: {username: "!", email: "!"}) { errors { code message field } } }',
    ],
)
def test_a_response_has_no_more_than_was_charged(cast, graphql, query):
    owner = cast["owner"]
    for name, value in LONGEST.items():
        setattr(owner, name, value)
    owner.updated_by = owner
    owner.save()
    graphql.update(owner.pk, {"bio": "x", "display_name": "y", "location": ""}, token=cast.token("owner"))
    graphql.update(
        owner.pk, {name: value.replace("\u2028", "z") for name, value in LONGEST.items()}, token=cast.token("owner")
    )
    response = graphql.send(query, token=cast.token("owner"))
    body = response.json()
    assert "errors" not in body
    charged = limits.read(query, {}, None).cost
    assert body["extensions"]["cost"] == charged.shown
    assert count_fields(body["data"]) <= charged.figures["values"]
    assert len(json.dumps(body["data"], separators=(",", ":"))) <= charged.figures["bytes"]


@pytest.fixture
def underestimated(settings):
    """Texts are longer than their estimated size."""
    settings.GRAPHQL_LIMITS = settings.GRAPHQL_LIMITS | {"bytes": 3_000}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(costs, "A_CHARACTER", 0)
        costs.shape_of.cache_clear()
        yield
    costs.shape_of.cache_clear()


def test_a_query_ends_at_the_limit_whatever_was_estimated(cast, graphql, underestimated):
    owner = cast["owner"]
    owner.bio = "x" * 1_500
    owner.save()
    query = "{ me { bio } again: me { bio } }"
    response = graphql.send(query, token=cast.token("owner")).json()
    assert response.keys() == {"errors"}
    (error,) = response["errors"]
    assert error["extensions"] | {"figure": 0} == {"code": "TOO_COMPLEX", "limit": "bytes", "most": 3_000, "figure": 0}
    assert "bytes in its longest response" in error["message"]
    assert "data" in graphql.send("{ me { bio } }", token=cast.token("owner")).json()


def test_a_mutation_beyond_the_limit_says_what_it_wrote(cast, graphql, underestimated):
    owner = cast["owner"]
    query = """mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) {
        clientMutationId profile { a: bio b: bio } } }"""
    given = {"id": owner.node_id, "bio": "x" * 2_000, "clientMutationId": "1"}
    response = graphql.send(query, {"input": given}, token=cast.token("owner")).json()
    assert response["data"]["updateProfile"]["clientMutationId"] == "1"
    assert response["data"]["updateProfile"]["profile"] is None
    assert response["errors"][0]["extensions"]["limit"] == "bytes"
    assert response["errors"][0]["path"] == ["updateProfile", "profile", "b"]
    owner.refresh_from_db()
    assert owner.bio == given["bio"]


@pytest.mark.parametrize(
    ("query", "operations"),
    [
        ("{ me { pk } }", 1),
        ("{ a: me { pk } b: me { pk } }", 2),
        ('{ profiles(search: "a") { edges { cursor } } }', 6),
        ("{ profiles(search: null) { edges { cursor } } }", 1),
        ('query ($s: String = "a") { profiles(search: $s) { edges { cursor } } }', 6),
        ("{ profiles { totalCount } }", 21),
        ("{ a: profiles { ...C } b: profiles { ...C } } fragment C on ProfileConnection { totalCount }", 42),
        ('{ a: profiles(search: "a") { totalCount } b: profiles(search: "b") { edges { cursor } } me { pk } }', 33),
    ],
)
def test_searches_and_counts_are_charged(db, client, query, operations):
    response = client.post("/graphql/", {"query": query}, content_type="application/json")
    assert response.headers["RateLimit"].startswith(f'"reads";r={600 - operations};')
    assert response.json()["extensions"]["cost"]["operations"] == operations


WHATEVER_SHAPE = [  # also with circular, doubling and endless fragments
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


# Who may introspect the schema

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
    query = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
    assert "introspection depth" in graphql.send(query, token=cast.token("owner")).json()["errors"][0]["message"]


def test_what_is_remembered_of_a_document_is_not_who_asked(cast, graphql, settings):
    settings.GRAPHQL_INTROSPECTION = "members"
    assert "data" in graphql.send(INTROSPECTION, token=cast.token("owner")).json()
    assert "data" not in graphql.send(INTROSPECTION).json()
    assert "data" in graphql.send(INTROSPECTION, token=cast.token("owner")).json()


def test_a_cost_is_measured_once_where_no_variable_matters():
    limits.fixed_cost.cache_clear()
    of_one = "query ($pk: Int, $shown: Boolean = true) { profile(pk: $pk) { username @include(if: $shown) } }"
    for pk in range(5):
        assert limits.read(of_one, {"pk": pk}, None).cost.figures["rows"] == 1
    assert limits.fixed_cost.cache_info().misses == 1
    of_many = "query ($n: Int) { profiles(first: $n) { edges { cursor } } }"
    assert [limits.read(of_many, {"n": n}, None).cost.figures["rows"] for n in (1, 5)] == [51, 55]


@pytest.mark.parametrize("given", [{}, {"n": 100}, {"n": None}])
def test_what_depends_on_variables_is_refused_whether_they_are_given_or_not(given, settings):
    settings.GRAPHQL_LIMITS = settings.GRAPHQL_LIMITS | {"rows": 60}
    for query in (
        "query ($n: Int) { profiles(first: $n) { edges { cursor } } }",
        "query ($n: Int = 100) { profiles(first: $n) { edges { cursor } } }",
        "query ($n: Int, $id: ID!) { profiles(first: $n) { edges { cursor } } nodes(ids: [$id]) { id } }",
    ):
        for _ in range(2):
            with pytest.raises(Refused) as refused:
                limits.read(query, given, None)
            assert refused.value.details["limit"] == "rows"
