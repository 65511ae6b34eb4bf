"""The pages' session: a user stays signed in within one tab only."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_studio import press, sign_in

pytestmark = pytest.mark.usefixtures("watch")


def kept(page):
    return page.evaluate("sessionStorage.getItem('refresh-token')")


def refreshes(watch):
    return len([url for url in watch.requests if "/auth/token/refresh" in url])


def signed_in(page, account):
    expect(page.get_by_role("heading", name=account.username)).to_be_visible()


def in_graphiql(page, account):
    expect(page.get_by_role("status").filter(has_text=f"Signed in as {account.username}")).to_be_visible()


def test_a_reload_goes_on_with_the_sign_in_and_uses_the_refresh_token_up(page, account, watch):
    sign_in(page, account)
    first = kept(page)
    page.reload()
    signed_in(page, account)
    second = kept(page)
    assert first != second
    assert refreshes(watch) == 1
    assert not [url for url in watch.requests if first in url or second in url]
    page.reload()
    signed_in(page, account)
    assert kept(page) not in (first, second)


def test_the_pages_of_a_tab_have_one_session(page, account):
    sign_in(page, account)
    page.get_by_role("link", name="GraphiQL").click()
    in_graphiql(page, account)
    page.go_back()  # from the browser's cache or loaded again
    signed_in(page, account)
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("Nothing has been changed")).to_be_visible()
    page.get_by_role("link", name="REST docs").click()
    expect(page.get_by_role("heading", name="Operations")).to_be_visible()
    page.go_back()
    signed_in(page, account)
    page.get_by_role("link", name="GraphiQL").click()
    in_graphiql(page, account)
    press(page, "Sign out")
    expect(page.get_by_label("Username")).to_be_visible()
    page.get_by_role("link", name="One profile, two APIs").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_signing_out_leaves_nothing(page, account):
    sign_in(page, account)
    assert kept(page)
    press(page, "Sign out")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert kept(page) is None
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_another_tab_is_not_signed_in(page, account):
    sign_in(page, account)
    other = page.context.new_page()
    other.goto("/")
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    other.close()


def test_a_duplicated_tab_does_not_end_the_session_of_the_first(page, account):
    """The second tab has the same refresh token, and uses it when it loads."""
    sign_in(page, account)
    first = kept(page)
    with page.expect_popup() as popup:
        page.evaluate("open('/')")  # a page with an opener copies sessionStorage, as a duplicated tab does
    other = popup.value
    signed_in(other, account)
    page.wait_for_function("first => sessionStorage.getItem('refresh-token') !== first", arg=first)
    assert kept(page) == kept(other)
    other.close()


def test_a_stolen_refresh_token_ends_the_sign_in_where_both_have_used_it(page, account, watch):
    sign_in(page, account)
    stolen = kept(page)
    for _ in range(2):  # twice, because the previous token stays valid for ten seconds
        page.reload()
        signed_in(page, account)
    answer = account.http.post("/auth/token/refresh/", json={"refresh_token": stolen})
    assert answer.status_code == 401
    watch.refusals[401] = 1
    page.reload()
    expect(page.get_by_text("Your sign-in has ended.")).to_be_visible()
    assert kept(page) is None
