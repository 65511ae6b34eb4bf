"""The studio's link to the mail, which only a developer's server has."""

import pytest
from playwright.sync_api import expect

from tests.server.conftest import serving

pytestmark = pytest.mark.usefixtures("watch")


@pytest.fixture(scope="session")
def base_url(manage, tmp_path_factory):
    """A developer's server, which keeps mail and does not send it."""
    manage("migrate")
    log = tmp_path_factory.mktemp("developing") / "log"
    with serving(log, DATABASE_URL=manage.database, DEBUG="true", WEB_CONCURRENCY="1") as base_url:
        yield base_url


def test_where_a_code_is_asked_for_a_link_leads_to_the_mail(page, base_url):
    page.goto(f"{base_url}/#/recover/code")
    with page.expect_popup() as popup:
        page.get_by_role("link", name="read it here").click()
    expect(popup.value).to_have_url(f"{base_url}/mail/")
    popup.value.close()
