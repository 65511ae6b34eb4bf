"""Recovery of a forgotten password, and undoing a change of address by somebody else: the mails and their pages."""

import json
import re
import subprocess

import pytest
from playwright.sync_api import expect

from profiles.fields import RULE_OF_PASSWORDS
from tests.browser.test_account import code_in
from tests.browser.test_studio import choose, fact, fill, press, sign_in

pytestmark = pytest.mark.usefixtures("watch")

APIS = ["REST", "GraphQL"]
NEW_PASSWORD = "another-sound-password-2"
SENT = re.compile("a code was mailed to it")


def ask(page, email, api):
    page.goto("/#/")
    choose(page, api)
    page.get_by_role("link", name="Forgot your password?").click()
    expect(page.get_by_role("heading", name="Forgot your password?")).to_be_focused()
    fill(page, Email=email)
    press(page, "Send a code")
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_focused()


def confirm(page, code):
    fill(page, Code=code, New_password=NEW_PASSWORD)
    press(page, "Change the password")


def path_in(text):
    """The path of the link in a mail."""
    return re.search(r"https://example\.com(/\S+)", text)[1]


def test_forgot_password_code_new_password_sessions_end_one_personal_token_curl(page, account, mail, base_url, watch):
    page.goto("/")
    page.get_by_role("link", name="Forgot your password?").click()
    fill(page, Email=account.email)
    press(page, "Send a code")
    expect(page.get_by_role("status").filter(has_text=SENT)).to_be_visible()
    code = code_in(mail(account.email))
    confirm(page, code)
    expect(page.get_by_role("heading", name=account.username)).to_be_visible()
    account.password = NEW_PASSWORD

    elsewhere = account.send("POST", "/auth/token/", username=account.username, password=NEW_PASSWORD)["token"]
    page.get_by_role("link", name="Account").click()
    sessions = page.get_by_role("region", name="Sessions")
    expect(sessions.get_by_role("listitem")).to_have_count(2)
    sessions.get_by_role("button", name=re.compile("End the session")).click()
    expect(sessions.get_by_role("listitem")).to_have_count(1)
    assert account.http.get("/profiles/me/", headers={"authorization": f"Bearer {elsewhere}"}).status_code == 401

    tokens = page.get_by_role("region", name="Personal tokens")
    tokens.get_by_label("What it is for").fill("A script")
    tokens.get_by_role("button", name="Create a token").click()
    token = tokens.locator(".secret code").text_content()
    status, profile = curl(base_url + "/profiles/me/", token)
    assert (status, profile["username"]) == (200, account.username)
    query = json.dumps({"query": "{ me { username } }"})
    answer = curl(base_url + "/graphql/", token, "--header", "content-type: application/json", "--data-raw", query)
    assert answer[1]["data"] == {"me": {"username": account.username}}
    tokens.get_by_role("button", name="Revoke A script").click()
    expect(tokens.get_by_role("listitem")).to_have_count(0)
    expect(tokens.get_by_text("The token is revoked.")).to_be_focused()
    assert curl(base_url + "/profiles/me/", token)[0] == 401


@pytest.mark.parametrize("api", APIS)
def test_a_password_is_recovered(page, account, mail, accessible, api):
    ask(page, account.email, api)
    accessible()
    assert path_in(mail(account.email)).startswith("/#/recover")
    expect(page.get_by_label("New password")).to_have_accessible_description(RULE_OF_PASSWORDS)
    confirm(page, code_in(mail(account.email)))
    expect(page.get_by_role("heading", name=account.username)).to_be_focused()
    assert NEW_PASSWORD not in page.get_by_role("complementary").text_content()


