"""The studio: one profile through either API."""

import gzip
import json
import os
import re
import subprocess

import pytest
from django.contrib.auth.password_validation import MinimumLengthValidator, get_default_password_validators
from playwright.sync_api import expect

from profiles.fields import RULE_OF_PASSWORDS

pytestmark = pytest.mark.usefixtures("watch")

SECRET = "a-sound-password-1"


def choose(page, api):
    page.get_by_role("radio", name=api).check()


def fill(page, **values):
    for label, value in values.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def sign_in(page, account, api="REST"):
    page.goto("/#/")
    choose(page, api)
    fill(page, Username=account.username, Password=account.password)
    press(page, "Sign in")
    expect(page.get_by_role("heading", name=account.username)).to_be_visible()


def newest(page):
    """The newest exchange in the panel."""
    return page.get_by_role("complementary").locator("li").first


def fact(page, name):
    return page.locator(".facts div", has=page.get_by_text(name, exact=True)).locator("dd")


def test_sign_up_edit_through_rest_see_it_through_graphql_conflict_and_merge(page):
    page.goto("/")
    press(page, "Sign up")
    fill(page, Username="newcomer", Email="newcomer@example.com", Password=SECRET)
    press(page, "Sign up")
    expect(page.get_by_role("heading", name="newcomer")).to_be_focused()

    press(page, "Edit")
    fill(page, Display_name="New Comer", Bio="Through REST.")
    press(page, "Save")
    expect(page.get_by_role("status").filter(has_text="Saved, as version 2.")).to_be_visible()
    expect(newest(page)).to_contain_text(re.compile(r"PATCH /profiles/\d+200"))

    choose(page, "GraphQL")
    expect(newest(page)).to_contain_text("/graphql/")
    expect(newest(page)).to_contain_text('"bio": "Through REST."')
    expect(fact(page, "Bio")).to_have_text("Through REST.")

    press(page, "Edit")
    elsewhere = page.context.new_page()
    elsewhere.goto("/")
    fill(elsewhere, Username="newcomer", Password=SECRET)
    press(elsewhere, "Sign in")
    press(elsewhere, "Edit")
    fill(elsewhere, Bio="Theirs.", Location="There")
    press(elsewhere, "Save")
    expect(elsewhere.get_by_text("Saved, as version 3.")).to_be_visible()
    elsewhere.close()

    fill(page, Bio="Mine.", Website="https://example.com/")
    press(page, "Save")
    expect(page.get_by_role("heading", name="It has changed meanwhile")).to_be_focused()
    assert page.locator(".choice .tag").all_text_contents() == [
        "you both changed it",
        "they changed it",
        "you changed it",
    ]
    page.get_by_role("group", name="Bio").get_by_role("radio", name="Theirs").check()
    press(page, "Save the merge")
    expect(page.get_by_text("Saved, as version 4.")).to_be_visible()
    expect(page.get_by_role("button", name="Edit")).to_be_focused()
    for name, value in {"Bio": "Theirs.", "Location": "There", "Website": "https://example.com/"}.items():
        expect(fact(page, name)).to_have_text(value)

    page.get_by_role("link", name="History").click()
    expect(page.locator(".history li")).to_contain_text(["through GraphQL", "through REST", "through REST"])


@pytest.mark.parametrize("api", ["REST", "GraphQL"])
def test_what_is_wrong_stands_at_its_field_through_either_api(page, account, watch, api):
    watch.refusals[400] = 1 if api == "REST" else 0
    sign_in(page, account, api)
    press(page, "Edit")
    fill(page, Username="a b", Website="ftp://example.com", Display_name="x" * 101)
    press(page, "Save")
    expect(page.get_by_label("Display name")).to_be_focused()
    for label, code in {"Display name": "max_length", "Username": "invalid", "Website": "invalid"}.items():
        control = page.get_by_label(label, exact=True)
        expect(control).to_have_attribute("aria-invalid", "true")
        expect(control).to_have_accessible_description(re.compile(rf"\b{code}$"))
    press(page, "Cancel")
    expect(fact(page, "Website")).to_have_text("Nothing yet")


@pytest.mark.parametrize("api", ["REST", "GraphQL"])
def test_only_what_may_be_written_can_be_entered(page, account, api):
    sign_in(page, account, api)
    press(page, "Edit")
    expect(page.get_by_label("Who sees the profile")).to_have_value("members")
    expect(page.get_by_label("The account can sign in and be seen")).to_have_count(0)
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name=account.username).click()
    expect(page.get_by_role("heading", name=account.username)).to_be_visible()


