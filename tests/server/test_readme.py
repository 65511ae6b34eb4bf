"""The README's examples against a real server: each prints what the README says."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest
from django.core.management import call_command

from profiles.models import TokenFamily
from tests.server.conftest import NODE, ROOT, serving

BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
SCRIPTS = {text.split()[1]: text for language, text in BLOCKS if language in ("python", "js")}
PRINTED = re.compile(r"^ *(?:print|console\.log)\(.*\);? +(?:#|//) (.*)$", re.MULTILINE)
OF_THE_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{16}")  # timestamps, and the hashes in entity tags
BY_NODE = ["with_fetch.mjs", "with_apollo.mjs", "with_urql.mjs"]
MOST_SECONDS = 60


@pytest.fixture(scope="module")
def address(test_database, tmp_path_factory):
    """The address of a server configured like `make run`."""
    with serving(tmp_path_factory.mktemp("debug") / "log", **test_database, DEBUG="true") as served:
        yield served


@pytest.fixture
def here(address, django_db_reset_sequences, settings):
    """A function that replaces the README's address with this server's, which has the demo accounts."""
    settings.DEBUG = True
    call_command("demo")
    return lambda text: text.replace("http://127.0.0.1:8000", address)


@pytest.fixture
def folder(here, tmp_path):
    """The README's scripts, beside the packages that they import."""
    for name, text in SCRIPTS.items():
        (tmp_path / name).write_text(here(text))
    (tmp_path / "node_modules").symlink_to(NODE / "node_modules")
    return tmp_path


def commands():
    """Each curl command of the README, and its documented answer."""
    for language, text in BLOCKS:
        if language == "console" and "curl" in text:
            for each in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                yield command_and_answer(each.rstrip().split("\n"))


def command_and_answer(lines):
    """Split a command from its answer: an open quote or a backslash continues the command."""
    for count in range(1, len(lines) + 1):
        command = "\n".join(lines[:count])
        try:
            shlex.split(command)
        except ValueError:
            continue
        return command, "\n".join(lines[count:])
    raise ValueError(f"A command of the README does not end: {command}")


def test_curl_answers_what_the_readme_shows(here, request):
    if not shutil.which("curl") and not request.config.getoption("--required"):
        pytest.skip("there is no curl")
    asked, said = zip(*commands(), strict=True)
    script = here("\n".join(f"{command}\nprintf '\\0'" for command in asked))
    command = ["/bin/bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_SECONDS, check=True)
    answered = [OF_THE_MOMENT.sub("…", text) for text in done.stdout.split("\0")]
    assert answered == [*(OF_THE_MOMENT.sub("…", text) for text in said), ""]


def test_httpx_prints_what_the_readme_says(folder):
    command = [sys.executable, "with_httpx.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=MOST_SECONDS, check=True)
    assert done.stdout.splitlines() == PRINTED.findall(SCRIPTS["with_httpx.py"])


@pytest.mark.parametrize("name", BY_NODE)
def test_a_script_prints_what_the_readme_says_although_its_token_ends(name, folder, node):
    done = node("--import", NODE / "clients" / "ended.mjs", name, cwd=folder)
    assert (done.stdout.splitlines(), done.stderr) == (PRINTED.findall(SCRIPTS[name]), "")
    assert TokenFamily.objects.filter(rotated_at__isnull=False).count() == 1


def test_every_script_of_the_readme_is_run():
    assert SCRIPTS.keys() == {"with_httpx.py", "session.mjs", *BY_NODE}
