"""Unexpected exceptions become INTERNAL in both APIs and the admin, and their text stays in the log."""

import logging

import pytest
from django.db import DataError, IntegrityError, OperationalError, ProgrammingError, connection
from django.middleware.common import CommonMiddleware
from django_guid.log_filters import CorrelationId

from profiles import exports, filters, serializers, sign_up
from profiles.core import fields, histories, listing, parsers, writing
from profiles.core.renderers import FastJSONRenderer
from profiles.identity import credentials, families, security, throttling, tokens
from profiles.models import Profile, ProfileQuerySet
from profiles.policy import policy
from server.edge import languages, text
from server.edge.unread import answer_to
from tests.cast import PASSWORD
from tests.profiles.admin.test_admin import form_of

SECRET = "hunter2 in the engine room"


class Unspeakable(Exception):
    """An exception whose text raises an error."""

    def __str__(self):
        raise RuntimeError(SECRET)


class Talkative(Exception):
    """An exception with the attributes of libraries' exceptions."""

    message = detail = code = reason = SECRET
    status_code = 400
    extensions = {"secret": SECRET}
    headers = {"X-Secret": SECRET}


def caused():
    error = RuntimeError("Something else.")
    error.__cause__ = ValueError(SECRET)
    error.add_note(SECRET)
    return error


FAULTS = {
    "an exception": lambda: RuntimeError(SECRET),
    "one that is a lookup's": lambda: KeyError(SECRET),
    "one that is a value's": lambda: ValueError(SECRET),
    "one of several arguments": lambda: Exception(1, {SECRET: SECRET}, SECRET),
    "one with a cause": caused,
    "one with everything": Talkative,
    "one that can't be said": Unspeakable,
    "several at once": lambda: ExceptionGroup(SECRET, [RuntimeError(SECRET)]),
    "the driver's: data": lambda: DataError(SECRET),
    "the driver's: integrity": lambda: IntegrityError(SECRET),
    "the driver's: syntax": lambda: ProgrammingError(SECRET),
    "the system's": lambda: PermissionError(13, SECRET, SECRET),
    "a file's": lambda: ImportError(SECRET, name=SECRET, path=SECRET),
}

OPERATIONS = {
    "view": lambda api, pk, token: api.view(pk("owner"), token=token["owner"]),
    "update": lambda api, pk, token: api.update(pk("owner"), {"bio": "New."}, token=token["owner"]),
    "replace": lambda api, pk, token: api.replace(
        pk("owner"), {"username": "owner", "email": "a@b.co"}, token=token["owner"]
    ),
    "create": lambda api, pk, token: api.create(
        {"username": f"new.{api.source}", "email": "a@b.co", "password": "a staple for the horse"}
    ),
    "update many": lambda api, pk, token: api.update_many([(pk("owner"), {"bio": "New."})], token=token["owner"]),
    "delete": lambda api, pk, token: api.delete(pk("known"), token=token["staff"]),
    "list": lambda api, pk, token: api.list(search="mine", location="Here", token=token["owner"]),
    "history": lambda api, pk, token: api.history(pk("owner"), page_size=5, token=token["owner"]),
    "export": lambda api, pk, token: api.export(pk("owner"), token=token["owner"]),
    "sign in": lambda api, pk, token: api.sign_in("owner", PASSWORD),
    "refresh": lambda api, pk, token: api.refresh("x"),
    "verify": lambda api, pk, token: api.verify(token["owner"]),
    "change password": lambda api, pk, token: api.change_password(PASSWORD, "new", token=token["owner"]),
}

LAYERS = {
    "authentication": (tokens, "identify", "view"),
    "token": (tokens, "read", "view"),
    "policy, reading": (policy, "sees", "view"),
    "policy, writing": (policy, "can", "update"),
    "policy, a field": (policy, "may_read", "view"),
    "policy, sign-up": (policy, "require_sign_up", "create"),
    "policy, a filter": (policy, "require_filter", "list"),
    "queryset": (ProfileQuerySet, "visible_to", "view"),
    "parser": (parsers, "_check_depth", "update"),
    "validation": (serializers.ProfileSerializer, "to_internal_value", "update"),
    "validation of a field": (fields.Text, "to_internal_value", "update"),
    "representation": (serializers.ProfileSerializer, "get_updated_by", "view"),
    "write path": (writing, "save_locked", "update"),
    "write path, replacing": (writing, "update", "replace"),
    "write path, creating": (writing, "create", "create"),
    "write path, deleting": (writing, "delete", "delete"),
    "row": (Profile, "save", "update"),
    "sign-up": (sign_up, "make_password", "create"),
    "several": (writing, "lock", "update many"),
    "pagination": (listing, "paginate", "list"),
    "filter": (filters.ProfileFilter, "by_location", "list"),
    "search": (ProfileQuerySet, "filter", "list"),
    "history": (histories, "paginate", "history"),
    "export": (exports, "_account", "export"),
    "throttle": (throttling, "counter", "view"),
    "sign-in": (families, "_start", "sign in"),
    "refresh": (families, "_locked", "refresh"),
    "verification": (tokens, "get_payload", "verify"),
    "new password": (credentials, "check_new_password", "change password"),
    "security log": (security, "log", "sign in"),
    "renderer": (FastJSONRenderer, "render", "view"),
    "middleware, on the way in": (CommonMiddleware, "process_request", "view"),
    "middleware, on the way out": (CommonMiddleware, "process_response", "view"),
    "middleware, of texts": (text, "unquote_to_bytes", "view"),
    "middleware, of languages": (languages, "patch_vary_headers", "view"),
}


