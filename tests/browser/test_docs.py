"""The documentation page of the REST API."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.usefixtures("watch")


def unfold(page, name):
    operation = page.locator(f"#operations-profiles-{name}")
    operation.locator("button.opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    return operation


def authorize(page, token):
    page.get_by_role("button", name="Authorize").click()
    dialog = page.locator(".dialog-ux")
    dialog.locator("input").fill(token)
    dialog.get_by_role("button", name="Authorize", exact=True).click()
    return dialog.locator(".btn-done")


def execute(operation):
    operation.get_by_role("button", name="Execute").click()
    return operation.locator(".live-responses-table")


def test_an_operation_is_called_with_a_token(page, account):
    tokens = account.send("POST", "/auth/token/", username=account.username, password=account.password)
    page.goto("/docs/")
    authorize(page, tokens["token"]).click()
    expect(execute(unfold(page, "getOwnProfile"))).to_contain_text(account.username)


def test_the_examples_are_sent_as_they_stand(page):
    page.goto("/docs/")
    operation = unfold(page, "createProfile")
    expect(execute(operation).locator("tbody .response-col_status").first).to_contain_text("201")


def test_the_license_leads_nowhere_and_the_bar_home(page):
    page.goto("/docs/")
    expect(page.get_by_text("All rights reserved")).to_be_visible()
    expect(page.locator("a[href*='spdx.org']")).to_have_count(0)
    page.get_by_role("link", name="One profile, two APIs").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_it_can_be_used_by_everybody(page, account, scheme, accessible):
    page.goto("/docs/")
    operations = [unfold(page, name) for name in ("listProfiles", "updateProfile", "replaceProfile", "deleteProfile")]
    accessible()
    expect(execute(operations[0])).to_contain_text("results")
    accessible("#operations-profiles-listProfiles")
    done = authorize(page, "x")
    expect(done).to_be_visible()
    accessible(".dialog-ux")
