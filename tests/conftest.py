"""What every test has: a database of its own, a cast of profiles, a client that speaks https."""

import pytest
from django.db import connection
from django.test import Client

from profiles.throttling import _storage
from tests.cast import Cast
from tests.doors import GraphQLDoor, RESTDoor


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tmp_path_factory):
    """A real SQLite file for each worker, so that WAL and its locks are there."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """Hashing at a test's cost. What the service itself uses is tested where it matters."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def uncollected_static_files(settings):
    """The admin's pages need no files collected here."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture(autouse=True)
def no_attempts_yet():
    """What earlier tests counted is none of this one's business."""
    _storage.cache_clear()


@pytest.fixture
def cast(db):
    """The profiles that tests are about."""
    return Cast()


class HTTPSClient(Client):
    """A client over https, as a service in production has it."""

    def generic(self, *args, **kwargs):
        return super().generic(*args, **kwargs | {"secure": True})


@pytest.fixture
def client():
    return HTTPSClient()


@pytest.fixture
def rest(client):
    return RESTDoor(client)


@pytest.fixture
def graphql(client):
    return GraphQLDoor(client)


@pytest.fixture
def doors(rest, graphql):
    """Both."""
    return rest, graphql
