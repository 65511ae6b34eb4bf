"""Responses made with plans equal those of graphql-core, byte for byte: data, errors, order and cost.

`pytest tests/graphql_api/core/test_plans.py --documents 20000` compares 20,000 random documents; without the option the
test compares a few hundred, always the same. A failure shows the document's number.
"""

import logging
import re
from collections import Counter
from pathlib import Path

import pytest
from graphql import ExecutionContext

from graphql_api.core import execution, plans, views
from graphql_api.core.connections import Connection, Edge
from graphql_api.core.execution import Execution, LongExecution
from graphql_api.core.limits import limit, parse_tokens
from profiles.core import writing
from profiles.core.actors import Actor
from profiles.core.histories import ChangeSerializer
from profiles.core.models import Source
from profiles.models import Profile
from profiles.policy import policy
from profiles.serializers import ProfileSerializer
from tests.cast import NOBODY
from tests.graphql_api.core.documents import MadeUp

TOLD = ("made", "left", b"TOO_COMPLEX", b"INTERNAL", b"NOT_FOUND", b"FORBIDDEN", b"UNAUTHENTICATED")
SHORT = 400  # documents without --documents
ACTORS = ("anonymous", "member", "owner", "staff")
REQUEST_ID = re.compile(rb"[0-9a-f]{32}|[0-9a-f-]{36}")
EXAMPLES = Path(__file__).parents[3] / "server/web/src/graphiql/examples.ts"


@pytest.fixture(autouse=True)
def unlimited(settings):
    """Raise the limits on requests and documents, and allow introspection."""
    settings.GRAPHQL_LIMITS = {name: 10 * (most or 1_000) for name, most in settings.GRAPHQL_LIMITS.items()}
    settings.GRAPHQL_INTROSPECTION = "everybody"
    settings.READ_LIMIT = settings.READ_LIMIT_PER_ADDRESS = "1000000 per minute"
    settings.WRITE_LIMIT = settings.WRITE_LIMIT_PER_ADDRESS = "1000000 per minute"


