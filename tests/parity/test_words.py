"""Error messages: the same text in both APIs, in the language of `Accept-Language`."""

import json
from gettext import NullTranslations

import pytest
from django.db import OperationalError
from django.utils.translation import trans_real

from profiles.identity import families
from profiles.policy import policy
from tests.cast import PASSWORD
from tests.parity import identity_cases, test_identity_cases
from tests.parity.cases import CASES
from tests.parity.test_cases import perform
from tests.server.test_locale import LANGUAGES
from tests.state import undone

NEW = {"username": "newcomer", "email": "new@example.com", "password": PASSWORD}


class Brackets(NullTranslations):
    """A language that puts each message in brackets, so that an untranslated one shows."""

    def gettext(self, message):
        return f"⟦{message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]}⟧"

    def ngettext(self, singular, plural, number):
        return self.gettext(singular if number == 1 else plural)

    def to_language(self):
        return "de"


def speak(client, language):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language


def once_each(cases):
    """The first case of each kind of error."""
    kinds = {(case.operation, case.outcome, case.errors): case for case in reversed(cases) if case.outcome != "done"}
    return {case.label: case for case in kinds.values()}


def by_table(case):
    return lambda api, cast: perform(api, case, cast)


def by_identity(case):
    return lambda api, cast: test_identity_cases.perform(api, case, cast, families.start(cast["owner"]))[0]


def reuse_a_key(api, cast):
    api.create(NEW, key="k")
    return api.create(NEW | {"bio": "Another."}, key="k")


def update_twice(api, cast):
    return api.update_many([(cast.pk("owner"), {})] * 2, token=cast.token("owner"))


REFUSALS = {
    **{label: by_table(case) for label, case in once_each(CASES).items()},
    **{label: by_identity(case) for label, case in once_each(identity_cases.CASES).items()},
    "a cursor of no list": lambda api, cast: api.list(cursor="x"),
    "a page too large": lambda api, cast: api.list(page_size=101),
    "a filter for staff": lambda api, cast: api.list(visibility="public", token=cast.token("member")),
    "a filter too long": lambda api, cast: api.list(location="x" * 201),
    "a username that is reserved": lambda api, cast: api.create(NEW | {"username": "admin"}),
    "a key that is none": lambda api, cast: api.create(NEW, key="\t"),
    "a key for another sign-up": reuse_a_key,
    "a profile twice": update_twice,
    "more profiles than pass": lambda api, cast: api.update_many([(1, {})] * 101, token=cast.token("owner")),
}


@pytest.fixture(autouse=True)
def many_recoveries(settings):
    settings.RECOVERY_LIMIT_PER_EMAIL = "100 per hour"


def words(refuse, api, cast):
    with undone():
        answer = refuse(api, cast)
    assert answer.outcome != "done"
    return [message for _, _, message in answer.errors]


