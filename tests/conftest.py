"""Fixtures of every test: a database, a cast of profiles, a client over https."""

import os

import hypothesis
import pytest
import redis
from django.core import mail as django_mail
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test import Client

from profiles.identity.issuers import issuers
from profiles.identity.throttling import counter
from profiles.mail.worker import Worker
from tests.apis import RESTAPI, GraphQLAPI
from tests.cast import Cast
from tests.issuer import issuing

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
REDIS_SERVER = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379")
REDIS = f"{REDIS_SERVER}/{15 - WORKER}"  # each worker has a database, counted from the last: the tests empty theirs

# `pytest --hypothesis-profile=long` generates fifty times as many inputs.
hypothesis.settings.register_profile("long", max_examples=5_000)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, django_db_blocker, tmp_path_factory):
    """Use a SQLite file for each worker, so that WAL and file locks work.

    On PostgreSQL, drop a database that an interrupted run left with open connections.
    """
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
    else:
        with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
            name = connection.ops.quote_name(connection.creation._get_test_db_name())
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """Use a fast hasher. The tests of the service's own hasher select it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def uncollected_static_files(settings):
    """Serve the admin's static files without collecting them."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def no_attempts_yet():
    """Forget the attempts that earlier tests counted."""
    counter.cache_clear()


@pytest.fixture
def redis_url(request):
    """The URL of an empty Redis database."""
    with redis.Redis.from_url(REDIS) as client:
        try:
            client.flushdb()
        except redis.ConnectionError as error:
            if request.config.getoption("--required"):
                raise
            pytest.skip(f"no Redis answers at {REDIS}: {error}")
        yield REDIS
        client.flushdb()


@pytest.fixture
def one_connection():
    """Keep the test's transaction open when the test itself, not Django's client, ends a request."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def cast(db):
    """The test profiles."""
    return Cast()


class HTTPSClient(Client):
    """A client over https, as in production."""

    def generic(self, *args, **kwargs):
        return super().generic(*args, **kwargs | {"secure": True})


@pytest.fixture
def client():
    return HTTPSClient()


@pytest.fixture
def rest(client):
    return RESTAPI(client)


@pytest.fixture
def graphql(client):
    return GraphQLAPI(client)


@pytest.fixture
def apis(rest, graphql):
    """Both APIs: REST and GraphQL."""
    return rest, graphql


@pytest.fixture
def mail(settings):
    """Turn mail on. Returns a function that sends the queued messages and returns those sent since its last call."""
    settings.MAIL_IS_ON, settings.SITE_URL = True, "https://example.com"
    worker = Worker()

    def sent():
        while worker.send_next():
            pass
        messages, django_mail.outbox = django_mail.outbox, []
        return messages

    return sent


@pytest.fixture(scope="session")
def listening_issuer():
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def issuer(listening_issuer, settings, cast):
    """An OpenID issuer that the service accepts, with tokens for the cast."""
    listening_issuer.reset()
    cast.issuer = listening_issuer
    settings.OIDC_ISSUERS = [listening_issuer.setting()]
    issuers.cache_clear()
    yield listening_issuer
    issuers.cache_clear()