@pytest.fixture
def quiet_logs():
    """Suppress the log of provoked errors, which pytest would keep."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def both(graphql, monkeypatch):
    """Send a document twice; return the response made with plans and the one by graphql-core alone."""

    def responses(query, token, variables=None):
        made = graphql.send(query, variables, token=token).content
        with monkeypatch.context() as alone:
            alone.setattr(Execution, "planned", lambda *_: None)
            alone.setattr(execution, "plans_of", lambda *_: plans.Plans())
            expected = graphql.send(query, variables, token=token).content
        return REQUEST_ID.sub(b"", made), REQUEST_ID.sub(b"", expected)

    return responses


@pytest.fixture
def written(cast):
    """Profiles changed by accounts that not everybody sees."""
    for number in range(5):
        values = {"bio": f"bio {number} \u00fc \"'\U0001f600", "visibility": "public" if number % 2 else "members"}
        actor = cast["staff"] if number % 2 else cast["owner"]
        writing.update(cast["owner"], values, actor=Actor(actor), source=Source.REST)
    Profile.objects.filter(username__in=["shown", "known"]).update(updated_by=cast["hidden"])
    return cast


class Faults:
    """Errors and wrong values in the resolvers of some rows, until the next call of `choose`."""

    VALUES = (None, None, ValueError("returned"), object(), {}, [], [None], "", 7, 1e400, 2**40, True, "members")

    def __init__(self, monkeypatch):
        self.chosen = {}
        of_rows, of_changes, edges = ProfileSerializer.shown, ChangeSerializer.shown, Connection.edges.fget
        cursor = Edge.cursor.fget

        def shown(serializer, row, name):
            return self.broken(name, row.pk, lambda: of_rows(serializer, row, name))

        def changed(serializer, change, name):
            return self.broken(f"change.{name}", change.version, lambda: of_changes(serializer, change, name))

        def broken_edges(connection):
            found = edges(connection)
            for edge in found:
                edge.node = self.broken("node", edge.number, lambda node=edge.node: node)
            return self.broken("edges", 0, lambda: [self.broken("edge", e.number, lambda e=e: e) for e in found])

        monkeypatch.setattr(ProfileSerializer, "shown", shown)
        monkeypatch.setattr(ChangeSerializer, "shown", changed)
        monkeypatch.setattr(Connection, "edges", property(broken_edges))
        monkeypatch.setattr(Edge, "cursor", property(lambda e: self.broken("cursor", e.number, lambda: cursor(e))))

    PLACES = (
        *("username", "bio", "visibility", "created_at", "version", "updated_by", "editable_fields", "email_public"),
        *("change.version", "change.at", "change.source", "change.actor", "change.changes"),
        *("node", "edges", "edge", "cursor"),
    )

    def choose(self, random):
        """Choose other faults, or none."""
        places = random.sample(self.PLACES, random.choice((0, 1, 3, 6)))
        self.chosen = {
            place: (random.choice((1, 2, 3)), random.choice((ZeroDivisionError, *self.VALUES))) for place in places
        }

    def broken(self, place, number, right):
        each, value = self.chosen.get(place, (0, None))
        if not each or number % each:
            return right()
        if value is ZeroDivisionError:
            raise ZeroDivisionError(place)
        return value


def test_made_up_documents_are_answered_as_by_graphql_core(written, both, monkeypatch, quiet_logs, request):
    """Documents have errors at any depth, and some responses exceed the limit on bytes."""
    both("{ __typename }", None)  # imports all modules
    monkeypatch.setattr(policy, "always_shown", policy.always_shown - {"bio"})
    keys = [written.pk(name) for name in ("owner", "owner", "shown", "hidden", "mailed")] + [NOBODY]
    ids = [profile.node_id for profile in list(written.profiles.values())[:6]]
    faults, seen, planned = Faults(monkeypatch), Counter(), Execution.planned

    def counted(*arguments):
        made = planned(*arguments)
        seen["left" if made is None else "made"] += 1
        return made

    monkeypatch.setattr(Execution, "planned", counted)
    monkeypatch.setattr(LongExecution, "patience", 0)
    for number in range(request.config.getoption("--documents") or SHORT):
        if number % 500 == 0:  # tokens expire after some minutes
            tokens = {actor: written.token(actor) for actor in ACTORS}
        document = MadeUp(number, keys, ids)
        random = document.random
        faults.choose(random)
        most = random.choice((*[limit("bytes")] * 3, random.randrange(50, 1_000)))
        token = tokens[random.choice(ACTORS)]
        for variables in document.variables:
            with monkeypatch.context() as limited:
                limited.setattr(execution, "limit", lambda name, most=most: most)
                limited.setattr(views, "Execution", random.choice((Execution, LongExecution)))
                made, expected = both(document.text, token, variables)
            assert made == expected, f"document {number}: {document.text} {variables} {faults.chosen}"
            seen.update(what for what in TOLD[2:] if what in made)
    assert min(seen[what] for what in TOLD) > 5


@pytest.mark.parametrize("place", Faults.PLACES)
def test_whatever_a_resolver_returns_is_taken_as_by_graphql_core(written, both, monkeypatch, quiet_logs, place):
    monkeypatch.setattr(policy, "always_shown", frozenset())
    faults, token = Faults(monkeypatch), written.token("owner")
    row = "bio username visibility createdAt version editableFields emailPublic updatedBy { %s }"
    change = "version at source actor { username } changes { field from to }"
    page = "{ profiles(first: 3) { edges { cursor node { %s } } } }"
    queries = [
        page % (row % "bio"),
        page % "__typename updatedBy { __typename }",
        f"{{ me {{ {row % '__typename'} history {{ edges {{ cursor node {{ {change} }} }} }} }} }}",
        "{ me { history { edges { node { __typename actor { __typename } changes { __typename } } } } } }",
    ]
    both(queries[0], token)  # imports all modules
    for value in (ZeroDivisionError, *Faults.VALUES):
        faults.chosen = {place: (2, value)}
        for query in queries:
            made, expected = both(query, token)
            assert made == expected, value


def test_the_examples_of_graphiql_are_answered_as_by_graphql_core(written, both):
    documents = re.findall(r"graphql\(`(.*?)`", EXAMPLES.read_text(), re.DOTALL)
    fragments = "".join(text for text in documents if "fragment" in text)
    queries = [text for text in documents if "query" in text]
    assert len(queries) > 5
    owner = written["owner"]
    variables = {"username": "owner", "id": owner.node_id, "ids": [owner.node_id], "first": 3, "orderBy": "USERNAME"}
    for query in queries:
        for actor in ACTORS:
            made, expected = both(query + (fragments if "...Card" in query else ""), written.token(actor), variables)
            assert made == expected
            assert b'"data"' in made


def test_a_page_is_made_in_one_step(written, graphql, monkeypatch):
    """graphql-core executes only root fields: plans make rows, their authors and the histories' changes."""
    fields, execute_field = [], ExecutionContext.execute_field

    def noted(self, parent, source, nodes, path):
        fields.append(".".join(map(str, path.as_list())))
        return execute_field(self, parent, source, nodes, path)

    monkeypatch.setattr(ExecutionContext, "execute_field", noted)
    page = "edges { cursor node { __typename %s } } pageInfo { hasNextPage endCursor }"
    profiles = page % "id username createdAt visibility editableFields etag updatedBy { username }"
    history = page % "version at source requestId actor { username } changes { field from to }"
    query = f"{{ profiles {{ totalCount {profiles} }} me {{ history {{ {history} }} }} }}"
    assert "errors" not in graphql.send(query, token=written.token("owner")).json()
    assert fields == ["profiles", "me", "me.history"]


