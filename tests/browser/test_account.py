"""The studio's account page, with either API."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_studio import fact, fill, press, sign_in

pytestmark = pytest.mark.usefixtures("watch")

APIS = ["REST", "GraphQL"]


def code_in(text):
    """The code in a message."""
    return re.search(r"[B-Z]{4}-[B-Z]{4}", text)[0]


def open_account(page, account, api):
    sign_in(page, account, api)
    page.get_by_role("link", name="Account").click()
    expect(page.get_by_role("heading", name="Account", exact=True)).to_be_focused()


@pytest.mark.parametrize("api", APIS)
def test_the_data_are_downloaded(page, account, api):
    open_account(page, account, api)
    with page.expect_download() as download:
        press(page, "Download your data")
    assert download.value.suggested_filename == f"{account.username}.json"
    exported = json.loads(Path(download.value.path()).read_text())
    assert exported["profile"]["username"] == account.username
    assert exported["sign_ins"]


@pytest.mark.parametrize("api", APIS)
def test_signing_out_everywhere_ends_every_sign_in(page, account, api):
    tokens = account.send("POST", "/auth/token/", username=account.username, password=account.password)
    open_account(page, account, api)
    press(page, "Sign out everywhere")
    expect(page.get_by_text("Every sign-in of your account has ended.")).to_be_visible()
    answer = account.http.get("/profiles/me/", headers={"authorization": f"Bearer {tokens['token']}"})
    assert answer.status_code == 401
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("api", APIS)
def test_an_account_is_deleted_where_its_name_is_typed(page, account, api):
    open_account(page, account, api)
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


@pytest.mark.parametrize("api", APIS)
def test_an_address_is_verified_changed_and_the_change_given_up(page, account, mail, accessible, api):
    first = code_in(mail(account.email))
    open_account(page, account, api)
    card = page.get_by_role("region", name="Email")
    expect(card.get_by_text("not verified")).to_be_visible()
    accessible()
    press(page, "Mail another code")
    expect(card.get_by_text("Another code is on its way.")).to_be_visible()
    second = code_in(mail(account.email))
    assert second != first
    fill(page, Code=second)
    press(page, "Verify the address")
    expect(card.get_by_text("The address is verified.")).to_be_focused()
    expect(card.locator(".tag")).to_have_text("verified")
    expect(page.get_by_label("Code")).to_have_count(0)

    new = f"new-{account.email}"
    fill(page, New_email=new)
    press(page, "Change the email")
    expect(card.get_by_text(f"A code was mailed to {new}.")).to_be_visible()
    expect(page.get_by_label("New email")).to_have_value("")
    press(page, f"Keep {account.email}")
    expect(card.get_by_text(f"The email is {account.email}.")).to_be_visible()
    expect(card.get_by_text(new)).to_have_count(0)

    fill(page, New_email=new)
    press(page, "Change the email")
    fill(page, Code=code_in(mail_when_shown(page, mail, new)))
    press(page, "Verify the address")
    expect(card.get_by_text("The address is verified.")).to_be_visible()
    expect(card.get_by_text(f"{new} verified")).to_be_visible()
    page.get_by_role("link", name="My profile").click()
    expect(fact(page, "Email")).to_have_text(new)


@pytest.mark.parametrize("api", APIS)
def test_an_address_is_changed_at_the_second_try_where_somebody_was_quicker(page, account, watch, api):
    watch.refusals[412] = 1 if api == "REST" else 0
    open_account(page, account, api)
    account.write(email=f"elsewhere-{account.email}")
    fill(page, New_email=f"new-{account.email}")
    press(page, "Change the email")
    expect(page.get_by_role("alert")).to_contain_text("CONFLICT")
    expect(page.get_by_text(f"It will be elsewhere-{account.email}")).to_be_visible()
    press(page, "Change the email")
    expect(page.get_by_text(f"A code was mailed to new-{account.email}.")).to_be_visible()


def mail_when_shown(page, mail, address):
    """The newest message to an address, once the page says that it was sent."""
    expect(page.get_by_text(f"A code was mailed to {address}.")).to_be_visible()
    return mail(address)


@pytest.mark.parametrize("api", APIS)
def test_a_wrong_code_is_said(page, account, watch, api):
    watch.refusals[400] = 1 if api == "REST" else 0
    open_account(page, account, api)
    fill(page, Code="BBBB-BBBB")
    press(page, "Verify the address")
    expect(page.get_by_role("alert")).to_contain_text("CODE_INVALID")


def test_an_address_written_in_the_profile_is_said_to_wait(page, account):
    sign_in(page, account)
    press(page, "Edit")
    fill(page, Email=f"new-{account.email}")
    page.get_by_label("Language of mail").select_option(label="Deutsch")
    press(page, "Save")
    expect(fact(page, "Email")).to_contain_text(f"will be new-{account.email}, once its code is entered")
    expect(fact(page, "Language of mail")).to_have_text("Deutsch")


@pytest.mark.parametrize("api", APIS)
def test_sessions_are_listed_and_ended(page, account, api):
    for _ in range(3):
        account.send("POST", "/auth/token/", username=account.username, password=account.password)
    open_account(page, account, api)
    card = page.get_by_role("region", name="Sessions")
    expect(card.get_by_role("listitem")).to_have_count(4)
    own = card.get_by_role("listitem").filter(has_text="this one")
    expect(own).to_contain_text("Chrome on Linux")
    expect(own.get_by_role("button")).to_have_count(0)
    card.get_by_role("button", name="End the session").first.click()
    expect(card.get_by_text("The session has ended.")).to_be_focused()
    expect(card.get_by_role("listitem")).to_have_count(3)
    press(page, "End all others")
    expect(card.get_by_text("All others have ended.")).to_be_visible()
    expect(card.get_by_role("listitem")).to_have_count(1)


@pytest.mark.parametrize("api", APIS)
def test_a_personal_token_is_made_copied_and_revoked(page, account, accessible, api):
    open_account(page, account, api)
    card = page.get_by_role("region", name="Personal tokens")
    fill(page, What_it_is_for="Nightly export", Days_until_it_ends="7")
    page.get_by_label("What it may do").select_option(label="Some operations")
    card.get_by_label("getOwnProfile").check()
    press(page, "Create a token")
    text = card.get_by_role("status").locator("code").text_content()
    card.get_by_role("button", name="Copy").click()
    expect(card.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == text
    accessible()
    row = card.get_by_role("listitem")
    expect(row).to_contain_text("Nightly export getOwnProfile")
    expect(page.get_by_label("What it may do")).to_have_value("read")
    expect(card.get_by_role("group", name="Which operations")).to_have_count(0)
    assert text not in page.get_by_role("complementary").text_content()

    def status(method, **body):
        bearer = {"authorization": f"Bearer {text}"}
        return account.http.request(method, "/profiles/me/", headers=bearer, json=body or None).status_code

    assert (status("GET"), status("PATCH", bio="x")) == (200, 403)
    page.reload()
    expect(row).to_contain_text("Nightly export")
    assert text not in page.content()
    press(page, "Revoke Nightly export")
    expect(row).to_have_count(0)
    assert status("GET") == 401


@pytest.mark.parametrize("api", APIS)
def test_what_is_wrong_with_a_token_stands_at_its_field(page, account, watch, api):
    watch.refusals[400] = 1 if api == "REST" else 0
    open_account(page, account, api)
    fill(page, What_it_is_for="", Days_until_it_ends="400")
    page.get_by_label("What it may do").select_option(label="Some operations")
    press(page, "Create a token")
    expect(page.get_by_label("What it is for")).to_be_focused()
    for label in ("What it is for", "Days until it ends", "What it may do"):
        expect(page.get_by_label(label)).to_have_attribute("aria-invalid", "true")
