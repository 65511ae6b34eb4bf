"""The GraphiQL page."""

import hashlib
import re
from collections import Counter

import pytest
from graphql import build_schema
from playwright.sync_api import expect

from tests.server.conftest import ROOT

pytestmark = pytest.mark.usefixtures("watch")

SCHEMA = build_schema((ROOT / "graphql_api" / "schema.graphql").read_text())


@pytest.fixture
def graphiql(page):
    page.goto("/graphql/")
    expect(page.locator(".graphiql-query-editor .view-line").first).to_be_visible()
    return page


def sign_in(page, account):
    page.get_by_label("Username").fill(account.username)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("status").filter(has_text=f"Signed in as {account.username}")).to_be_visible()


def examples(page):
    return page.get_by_role("region", name="Examples")


def open_example(page, name):
    examples(page).get_by_role("button", name=name, exact=True).click()


def run(page):
    page.get_by_role("button", name="Execute query").click()
    return page.locator(".graphiql-response")


def test_a_query_and_a_mutation_signed_in(graphiql, account):
    sign_in(graphiql, account)
    expect(run(graphiql)).to_contain_text(account.username)
    open_example(graphiql, "updateProfile")
    expect(run(graphiql)).to_contain_text("Written by GraphiQL.")
    assert account.write()["bio"] == "Written by GraphiQL."


def test_the_token_goes_with_each_request_and_a_header_of_ones_own_before_it(graphiql, account, watch):
    watch.refusals[401] = 1
    sign_in(graphiql, account)
    with graphiql.expect_request("**/graphql/") as sent:
        run(graphiql)
    assert re.fullmatch(r"Bearer ey\S+", sent.value.headers["authorization"])
    graphiql.get_by_role("button", name="Headers").click()
    graphiql.locator(".graphiql-editor-tool .monaco-editor").last.click()
    graphiql.keyboard.insert_text('{"Authorization": "Bearer mine"}')
    with graphiql.expect_request("**/graphql/") as sent:
        expect(run(graphiql)).to_contain_text("UNAUTHENTICATED")
    assert sent.value.headers["authorization"] == "Bearer mine"


def test_a_wrong_password_is_said_to_be(graphiql, account):
    graphiql.get_by_label("Username").fill(account.username)
    graphiql.get_by_label("Password").fill("wrong")
    graphiql.get_by_role("button", name="Sign in").click()
    expect(graphiql.get_by_role("alert").filter(has_text="Wrong username or password.")).to_be_visible()


def test_what_is_wrong_with_a_document_is_underlined(graphiql):
    graphiql.locator(".graphiql-query-editor .monaco-editor").first.click()
    graphiql.keyboard.press("Control+A")
    graphiql.keyboard.insert_text("{ nothing }")
    expect(graphiql.locator(".graphiql-query-editor .squiggly-error").first).to_be_visible()


def test_there_is_an_example_of_every_operation(graphiql, account):
    names = examples(graphiql).locator("li button").all_text_contents()
    assert SCHEMA.query_type.fields.keys() | SCHEMA.mutation_type.fields.keys() <= set(names)


@pytest.mark.parametrize(
    "name",
    [
        *("profile", "profiles", "node", "nodes", "history", "export", "sessions", "personalTokens"),
        *("replaceProfile", "updateProfiles", "createPersonalToken"),
    ],
)
def test_an_example_runs_as_it_stands(graphiql, account, name):
    sign_in(graphiql, account)
    open_example(graphiql, name)
    answer = run(graphiql)
    expect(answer).to_contain_text('"data"')
    expect(answer).not_to_contain_text('"message"')


def test_the_history_holds_what_was_run_while_the_page_is_open(graphiql, account):
    sign_in(graphiql, account)
    expect(run(graphiql)).to_contain_text(account.username)
    graphiql.get_by_role("button", name="Show History").click()
    expect(graphiql.locator(".graphiql-history-item-label")).to_have_text(["Me"])


def test_nothing_is_loaded_twice(page, watch, graphiql):
    expect(examples(page)).to_be_visible()
    scripts = [url for url in watch.requests if url.endswith(".js") and ".worker." not in url]
    assert max(Counter(scripts).values()) == 1
    contents = [hashlib.sha256(page.request.get(url).body()).digest() for url in scripts]
    assert len(set(contents)) == len(contents)


def test_a_change_of_the_systems_scheme_changes_the_editors(page, graphiql):
    """Each token of the query is as readable as on a page loaded with that scheme."""
    page.emulate_media(color_scheme="dark")
    page.reload()
    editor = graphiql.locator(".graphiql-query-editor")
    tokens = editor.locator(".view-line span span")
    colours = "spans => spans.map(span => getComputedStyle(span).color)"

    def settled():
        """The colours, once Monaco has highlighted the tokens and then the brackets."""
        expect(tokens.filter(has_text=re.compile("^editableFields$"))).to_be_visible()
        expect(editor.locator("[class*=bracket-highlighting]").last).to_have_text("}")
        return tokens.evaluate_all(colours)

    dark = settled()
    page.emulate_media(color_scheme="light")
    page.reload()
    light = settled()
    assert light != dark
    page.emulate_media(color_scheme="dark")
    expect(tokens.first).to_have_css("color", dark[0])
    assert tokens.evaluate_all(colours) == dark


def test_a_panel_leaves_the_editor_its_width_on_a_narrow_screen(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/graphql/")
    editor = page.locator(".graphiql-query-editor")
    expect(editor).to_be_visible()
    alone = editor.bounding_box()
    for panel in ("Examples", "Documentation Explorer", "GraphiQL Explorer", "History"):
        page.get_by_role("button", name=f"Show {panel}").click()
        beside = editor.bounding_box()
        assert beside["width"] == alone["width"] > 250
        assert beside["height"] > 100
        page.get_by_role("button", name=f"Hide {panel}").click()


def test_it_can_be_used_by_everybody(page, account, scheme, graphiql, accessible):
    accessible()
    sign_in(graphiql, account)
    expect(run(graphiql)).to_contain_text(account.username)
    accessible()
    for panel in ("Documentation Explorer", "GraphiQL Explorer", "History"):
        graphiql.get_by_role("button", name=f"Show {panel}").click()
        expect(graphiql.get_by_role("button", name=f"Hide {panel}")).to_be_visible()
        accessible()