@pytest.mark.parametrize("api", ["REST", "GraphQL"])
def test_people_are_found_by_pages(page, account, api):
    account.write(bio=f"Plays the theremin, says {api}.", display_name=f"Found by {api}", visibility="public")
    page.goto("/")
    choose(page, api)
    page.get_by_role("link", name="People").click()
    fill(page, Search=f"theremin {api}")
    press(page, "Search")
    expect(page.get_by_text("1 profile.")).to_be_visible()
    page.get_by_role("link", name=f"Found by {api}").click()
    expect(page.get_by_role("heading", name=f"Found by {api}")).to_be_focused()
    expect(page.get_by_role("button", name="Edit")).to_have_count(0)


def test_a_search_is_in_the_url_and_comes_back(page, account):
    account.write(bio="Plays the harp & more.", display_name="Found again", visibility="public")
    page.goto("/#/people?ordering=username")
    expect(page.get_by_label("Order")).to_have_value("username")
    fill(page, Search="harp & more")
    press(page, "Search")
    expect(page.get_by_text("1 profile.")).to_be_visible()
    page.get_by_role("link", name="Found again").click()
    expect(page.get_by_role("heading", name="Found again")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Search", exact=True)).to_have_value("harp & more")
    expect(page.get_by_label("Order")).to_have_value("username")
    expect(page.get_by_text("1 profile.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Search", exact=True)).to_have_value("harp & more")
    expect(page.get_by_text("1 profile.")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Search", exact=True)).to_have_value("")


@pytest.mark.parametrize("api", ["REST", "GraphQL"])
def test_saving_offline_is_said_to_fail_and_is_not_sent_later(page, account, watch, api):
    watch.unanswered = 1
    sign_in(page, account, api)
    press(page, "Edit")
    fill(page, Bio="Written offline.")
    sent = calls(watch)
    page.context.set_offline(True)
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer. Check your connection")
    expect(page.get_by_label("Bio")).to_have_value("Written offline.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Save").focus()
    page.evaluate("fetch('/graphql/schema.graphql')")  # answered after all requests that were waiting
    assert len(calls(watch)) == len(sent) + 1
    press(page, "Save")
    expect(page.get_by_text("Saved, as version 2.")).to_be_visible()


@pytest.mark.parametrize("api", ["REST", "GraphQL"])
def test_sign_up_says_the_rule_and_all_that_is_wrong_at_once(page, watch, api):
    watch.refusals[400] = 1 if api == "REST" else 0
    page.goto("/")
    choose(page, api)
    press(page, "Sign up")
    password = page.get_by_label("Password", exact=True)
    expect(password).to_have_accessible_description(RULE_OF_PASSWORDS)
    least = next(each for each in get_default_password_validators() if isinstance(each, MinimumLengthValidator))
    assert f"At least {least.min_length} characters" in RULE_OF_PASSWORDS
    fill(page, Username="a b", Email="here", Password="1234567")
    press(page, "Sign up")
    for label, code in {"Username": "invalid", "Email": "invalid", "Password": "password_too_short"}.items():
        expect(page.get_by_label(label, exact=True)).to_have_accessible_description(re.compile(rf"\b{code}\b"))


def answer_questions(page, *answers):
    """Answer the next dialogs with these answers; return a list that collects the dialogs' types."""
    left, asked = list(answers), []

    def answer(dialog):
        asked.append(dialog.type)
        (dialog.accept if left.pop(0) else dialog.dismiss)()

    page.on("dialog", answer)
    return asked


LEAVING = {
    "a link": lambda page: page.get_by_role("link", name="People").click(),
    "Back": lambda page: page.evaluate("history.back()"),
    "signing out": lambda page: press(page, "Sign out"),
}


@pytest.mark.parametrize("way", LEAVING)
def test_edits_are_not_lost_without_a_question(page, account, way):
    page.goto("/#/people")
    sign_in(page, account)
    asked = answer_questions(page, False, True)
    press(page, "Edit")
    page.get_by_label("Bio").press_sequentially("Unsaved.")
    with page.expect_event("dialog"):
        LEAVING[way](page)
    expect(page.get_by_label("Bio")).to_have_value("Unsaved.")
    assert page.evaluate("location.hash") == "#/me"
    LEAVING[way](page)
    expect(page.get_by_label("Bio")).to_have_count(0)
    assert asked == ["confirm", "confirm"]


@pytest.mark.parametrize("leave", ["reload", "another page"])
def test_a_page_with_edits_does_not_end_without_a_question(page, account, leave):
    sign_in(page, account)
    asked = answer_questions(page, False)
    press(page, "Edit")
    page.get_by_label("Bio").press_sequentially("Unsaved.")
    with page.expect_event("dialog"):
        if leave == "reload":
            page.evaluate("location.reload()")
        else:
            page.get_by_role("link", name="GraphiQL").click()
    expect(page.get_by_label("Bio")).to_have_value("Unsaved.")
    assert asked == ["beforeunload"]
    press(page, "Cancel")
    page.get_by_role("link", name="GraphiQL").click()
    expect(page.get_by_role("heading", name="GraphiQL")).to_be_visible()


@pytest.mark.parametrize("api", ["REST", "GraphQL"])
def test_the_history_goes_on_over_pages(page, account, api):
    tokens = account.send("POST", "/auth/token/", username=account.username, password=account.password)
    for number in range(21):
        account.send("PATCH", "/profiles/me/", token=tokens["token"], bio=str(number))
    sign_in(page, account, api)
    page.get_by_role("link", name="History").click()
    expect(page.locator(".history li")).to_have_count(20)
    press(page, "Show more")
    expect(page.locator(".history li")).to_have_count(21)
    expect(page.locator(".history li").last).to_contain_text("Version 2")
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


@pytest.mark.parametrize("api", ["REST", "GraphQL"])
def test_a_new_password_and_signing_out(page, account, watch, api):
    watch.refusals[401] = 1
    sign_in(page, account, api)
    page.get_by_role("link", name="Account").click()
    fill(page, Current_password=account.password, New_password=SECRET)
    press(page, "Change the password")
    expect(page.get_by_text("The password is changed")).to_be_visible()
    press(page, "Sign out")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(newest(page)).to_contain_text("revoked")
    # The old password is no longer valid. (REST, because GraphQL's top-level errors have status 200.)
    choose(page, "REST")
    fill(page, Username=account.username, Password=account.password)
    press(page, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("UNAUTHENTICATED")


def test_the_history_names_who_wrote_and_says_when_it_is_fetched(page, account, manage):
    manage(
        "shell",
        "--command",
        f"""if True:
        from profiles.core import writing
        from profiles.core.actors import Actor
        from profiles.core.models import Source
        from profiles.models import Profile
        editor = Profile.objects.create_user("editor{account.pk}", "editor@example.com", "x", is_staff=True)
        row = Profile.objects.get(pk={account.pk})
        writing.update(row, {{"is_staff": True}}, actor=Actor(editor), source=Source.REST)
    """,
    )
    sign_in(page, account)
    held = []
    page.route("**/history*", lambda route: held.append(route))
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("status").filter(has_text="Fetching the history")).to_be_visible()
    held[0].continue_()
    expect(page.locator(".history li").first).to_contain_text(f"by @editor{account.pk}")
    expect(page.locator(".history li").first).to_contain_text("Member of the staff")
    expect(page.get_by_text("Fetching")).to_have_count(0)


def test_a_token_that_has_ended_is_renewed_once_for_all_calls(page, account, watch):
    sign_in(page, account)
    page.clock.install()
    page.clock.fast_forward("04:55")
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("Nothing has been changed")).to_be_visible()
    paths = [url.partition("/auth/")[2] for url in watch.requests if "/auth/" in url]
    assert paths == ["token", "token/refresh"]


def test_a_sign_in_that_the_service_ended_is_said_to_be(page, account, watch):
    sign_in(page, account)
    tokens = account.send("POST", "/auth/token/", username=account.username, password=account.password)
    account.send("POST", "/auth/logout-everywhere/", token=tokens["token"])
    watch.refusals[401] = 2  # the request and the refresh
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("Your sign-in has ended.")).to_be_visible()


