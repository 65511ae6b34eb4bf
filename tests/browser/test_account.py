"""The account page of the studio, through either API."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_studio import fill, press, sign_in

pytestmark = pytest.mark.usefixtures("watch")

DOORS = ["REST", "GraphQL"]


def open_account(page, account, door):
    sign_in(page, account, door)
    page.get_by_role("link", name="Account").click()
    expect(page.get_by_role("heading", name="Account", exact=True)).to_be_focused()


@pytest.mark.parametrize("door", DOORS)
def test_the_data_are_downloaded(page, account, door):
    open_account(page, account, door)
    with page.expect_download() as download:
        press(page, "Download your data")
    assert download.value.suggested_filename == f"{account.username}.json"
    exported = json.loads(Path(download.value.path()).read_text())
    assert exported["profile"]["username"] == account.username
    assert exported["sign_ins"]


@pytest.mark.parametrize("door", DOORS)
def test_signing_out_everywhere_ends_every_sign_in(page, account, door):
    tokens = account.send("POST", "/auth/token/", username=account.username, password=account.password)
    open_account(page, account, door)
    press(page, "Sign out everywhere")
    expect(page.get_by_text("Every sign-in of your account has ended.")).to_be_visible()
    answer = account.http.get("/profiles/me/", headers={"authorization": f"Bearer {tokens['token']}"})
    assert answer.status_code == 401
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("door", DOORS)
def test_an_account_is_deleted_where_its_name_is_typed(page, account, door):
    open_account(page, account, door)
    button = page.get_by_role("button", name="Delete the account")
    expect(button).to_be_disabled()
    fill(page, **{"Your_username,_to_confirm": account.username[:-1]})
    page.get_by_label("Your username, to confirm").press("Enter")
    expect(button).to_be_disabled()
    fill(page, **{"Your_username,_to_confirm": account.username})
    button.click()
    expect(page.get_by_text("Your account is deleted.")).to_be_visible()
    body = {"username": account.username, "password": account.password}
    assert account.http.post("/auth/token/", json=body).status_code == 401
