"""`python -m tests.releases`: compare both contracts with those of the last release. `record` replaces the latter.

A breaking change fails, unless the new version may break clients: another major version, or before 1.0 another minor
version (Semantic Versioning 2.0.0, sections 4 and 8; Cargo and npm read 0.y versions so).
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from graphql import build_schema, find_breaking_changes

ROOT = Path(__file__).parent.parent
PUBLISHED = (ROOT / "profiles" / "openapi.yaml", ROOT / "graphql_api" / "schema.graphql")
RELEASED = ROOT / "tests" / "released"


def faults(released, published):
    """The reasons why the published contracts may not follow the released ones, one sentence each."""
    before, after = version_of(released[0]), version_of(published[0])
    if after < before:
        return [f"Version {text_of(after)} is before the last release, {text_of(before)}: raise it."]
    if series_of(before) != series_of(after):
        return []
    changes = [*rest_changes(released[0], published[0]), *graphql_changes(released[1], published[1])]
    return [f"{change} This breaks clients of {text_of(before)}." for change in changes]


def rest_changes(before, after):
    """The breaking changes of the OpenAPI contract. As in GraphQL, a new enum value does not break clients."""
    command = ["npm", "run", "--silent", "--prefix", ROOT / "tests" / "node", "diff", "--", before, after]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # for Node from PyPI
    done = subprocess.run(command, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"OpenAPI could not be compared.\n{done.stderr}")
    changes = json.loads(done.stdout)["changes"]
    return [
        f"{change['path']}: {verdict['message']}"
        for change in changes
        for verdict in change.get("verdicts", ())
        if verdict["impact"] == "major"
    ]


def graphql_changes(before, after):
    """The breaking changes of the SDL."""
    changes = find_breaking_changes(build_schema(before.read_text()), build_schema(after.read_text()))
    return [f"{change.description.removesuffix('.')}." for change in changes]


def version_of(contract):
    version = yaml.load(contract.read_text(), yaml.CSafeLoader)["info"]["version"]
    return tuple(int(number) for number in version.split("."))


def text_of(version):
    return ".".join(map(str, version))


def series_of(version):
    """The part of a version that stays the same while versions must not break clients."""
    major, minor, _patch = version
    return (major,) if major else (major, minor)


def record(released, published):
    """Copy the published contracts over the released ones.

    Raises:
        SystemExit: this version was released with other contracts, or breaks clients without being allowed to.
    """
    if released[0].exists() and [path.read_text() for path in released] != [path.read_text() for path in published]:
        version = version_of(published[0])
        if version == version_of(released[0]):
            raise SystemExit(f"Version {text_of(version)} was released with other contracts: raise it.")
        if found := faults(released, published):
            raise SystemExit("\n".join(found))
    for source, target in zip(published, released, strict=True):
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, target)


if __name__ == "__main__":
    released = [RELEASED / path.name for path in PUBLISHED]
    if sys.argv[1:] == ["record"]:
        record(released, PUBLISHED)
    elif found := faults(released, PUBLISHED):
        advice = "Keep it, and deprecate it in server/deprecations.py; or release a version that may break clients."
        sys.exit("\n".join([*found, advice]))