def test_too_many_attempts_are_told_when_to_come_back(page, account, watch):
    watch.refusals[429] = 1
    body = {"username": account.username, "password": "wrong"}
    while account.http.post("/auth/token/", json=body).status_code != 429:
        pass
    page.goto("/")
    fill(page, Username=account.username, Password=account.password)
    press(page, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("THROTTLED")
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"You can try again at \d\d:\d\d:\d\d, in \d+ s\."))


@pytest.mark.parametrize("api", ["REST", "GraphQL"])
def test_a_request_can_be_copied_and_shows_no_secret(page, account, api):
    sign_in(page, account, api)
    press(page, "Copy the token")
    token = page.evaluate("navigator.clipboard.readText()").removeprefix("TOKEN='").removesuffix("'")
    panel = page.get_by_role("complementary").inner_text()
    assert account.password not in page.content()
    assert token not in page.content()
    assert f"Bearer {token[:8]}…{token[-4:]}" in panel

    newest(page).get_by_role("button", name="Copy as curl").click()
    command = page.evaluate("navigator.clipboard.readText()")
    assert token not in command
    assert "Authorization: Bearer $TOKEN" in command
    answer = curl(command, TOKEN=token)
    assert account.username in answer
    assert answer.startswith("HTTP/1.1 200")