@pytest.mark.parametrize("refuse", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_in_the_language_of_its_caller(cast, client, apis, monkeypatch, refuse):
    said = {}
    for language in LANGUAGES:
        speak(client, language)
        rest, graphql = (words(refuse, api, cast) for api in apis)
        assert rest == graphql
        said[language] = rest
    assert all(len(set(same)) == len(LANGUAGES) for same in zip(*said.values(), strict=True)), said
    monkeypatch.setitem(trans_real._translations, "de", Brackets())
    speak(client, "de")
    for message in (message for api in apis for message in words(refuse, api, cast)):
        assert (message[0], message[-1]) == ("⟦", "⟧")


def test_so_it_is_where_sign_up_is_closed(cast, client, apis, settings, monkeypatch):
    settings.SIGN_UP_IS_OPEN = False
    test_a_refusal_is_in_the_language_of_its_caller(cast, client, apis, monkeypatch, lambda api, cast: api.create(NEW))


def test_so_it_is_where_too_many_came(cast, client, apis, settings, monkeypatch):
    settings.READ_LIMIT = "1 per hour"
    test_a_refusal_is_in_the_language_of_its_caller(
        cast, client, apis, monkeypatch, lambda api, cast: [api.view_me() for _ in range(2)][-1]
    )


@pytest.mark.parametrize("fault", [RuntimeError, OperationalError])
def test_so_it_is_where_we_fail(cast, client, apis, monkeypatch, fault):
    def fail(*arguments):
        raise fault

    monkeypatch.setattr(policy, "visible", fail)
    test_a_refusal_is_in_the_language_of_its_caller(
        cast, client, apis, monkeypatch, lambda api, cast: api.view(cast.pk("shown"))
    )


UNREADABLE = {
    "no JSON": b'{"query":',
    "no UTF-8": b'"\xff"',
    "half a pair": rb'{"\ud800": 1}',
    "a name twice": b'{"a": 1, "a": 2}',
    "no number": b"NaN",
    "a number too large": b"1e999",
    "a number too long": b"1" * 401,
    "too deep": b"[" * 33 + b"]" * 33,
    "much too deep": b"[" * 50_000,
}
REQUESTS = {
    **{label: {"method": "POST", "data": body} for label, body in UNREADABLE.items()},
    "too large": {"method": "POST", "data": b" " * 200_000},
    "no JSON's type": {"method": "POST", "data": b"x", "content_type": "text/plain"},
    "another charset": {"method": "POST", "data": b"{}", "content_type": "application/json; charset=latin-1"},
    "another answer": {"method": "GET", "headers": {"accept": "image/png"}},
    "another method": {"method": "TRACE"},
    "a query that is not UTF-8": {"method": "GET", "QUERY_STRING": "query=%ff"},
    "a parameter twice": {"method": "GET", "QUERY_STRING": "query=a&query=b"},
    "a bad token": {"method": "GET", "headers": {"authorization": "Bearer x"}},
    "another scheme": {"method": "GET", "headers": {"authorization": "Basic x"}},
}


def message(response):
    (error,) = response.json()["errors"]
    return error.get("detail") or error["message"]


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_so_is_what_is_said_of_a_request_that_is_not_read(db, client, monkeypatch, request_):
    def said():
        return {message(client.generic(path=path, **content)) for path in ("/profiles/", "/graphql/")}

    content = {"content_type": "application/json"} | request_
    of_each = []
    for language in LANGUAGES:
        speak(client, language)
        (both,) = said()
        of_each.append(both)
    assert len(set(of_each)) == len(LANGUAGES)
    monkeypatch.setitem(trans_real._translations, "de", Brackets())
    speak(client, "de")
    assert [(both[0], both[-1]) for both in said()] == [("⟦", "⟧")]


PERSISTED = {"version": 1, "sha256Hash": "0" * 64}
GRAPHQL_ALONE = {  # requests that only GraphQL can receive, and the message in English
    "a batch": ([], "Must be one JSON object. Batches of requests are not supported."),
    "no document": ({}, "'query' must be the document, as a string, or 'documentId' its id."),
    "an unknown document": ({"documentId": "x"}, "Document not registered."),
    "no string": ({"query": 1}, "'query' must be a string."),
    "no object": ({"query": "{me{pk}}", "variables": []}, "'variables' must be an object."),
    "two names": ({"query": '{profile(pk: 1, username: "x"){pk}}'}, "Give exactly one of id, pk and username."),
    "both ends": ({"query": "{profiles(first: 1, last: 1){edges{cursor}}}"}, "Give first and after, or last"),
    "no hash": ({"extensions": {"persistedQuery": 1}}, "'persistedQuery' must have version 1 and"),
    "another hash": ({"query": "{me{pk}}", "extensions": {"persistedQuery": PERSISTED}}, "The SHA-256 of the document"),
    "too much": ({"query": "{" + "a " * 2_000 + "}"}, "The document has 501 tokens; the limit is 500."),
    "two sign-ins": (
        {"query": 'mutation {a: tokenAuth(username: "a", password: "b") {scope} '
                  'b: tokenAuth(username: "a", password: "b") {scope}}'},
        "A document may contain one of these operations, once: changePassword,",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "english"), GRAPHQL_ALONE.values(), ids=GRAPHQL_ALONE)
def test_so_is_what_graphql_alone_refuses(db, client, monkeypatch, body, english):
    def said():
        return message(client.post("/graphql/", json.dumps(body), content_type="application/json"))

    of_each = []
    for language in LANGUAGES:
        speak(client, language)
        of_each.append(said())
    assert of_each[0].startswith(english)
    assert len(set(of_each)) == len(LANGUAGES)
    monkeypatch.setitem(trans_real._translations, "de", Brackets())
    speak(client, "de")
    assert (said()[0], said()[-1]) == ("⟦", "⟧")


def test_what_a_program_reads_has_one_language(cast, client, apis):
    for language in LANGUAGES:
        speak(client, language)
        for api in apis:
            (error,) = api.update(cast.pk("owner"), {"time_zone": "Mars"}, token=cast.token("owner")).errors
            assert error[:2] == ("invalid", "time_zone")
            assert api.view(cast.pk("hidden"), token=cast.token("member")).outcome == "NOT_FOUND"
        asked = {"extensions": {"persistedQuery": PERSISTED}}
        missing = client.post("/graphql/", json.dumps(asked), content_type="application/json")
        assert message(missing) == "PersistedQueryNotFound"  # Apollo's clients compare this text
