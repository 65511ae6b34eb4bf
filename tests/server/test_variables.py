"""Environment variables: those that the code reads are those that are declared."""

import re
import runpy

import pytest
import yaml

from server.environment import VARIABLES
from server.variables import Variables
from tests.server.conftest import ROOT


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
        names.add(var)
        return get_value(self, var, *args, **kwargs)

    monkeypatch.setattr(Variables, "get_value", noting)
    monkeypatch.setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("DATABASE_POOL_SIZE", "1")
    runpy.run_path(str(ROOT / "server" / "settings.py"))
    monkeypatch.setattr("importlib.import_module", lambda name: None)  # gunicorn's would set up the application
    runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    return names


def test_each_variable_that_is_read_is_declared_and_no_other(read):
    assert read == {name for name, declared in VARIABLES.items() if not declared.read_by}


def test_the_example_gives_what_has_no_default_and_no_value():
    given = variables(".env.example")
    assert set(given.values()) == {""}
    assert given.keys() == {"SECRET_KEY", "JWT_KEYS", "ALLOWED_HOSTS", "POSTGRES_PASSWORD"}


def test_what_compose_sets_is_declared():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert services["web"]["environment"].keys() <= VARIABLES.keys()
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    assert asked <= VARIABLES.keys()
