"""The contracts as they are served, and the catalogue that leads to them (RFC 9727)."""

from urllib.parse import urlsplit

import pytest

PATHS = ["/openapi.json", "/openapi.yaml", "/graphql/schema.graphql", "/.well-known/api-catalog"]
LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'

every_path = pytest.mark.parametrize("path", PATHS)


@every_path
def test_a_contract_that_the_client_has_is_not_sent_again(path, client):
    whole = client.get(path)
    tag = whole.headers["ETag"]
    assert not tag.startswith("W/")
    for value in (tag, f"W/{tag}", "*"):
        spared = client.get(path, headers={"if-none-match": value})
        assert (spared.status_code, spared.content, spared.headers["ETag"]) == (304, b"", tag)
        assert "Content-Type" not in spared.headers
        for name in ("Cache-Control", "Vary", "Content-Language"):
            assert spared.headers[name] == whole.headers[name]
    assert client.get(path, headers={"if-none-match": '"other"'}).content == whole.content


@every_path
def test_a_head_is_a_get_without_its_body(path, client):
    head, get = (getattr(client, method)(path) for method in ("head", "get"))
    of_get = {**get.headers, "X-Request-ID": None}
    assert (head.status_code, {**head.headers, "X-Request-ID": None}) == (200, of_get)
    assert client.options(path).headers["Allow"] == "GET, HEAD, OPTIONS"


@every_path
def test_a_contract_that_is_no_longer_this_one_is_a_conflict(path, client):
    tag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"if-match": tag}).status_code == 200
    refused = client.get(path, headers={"if-match": '"other"'})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (412, "CONFLICT")


def test_contracts_have_different_tags(client):
    assert len({client.get(path).headers["ETag"] for path in PATHS}) == len(PATHS)


def catalogue(client):
    response = client.get("/.well-known/api-catalog", headers={"accept": "text/html"})
    assert (response.status_code, response.headers["Content-Type"]) == (200, LINKSET)
    return {context.pop("anchor"): context for context in response.json()["linkset"]}


def test_the_catalogue_names_both_apis(client):
    links = catalogue(client)
    apis = [each["href"] for each in links["https://testserver/.well-known/api-catalog"]["item"]]
    assert apis == ["https://testserver/", "https://testserver/graphql/"]
    for api in apis:
        assert links[api].keys() == {"service-desc", "service-doc", "status"}


def test_what_the_catalogue_leads_to_is_there(client, db):
    links = [link for context in catalogue(client).values() for links in context.values() for link in links]
    for link in links:
        address = urlsplit(link["href"])
        assert (address.scheme, address.netloc) == ("https", "testserver")
        if "type" in link:
            response = client.head(address.path)
            assert response.status_code == 200
            assert response.headers["Content-Type"].partition(";")[0] == link["type"].partition(";")[0]


@pytest.mark.parametrize("method", ["get", "head"])
def test_the_catalogue_names_itself_in_a_link(method, client):
    response = getattr(client, method)("/.well-known/api-catalog")
    assert response.headers["Link"] == '</.well-known/api-catalog>; rel="api-catalog"'


def test_the_catalogue_is_of_the_host_that_was_asked(client, settings):
    settings.ALLOWED_HOSTS = ["testserver", "other.example"]
    text = client.get("/.well-known/api-catalog", headers={"host": "other.example"}).content
    assert b"https://other.example/openapi.json" in text
    assert b"testserver" not in text
