"""Deprecations in REST's contract, and in the headers of its responses."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from drf_spectacular.generators import SchemaGenerator

from profiles.rest.contract.deprecations import find
from tests.deprecations.settings import BODY, DELETION, DEPRECATIONS, FILTER, HISTORY, SIGN_OUTS

HEADERS = ("Deprecation", "Sunset", "Link")


@pytest.fixture(scope="module")
def contract():
    return SchemaGenerator().get_schema(public=True)


def headers(response):
    return {name: response[name] for name in HEADERS if name in response}


def expected(*each, since="@1793491200", until="Wed, 01 May 2999 00:00:00 GMT"):
    links = [f'<{one.link}>; rel="{relation}"' for one in each for relation in ("deprecation", "sunset")]
    return {"Deprecation": since, "Sunset": until, "Link": ", ".join(links)}


OF_DECEMBER = {"since": "@1796083200", "until": "Fri, 01 Mar 2999 00:00:00 GMT"}


def marked(found, path=()):
    """The paths of all elements marked `deprecated` in a document."""
    if isinstance(found, dict):
        if found.get("deprecated") is True:
            yield path
        for key, each in found.items():
            yield from marked(each, (*path, key))
    elif isinstance(found, list):
        for number, each in enumerate(found):
            yield from marked(each, (*path, number))


def test_the_contract_marks_each_place_and_no_other(contract):
    places = [(each, place) for each in DEPRECATIONS for place in each.rest]
    assert len(list(marked(contract))) == len(places)
    for each, place in places:
        found = find(contract, place)
        assert found["deprecated"] is True
        assert found["description"].endswith(each.text)


def test_the_contract_tells_of_the_headers_of_operations_that_use_something(contract):
    told = {
        f"{method.upper()} {path}"
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
        for answer in operation["responses"].values()
        if {"Deprecation", "Sunset"} <= answer.get("headers", {}).keys()
    }
    assert told == {
        *("GET /notes", "POST /notes", "GET /notes/{id}", "PATCH /notes/{id}", "PUT /notes/{id}"),
        *("DELETE /notes/{id}", "GET /notes/{id}/history"),
        *("GET /profiles/{id}/export", "GET /profiles/me/export"),
    }


@pytest.mark.parametrize("place", ["GET /nothing", "PUT /notes", "GET /notes?nothing", "Note.nothing", "Nothing.id"])
def test_a_place_that_is_none_ends_the_start(place, settings):
    settings.DEPRECATIONS = (*DEPRECATIONS, type(FILTER)(**values_of(FILTER) | {"rest": (place,)}))
    with pytest.raises(ImproperlyConfigured, match=place.replace("?", "\\?")):
        SchemaGenerator().get_schema(public=True)


def values_of(each):
    return {name: getattr(each, name) for name in type(each).__slots__}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_answer_of_a_deprecated_operation_says_so(method, slash, apis, note, token, used):
    rest, _ = apis
    for pk, bearer in ((note.pk, token), (note.pk, None), (note.pk + 1, token)):
        response = rest.client.generic(
            method, f"/notes/{pk}/history{slash}", headers={"authorization": f"Bearer {bearer}"} if bearer else {}
        )
        assert headers(response) == expected(HISTORY)
    assert used() == {(HISTORY.name, "rest"): 3}


def test_links_to_pages_stay(apis, note, token, client):
    rest, _ = apis
    rest.update(note.pk, {"title": "Second"}, token=token)
    rest.update(note.pk, {"title": "Third"}, token=token)
    response = rest.send("GET", f"/notes/{note.pk}/history/?page_size=1", token=token)
    following, *others = response["Link"].split(", ")
    assert following.endswith('rel="next"')
    assert ", ".join(others) == expected(HISTORY)["Link"]


def test_of_several_the_earliest_days_are_told(apis, note, token):
    rest, _ = apis
    response = rest.send("GET", "/notes/?title=t", token=token)
    assert headers(response) == expected(FILTER, BODY) | {"Sunset": OF_DECEMBER["until"]}


def test_a_property_is_used_where_it_is_shown(apis, note, token):
    rest, _ = apis
    assert headers(rest.send("GET", f"/notes/{note.pk}/", token=token)) == expected(BODY, **OF_DECEMBER)
    assert headers(rest.send("GET", f"/notes/{note.pk}/?fields=body", token=token)) == expected(BODY, **OF_DECEMBER)
    assert headers(rest.send("GET", f"/notes/{note.pk}/?fields=title", token=token)) == {}
    assert headers(rest.send("GET", "/notes/?fields=title", token=token)) == {}


def test_a_refused_request_is_told_of_nothing_but_its_operation(apis, note, token, cast):
    rest, _ = apis
    assert headers(rest.send("PATCH", f"/notes/{note.pk}/", {"body": 1}, token=token)) == {}
    assert headers(rest.send("GET", "/notes/?title=t&ordering=wrong", token=token)) == {}
    refused = rest.send("DELETE", f"/notes/{note.pk}/", token=cast.token("member"))
    assert headers(refused) == expected(DELETION, **OF_DECEMBER)


@pytest.mark.parametrize("path", ["/profiles/me/", "/notes/?fields=id", "/nothing/", "/docs/", "/livez", "/graphql/"])
def test_other_answers_have_no_such_header(path, apis, note, token):
    rest, _ = apis
    response = rest.client.get(path, headers={"authorization": f"Bearer {token}"})
    assert headers(response) == {}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_stream_shows_all_that_the_contract_has(method, apis, token, used):
    rest, _ = apis
    response = rest.client.generic(method, "/profiles/me/export/", headers={"authorization": f"Bearer {token}"})
    assert response.status_code == 200
    assert headers(response) == expected(SIGN_OUTS)
    assert used() == {(SIGN_OUTS.name, "rest"): 1}


def test_a_batch_is_told_of_what_its_reads_use(apis, note, token, used):
    rest, _ = apis
    reads = [
        {"path": f"/notes/{note.pk}/history"},
        {"path": f"/notes/{note.pk + 1}/history"},
        {"path": "/profiles/me/"},
    ]
    response = rest.send("POST", "/batch/", reads, token=token)
    assert [read["status"] for read in response.json()] == [200, 404, 200]
    assert headers(response) == expected(HISTORY)
    assert used() == {(HISTORY.name, "rest"): 2}
    response = rest.send("POST", "/batch/", [{"path": f"/notes/{note.pk}/"}], token=token)
    assert headers(response) == expected(BODY, **OF_DECEMBER)
    assert headers(rest.send("POST", "/batch/", [{"path": "/profiles/me/"}], token=token)) == {}


def test_a_batch_that_is_refused_uses_nothing(apis, note, token):
    rest, _ = apis
    response = rest.send("POST", "/batch/", [{"path": "/nothing/"}, {"path": f"/notes/{note.pk}/history"}], token=token)
    assert response.status_code == 400
    assert headers(response) == {}