def test_what_was_typed_is_no_variable_of_a_copied_request(page, account):
    sign_in(page, account)
    press(page, "Edit")
    fill(page, Bio="$GITHUB_TOKEN", Location="$(echo stolen) '$PASSWORD'")
    press(page, "Save")
    expect(fact(page, "Bio")).to_have_text("$GITHUB_TOKEN")
    newest(page).get_by_role("button", name="Copy as curl").click()
    command = page.evaluate("navigator.clipboard.readText()")
    stub = "curl() { printf '%s\\0' \"$@\"; }\n"
    shell = {"TOKEN": "mine", "GITHUB_TOKEN": "stolen", "PASSWORD": "stolen"}
    words = subprocess.run(["/bin/bash", "-c", stub + command], env=os.environ | shell, capture_output=True, check=True)
    *_, body = words.stdout.decode().split("\0")[:-1]
    assert json.loads(body)["bio"] == "$GITHUB_TOKEN"
    assert json.loads(body)["location"] == "$(echo stolen) '$PASSWORD'"


NO_KEYS = [
    "abc",
    "Infinity",
    "NaN",
    "%",
    "%zz",
    "1e3",
    "-1",
    "+1",
    "01",
    "0",
    "1.0",
    "0x1",
    "2147483648",
    "9" * 400,
    "me",
]


@pytest.mark.parametrize("api", ["REST", "GraphQL"])
def test_a_path_without_a_key_shows_no_profile(page, account, watch, api):
    page.goto("/")
    for key in NO_KEYS:
        page.goto(f"/#/people/{key}")
        expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    page.get_by_role("link", name="Go to the start").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, account, api)
    expect(page.get_by_role("button", name="Edit")).to_be_visible()
    sent = calls(watch)
    for key in NO_KEYS:
        for path in (f"/#/people/{key}", f"/#/people/{key}/history"):
            page.goto(path)
            expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
            expect(page.get_by_role("button", name="Edit")).to_have_count(0)
    assert calls(watch) == sent
    page.goto(f"/#/people/{account.pk}")
    expect(page.get_by_role("heading", name=account.username)).to_be_visible()


def calls(watch):
    return [url for url in watch.requests if "/profiles/" in url or url.endswith("/graphql/")]


def test_a_copied_sign_in_takes_its_password_from_the_shell(page, account):
    sign_in(page, account)
    sent = page.get_by_role("complementary").locator("li").nth(1)
    sent.locator("summary").first.click()
    sent.get_by_role("button", name="Copy as curl").click()
    command = page.evaluate("navigator.clipboard.readText()")
    assert account.password not in command
    body = curl(command, PASSWORD=account.password).partition("\r\n\r\n")[2]
    assert json.loads(body)["scope"] == "read write"


def curl(command, **variables):
    """Run a copied command in a shell, with the header of the proxy in front of the service; return its output."""
    command = command.replace("curl -i", "curl -s -i -H 'X-Forwarded-Proto: https'")
    done = subprocess.run(["/bin/sh", "-c", command], env=os.environ | variables, capture_output=True, check=True)
    return done.stdout.decode()


def test_the_first_load_is_small_and_leaves_graphiql_where_it_is(page, watch):
    with page.expect_response("**/studio.*.js"):
        page.goto("/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    files = [url for url in watch.requests if "/static/" in url]
    sizes = {url.rpartition("/")[2]: len(gzip.compress(page.request.get(url).body())) for url in files}
    assert sum(sizes.values()) <= 150 * 1024, sizes
    assert not [name for name in sizes if "monaco" in name or "graphiql" in name]


def test_it_can_be_used_by_keyboard_alone(page, account):
    page.goto("/")
    page.bring_to_front()  # keys go to the focused page, and a new page may lack the focus
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type(account.username)
    page.keyboard.press("Tab")
    page.keyboard.type(account.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=account.username)).to_be_focused()
    page.get_by_role("radio", name="REST").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="GraphQL")).to_be_checked()
    expect(newest(page)).to_contain_text("/graphql/")


def test_every_page_can_be_used_by_everybody(page, account, watch, scheme, accessible):
    watch.refusals[400] = 1
    page.goto("/")
    accessible()
    press(page, "Sign in")
    expect(page.locator(".error")).to_have_count(2)
    accessible()
    sign_in(page, account)
    accessible()
    press(page, "Edit")
    account.write(bio="Theirs.", location="There")
    accessible()
    fill(page, Bio="Mine.")
    watch.refusals[412] = 1
    press(page, "Save")
    expect(page.get_by_role("heading", name="It has changed meanwhile")).to_be_visible()
    accessible()
    press(page, "Save the merge")
    expect(page.get_by_text("Saved, as version 3.")).to_be_visible()  # until then, leaving would lose the changes
    page.get_by_role("link", name="History").click()
    expect(page.locator(".history li").first).to_be_visible()
    accessible()
    choose(page, "GraphQL")
    page.get_by_role("link", name="People").click()
    expect(page.locator(".people li").first).to_be_visible()
    accessible()
    page.get_by_role("link", name="Account").click()
    expect(page.get_by_role("heading", name="Delete the account")).to_be_visible()
    accessible()
    page.goto("/#/nothing")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    accessible()
