"""What every test has: a database of its own, a cast of profiles, a client that speaks https."""

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
from tests.cast import Cast
from tests.doors import GraphQLDoor, RESTDoor
from tests.issuer import issuing

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
REDIS_SERVER = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379")
REDIS = f"{REDIS_SERVER}/{15 - WORKER}"  # one database per worker, from the last: the tests empty theirs

# `pytest --hypothesis-profile=long` makes up fifty times as many inputs.
hypothesis.settings.register_profile("long", max_examples=5_000)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, django_db_blocker, tmp_path_factory):
    """For each worker a real SQLite file, so that WAL and its locks are there; or a PostgreSQL database
    that nobody is left in from a run that was cut."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
    else:
        with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
            name = connection.ops.quote_name(connection.creation._get_test_db_name())
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """Hashing at a test's cost. What the service itself uses is tested where it matters."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def uncollected_static_files(settings):
    """The admin's pages need no files collected here, and a client need not list those that are."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def no_attempts_yet():
    """What earlier tests counted is none of this one's business."""
    counter.cache_clear()


@pytest.fixture
def redis_url(request):
    """A Redis with nothing in it."""
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
    """Keeps the test's transaction open where the test, and not Django's client, ends a request."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


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


@pytest.fixture
def mail(settings):
    """Mail is sent: a function that writes and sends what is enqueued, and gives back what was sent meanwhile."""
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
    """An OpenID issuer whose tokens are accepted, and which the cast has tokens of."""
    listening_issuer.reset()
    cast.issuer = listening_issuer
    settings.OIDC_ISSUERS = [listening_issuer.setting()]
    issuers.cache_clear()
    yield listening_issuer
    issuers.cache_clear()
