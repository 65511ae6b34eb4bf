"""REST's contract: its published text, its completeness, and how it is served.

`tests/contract.py` checks responses against it.
"""

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from django.contrib.auth import authenticate
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from jsonschema import ValidationError

from graphql_api.schema import schema
from profiles.core.actors import Actor
from profiles.core.outcomes import InvalidCode, Outcome, Refused
from profiles.filters import ProfileFilter
from profiles.identity.credentials import NewPassword
from profiles.resource import PROFILES
from profiles.rest.contract import examples
from profiles.rest.contract.operations import OPERATIONS
from profiles.rest.exceptions import body_of
from profiles.serializers import ProfileSerializer, SignUpSerializer
from tests.contract import CONTRACT, hold
from tests.state import stored

ROOT = Path(__file__).parents[4]
PUBLISHED = (ROOT / "profiles" / "openapi.yaml").read_text()
SCHEMAS = CONTRACT["components"]["schemas"]
PLACES = {
    f"{method.upper()} {path}": operation
    for path, operations in CONTRACT["paths"].items()
    for method, operation in operations.items()
}


def test_the_published_text_is_the_contract():
    contract = OpenApiYamlRenderer().render(SchemaGenerator().get_schema(public=True))
    assert contract.decode() == PUBLISHED, "run `make schema` and commit what it writes"


def test_every_operation_that_is_told_of_is_there():
    assert PLACES.keys() == OPERATIONS.keys()


def test_what_does_the_same_in_both_apis_has_one_name():
    writes = {
        o["operationId"] for place, o in PLACES.items() if not place.startswith("GET") and not place.endswith("/me")
    }
    assert writes - {"readBatch"} == schema.graphql_schema.mutation_type.fields.keys()


def test_the_catalogue_is_published():
    assert SCHEMAS["OutcomeCode"]["enum"] == [outcome.code for outcome in Outcome]
    assert SCHEMAS["InvalidCode"]["enum"] == list(InvalidCode)
    for outcome in Outcome:
        assert outcome.message in SCHEMAS["OutcomeCode"]["description"]


@pytest.mark.parametrize("place", PLACES)
def test_every_operation_is_explained_and_shown(place):
    operation = PLACES[place]
    assert operation["summary"]
    assert operation["description"]
    bodies = [body for status, body in operation["responses"].items() if status in ("200", "201")]
    for body in [*bodies, *([operation["requestBody"]] if "requestBody" in operation else [])]:
        assert all(content["examples"] for content in body["content"].values())


@pytest.mark.parametrize("place", PLACES)
def test_every_operation_tells_of_every_way_to_end(place):
    operation = PLACES[place]
    statuses = {int(status) for status in operation["responses"]}
    assert {406, 429, 500} <= statuses
    assert ({400, 413, 415} <= statuses) == ("requestBody" in operation)
    assert ({401, 503} <= statuses) == ("jwks" not in place)
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    assert (412 in statuses) == ("If-Match" in names or place == "PATCH /profiles")
    assert (304 in statuses) == ("If-None-Match" in names and place.startswith("GET"))


def test_the_passwords_shown_are_valid_and_those_of_the_demo_accounts(db, settings, capsys):
    settings.DEBUG = True
    call_command("demo")
    sign_in, _ = examples.IDENTITY["tokenAuth"]
    john = authenticate(username=sign_in["username"], password=sign_in["password"])
    change, _ = examples.IDENTITY["changePassword"]
    assert john.check_password(change["old_password"])
    assert NewPassword(data=change, context={"profile": john}).is_valid()
    assert SignUpSerializer(data=examples.SIGN_UP, context={"actor": Actor()}).is_valid()


def test_the_lists_parameters_are_what_the_list_reads():
    names = [parameter["name"] for parameter in PLACES["GET /profiles"]["parameters"]]
    assert names == [*PROFILES.list_query().fields, *ProfileFilter.base_filters, "fields", "If-None-Match"]


@pytest.mark.parametrize("place", PLACES)
def test_an_operation_refuses_a_query_parameter_that_it_does_not_take(cast, rest, place):
    before = stored()
    method, _, path = place.partition(" ")
    token = cast.token("owner")
    path = path.format(id=cast.pk("owner") if "/auth/" not in path else uuid4(), username="owner")
    answer = rest.send(method, f"{path}?fieldz=id", None if method == "GET" else "{}", token=token)
    assert answer.status_code == 400
    assert [(each["code"], each["attr"]) for each in answer.json()["errors"]] == [("unknown", "fieldz")]
    assert stored() == before


