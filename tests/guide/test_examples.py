"""The examples of the README and the guide, run against a real server: each prints what stands there."""

import re
import shutil
import subprocess
import sys

import pytest
from django.core.management import call_command

from profiles.models import TokenFamily
from tests.guide.conftest import lasting
from tests.guide.pages import PAGES, TUTORIAL, commands, files
from tests.server.conftest import MOST_SECONDS, NODE, serving

SCRIPTS = files(PAGES["server/docs/how-to/clients.md"])
SIGN_IN, _ = next(commands(PAGES["server/docs/how-to/sign-in.md"]))  # what gives a page its $TOKEN
PRINTED = re.compile(r"^ *(?:print|console\.log)\(.*\);? +(?:#|//) (.*)$", re.MULTILINE)
BY_NODE = ["with_fetch.mjs", "with_apollo.mjs", "with_urql.mjs"]


def asked(name):
    """The commands of a page that call the service."""
    return [each for each in commands(PAGES[name]) if "curl " in each[0]]


@pytest.fixture(scope="module")
def address(test_database, tmp_path_factory):
    """Where what `make run` runs is served."""
    with serving(tmp_path_factory.mktemp("debug") / "log", **test_database, DEBUG="true") as served:
        yield served


@pytest.fixture
def here(address, django_db_reset_sequences, settings):
    """A function from a page's text to one that names this server, which has the demo's accounts."""
    settings.DEBUG = True
    call_command("demo")
    return lambda text: text.replace("http://127.0.0.1:8000", address)


@pytest.fixture
def folder(here, tmp_path):
    """The scripts, beside the packages that they import."""
    for name, text in SCRIPTS.items():
        (tmp_path / name).write_text(here(text))
    (tmp_path / "node_modules").symlink_to(NODE / "node_modules")
    return tmp_path


@pytest.mark.parametrize("name", [name for name in PAGES if name != TUTORIAL and asked(name)])
def test_curl_answers_what_a_page_shows(name, here, answers, request):
    if not shutil.which("curl") and not request.config.getoption("--required"):
        pytest.skip("there is no curl")
    given, shown = zip(*asked(name), strict=True)
    answered = answers([here(SIGN_IN), *map(here, given)])
    assert answered == ["", *map(lasting, shown)]


def test_httpx_prints_what_the_guide_says(folder):
    command = [sys.executable, "with_httpx.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=MOST_SECONDS, check=True)
    assert done.stdout.splitlines() == PRINTED.findall(SCRIPTS["with_httpx.py"])


@pytest.mark.parametrize("name", BY_NODE)
def test_a_script_prints_what_the_guide_says_although_its_token_ends(name, folder, node):
    done = node("--import", NODE / "clients" / "ended.mjs", name, cwd=folder)
    assert (done.stdout.splitlines(), done.stderr) == (PRINTED.findall(SCRIPTS[name]), "")
    assert TokenFamily.objects.filter(rotated_at__isnull=False).count() == 1


def test_every_script_of_the_guide_is_run():
    assert SCRIPTS.keys() == {"with_httpx.py", "session.mjs", *BY_NODE}
    others = {name for page, text in PAGES.items() if page != TUTORIAL for name in files(text)}
    assert others == SCRIPTS.keys()
