"""The service that `make run` runs, with the demo's accounts: the one that clients are tried against."""

import pytest
from django.core.management import call_command

from tests.server.conftest import serving


@pytest.fixture(scope="module")
def debug_server(test_database, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("debug") / "log", **test_database, DEBUG="true") as served:
        yield served


@pytest.fixture
def address(debug_server, transactional_db, django_db_reset_sequences, settings):
    settings.DEBUG = True
    call_command("demo")
    return debug_server
