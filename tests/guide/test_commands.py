"""The other commands of the README and the guide: those of a deployment are run, and every other one is known."""

import re
from importlib.util import find_spec

import pytest
from django.core.management import get_commands

from tests.guide.pages import FENCED, PAGES, TUTORIAL, blocks, commands
from tests.server.conftest import ROOT

DEPLOY = "server/docs/operations/deploy.md"
STEPS = [command for command, _ in commands(PAGES[DEPLOY])]
FILLED_IN = {
    "SECRET_KEY": "$(openssl rand -hex 32)",
    "JWT_KEYS": "now=$(openssl rand -hex 32)",
    "ALLOWED_HOSTS": "x.org",
}
AS_A_TEST = {  # what takes a person, a terminal or minutes, and what is run instead
    r"^make install collect": "make --dry-run install",
    r"createsuperuser": "createsuperuser --no-input",
    r"gunicorn$": "gunicorn --check-config",
}
RUN_ELSEWHERE = {
    "make run": "tests/guide/test_tutorial.py",
    "make test": ".ci/run",
    "make check": ".ci/run",
    ".venv/bin/python manage.py backup /backups/2026-11-27.backup": "tests/server/test_backups.py",
    ".venv/bin/python manage.py restore /backups/2026-11-27.backup": "tests/server/test_backups.py",
}
TARGETS = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


def without_comment(command):
    return re.sub(r"\s+#.*", "", command)


def as_a_test(command):
    for pattern, other in AS_A_TEST.items():
        command = re.sub(pattern, other, command)
    return command


def test_the_commands_of_a_deployment_deploy_it(folder, environment, answers):
    (folder / "server" / "web" / "dist" / "static").mkdir(parents=True)  # in place of a build
    copied, *others = map(as_a_test, STEPS)
    filled = [f'sed -i "s/^{name}=/&{value}/" .env' for name, value in FILLED_IN.items()]
    staff = {"DJANGO_SUPERUSER_USERNAME": "staff", "DJANGO_SUPERUSER_EMAIL": "staff@example.com"}
    answers(
        [copied, *filled, *others], cwd=folder, env=environment | staff | {"DJANGO_SUPERUSER_PASSWORD": "q9-Zr4-tuw"}
    )


def test_the_readme_deploys_as_the_guide_does():
    [block] = [block for block in blocks(PAGES["README.md"], "console") if "install -m 600" in block]
    assert block in PAGES[DEPLOY]


def test_each_command_is_run():
    run = {*STEPS, *(command for command, _ in commands(PAGES[TUTORIAL])), *RUN_ELSEWHERE}
    others = [command for text in PAGES.values() for command, _ in commands(text) if "curl " not in command]
    assert [command for command in others if {command, without_comment(command)}.isdisjoint(run)] == []
    assert [path for path in RUN_ELSEWHERE.values() if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_each_command_that_is_named_exists(name):
    """In the running text: targets of make, commands of manage.py, modules."""
    named = " ".join(re.findall(r"`([^`]+)`", FENCED.sub("", PAGES[name])))
    assert set(re.findall(r"\bmake ([a-z]+)", named)) <= TARGETS
    assert set(re.findall(r"\bmanage\.py\s+([a-z]\w+)", named)) <= get_commands().keys()
    assert [module for module in re.findall(r"\bpython -m ([\w.]+)", named) if not find_spec(module)] == []
