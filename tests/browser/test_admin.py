"""The admin's pages in a browser."""

import httpx
import pytest
from playwright.sync_api import expect

from profiles.admin.accounts import END
from tests.browser.conftest import Account
from tests.cast import PASSWORD
from tests.server.conftest import serving


@pytest.fixture(scope="module")
def server(manage, tmp_path_factory):
    """A developer's server, over plain http: in production the admin accepts forms over https only."""
    manage("migrate")
    with serving(tmp_path_factory.mktemp("admin") / "log", DATABASE_URL=manage.database, DEBUG="true") as server:
        yield server


@pytest.fixture
def page(browser, server):
    with browser.new_context(base_url=server, locale="en-GB") as context:
        yield context.new_page()


@pytest.fixture
def account(server):
    with httpx.Client(base_url=server, timeout=30) as http:
        yield Account(http)


@pytest.fixture(scope="module")
def overseer(manage, server):
    person = ["--username", "overseer", "--email", "overseer@example.com"]
    manage("createsuperuser", "--no-input", *person, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    return "overseer"


def log_in(page, username):
    page.goto("/admin/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


@pytest.fixture
def staff(page, overseer):
    """Staff, signed in to the admin."""
    log_in(page, overseer)


def test_staff_find_a_profile_edit_it_and_end_a_sign_in(page, staff, account):
    said = []
    page.on("console", lambda message: said.append(message.text))
    tokens = account.send("POST", "/auth/token/", username=account.username, password=account.password)
    account.write(bio="Written elsewhere.")
    page.get_by_role("link", name="Profiles").last.click()
    page.locator("#searchbar").fill(account.username)
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("1 result")).to_be_visible()
    page.get_by_role("link", name=account.username).click()
    expect(page.get_by_text('bio: "" → "Written elsewhere."')).to_be_visible()
    page.get_by_label("Location").fill("There")
    page.get_by_label("Location").press("Enter")  # saves the form, and does not press a button that ends sessions
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    page.get_by_role("link", name=account.username).last.click()
    buttons = page.get_by_role("button", name=END)
    expect(buttons).to_have_count(2)
    buttons.last.click()
    expect(page.get_by_text("Families ended: 1.")).to_be_visible()
    answer = account.http.get("/profiles/me/", headers={"authorization": f"Bearer {tokens['token']}"})
    assert answer.status_code == 401
    assert said == []


def test_staff_make_others_staff(page, staff, account):
    page.goto(f"/admin/profiles/profile/{account.pk}/change/")
    page.get_by_label("Is staff").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    log_in(page, account.username)
    expect(page.get_by_role("link", name="Profiles").first).to_be_visible()
    page.goto(f"/admin/profiles/profile/{account.pk}/change/")
    expect(page.get_by_label("Username")).to_have_value(account.username)
    expect(page.get_by_role("checkbox", name="Is staff")).to_have_count(0)  # nobody may change their own


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [("/admin/nothing/", 404, "Not Found"), ("/admin/profiles/profile/add/", 403, "Forbidden")],
)
def test_a_refusal_is_a_page_with_a_way_back(page, staff, accessible, path, status, title):
    assert page.goto(path).status == status
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    accessible()
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()


PAGES = (
    "/admin/",
    "/admin/profiles/profile/",
    "/admin/profiles/profile/{pk}/change/",
    "/admin/profiles/profile/{pk}/history/",
    "/admin/profiles/tokenfamily/?state=living",
    "/admin/password_change/",
)


def test_every_page_can_be_used_by_everybody(page, scheme, staff, account, accessible):
    account.write(bio="Written elsewhere.")
    for path in PAGES:
        page.goto(path.format(pk=account.pk))
        accessible()
    page.goto("/admin/profiles/tokenfamily/")
    page.locator("#result_list tbody a").first.click()
    expect(page.get_by_text("Newest refresh token")).to_be_visible()
    accessible()
    page.goto("/admin/")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("Log in again")).to_be_visible()
    accessible()
    page.goto("/admin/")
    expect(page.get_by_label("Username")).to_be_visible()
    accessible()
