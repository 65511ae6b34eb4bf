"""Who gets a page, and what it may load."""

import pytest

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PAGES = {"/": "<title>Studio</title>", "/graphql/": "<title>GraphiQL</title>", "/graphql": "<title>GraphiQL</title>"}


@pytest.fixture(autouse=True)
def built(settings, tmp_path):
    """Pages like those that `make web` builds."""
    (tmp_path / "studio.html").write_text(PAGES["/"])
    (tmp_path / "graphiql.html").write_text(PAGES["/graphql/"])
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path]}]


@pytest.mark.parametrize("path", PAGES)
def test_a_browser_is_shown_the_page(client, path):
    response = client.get(path, headers={"accept": BROWSER})
    assert (response.status_code, response.text) == (200, PAGES[path])
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert "Accept" in response["Vary"]
    assert client.head(path, headers={"accept": BROWSER})["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        ("/", "*/*", "application/json"),
        ("/", "application/json", "application/json"),
        ("/", "text/html;q=0.5, application/json", "application/json"),
        ("/graphql/?query={__typename}", "application/json, text/html;q=0.9", "application/json"),
        ("/graphql/?query={__typename}", f"application/json, {BROWSER}", "application/json"),
        ("/graphql/?query={__typename}", "application/graphql-response+json", "application/graphql-response+json"),
        ("/graphql/", "*/*", "application/json"),
    ],
)
def test_every_other_client_is_answered(db, client, path, accept, content_type):
    response = client.get(path, headers={"accept": accept})
    assert response["Content-Type"].partition(";")[0] == content_type
    assert "Accept" in response["Vary"]


def test_a_browsers_form_that_posts_is_no_navigation(client):
    response = client.post("/graphql/", "{}", content_type="application/json", headers={"accept": BROWSER})
    assert response["Content-Type"] == "application/json"


def test_scripts_are_our_own_files_and_graphiqls_styles_alone_may_be_inline(client):
    for path in PAGES:
        policy = client.get(path, headers={"accept": BROWSER})["Content-Security-Policy"]
        directives = {name: values for name, *values in (directive.split() for directive in policy.split(";"))}
        assert directives["default-src"] == ["'self'"]
        assert not directives.keys() & {"script-src", "connect-src", "worker-src"}
        assert directives.get("style-src") == (None if path == "/" else ["'self'", "'unsafe-inline'"])
