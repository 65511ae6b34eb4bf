"""Fixtures that test the shipped pages in the machine's Chromium."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from itertools import count
from urllib.parse import urlsplit

import httpx
import pytest

from tests.bench.service import UNLIMITED
from tests.cast import PASSWORD
from tests.server.conftest import ROOT, ServerClient, serving
from tests.smtp import listening

AXE = ROOT / "server" / "web" / "node_modules" / "axe-core" / "axe.min.js"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # the first draws no window
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(request):
    if CHROMIUM is None:
        end = pytest.fail if request.config.getoption("--required") else pytest.skip
        end("There is no Chromium, so the pages were not tried: `apt-get install chromium-headless-shell`.")
    return {"executable_path": CHROMIUM}


@pytest.fixture(scope="session")
def manage(tmp_path_factory):
    """Run a command of `manage.py` on the server's database."""
    database = f"sqlite:///{tmp_path_factory.mktemp('pages') / 'db.sqlite3'}"

    def manage(command, *arguments, **environment):
        run = [sys.executable, "manage.py", command, "--verbosity", "0", *arguments]
        subprocess.run(run, cwd=ROOT, env=os.environ | {"DATABASE_URL": database} | environment, check=True)

    manage.database = database
    return manage


@pytest.fixture(scope="session")
def mail_server():
    with listening() as server:
        yield server


@pytest.fixture(scope="session")
def mailing(mail_server):
    """The environment of a service that sends mail."""
    url = f"smtp://127.0.0.1:{mail_server.port}"
    return {"EMAIL_URL": url, "MAIL_FROM": "profiles@example.com", "SITE_URL": "https://example.com"}


@pytest.fixture(scope="session")
def base_url(manage, mailing, tmp_path_factory):
    """A server in production mode, on its own database, with the pages' static files collected."""
    manage("migrate")
    environment = {"DATABASE_URL": manage.database, "RECOVERY_LIMIT_PER_ADDRESS": UNLIMITED}
    environment |= {"WEB_CONCURRENCY": "1"}  # one process, so one count of attempts
    with serving(tmp_path_factory.mktemp("server") / "log", **environment, **mailing) as base_url:
        yield base_url


@pytest.fixture
def mail(manage, mailing, mail_server):
    """Send the queued mail and return the text of the newest message to an address."""

    def newest(address):
        manage("mail", "--once", **mailing)
        return [one for one in mail_server.taken if one["to"] == address][-1].get_body(("plain",)).get_content()

    return newest


@pytest.fixture
def browser_context_args(browser_context_args, base_url):
    """Narrower than Playwright's session scope, because a module may have its own server."""
    return {
        **browser_context_args,
        "base_url": base_url,
        "extra_http_headers": ServerClient.proxied,
        "permissions": ["clipboard-read", "clipboard-write"],
        "locale": "en-GB",
    }


numbers = count(1)


class Account:
    """A person with an account, and an HTTP client besides the page."""

    def __init__(self, http):
        self.http = http
        self.username = f"person{next(numbers)}"
        self.email = f"{self.username}@example.com"
        self.password = PASSWORD
        made = self.send("POST", "/profiles/", username=self.username, email=self.email, password=PASSWORD)
        self.pk, self.node_id = made["id"], made["node_id"]

    def send(self, method, path, token=None, **body):
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self.http.request(method, path, json=body, headers=headers).raise_for_status().json()

    def token(self):
        return self.send("POST", "/auth/token/", username=self.username, password=self.password)["token"]

    def write(self, **values):
        """Change the profile with the HTTP client, not on the page."""
        return self.send("PATCH", "/profiles/me/", token=self.token(), **values)

    def verify(self, code):
        """Verify the address with the HTTP client, not on the page."""
        return self.send("POST", "/profiles/me/email/verify/", token=self.token(), code=code)


@pytest.fixture
def http(base_url):
    with httpx.Client(base_url=base_url, headers=ServerClient.proxied, timeout=30) as http:
        yield http


@pytest.fixture
def account(http):
    return Account(http)


@pytest.fixture
def another(http):
    """A second account."""
    return Account(http)


class Watch:
    """A page's invisible effects: console messages, requests, and data kept in the browser.

    `refusals` counts the error statuses that a test provokes, because Chromium writes them to the console; `unanswered`
    counts the requests made while the page is offline.
    """

    def __init__(self, page):
        self.page = page
        self.refusals = Counter()
        self.unanswered = 0
        self.console = []
        self.requests = []
        page.on("console", self.note)
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def note(self, message):
        if message.type in ("error", "warning"):
            self.console.append(message.text)

    def check(self, base_url):
        for status, times in self.refusals.items():
            refused = [text for text in self.console if f"responded with a status of {status} " in text]
            assert len(refused) == times
            self.console = [text for text in self.console if text not in refused]
        offline = [text for text in self.console if "net::ERR_INTERNET_DISCONNECTED" in text]
        assert len(offline) == self.unanswered
        assert [text for text in self.console if text not in offline] == []
        hosts = {urlsplit(url).netloc for url in self.requests if not url.startswith(("data:", "blob:"))}
        assert hosts == {urlsplit(base_url).netloc}
        self.check_what_is_kept()

    def check_what_is_kept(self):
        """Only the refresh token of a signed-in user is kept, in this tab."""
        kept = self.page.context.storage_state(indexed_db=True)
        assert kept == {"cookies": [], "origins": []}
        assert set(self.page.evaluate("Object.keys(sessionStorage)")) <= {"refresh-token"}


@pytest.fixture
def watch(page, base_url):
    """Check that a page logs nothing, requests no other host and keeps nothing.

    The console also shows reports of the Content-Security-Policy.
    """
    watch = Watch(page)
    yield watch
    watch.check(base_url)


@pytest.fixture
def accessible(page):
    """Check the page, or the part of it that a selector names, with axe-core: no violations."""

    def check(part="html"):
        page.evaluate(AXE.read_text())
        run = "part => axe.run(part, {resultTypes: ['violations']})"  # of passes one element each: half the time
        found = page.evaluate(run, part)
        assert found["passes"]
        violations = [
            (violation["id"], node["target"], node["failureSummary"])
            for violation in found["violations"]
            for node in violation["nodes"]
        ]
        assert violations == [], "\n".join(map(str, violations))

    return check


@pytest.fixture(params=["light", "dark"])
def scheme(request, page):
    """The light and the dark colour scheme."""
    page.emulate_media(color_scheme=request.param)
    return request.param
