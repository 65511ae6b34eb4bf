"""Write the screenshots of the README and the guide: `make pictures`."""

import pytest
from playwright.sync_api import expect

from tests.browser import test_graphiql, test_studio
from tests.server.conftest import ROOT

PICTURES = ROOT / "server" / "docs" / "pictures"
MOST_BYTES = 200_000

pytestmark = pytest.mark.usefixtures("watch")


@pytest.fixture
def take(page):
    page.set_viewport_size({"width": 1280, "height": 800})

    def take(name):
        page.evaluate("scrollTo(0, 0)")
        size = len(page.screenshot(path=PICTURES / f"{name}.png", animations="disabled"))
        assert size <= MOST_BYTES

    return take


@pytest.fixture
def account(account):
    """An account with data for the screenshots."""
    account.write(
        username="ada", display_name="Ada Lovelace", bio="Notes on the Analytical Engine.", location="London",
        website="https://example.com/ada", time_zone="Europe/London", visibility="public",
    )  # fmt: skip
    account.username = "ada"
    return account


def test_pictures(page, account, take):
    page.goto("/")
    test_studio.choose(page, "GraphQL")
    test_studio.fill(page, Username=account.username, Password=account.password)
    test_studio.press(page, "Sign in")
    test_studio.press(page, "Edit")
    account.write(bio="Notes on the Analytical Engine, and on Bernoulli's numbers.", location="Marylebone")
    test_studio.fill(page, Bio="Notes on the Analytical Engine, and on music.", Website="https://example.com/")
    test_studio.press(page, "Save")
    expect(page.get_by_role("heading", name="It has changed meanwhile")).to_be_visible()
    take("studio")

    page.emulate_media(color_scheme="dark")
    page.goto("/graphql/")
    expect(page.get_by_text("Signed in as ada")).to_be_visible()
    test_graphiql.open_example(page, "updateProfile")
    expect(test_graphiql.run(page)).to_contain_text("Written by GraphiQL.")
    take("graphiql")
