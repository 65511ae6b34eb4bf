"""The metrics: both APIs count the same operation with the same outcome."""

from collections import Counter

import pytest
from django.db import OperationalError

from graphql_api.core.operations import DOCUMENT, names_of
from graphql_api.schema import schema
from profiles.core.metrics import OPERATIONS, OTHER, RATE_LIMITED, REQUEST_SECONDS, SECURITY_EVENTS
from profiles.core.models import ResourceQuerySet, Source
from profiles.core.outcomes import INVALID, OK, Outcome
from profiles.identity import families, security, throttling
from profiles.identity.throttling import counter
from profiles.rest.contract.operations import OPERATIONS as CONTRACT
from tests.cast import PASSWORD
from tests.parity import identity_cases, test_identity_cases
from tests.parity.cases import CASES
from tests.parity.test_cases import perform
from tests.state import undone

MIDDLEWARE = "server.observability.operations.count_operations"
PROBES = 1  # number of middlewares before it


@pytest.fixture(autouse=True)
def counted(settings):
    """Add the middleware that METRICS_PORT turns on."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:PROBES], MIDDLEWARE, *settings.MIDDLEWARE[PROBES:]]


def counts(metric=OPERATIONS, suffix="_total"):
    """A metric's nonzero values, by the values of its labels in order."""
    found = Counter()
    for sample in metric.collect()[0].samples:
        if sample.name.endswith(suffix):
            found[tuple(sample.labels[name] for name in metric._labelnames)] = sample.value
    return +found


def counted_by(act, *arguments, metric=OPERATIONS):
    """What a call adds to a metric."""
    before = counts(metric)
    act(*arguments)
    return dict(counts(metric) - before)


def operations_of(api, added):
    """The added counts by operation and outcome; all must be this API's."""
    assert {labels[1] for labels in added} == {str(api.source)}
    return {(operation, outcome): number for (operation, _, outcome), number in added.items()}


def counted_alike(apis, act):
    """Perform an act through each API, and return its counts, which must be equal."""
    added = []
    for api in apis:
        with undone():
            added.append(operations_of(api, counted_by(act, api)))
    rest, graphql = added
    assert rest == graphql
    return rest


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_a_case_of_the_table(case, cast, apis):
    added = counted_alike(apis, lambda api: perform(api, case, cast))
    expected = {"done": OK, "invalid": INVALID}.get(case.outcome, case.outcome)
    assert expected in {outcome for _, outcome in added}


LISTS = ("list_sessions", "list_personal_tokens")  # over GraphQL, fields of a profile


@pytest.mark.parametrize(
    "case", [case for case in identity_cases.CASES if case.operation not in LISTS], ids=lambda case: case.label
)
def test_a_case_of_identity(case, cast, apis, mail):
    mine = families.start(cast["owner"])
    added = counted_alike(apis, lambda api: test_identity_cases.perform(api, case, cast, mine))
    expected = {"done": OK, "invalid": INVALID}.get(case.outcome, case.outcome)
    assert [outcome for _, outcome in added] == [expected]


OTHERS = {
    "listProfiles": lambda api, cast, token: api.list(token=token),
    "createProfile": lambda api, cast, token: api.create(
        {"username": "another", "email": "a@example.com", "password": PASSWORD}
    ),
    "updateProfiles": lambda api, cast, token: api.update_many([(cast.pk("owner"), {"bio": "B"})], token=token),
    "deleteProfile": lambda api, cast, token: api.delete(cast.pk("owner"), token=token),
}


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_operation(name, cast, apis):
    token = cast.token("owner")
    assert counted_alike(apis, lambda api: OTHERS[name](api, cast, token)) == {(name, OK): 1}


def test_a_history_is_of_the_profile_over_graphql(cast, rest, graphql):
    """An intended difference: GraphQL counts the root field, and the history is a field below it."""
    token = cast.token("member")
    for api, name in ((rest, "listProfileHistory"), (graphql, "getProfile")):
        added = counted_by(lambda api=api: api.history(cast.pk("known"), token=token))
        assert operations_of(api, added) == {(name, "FORBIDDEN"): 1}


@pytest.mark.parametrize(("act", "name"), [(LISTS[0], "listSessions"), (LISTS[1], "listPersonalTokens")])
def test_so_are_an_accounts_lists(act, name, cast, rest, graphql):
    token = cast.token("owner")
    for api, counted_as in ((rest, name), (graphql, "getOwnProfile")):
        added = counted_by(lambda api=api: getattr(api, act)(token=token))
        assert operations_of(api, added) == {(counted_as, OK): 1}


def unavailable(*arguments):
    raise OperationalError("away")


def broken(*arguments):
    raise RuntimeError("broken")


@pytest.mark.parametrize(("fail", "expected"), [(unavailable, "UNAVAILABLE"), (broken, "INTERNAL")])
def test_a_failure(fail, expected, cast, apis, monkeypatch):
    token = cast.token("owner")
    monkeypatch.setattr(ResourceQuerySet, "visible_to", fail)
    added = counted_alike(apis, lambda api: api.view(cast.pk("owner"), token=token))
    assert added == {("getProfile", expected): 1}


