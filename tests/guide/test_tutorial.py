"""The tutorial, done on a copy of the project as it stands there: its files, its commands, what they print."""

import subprocess
import sys
from contextlib import ExitStack

import pytest

from tests.guide.conftest import lasting
from tests.guide.pages import FENCED, PAGES, TUTORIAL, commands, files
from tests.server.conftest import serving

SERVE = [("make run", "")]
PREPARE = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "server.settings"
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("demo")
"""
IN_THE_TUTORIAL = "http://127.0.0.1:8000"
BUILD = ["npm", "run", "--silent", "build"]  # of the pages, which `make run` builds after each change of the contracts


@pytest.fixture
def serve(folder, environment, tmp_path):
    """A function that migrates and serves as `make run` does, and gives the address; it ends what it started before."""
    with ExitStack() as served:

        def serve():
            served.close()
            debug = environment | {"DEBUG": "true", "WEB_CONCURRENCY": "1"}
            subprocess.run([sys.executable, "-c", PREPARE], cwd=folder, env=debug, check=True, capture_output=True)
            return served.enter_context(serving(tmp_path / "log", folder=folder, **debug))

        yield serve


def test_the_tutorial_is_true(folder, environment, serve, answers):
    address = IN_THE_TUTORIAL
    for match in FENCED.finditer(PAGES[TUTORIAL]):
        for name, text in files(match[0]).items():
            (folder / name).write_text(text)
        asked = list(commands(match[0]))
        if asked == SERVE:
            address = serve()
        elif asked:
            given, shown = zip(*asked, strict=True)
            told = [command.replace(IN_THE_TUTORIAL, address) for command in given]
            printed = answers(told, cwd=folder, env=environment)
            assert [p if s else "" for p, s in zip(printed, shown, strict=True)] == [lasting(text) for text in shown]
    subprocess.run(BUILD, cwd=folder / "server" / "web", env=environment, check=True)
