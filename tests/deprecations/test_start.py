"""The start of a project whose deprecations name elements that its contracts lack."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SETTINGS = """
from dataclasses import replace

from tests.deprecations.settings import *

DEPRECATIONS = (replace(FILTER, {place}),)
"""
CHECK = ("manage.py", "check")
START = ("-c", "import server.wsgi")


@pytest.mark.parametrize(
    ("command", "place", "named"),
    [
        (CHECK, 'rest=("GET /notes?nothing",)', "(profiles.E007) DEPRECATIONS names"),
        (CHECK, 'graphql=("NoteFilterInput.nothing",)', "DEPRECATIONS names 'NoteFilterInput.nothing'"),
        (START, 'rest=("GET /notes?nothing",)', "GET /notes?nothing"),
        (START, 'graphql=("NoteFilterInput.nothing",)', "NoteFilterInput.nothing"),
    ],
)
def test_it_fails_and_names_the_place(command, place, named, tmp_path):
    (tmp_path / "table.py").write_text(SETTINGS.format(place=place))
    environment = {"DJANGO_SETTINGS_MODULE": "table", "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert named in done.stderr


def test_without_such_a_place_it_starts():
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.deprecations.settings", "PYTHONPATH": str(ROOT)}
    for command in (CHECK, START):
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
