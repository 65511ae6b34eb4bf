"""The guide at `/guide/`."""

import pytest
from playwright.sync_api import expect

from tests.guide.pages import DOCS

pytestmark = pytest.mark.usefixtures("watch")
PAGES = sorted(str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md"))
IN_EVERY_LOOK = {"index", "reference/outcomes", "explanation/flow"}  # every kind of element
LOOKS = ["light", "dark", "narrow"]
NARROW = {"width": 360, "height": 740}


def address(name):
    return "/guide/" if name == "index" else f"/guide/{name}/"


@pytest.mark.parametrize("look", LOOKS)
def test_it_can_be_read_by_everybody(page, look, accessible):
    """Every page in one look, and in all of them what the others consist of."""
    page.emulate_media(color_scheme="dark" if look == "dark" else "light")
    if look == "narrow":
        page.set_viewport_size(NARROW)
    for name in IN_EVERY_LOOK | set(PAGES[LOOKS.index(look) :: len(LOOKS)]):
        page.goto(address(name))
        accessible()


def test_a_search_finds_an_outcome(page):
    page.goto("/guide/")
    page.get_by_placeholder("Search").press_sequentially("KEY_REUSED")
    page.locator(".md-search-result a[href$='#key_reused']").click()
    expect(page.get_by_role("heading", name="KEY_REUSED")).to_be_in_viewport()


def test_the_code_of_an_outcome_leads_to_it(page):
    page.goto("/guide/reference/outcomes/#persisted_query_not_found")
    expect(page.get_by_role("heading", name="PERSISTED_QUERY_NOT_FOUND")).to_be_in_viewport()


def test_each_picture_is_shown(page):
    for name in ("how-to/browser", "explanation/flow", "explanation/speed"):
        page.goto(address(name))
        for picture in page.locator("article img").all():
            expect(picture).not_to_have_js_property("naturalWidth", 0)
