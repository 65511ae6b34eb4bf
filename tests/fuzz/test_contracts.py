"""Requests generated from both published contracts; each response must match its contract."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import schemathesis
import time_machine
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, response_schema_conformance

from profiles.core.outcomes import Outcome
from profiles.policy import policy
from tests import contract
from tests.fuzz.wire import ORIGIN
from tests.state import undone

SDL = Path(__file__).parent.parent.parent / "graphql_api" / "schema.graphql"
ACTORS = ["anonymous", "owner", "owner (read)", "member", "staff"]
EACH_RUN = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
REFUSALS = ["400", "401", "403", "404", "405", "406", "412", "413", "415", "422"]
"""Statuses of invalid requests: permissions and preconditions may be checked before the input."""
CONFIG = schemathesis.Config.from_dict(
    {
        "generation": {"with-security-parameters": False},
        "checks": {
            "negative_data_rejection": {"expected-statuses": REFUSALS},
            "positive_data_acceptance": {"enabled": False},  # `is_told_of` below checks the codes of a 400
        },
    }
)
BEYOND_A_SCHEMA = {"unique", "reserved", "read_only", "blank", "CODE_INVALID"} | {
    f"password_{what}" for what in ("too_short", "too_common", "too_similar", "entirely_numeric")
}
"""Errors that depend on stored rows, on the caller, or on the input after trimming."""
INEXACT = {
    "time_zone": "the names are the IANA database's, some hundreds",
    "username": "its pattern's `$` is ECMAScript's, and Python's makes up a line break before the end",
    "email": "JSON Schema's format is wider than Django's",
    "website": "a pattern tells the scheme, and not what a host may be",
    "cursor": "it is one that this list gave",
    "old_password": "it is the caller's",
    "scopes": "`read` and `write` stand alone",
    "path": "it is one of this contract's, of a row, a list or a history",
    "id": "it is this profile's, and not twice in a list",
    "node_id": "it is this profile's",
    "version": "it is a number that JSON has and a version is not",
}
"""Fields with stricter validation than the contract describes, and why."""


@pytest.fixture
def actors(cast, wire):
    """A token for each of the cast. The clock stands still, so that none expires."""
    now = datetime.now(UTC)
    wire.clock = lambda: time_machine.travel(now, tick=False)
    with wire.clock():
        return {actor: cast.token(actor) for actor in ACTORS}


def rest_contract(wire):
    loaded = schemathesis.openapi.from_dict(contract.CONTRACT, config=CONFIG)
    loaded.app = wire
    return loaded


def texts_of(value):
    """All texts in a JSON value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] if isinstance(value, str) else [text for each in inner for text in texts_of(each)]


def is_tidy(case):
    """Whether no text has surrounding blanks: trimming them could make an invalid text valid."""
    return all(text == text.strip() for text in [*texts_of(case.query), *texts_of(case.body)])


def is_told_of(error):
    """Whether the contract cannot describe this error."""
    name = (error["attr"] or "").rpartition(".")[2]
    # others see null, and may send it back
    hidden_from_others = error["code"] == "null" and name not in policy.always_shown
    return error["code"] in BEYOND_A_SCHEMA or name in INEXACT or hidden_from_others


@pytest.mark.share(0.1)
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
def test_rest_keeps_its_contract(cast, wire, actors, progress, mode):
    keys = st.one_of(st.none(), st.sampled_from([profile.pk for profile in cast.profiles.values()]))

    @given(case=rest_contract(wire).as_strategy(generation_mode=mode), actor=st.sampled_from(ACTORS), key=keys)
    @EACH_RUN
    def run(case, actor, key):
        assume(mode.is_positive or is_tidy(case))
        if key and mode.is_positive and "id" in case.path_parameters:
            case.path_parameters["id"] = key
        token = actors[actor]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with undone():
            response = case.call(base_url=ORIGIN, headers=headers)
            case.validate_response(
                response,
                headers=headers,
                transport_kwargs={"base_url": ORIGIN},
                excluded_checks=[
                    *([ignored_auth] if case.body == [] else []),  # an empty list of writes needs no permission
                    *([response_schema_conformance] if "fields" in case.query else []),  # fields may be missing
                ],
            )
        if mode.is_positive and response.status_code == 400:
            assert all(is_told_of(error) for error in response.json()["errors"]), response.json()

    progress.spend(lambda seed: seed(run)())


@pytest.mark.share(0.1)
def test_graphql_keeps_its_contract(cast, wire, actors, progress):
    moments = st.datetimes(timezones=st.just(UTC)).map(lambda moment: nodes.String(moment.isoformat()))
    schemathesis.graphql.scalar("DateTime", moments)
    documents = schemathesis.graphql.from_file(SDL.read_text()).as_strategy()

    @given(case=documents, actor=st.sampled_from(ACTORS))
    @EACH_RUN
    def run(case, actor):
        token = actors[actor]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with undone():
            response = wire.generic("POST", "/graphql/", json.dumps({"query": case.body}), "application/json", headers)
        check_graphql(case.body, response)

    progress.spend(lambda seed: seed(run)())


def check_graphql(document, response):
    """Check a response: status 200, JSON, known error codes.

    A valid document was executed or is TOO_COMPLEX.
    """
    body = response.json()
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    for error in body.get("errors", ()):
        assert Outcome[error["extensions"]["code"]] not in (Outcome.INTERNAL, Outcome.UNAVAILABLE, Outcome.TIMEOUT)
        assert "path" in error or error["extensions"]["code"] == "TOO_COMPLEX", (document, error)
    assert ("data" in body) == all("path" in error for error in body.get("errors", ()))
