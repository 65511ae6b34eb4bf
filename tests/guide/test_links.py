"""Every link and picture of the README and the guide leads somewhere: a file, and in it the heading."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve

from profiles.core.outcomes import Outcome
from profiles.rest.exceptions import INVALID_INPUT, OUTCOMES, section_of
from tests.guide.pages import DOCS, FENCED, PAGES
from tests.server.conftest import ROOT

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<(https?://[^>]+)>|(?:src|srcset|href)=\"([^\"]+)\"")
HERE = "127.0.0.1:8000"
NAVIGATION = (ROOT / "server" / "guide" / "mkdocs.yml").read_text()


def prose(text):
    """A page without its code, in which brackets are no links."""
    return re.sub(r"`[^`\n]*`", "", FENCED.sub("", text))


def links(name):
    return [next(filter(None, found)) for found in LINK.findall(prose(PAGES[name]))]


def anchors(text):
    """The names of a page's headings, as GitHub and MkDocs make them of the words, and those that are given."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    plain = (re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in headings)
    return {re.sub(r"\s", "-", heading) for heading in plain} | set(re.findall(r'id="([^"]+)"', text))


def is_right(target, page):
    """Whether a link from this page leads somewhere: to a page of the service, a site by https, or a file."""
    parts = urlsplit(target)
    if parts.netloc == HERE:
        return serves(parts.path)
    if parts.scheme:
        return parts.scheme == "https" and "." in parts.netloc
    path = (page.parent / parts.path).resolve() if parts.path else page
    if page != ROOT / "README.md" and DOCS not in path.parents:
        return False  # it would lead nowhere at /guide/
    return path.exists() and (not parts.fragment or parts.fragment in anchors(path.read_text()))


def serves(path):
    """Whether the service has a page at this path."""
    if path.startswith("/guide/"):
        return (DOCS / f"{path.removeprefix('/guide/').strip('/') or 'index'}.md").is_file()
    try:
        return resolve(path).url_name is not None or path == "/mail/"
    except Resolver404:
        return False


@pytest.mark.parametrize("name", PAGES)
def test_each_link_and_picture_leads_somewhere(name):
    assert [target for target in links(name) if not is_right(target, ROOT / name)] == []


@pytest.mark.parametrize("name", PAGES)
def test_each_file_that_is_named_is_there(name):
    """Paths in code, such as `profiles/policy.py`, of the folders that this project has."""
    named = re.findall(r"`((?:profiles|graphql_api|server|tests)/[\w./-]+?)`", FENCED.sub("", PAGES[name]))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_each_page_is_in_the_navigation_and_each_picture_is_shown():
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    assert pages == set(re.findall(r"[\w/-]+\.md", NAVIGATION))
    pictures = {path for path in (DOCS / "pictures").iterdir() if path.name != "flow-dark.svg"}
    shown = {(ROOT / name).parent / target for name in PAGES for target in links(name)}
    assert pictures <= {Path(path).resolve() for path in shown}


def test_the_type_of_each_problem_leads_to_its_section():
    page = (ROOT / "server" / "guide" / "dist" / OUTCOMES.strip("/") / "index.html").read_text()
    sections = {INVALID_INPUT, *map(section_of, Outcome)}
    assert sections <= set(re.findall(r'id="([^"]+)"', page))


def test_the_readme_is_short():
    assert len(PAGES["README.md"].splitlines()) <= 160