@pytest.fixture
def answers(client, monkeypatch):
    """The responses of both APIs. The client does not re-raise exceptions, so it behaves like the server."""
    kept = []
    client.raise_request_exception = False
    send = client.generic
    monkeypatch.setattr(client, "generic", lambda *args, **kwargs: kept.append(send(*args, **kwargs)) or kept[-1])
    return kept


@pytest.fixture
def log(caplog):
    caplog.handler.addFilter(CorrelationId())
    caplog.handler.setFormatter(logging.Formatter("request=%(correlation_id)s %(message)s"))
    return caplog


def break_at(monkeypatch, place, name, fault):
    def broken(*args, **kwargs):
        raise fault()

    monkeypatch.setattr(place, name, broken)


def assert_nothing_leaked(response, log):
    whole = f"{response.status_code} {response.reason_phrase} {dict(response.items())} {response.content.decode()}"
    for word in (SECRET, "Traceback", "RuntimeError", ".py", "Something else"):
        assert word not in whole
    assert_internal(response)
    request_id = response["X-Request-ID"]
    traced = [r for r in log.records if r.name == "profiles.core.outcomes" and r.correlation_id == request_id]
    assert traced
    assert all(record.exc_info is not None for record in traced)
    log.handler.format(traced[0])  # formatting it raises no error


def assert_internal(response):
    """Check for an internal error with the request's id: the admin's page, or an API's error."""
    if response["Content-Type"].startswith("text/html"):
        assert response.status_code == 500
        assert response["X-Request-ID"] in response.content.decode()
        return
    body = response.json()
    said = body["errors"][0].get("extensions") or {"code": body["errors"][0]["code"], "id": body["id"]}
    assert said == {"code": "INTERNAL", "id": response["X-Request-ID"]}
    assert response.status_code in (500, 200)


@pytest.fixture
def perform(cast):
    """Perform an operation through an API. Tokens exist before anything breaks."""
    token = {name: cast.token(name) for name in ("owner", "staff")}
    return lambda operation, api: OPERATIONS[operation](api, cast.pk, token)


@pytest.mark.parametrize("layer", LAYERS)
def test_what_breaks_in_a_layer(perform, apis, answers, log, monkeypatch, layer):
    place, name, operation = LAYERS[layer]
    break_at(monkeypatch, place, name, FAULTS["an exception"])
    for api in apis:
        perform(operation, api)
        assert_nothing_leaked(answers[-1], log)
    assert answers[0].status_code == 500


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "layer", ["policy, a field", "validation", "write path", "row", "renderer", "middleware, of texts"]
)
def test_whatever_breaks(perform, apis, answers, log, monkeypatch, layer, fault):
    place, name, operation = LAYERS[layer]
    break_at(monkeypatch, place, name, FAULTS[fault])
    for api in apis:
        perform(operation, api)
        assert_nothing_leaked(answers[-1], log)


WRONG_STATEMENTS = {
    "no value": lambda row: Profile.objects.filter(pk=row.pk).update(username=None),
    "a value that is too long": lambda row: Profile.objects.filter(pk=row.pk).update(location="x" * 300),
    "a value that a constraint refuses": lambda row: Profile.objects.filter(pk=row.pk).update(visibility="secret"),
    "a value taken": lambda row: Profile.objects.filter(pk=row.pk).update(pk=row.pk + 1),
}


@pytest.mark.parametrize("statement", WRONG_STATEMENTS)
def test_what_the_driver_says_stays_in_the_log(perform, apis, answers, log, monkeypatch, statement):
    monkeypatch.setattr(writing, "save_locked", lambda row, *_: WRONG_STATEMENTS[statement](row))
    for api in apis:
        perform("update", api)
        assert_nothing_leaked(answers[-1], log)
        for word in ("constraint", "CHECK", "NULL", "null value", "nowhere", "profiles_profile", "row contains"):
            assert word not in answers[-1].content.decode()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_database_that_is_away_says_no_more(perform, apis, answers, log, operation):
    def away(*args):
        raise OperationalError(SECRET)

    for api in apis:
        with connection.execute_wrapper(away):
            perform(operation, api)
        answer = answers[-1]
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert SECRET not in f"{dict(answer.items())} {answer.content.decode()}"


@pytest.mark.parametrize("layer", ["authentication", "policy, writing", "parser", "validation", "write path", "row"])
def test_a_view_says_no_more_on_a_developers_machine(perform, apis, answers, log, monkeypatch, settings, layer):
    """Errors outside a view show Django's debug page there: it is for the developer."""
    settings.DEBUG = True
    place, name, operation = LAYERS[layer]
    break_at(monkeypatch, place, name, FAULTS["an exception"])
    for api in apis:
        perform(operation, api)
        assert_nothing_leaked(answers[-1], log)


@pytest.mark.parametrize("layer", ["policy, writing", "write path", "validation", "middleware, of texts"])
def test_what_breaks_behind_the_admin(cast, client, log, monkeypatch, layer):
    client.raise_request_exception = False
    client.force_login(cast["staff"])
    place, name, _ = LAYERS[layer]
    page = f"/admin/profiles/profile/{cast.pk('owner')}/change/"
    form = form_of(client.get(page))
    break_at(monkeypatch, place, name, FAULTS["an exception"])
    assert_nothing_leaked(client.post(page, form | {"bio": "New."}), log)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_breaks_around_django(log, fault):
    answer = answer_to(FAULTS[fault]()).decode()
    assert answer.startswith("HTTP/1.1 500 Internal Server Error\r\n")
    assert SECRET not in answer
    [record] = log.records
    assert f"X-Request-ID: {record.correlation_id}\r\n" in answer
    assert f'"id": "{record.correlation_id}"' in answer
    assert record.exc_info
