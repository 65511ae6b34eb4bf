"""Running the commands of pages."""

import os
import re
import subprocess

import pytest

from tests.parity.test_recipe import copy_of_the_project
from tests.server.conftest import PATH, ROOT, node, quick_passwords, test_database  # noqa: F401  # fixtures

MOST_MINUTES = 5  # on a machine that does much else
OF_THE_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{16}")  # instants, and the hashes of ETags


def lasting(text):
    return OF_THE_MOMENT.sub("…", text)


@pytest.fixture
def folder(tmp_path):
    """A copy of the project, with the packages of this one."""
    folder = tmp_path / "profiles"
    copy_of_the_project(folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / "server" / "web" / "node_modules").symlink_to(ROOT / "server" / "web" / "node_modules")
    for name in ("pyproject.toml", "uv.lock"):
        os.utime(folder / name, (0, 0))  # older than what is installed
    return folder


@pytest.fixture
def environment(folder):
    """That of the shell that the commands are typed in."""
    not_there = ("PYTEST", "DATABASE", "DJANGO", "SECRET_KEY", "JWT_KEYS", "ALLOWED_HOSTS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(not_there)}
    return kept | {"DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}", "PATH": PATH}


@pytest.fixture
def answers():
    """A function that runs commands in one shell, and gives what each prints, less what is of the moment."""

    def run(commands, **options):
        script = "\n".join(f"{command}\nprintf '\\0'" for command in commands)
        run = ["/bin/bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(run, capture_output=True, text=True, timeout=MOST_MINUTES * 60, check=False, **options)
        assert done.returncode == 0, done.stderr
        return [lasting(text).rstrip("\n") for text in done.stdout.split("\0")[:-1]]

    return run
