"""The generated packages, installed as their users install them: four clients whose users see the same."""

import json
import shutil
import sys
import sysconfig
import tarfile
import tomllib
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate

from tests.server.clients.conftest import CLIENTS, run
from tests.server.conftest import NODE, ROOT

WEB_PACKAGES = ROOT / "server" / "web" / "node_modules"
USERS = Path(__file__).parent / "users"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
SEEN = """\
read john_doe 1
updated 2 By a generated client.
refused CONFLICT 2
invalid unique username
invalid max_length bio
page jane_doe john_doe
page sam_staff
signed out UNAUTHENTICATED
"""


@pytest.fixture(scope="module", autouse=True)
def generated():
    if not (CLIENTS / "rest-typescript" / "index.js").exists():
        pytest.fail("The clients are not generated: `make clients` does it.")


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python that has both packages, beside those of this environment."""
    folder = tmp_path_factory.mktemp("python")
    run("uv", "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    for package in ("rest-python", "graphql-python"):
        run("uv", "build", "--quiet", "--offline", "--wheel", "--out-dir", folder, CLIENTS / package, cwd=folder)
    python = folder / "venv" / "bin" / "python"
    install = ("uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python)
    run(*install, *folder.glob("*.whl"), cwd=folder)
    (site_packages,) = folder.glob("venv/lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory):
    """A folder with both packages, as npm packs them, what they depend on, and their users' code, compiled."""
    folder = tmp_path_factory.mktemp("node")
    packages = folder / "node_modules"
    packages.mkdir()
    run("npm", "pack", "--silent", CLIENTS / "rest-typescript", CLIENTS / "graphql-typescript", cwd=folder)
    for tarball in folder.glob("*.tgz"):
        with tarfile.open(tarball) as archive:
            archive.extractall(folder, filter="data")
        (folder / "package").rename(packages / tarball.name.removesuffix(f"-{VERSION}.tgz"))
    for name in ("openapi-fetch", "openapi-typescript-helpers", "gql.tada", "@gql.tada", "@0no-co", "graphql"):
        (packages / name).symlink_to(WEB_PACKAGES / name)
    for name in ("@types", "undici-types", "@urql", "wonka"):
        (packages / name).symlink_to(NODE / "node_modules" / name)
    users = [shutil.copy(path, folder) for path in USERS.glob("*.mts")]
    options = ("--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--preserveSymlinks")
    run("node", WEB_PACKAGES / "typescript" / "bin" / "tsc", *options, *users, cwd=folder)
    return folder


def test_users_of_the_python_packages_type_check(python, tmp_path):
    users = [shutil.copy(path, tmp_path) for path in USERS.glob("*.py")]
    run(sys.executable, "-m", "mypy", "--strict", "--python-executable", python, *users, cwd=tmp_path)


@pytest.mark.parametrize("user", ["rest_user.py", "graphql_user.py"])
def test_python_package(user, python, address, tmp_path):
    assert run(python, USERS / user, address, cwd=tmp_path) == SEEN


@pytest.mark.parametrize("user", ["rest_user.mjs", "graphql_user.mjs"])
def test_typescript_package(user, node_folder, address):
    assert run("node", "--preserve-symlinks", user, address, cwd=node_folder) == SEEN


def test_python_package_of_graphql_has_each_operation():
    """REST's generators take each operation of the contract; ariadne-codegen those of operations.graphql."""
    schema = build_schema((ROOT / "graphql_api" / "schema.graphql").read_text())
    document = parse((CLIENTS / "graphql-python" / "operations.graphql").read_text())
    assert validate(schema, document) == []
    used = {
        selection.name.value
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        for selection in definition.selection_set.selections
    }
    assert used == {*schema.query_type.fields, *schema.mutation_type.fields}


def test_packages_have_the_version_of_the_contracts():
    projects = [tomllib.loads(path.read_text())["project"] for path in CLIENTS.glob("*/pyproject.toml")]
    packages = [json.loads(path.read_text()) for path in CLIENTS.glob("*-typescript/package.json")]
    assert [each["version"] for each in (*projects, *packages)] == [VERSION] * 4