def test_plans_are_kept_with_a_document_and_hold_few_choices(written, graphql, monkeypatch):
    query = "query (%s) { me { username %s } }"
    names = ["one", "two", "three"]
    query %= ", ".join(f"${n}: Boolean!" for n in names), " ".join(f"{n}: pk @skip(if: ${n})" for n in names)
    made = []
    monkeypatch.setattr(
        plans, "plan_of", lambda readers, size, make=plans.plan_of: made.append(size) or make(readers, size)
    )
    token = written.token("owner")
    for _ in range(3):
        for number in range(8):
            variables = {name: bool(number & 1 << place) for place, name in enumerate(names)}
            shown = graphql.send(query, variables, token=token).json()["data"]["me"]
            graphql.send(query, variables, token=token)
            assert shown.keys() == {"username", *(name for name, skipped in variables.items() if not skipped)}
    assert len(made) == 24  # not 48: each repeated request reuses a plan
    (operation,) = parse_tokens(query).definitions
    assert 0 < len(operation.plans) <= plans.CHOICES


def test_the_bytes_of_a_response_are_counted_alike(written, both, monkeypatch):
    """The bytes are counted while the response is made, independent of the estimate."""
    seen = set()
    one = "{ me { username editableFields bio visibility emailPublic } }"
    page = "{ profiles(first: 3) { edges { cursor node { pk email updatedBy { bio } } } pageInfo { endCursor } } }"
    for query in (one, page):
        for most in range(50, 700, 7):
            monkeypatch.setattr(execution, "limit", lambda name, most=most: most)
            made, expected = both(query, written.token("owner"))
            assert made == expected
            seen.add((query, b"TOO_COMPLEX" in made))
    assert len(seen) == 4


@pytest.mark.parametrize("text", ["", "plain", 'quote " and \\', "\u00fc\U0001f600", "\ud800", "\n"])
def test_texts_that_are_not_serialized_would_be_the_same(text):
    for serialize in plans.KEEP_A_TEXT:
        assert serialize(text) == text
        assert type(serialize(text)) is str
