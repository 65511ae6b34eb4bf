"""The pytest plugin that selects the tests' database before Django reads its settings."""

import os
import secrets

import psycopg
import pytest

POSTGRESQL = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/profiles")


def pytest_addoption(parser):
    parser.addoption("--postgresql", action="store_true", help="run on PostgreSQL (TEST_DATABASE_URL), not on SQLite")
    parser.addoption("--required", action="store_true", help="fail where PostgreSQL or Chromium is missing")
    parser.addoption("--rounds", type=int, default=60, help="how many rounds each race takes")
    parser.addoption("--requests", type=int, help="how many requests the fuzz sends, showing how far it is")
    parser.addoption("--documents", type=int, help="how many documents are executed by plans and without them")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config):
    """Set the environment of a production service; pytest-django loads the settings after this."""
    os.environ.pop("DEBUG", None)
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(48)
    os.environ["ALLOWED_HOSTS"] = "testserver"
    os.environ["JWT_KEYS"] = f"now={secrets.token_hex(32)},before={secrets.token_hex(32)}"
    options = early_config.known_args_namespace
    if options.postgresql:
        os.environ["DATABASE_URL"] = POSTGRESQL
        refuse_where_away(required=options.required)
    else:
        os.environ["DATABASE_URL"] = "sqlite:///unused.sqlite3"  # each worker has its own file: tests/conftest.py
    return (yield)


def refuse_where_away(*, required):
    try:
        psycopg.connect(POSTGRESQL.rpartition("/")[0] + "/postgres", connect_timeout=5).close()
    except psycopg.OperationalError as error:
        pytest.exit(
            f"PostgreSQL does not answer, so nothing ran on it (set TEST_DATABASE_URL, or start one): {error}",
            returncode=1 if required else 0,
        )
