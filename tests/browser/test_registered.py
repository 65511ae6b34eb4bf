"""The pages on a server that executes only registered documents: theirs work, those typed into GraphiQL do not."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import test_graphiql as graphiql
from tests.browser.test_studio import fact, fill, newest, press, sign_in
from tests.server.conftest import ROOT, serving

pytestmark = pytest.mark.usefixtures("watch")


@pytest.fixture(scope="session")
def base_url(manage, tmp_path_factory):
    """A server that executes only registered documents: those of the pages."""
    manage("migrate")
    manage("documents", "add", str(ROOT / "server" / "web" / "dist" / "documents.json"))
    environment = {"DATABASE_URL": manage.database, "WEB_CONCURRENCY": "1", "GRAPHQL_DOCUMENTS": "registered"}
    with serving(tmp_path_factory.mktemp("registered") / "log", **environment) as base_url:
        yield base_url


def test_the_studio_works(page, account):
    sign_in(page, account, "GraphQL")
    press(page, "Edit")
    fill(page, Bio="By a registered document.")
    press(page, "Save")
    expect(fact(page, "Bio")).to_have_text("By a registered document.")
    expect(newest(page)).to_contain_text(re.compile(r"/graphql/\s*UpdateProfile\s*200"))
    page.get_by_role("link", name="History").click()
    expect(page.locator(".history li")).to_contain_text(["through GraphQL"])
    page.get_by_role("link", name="Account").click()
    expect(page.get_by_text("this one", exact=True)).to_be_visible()
    press(page, "Sign out")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_graphiql_signs_in_and_executes_nothing_else(page, account, watch):
    watch.refusals[404] = 1
    page.goto("/graphql/")
    graphiql.sign_in(page, account)
    expect(graphiql.run(page)).to_contain_text("DOCUMENT_UNKNOWN")
