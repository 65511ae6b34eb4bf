"""The environment variables: those that the code reads, and those in the README and .env.example."""

import re
import runpy

import pytest

from server.variables import Variables
from tests.server.conftest import ROOT

GUNICORNS_OWN = {"FORWARDED_ALLOW_IPS"}
OF_COMPOSE_ALONE = {"POSTGRES_PASSWORD", "COMPOSE_PROFILES"}


def variables(name):
    """The variables set by a file such as .env.example, with their values."""
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]", line))


@pytest.fixture
def read(monkeypatch):
    """The variables that gunicorn's configuration and the settings read, for PostgreSQL with a pool."""
    names = set()
    get_value = Variables.get_value

    def noting(self, var, *args, **kwargs):
        names.add(re.sub(r"(?<=^GRAPHQL_MAX_)\w+", "", var))
        return get_value(self, var, *args, **kwargs)

    monkeypatch.setattr(Variables, "get_value", noting)
    monkeypatch.setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("DATABASE_POOL_SIZE", "1")
    runpy.run_path(str(ROOT / "server" / "settings.py"))
    monkeypatch.setattr("importlib.import_module", lambda name: None)  # gunicorn's would set up the application
    runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    return names


def in_the_readme():
    """The variables in the README's table."""
    table = (ROOT / "README.md").read_text().partition("| variable | |\n")[2].partition("\n\n")[0]
    return {name for row in table.splitlines() for name in re.findall(r"`([A-Z][A-Z_]+)…?`", row.split(" | ")[0])}


def test_the_readme_names_each_variable_that_is_read(read):
    assert in_the_readme() == read | GUNICORNS_OWN


def test_the_example_names_what_has_no_default_and_no_value():
    given = variables(".env.example")
    assert set(given.values()) == {""}
    assert given.keys() - OF_COMPOSE_ALONE == {"SECRET_KEY", "JWT_KEYS", "ALLOWED_HOSTS"}
    mentioned = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert mentioned - OF_COMPOSE_ALONE <= in_the_readme()