@pytest.mark.parametrize("api", APIS)
def test_a_wrong_code_and_a_weak_password_are_said(page, account, mail, watch, api):
    watch.refusals[400] = 2 if api == "REST" else 0
    ask(page, account.email, api)
    fill(page, Code="BBBB-BBBB", New_password=NEW_PASSWORD)
    press(page, "Change the password")
    expect(page.get_by_role("alert")).to_contain_text("CODE_INVALID")
    fill(page, Code=code_in(mail(account.email)), New_password="12345678")
    press(page, "Change the password")
    expect(page.get_by_label("New password")).to_be_focused()
    expect(page.get_by_label("New password")).to_have_accessible_description(re.compile("password_entirely_numeric"))
    confirm(page, page.get_by_label("Code").input_value())
    expect(page.get_by_role("heading", name=account.username)).to_be_visible()


@pytest.mark.parametrize("api", APIS)
def test_an_address_of_nobody_is_answered_as_any_other(page, api):
    ask(page, "nobody@example.com", api)
    expect(page.get_by_role("status").filter(has_text=SENT)).to_be_visible()
    page.get_by_role("link", name="have another one sent").click()
    expect(page.get_by_label("Email")).to_have_value("nobody@example.com")


def test_a_code_in_hand_is_entered_without_another(page, account, watch):
    page.goto("/#/recover")
    fill(page, Email=account.email)
    press(page, "I have a code")
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_focused()
    expect(page.get_by_label("Email")).to_have_value(account.email)
    expect(page.get_by_role("link", name="read it here")).to_have_count(0)  # to the mail, on a developer's server only
    assert not [url for url in watch.requests if url.endswith(("/auth/recovery/", "/auth/recovery", "/graphql/"))]


def test_the_account_that_is_recovered_takes_the_place_of_the_one_in_use(page, account, another, mail):
    sign_in(page, another)
    page.goto("/#/recover")
    fill(page, Email=account.email)
    press(page, "Send a code")
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_focused()
    confirm(page, code_in(mail(account.email)))
    expect(page.get_by_role("heading", name=account.username)).to_be_visible()
    expect(page.get_by_text(f"@{another.username}")).to_have_count(0)


@pytest.mark.parametrize("api", APIS)
def test_a_change_of_address_is_undone_and_its_token_is_kept_nowhere(page, account, mail, accessible, api):
    account.verify(code_in(mail(account.email)))
    account.write(email=f"thief-of-{account.email}")
    account.verify(code_in(mail(f"thief-of-{account.email}")))
    path = path_in(mail(account.email))
    token = path.removeprefix("/#/undo/")

    page.goto("/#/people")
    choose(page, api)
    page.evaluate("path => location.assign(path)", path)
    expect(page.get_by_role("heading", name="Give the account its old address back?")).to_be_focused()
    expect(page).to_have_url(re.compile("/#/undo$"))
    accessible()
    press(page, "Undo the change")
    expect(page.get_by_role("heading", name="The change is undone")).to_be_focused()
    assert token not in page.content()
    page.get_by_role("link", name="choose a new password").click()
    fill(page, Email=account.email)
    confirm(page, code_in(mail(account.email)))
    expect(page.get_by_role("heading", name=account.username)).to_be_visible()
    expect(fact(page, "Email")).to_have_text(account.email)
    assert not [url for url in page.evaluate("navigation.entries().map(entry => entry.url)") if token in url]


def test_a_link_without_its_token_says_what_to_do(page):
    page.goto("/#/undo")
    expect(page.get_by_text("Open the link in the mail")).to_be_visible()
    expect(page.get_by_role("button", name="Undo the change")).to_have_count(0)


def test_a_link_that_was_used_is_refused(page, watch):
    watch.refusals[400] = 1
    page.goto("/#/undo/no-such-token")
    press(page, "Undo the change")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page).to_have_url(re.compile("/#/undo$"))


def curl(url, token, *arguments):
    """Run curl with this token; return the status and the JSON."""
    given = ["--header", f"authorization: Bearer {token}", "--header", "x-forwarded-proto: https", *arguments]
    command = ["curl", "--silent", "--show-error", "--write-out", r"\n%{http_code}", *given, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(body)