def test_a_rate_limit(cast, apis, settings):
    settings.READ_LIMIT = "1 per minute"
    token = cast.token("owner")
    for api in apis:
        counter.cache_clear()
        assert api.view_me(token=token).outcome == "done"
        limited = counted_by(lambda api=api: api.view_me(token=token), metric=RATE_LIMITED)
        assert limited == {("reads",): 1}
        added = operations_of(api, counted_by(lambda api=api: api.view_me(token=token)))
        assert added == {("getOwnProfile", "THROTTLED"): 1}


def test_a_bad_token_is_of_no_operation_over_graphql(cast, rest, graphql):
    """An intended difference: GraphQL does not parse the document."""
    for api, name in ((rest, "getOwnProfile"), (graphql, DOCUMENT)):
        added = operations_of(api, counted_by(lambda api=api: api.view_me(token="bad")))
        assert added == {(name, "UNAUTHENTICATED"): 1}


DOCUMENTS = {
    "{ me { pk } a: me { pk } profile(pk: 999) { pk } }": {("getOwnProfile", OK): 2, ("getProfile", "NOT_FOUND"): 1},
    "query ($s: Boolean = true) { me @skip(if: $s) { pk } ...Root } fragment Root on Query { me { pk } }": {
        ("getOwnProfile", OK): 1
    },
    "{ profiles { totalCount } node(id: 1) { id } __typename }": {
        ("listProfiles", OK): 1,
        ("node", "NOT_FOUND"): 1,
        ("introspect", OK): 1,
    },
    "{ me { nothing } }": {("getOwnProfile", "BAD_REQUEST"): 1},
    "{ nothing }": {(OTHER, "BAD_REQUEST"): 1},
    "{": {(DOCUMENT, "BAD_REQUEST"): 1},
    "{ " + " ".join(f"a{n}: me {{ pk }}" for n in range(11)) + " }": {(DOCUMENT, "TOO_COMPLEX"): 1},
}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_counts_an_operation_for_each_root_field(document, cast, graphql):
    token = cast.token("owner")
    added = operations_of(graphql, counted_by(lambda: graphql.send(document, {}, token=token)))
    assert added == DOCUMENTS[document]


def test_a_batch_counts_each_of_its_reads(cast, rest):
    sent = [{"path": "/profiles/me/"}, {"path": "/profiles/"}, {"path": "/profiles/999/history"}]
    token = cast.token("owner")
    added = operations_of(rest, counted_by(lambda: rest.send("POST", "/batch/", sent, token=token)))
    assert added == {("getOwnProfile", OK): 1, ("listProfiles", OK): 1, ("listProfileHistory", "NOT_FOUND"): 1}
    added = operations_of(rest, counted_by(lambda: rest.send("POST", "/batch/", [], token=token)))
    assert added == {("readBatch", INVALID): 1}


def test_no_request_makes_a_label(cast, client):
    paths = ["/no/such/path", "/profiles/x", "/graphql/x", "/docs/", "/openapi.json", "/admin/nothing/", "/livez"]
    before = counts(REQUEST_SECONDS, "_count")
    for path in paths:
        for method in ("GET", "POST", "MADEUP"):
            client.generic(method, path)
    made = counts(REQUEST_SECONDS, "_count") - before
    assert set(made) <= {(OTHER, OTHER), ("page", "admin")}
    assert sum(made.values()) == 3 * (len(paths) - 1)  # probes are not counted


def test_every_label_is_of_the_contracts_and_of_the_catalogue(cast, apis):
    """Check all labels that this process's tests have counted."""
    contract = {operation.id.replace("Own", "").replace("ByUsername", "") for operation in CONTRACT.values()}
    contract.add("getOwnProfile")
    names = {*contract, *names_of(schema.graphql_schema).values(), DOCUMENT, OTHER, "page"}
    mutations = set(schema.graphql_schema.mutation_type.fields)
    assert mutations <= contract
    for operation, api, outcome in counts():
        assert operation in names
        assert api in {*Source.values, OTHER}
        assert outcome in {OK, INVALID, *Outcome.__members__}


def test_sign_ins(cast, apis):
    for api in apis:
        for password, event in ((PASSWORD, "sign_in"), ("wrong", "sign_in_failed")):
            added = counted_by(
                lambda api=api, password=password: api.sign_in("owner", password), metric=SECURITY_EVENTS
            )
            assert added == {(event,): 1}


def test_events_and_limits_are_counted_from_0(cast):
    """Alerts need a first value of 0 to notice the first event."""
    assert {sample.labels["event"] for sample in SECURITY_EVENTS.collect()[0].samples} == set(security.EVENTS)
    assert {sample.labels["limit"] for sample in RATE_LIMITED.collect()[0].samples} == set(throttling.LIMITS)