def test_a_property_of_an_input_is_optional_for_generators_of_clients():
    """openapi-typescript treats a property with a `default` as always present."""
    assert [
        name
        for name, schema in SCHEMAS.items()
        if any("default" in each for each in schema.get("properties", {}).values())
    ] == []
    assert SCHEMAS["ProfileRequest"]["properties"]["time_zone"]["description"].endswith('Default: `"UTC"`.')


def test_an_error_has_one_shape():
    kinds = [
        SCHEMAS[name]["properties"]["errors"]["items"]["properties"]["attr"]["type"]
        for name in ("ValidationError", "Refusal")
    ]
    assert kinds == [["string", "null"]] * 2


def test_an_input_holds_what_was_shown_and_nothing_unknown():
    fields = ProfileSerializer().fields.keys()
    assert SCHEMAS["Profile"]["properties"].keys() == set(SCHEMAS["Profile"]["required"]) == fields
    for name in ("ProfileRequest", "PatchedProfileRequest"):
        assert SCHEMAS[name]["properties"].keys() == fields
        assert SCHEMAS[name]["additionalProperties"] is False
    assert SCHEMAS["ProfileRequest"]["required"] == ["email", "username"]
    assert "required" not in SCHEMAS["PatchedProfileRequest"]
    defaults = [name for name, field in SCHEMAS["PatchedProfileRequest"]["properties"].items() if "default" in field]
    assert not defaults  # fields left out stay unchanged


# The check of responses


COUNTED = {"RateLimit": '"reads";r=599;t=60', "RateLimit-Policy": '"reads";q=600;w=60'}


class Answer:
    """A response with the parts that the check uses."""

    def __init__(self, status_code, body, **headers):
        self.status_code = status_code
        self.content = json.dumps(body).encode()
        self.headers = {"Content-Type": "application/json", **COUNTED, **headers}

    def json(self):
        return json.loads(self.content)


def test_an_answer_that_the_contract_tells_of_holds():
    hold("GET", "/profiles/1/", Answer(200, examples.PROFILE, ETag='"1"'))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, examples.PROFILE),
        Answer(200, examples.PROFILE | {"bio": None}, ETag='"1"'),
        Answer(200, {"id": 1}, ETag='"1"'),
        Answer(204, {}),
        Answer(304, {}, ETag='"1"'),
        Answer(401, body_of(Refused(Outcome.UNAUTHENTICATED))),
        Answer(200, examples.PROFILE, **{"ETag": '"1"', "Content-Type": "text/html"}),
    ],
    ids=["no tag", "null", "half", "a status", "a body", "a header", "a type"],
)
def test_an_answer_that_it_does_not_tell_of_does_not(answer):
    with pytest.raises((AssertionError, ValidationError)):
        hold("GET", "/profiles/1/", answer)


# How it is served


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("path", "media_type", "read"),
    [("/openapi.json", "application/json", json.loads), ("/openapi.yaml", "application/yaml", yaml.safe_load)],
)
def test_the_contract_is_served_to_whoever_asks(client, path, media_type, read, slash):
    response = client.get(path + slash, headers={"authorization": "Bearer none", "accept": "image/png"})
    assert (response.status_code, response["Content-Type"]) == (200, media_type)
    assert read(response.content) == yaml.safe_load(PUBLISHED)


@pytest.mark.parametrize("slash", ["", "/"])
def test_graphqls_contract_is_served_too(client, slash):
    response = client.get("/graphql/schema.graphql" + slash)
    assert response.content.decode() == (ROOT / "graphql_api" / "schema.graphql").read_text()
    assert response["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "path", ["/openapi.json", "/openapi.yaml", "/graphql/schema.graphql", "/docs/", "/docs/?script="]
)
def test_to_read_about_the_operations_is_none(client, path):
    assert "RateLimit" not in client.get(path).headers


def test_a_contract_is_for_reading(client):
    response = client.post("/openapi.json")
    assert (response.status_code, response.json()["errors"][0]["code"]) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_the_docs_are_a_page_of_our_own_files(client, path):
    response = client.get(path)
    page = response.content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(loaded) == 7
    assert all(url.startswith(("/static/", "/docs")) or url in ("/", "/graphql/") for url in loaded)
    assert not re.search(r"<style|style=|<script>|\son\w+=", page)
    script = client.get(loaded[-1])
    assert script["Content-Type"].startswith("application/javascript")
    assert 'url: "/openapi.json"' in script.content.decode()
    assert '"validatorUrl": null' in script.content.decode()
    policy = {directive.strip() for directive in response["Content-Security-Policy"].split(";")}
    assert {"default-src 'self'", "img-src 'self' data:"} <= policy
    assert not response.cookies
    assert not script.cookies
