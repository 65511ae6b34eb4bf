"""The comparison of the contracts with the last release's: it finds breaking changes, and accepts others."""

import tomllib
from copy import deepcopy

import pytest
import yaml

from tests.releases import PUBLISHED, RELEASED, ROOT, faults, graphql_changes, record, series_of, version_of

DOCUMENT = yaml.load(PUBLISHED[0].read_text(), yaml.CSafeLoader) | {"info": {"title": "T", "version": "1.2.3"}}
SDL = """
type Query { profile(pk: Int): Profile, old: String }
type Profile { bio: String!, visibility: Visibility }
enum Visibility { PUBLIC MEMBERS }
input Wanted { bio: String }
type Mutation { write(input: Wanted): Profile }
"""


@pytest.fixture
def released(tmp_path):
    return release(tmp_path / "released", "1.2.3")


def release(folder, version, change=lambda document: None, sdl=SDL):
    """Write both contracts of a version to their own folder; return their paths."""
    document = deepcopy(DOCUMENT)
    document["info"]["version"] = version
    change(document)
    folder.mkdir()
    paths = [folder / path.name for path in PUBLISHED]
    paths[0].write_text(yaml.dump(document, Dumper=yaml.CSafeDumper))
    paths[1].write_text(sdl)
    return paths


def breaking(document):
    paths, schemas = document["paths"], document["components"]["schemas"]
    del paths["/profiles/{id}/history"]
    del paths["/profiles/{id}"]["delete"]
    paths["/profiles"]["get"]["operationId"] = "other"
    paths["/profiles"]["get"]["parameters"][0]["required"] = True
    del paths["/profiles"]["get"]["parameters"][1]
    del paths["/profiles"]["post"]["responses"]["201"]
    paths["/profiles/{id}"]["get"]["security"] = [{"bearer": []}]
    del schemas["Profile"]["properties"]["bio"]
    schemas["Profile"]["properties"]["version"]["type"] = ["integer", "null"]
    del schemas["PatchedProfileRequest"]["properties"]["bio"]
    schemas["ProfileRequest"]["required"].append("bio")
    schemas["ProfileRequest"]["properties"]["location"]["maxLength"] = 10
    schemas["Visibility"]["enum"].remove("private")


BREAKS = (
    "`/profiles/{id}/history` was removed",
    "`DELETE /profiles/{id}` was removed",
    "`GET /profiles` changed from 'listProfiles' to 'other'",
    "`page_size` query parameter became required",
    "`cursor` query parameter was removed",
    "Response `201` was removed",
    "~1{id}/get/security",
    "`bio` of `Profile` was removed",
    "Type of `version` widened",
    "`bio` of `PatchedProfileRequest` was removed",
    "`ProfileRequest` became required: `bio`",
    "`maxLength` of `location` changed",
    "`Visibility` lost values",
)


def compatible(document):
    paths, schemas = document["paths"], document["components"]["schemas"]
    paths["/other"] = deepcopy(paths["/.well-known/jwks.json"])
    paths["/other"]["get"] |= {"operationId": "other"}
    paths["/profiles"]["get"] |= {"deprecated": True, "description": "Another text."}
    paths["/profiles"]["get"]["parameters"].append({"in": "query", "name": "new", "schema": {"type": "string"}})
    paths["/profiles"]["post"]["responses"]["202"] = {"description": "Later."}
    schemas["Profile"]["properties"]["new"] = {"type": "string"}
    schemas["Profile"]["required"].append("new")
    schemas["PatchedProfileRequest"]["properties"]["new"] = {"type": "string"}
    schemas["ProfileRequest"]["properties"]["bio"]["maxLength"] = 5_000
    schemas["Visibility"]["enum"].append("friends")


def test_what_breaks_a_client_of_rest_is_named(released, tmp_path):
    found = faults(released, release(tmp_path / "next", "1.3.0", breaking))
    assert len(found) == len(BREAKS)
    assert [name for name in BREAKS if not any(name in fault for fault in found)] == []


def test_what_breaks_no_client_passes(released, tmp_path):
    sdl = SDL.replace("old: String", 'old: String @deprecated(reason: "Old."), new: Int')
    for old, new in (("(pk: ", "(id: ID, pk: "), ("Wanted { ", "Wanted { new: Int, "), ("MEMBERS", "MEMBERS NEW")):
        sdl = sdl.replace(old, new)
    assert faults(released, release(tmp_path / "next", "1.2.4", compatible, sdl)) == []


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (", old: String", "", "Query.old was removed."),
        ("bio: String!", "bio: String", "Profile.bio changed type"),
        ("profile(pk: Int)", "profile(pk: Int!)", "Query.profile arg pk"),
        (" MEMBERS", "", "MEMBERS was removed"),
        ("{ bio: String }", "{ bio: String, new: Int! }", "required field new"),
    ],
)
def test_what_breaks_a_client_of_graphql_is_named(old, new, named, released, tmp_path):
    published = release(tmp_path / "next", "1.3.0", sdl=SDL.replace(old, new))
    (change,) = graphql_changes(released[1], published[1])
    assert named in change


def test_a_version_that_may_break_passes(released, tmp_path):
    assert faults(released, release(tmp_path / "next", "2.0.0", breaking, "type Query { new: Int }")) == []


def test_an_earlier_version_fails(released, tmp_path):
    (fault,) = faults(released, release(tmp_path / "next", "1.2.2"))
    assert "before the last release" in fault


@pytest.mark.parametrize(("version", "may_break"), [((0, 1, 1), False), ((0, 2, 0), True), ((1, 0, 0), True)])
def test_before_1_a_minor_version_may_break(version, may_break):
    assert (series_of((0, 1, 0)) != series_of(version)) is may_break


def test_a_release_is_recorded_once(tmp_path, released):
    published = release(tmp_path / "next", "2.0.0", breaking)
    for _ in range(2):
        record(released, published)
        assert [path.read_text() for path in released] == [path.read_text() for path in published]
    with pytest.raises(SystemExit, match=r"2\.0\.0 was released with other contracts"):
        record(released, release(tmp_path / "other", "2.0.0", compatible))
    with pytest.raises(SystemExit, match="old was removed"):
        record(released, release(tmp_path / "third", "2.1.0", breaking, SDL.replace(", old: String", "")))
    assert [path.read_text() for path in released] == [path.read_text() for path in published]


def test_the_first_release_is_recorded(tmp_path):
    paths = [tmp_path / "new" / path.name for path in PUBLISHED]
    record(paths, PUBLISHED)
    assert [path.read_text() for path in paths] == [path.read_text() for path in PUBLISHED]


def test_all_that_says_the_version_says_the_same():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert tuple(map(int, project.split("."))) == version_of(PUBLISHED[0])
    assert version_of(RELEASED / "openapi.yaml") <= version_of(PUBLISHED[0])
