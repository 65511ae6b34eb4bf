"""The page for an unknown path, and the well-known URL for password managers."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_studio import sign_in

pytestmark = pytest.mark.usefixtures("watch")


def test_an_address_without_a_page_has_a_way_home(page, watch, scheme, accessible):
    watch.refusals[404] = 1
    page.goto("/nothing/here")
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    accessible()
    page.get_by_role("link", name="Go to the start").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_password_managers_find_where_to_change_a_password(page, account):
    sign_in(page, account)
    page.goto("/.well-known/change-password")
    expect(page.get_by_label("New password")).to_be_visible()
