"""The variables of the environment: those that the code reads, and those that the README and .env.example name."""

import re

from tests.server.conftest import ROOT

READ = re.compile(r"""env\.\w+\(\s*f?["']([A-Z][A-Z_]+)""")
SOURCES = ("server/settings.py", "server/wsgi.py", "gunicorn.conf.py")
GUNICORNS_OWN = {"FORWARDED_ALLOW_IPS"}
OF_COMPOSE_ALONE = {"POSTGRES_PASSWORD"}


def variables(name):
    """The variables that a file of them sets, by name."""
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]", line))


def read():
    """The variables that the code reads."""
    return {name for source in SOURCES for name in READ.findall((ROOT / source).read_text())}


def in_the_readme():
    """The variables of the README's table."""
    table = (ROOT / "README.md").read_text().partition("| variable | |\n")[2].partition("\n\n")[0]
    return {name for row in table.splitlines() for name in re.findall(r"`([A-Z][A-Z_]+)(?:…)?`", row.split(" | ")[0])}


def test_the_readme_names_each_variable_that_is_read():
    assert in_the_readme() == read() | GUNICORNS_OWN


def test_the_example_names_what_has_no_default_and_no_value():
    given = variables(".env.example")
    assert set(given.values()) == {""}
    assert given.keys() - OF_COMPOSE_ALONE == {"SECRET_KEY", "JWT_KEYS", "ALLOWED_HOSTS"}
    mentioned = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert mentioned - OF_COMPOSE_ALONE <= in_the_readme()
