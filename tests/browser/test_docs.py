"""REST's page of documentation."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.usefixtures("watch")


def test_an_operation_is_called_with_a_token(page, account):
    tokens = account.send("POST", "/auth/token/", username=account.username, password=account.password)
    page.goto("/docs/")
    page.get_by_role("button", name="Authorize").click()
    dialog = page.locator(".dialog-ux")
    dialog.locator("input").fill(tokens["token"])
    dialog.get_by_role("button", name="Apply credentials").click()
    dialog.locator(".btn-done").click()
    operation = page.locator("#operations-profiles-getOwnProfile")
    operation.locator("button.opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table")).to_contain_text(account.username)
