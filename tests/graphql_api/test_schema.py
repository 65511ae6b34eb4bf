"""The schema: its published text, and its match with the serializer."""

import subprocess
import sys
from pathlib import Path

from graphql import GraphQLEnumType, print_schema

from graphql_api.schema import schema
from profiles.core.outcomes import InvalidCode, Outcome

ROOT = Path(__file__).parent.parent.parent
TYPES = schema.graphql_schema.type_map

ADDED_FIELD = """
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path

import django


# A field more: it is declared, named in Meta.fields, and the policy says who reads it.
EDITS = {
    "profiles.serializers": (
        (
            "    class Meta(ResourceSerializer.Meta)",
            '    motto = Line(source="location", required=False, max_length=9)\\n',
        ),
        ('            "website",\\n', '            "motto",\\n'),
        ("class ProfileSerializer", "from profiles.core.fields import Line\\n"),
    ),
    "profiles.policy": (('"username", "bio"', '"motto", '),),
}


class Edited(SourceFileLoader):
    def get_code(self, name):
        source = Path(self.path).read_text()
        for line, more in EDITS[name]:
            assert source.count(line) == 1, line
            source = source.replace(line, more + line)
        return compile(source, self.path, "exec")


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in EDITS:
            path = name.replace(".", "/") + ".py"
            return spec_from_file_location(name, path, loader=Edited(name, path))


sys.meta_path.insert(0, Finder)
django.setup()

from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from django.test import Client
from django.test.utils import setup_test_environment
from graphql_api.schema import schema
from profiles.identity import families
from profiles.models import Profile

setup_test_environment()
call_command("migrate", verbosity=0)
owner = Profile.objects.create_user("owner", "owner@example.com", "x")
client = Client(headers={"authorization": f"Bearer {families.start(owner).token}"})

def rest(method, body=None):
    return client.generic(method, "/profiles/me/", body or "", content_type="application/json", secure=True).json()

def graphql(query):
    return client.post("/graphql/", {"query": query}, content_type="application/json", secure=True).json()["data"]

assert rest("PATCH", '{"motto": "Onward."}')["motto"] == "Onward."
assert "motto" in rest("GET")["editable_fields"]
assert graphql("{ me { motto editableFields } }")["me"]["motto"] == "Onward."
assert rest("PATCH", '{"motto": "Onward, upward."}')["errors"][0]["code"] == "max_length"
for name, values in {"updateProfile": "", "replaceProfile": 'username: "owner", email: "a@b.co"'}.items():
    answer = graphql(f'mutation {{ {name}(input: {{id: "{owner.node_id}", motto: "Up." {values}}}) '
                     "{ profile { motto location } errors { code field } } }")[name]
    assert answer == {"profile": {"motto": "Up.", "location": "Up."}, "errors": []}, answer
made = {"username": "other", "email": "a@b.co", "password": "correct horse battery", "motto": "New."}
made = client.post("/profiles/", made, content_type="application/json", secure=True).json()
assert made["motto"] == "New.", made
assert rest("PUT", '{"username": "owner", "email": "a@b.co", "location": "L"}')["motto"] in ("", "L")
assert owner.history.order_by("version").first().fields == {"location": ["", "Onward."]}
shapes = SchemaGenerator().get_schema(public=True)["components"]["schemas"]
told = [name for name, shape in shapes.items() if "motto" in shape.get("properties", {})]
inputs = ["PatchedProfileRequest", "ProfileMergePatch", "ProfileRequest", "SignUpRequest"]
assert sorted(told) == sorted(["Profile", *inputs]), told
assert shapes["ProfileRequest"]["properties"]["motto"]["maxLength"] == 9
print(schema)
"""


def test_the_published_text_is_the_schema():
    published = (ROOT / "graphql_api" / "schema.graphql").read_text()
    assert published == print_schema(schema.graphql_schema), "run `make schema` and commit what it writes"


def test_there_is_one_enum_of_a_choice():
    enums = [name for name, kind in TYPES.items() if isinstance(kind, GraphQLEnumType) and "isibility" in name]
    assert enums == ["Visibility"]
    assert TYPES["Profile"].fields["visibility"].type is TYPES["Visibility"]
    for name in ("UpdateProfileInput", "ReplaceProfileInput"):
        assert TYPES[name].fields["visibility"].type is TYPES["Visibility"]


def test_the_catalogue_is_published():
    assert set(TYPES["OutcomeCode"].values) == {outcome.code for outcome in Outcome}
    assert set(TYPES["InvalidCode"].values) == {code.upper() for code in InvalidCode}


def undescribed(name, kind):
    """The parts of a type without a description."""
    if not kind.description:
        yield name
    for member, field in {**getattr(kind, "fields", {}), **getattr(kind, "values", {})}.items():
        for argument, each in getattr(field, "args", {}).items():
            if not each.description:
                yield f"{name}.{member}({argument}:)"
        if not field.description:
            yield f"{name}.{member}"


def test_everything_is_described():
    assert [each for name, kind in TYPES.items() if not name.startswith("__") for each in undescribed(name, kind)] == []


def test_what_is_never_null_is_not_nullable():
    for name in ("Profile", "Change"):
        assert str(TYPES[f"{name}Connection"].fields["edges"].type) == f"[{name}Edge!]!"
        assert str(TYPES[f"{name}Connection"].fields["nodes"].type) == f"[{name}!]!"
        assert str(TYPES[f"{name}Edge"].fields["node"].type) == f"{name}!"
    without_input = {"LogoutEverywhere": "loggedOut", "EndOtherSessions": "ended", "ResendVerification": "requested"}
    for payload, field in without_input.items():
        assert str(TYPES[payload].fields[field].type) == "Boolean!"


def test_a_field_added_to_the_serializer_is_everywhere(tmp_path):
    environment = {
        "DJANGO_SETTINGS_MODULE": "server.settings",
        "SECRET_KEY": "x" * 50,
        "ALLOWED_HOSTS": "example.com",
        "JWT_KEYS": f"k={'x' * 32}",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
    }
    done = subprocess.run(
        [sys.executable, "-c", ADDED_FIELD], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    added = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("motto:")]
    assert sorted(added) == ["motto: String"] * 4 + [
        "motto: String!"
    ]  # create, update, one of several, replace; the type
