"""The headers for browsers and caches, on the deployed server."""

import httpx
import pytest

from tests.cast import PASSWORD
from tests.server.conftest import ServerClient, serving

ORIGIN = "https://app.example.com"
NOTHING = {"default-src 'none'", "frame-ancestors 'none'"}
OURS = {"default-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "object-src 'none'"}
PATHS = {
    "/": 200,
    "/profiles/": 200,
    "/profiles/me/": 401,
    "/graphql/?query={__typename}": 200,
    "/auth/token/": 405,
    "/.well-known/jwks.json": 200,
    "/nowhere/": 404,
    "/admin/": 302,
    "/admin/login/": 200,
}

pytestmark = pytest.mark.django_db  # the database exists for the server, which is another process


@pytest.fixture(scope="module")
def served(server):
    with httpx.Client(base_url=server, headers=ServerClient.proxied) as client:
        yield client


@pytest.fixture(scope="module")
def page(test_database, tmp_path_factory):
    """A client whose Origin header is ORIGIN, which the server allows."""
    log = tmp_path_factory.mktemp("cors") / "log"
    headers = ServerClient.proxied | {"origin": ORIGIN}
    with (
        serving(log, **test_database, CORS_ALLOWED_ORIGINS=f"https://other.example.com,{ORIGIN}") as address,
        httpx.Client(base_url=address, headers=headers) as client,
    ):
        yield client


def listed(response, name):
    return {value.strip() for value in response.headers.get(name, "").split(",")}


def policy_of(response):
    return {directive.strip() for directive in response.headers["content-security-policy"].split(";")}


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_closed_to_a_browser(served, path):
    response = served.get(path)
    assert response.status_code == PATHS[path]
    headers = response.headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert not any(character.isdigit() for character in headers["server"])
    assert "access-control-allow-origin" not in headers
    assert "content-security-policy-report-only" not in headers


@pytest.mark.parametrize("path", PATHS)
def test_a_page_loads_our_own_files_and_an_answer_in_json_nothing(served, path):
    assert policy_of(served.get(path)) == (OURS if path.startswith("/admin") else NOTHING)


def test_the_guide_has_its_icons_in_its_stylesheet(served):
    assert policy_of(served.get("/guide/")) == OURS | {"img-src 'self' data:"}


def test_so_does_whatever_a_api_answers(cast, served):
    signed_in = served.post("/auth/token/", json={"username": "owner", "password": PASSWORD})
    owner = {"authorization": f"Bearer {signed_in.json()['token']}"}
    read = served.get("/profiles/me/", headers=owner)
    answers = {
        200: read,
        304: served.get("/profiles/me/", headers=owner | {"if-none-match": read.headers["etag"]}),
        400: served.patch("/profiles/me/", content=b"{", headers=owner | {"content-type": "application/json"}),
        401: served.get("/profiles/me/", headers={"authorization": "Bearer x"}),
        405: served.put("/auth/token/"),
        204: served.delete("/profiles/me/", headers=owner),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    for answer in (signed_in, *answers.values()):
        assert policy_of(answer) == NOTHING


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_a_page_may_have_a_policy_of_its_own(client, path):
    assert policy_of(client.get(path)) == OURS | {"img-src 'self' data:"}


def test_a_file_is_for_our_own_pages(client, settings):
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True  # static files are not collected in tests
    response = client.get("/static/admin/css/base.css")
    response.close()
    assert response.status_code == 200
    assert policy_of(response) == OURS
    assert "access-control-allow-origin" not in response.headers


def test_plain_http_is_sent_away_with_the_same_policy(server):
    response = httpx.get(f"{server}/profiles/")
    assert response.status_code == 301
    assert policy_of(response) == NOTHING


def test_a_cache_keeps_no_answer_for_another_caller(served):
    for path in ("/profiles/", "/profiles/me/", "/nowhere/", "/"):
        response = served.get(path)
        assert listed(response, "cache-control") == {"private", "no-cache"}
        assert listed(response, "vary") == {"Accept", "Accept-Language", "Authorization"}
    for path in ("/auth/token/", "/graphql/"):
        answers = [served.post(path, json=body) for body in ({}, {"username": "owner", "password": PASSWORD})]
        for response in answers:
            assert listed(response, "cache-control") & {"no-store", "private"}
    assert served.get("/.well-known/jwks.json").headers["cache-control"] == "public, max-age=300"
    assert "no-store" in listed(served.get("/admin/login/"), "cache-control")


def test_without_a_setting_no_page_of_another_origin_reads_an_answer(served):
    for method in ("GET", "OPTIONS"):
        response = served.request(
            method, "/profiles/", headers={"origin": ORIGIN, "access-control-request-method": "PATCH"}
        )
        assert not [name for name in response.headers if name.startswith("access-control-")]
        assert "origin" not in listed(response, "vary")


def test_a_page_of_a_named_origin_calls_the_apis(page):
    headers = "authorization, content-type, idempotency-key, if-match, if-none-match, x-request-id"
    headers += ", traceparent, tracestate"
    for path in ("/profiles/me/", "/auth/token/", "/graphql/"):
        asked = {"access-control-request-method": "PATCH", "access-control-request-headers": headers}
        preflight = page.options(path, headers=asked)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == ORIGIN
        assert {"GET", "POST", "PATCH", "PUT", "DELETE"} <= listed(preflight, "access-control-allow-methods")
        assert {name.lower() for name in listed(preflight, "access-control-allow-headers")} == set(headers.split(", "))
        answer = page.get(path)
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert listed(answer, "access-control-expose-headers") == {
            "Accept-Patch", "Deprecation", "ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After",
            "Sunset", "X-Request-ID",
        }  # fmt: skip
        assert "access-control-allow-credentials" not in answer.headers
        assert "origin" in listed(answer, "vary")


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", f"{ORIGIN}.evil.example", "http://app.example.com", "null"]
)
def test_a_page_of_another_origin_does_not(page, origin):
    for method in ("GET", "OPTIONS"):
        asked = {"origin": origin, "access-control-request-method": "PATCH"}
        response = page.request(method, "/profiles/", headers=asked)
        assert not [name for name in response.headers if name.startswith("access-control-")]
        assert "origin" in listed(response, "vary")


def test_nor_does_any_page_read_the_admin(page):
    response = page.get("/admin/login/")
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


def test_the_owner_of_a_domain_binds_all_of_it(test_database, tmp_path):
    environment = {"HSTS_INCLUDE_SUBDOMAINS": "true", "HSTS_PRELOAD": "true"}
    with serving(tmp_path / "log", **test_database | environment) as address:
        headers = httpx.get(f"{address}/profiles/", headers=ServerClient.proxied).headers
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains; preload"
