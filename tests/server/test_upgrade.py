"""An upgrade under load: the previous release keeps serving during and after today's migrations.

The previous release is the newest tag `v*` before this commit or, without one, the last commit before the newest
migration. It runs from a copy, with the packages of its own lock file.
"""

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from threading import Condition, Thread

import httpx
import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests.server.conftest import MOST_SECONDS, PATH, ROOT, ServerClient, database_url, serving

PASSWORD = "correct horse battery staple"
CALLERS = 4
MOST_SECONDS_TO_INSTALL = 300
READ = """
query ($pk: Int) {
  me { pk }
  profile(pk: $pk) { username bio version }
  profiles(first: 5) { edges { node { pk } } }
}"""
WRITE = """
mutation ($input: UpdateProfileInput!) {
  updateProfile(input: $input) { profile { bio } errors { code field } }
}"""


def git(*arguments, **options):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False, **options)  # noqa: S607
    return done.stdout if done.returncode == 0 else None


def newest_migration():
    [(_, name)] = MigrationLoader(connection).graph.leaf_nodes("profiles")
    return name


def previous_release():
    """The previous release's commit or tag. Fails if git's history is missing."""
    if git("rev-parse", "--is-shallow-repository", text=True) != "false\n":
        pytest.fail(
            "The previous release is taken from git's history, which is not here: `git fetch --unshallow --tags`."
        )
    if tag := git("describe", "--tags", "--match=v*", "--abbrev=0", "HEAD^", text=True):
        return tag.strip()
    path = f"profiles/migrations/{newest_migration()}.py"
    added = git("log", "-1", "--diff-filter=A", "--format=%H", "--", path, text=True).strip()
    return f"{added}^" if added else "HEAD"  # HEAD has no migration that is not committed yet


def last_migration_of(release):
    """The newest of today's migrations that a release also has."""
    files = git("ls-tree", "--name-only", release, "profiles/migrations/", text=True).split()
    theirs = {Path(file).stem for file in files}
    plan = MigrationLoader(connection).graph.forwards_plan(("profiles", newest_migration()))
    return [name for app, name in plan if app == "profiles" and name in theirs][-1]


@pytest.fixture(scope="module")
def previous(tmp_path_factory, django_db_setup, django_db_blocker):
    """The previous release: its name, its folder and its Python interpreter."""
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's alone: on SQLite the service stops while it migrates")
    with django_db_blocker.unblock():
        release = previous_release()
    folder = tmp_path_factory.mktemp("previous")
    subprocess.run(["/usr/bin/tar", "-x", "-C", folder], input=git("archive", release), check=True)
    if (folder / "uv.lock").read_bytes() == (ROOT / "uv.lock").read_bytes():
        return release, folder, sys.executable
    uv = shutil.which("uv", path=PATH)
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run(
        [uv, "sync", "--frozen", "--no-dev", "--quiet", "--python", sys.executable],
        cwd=folder,
        env=environment,
        timeout=MOST_SECONDS_TO_INSTALL,
        check=True,
    )
    return release, folder, str(folder / ".venv" / "bin" / "python")


@pytest.fixture
def own_database(previous, django_db_blocker):
    """Let Django use an empty database during the test."""
    settings = connection.settings_dict
    former, name = settings["NAME"], f"{settings['NAME']}_upgrade"
    with django_db_blocker.unblock():
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        connection.close()
        settings["NAME"] = name
        yield
        connection.close()
        settings["NAME"] = former
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Caller(Thread):
    """Read and write a profile through both APIs, round after round; `failures` has the errors."""

    def __init__(self, name, address):
        super().__init__(daemon=True)
        self.address = address
        self.http = httpx.Client(headers=ServerClient.proxied, timeout=MOST_SECONDS)
        account = {"username": name, "password": PASSWORD, "email": f"{name}@example.com"}
        self.pk = self.send("POST", "/profiles/", account, 201)["id"]
        self.renew(self.send("POST", "/auth/token/", {"username": name, "password": PASSWORD}))
        self.bio, self.rounds, self.failures = "", 0, []
        self.is_wanted, self.counted = True, Condition()

    def send(self, method, path, body=None, status=200):
        response = self.http.request(method, f"{self.address}{path}", json=body)
        assert response.status_code == status, (method, path, response.status_code, response.text)
        return response.json()

    def execute(self, query, **variables):
        body = self.send("POST", "/graphql/", {"query": query, "variables": variables})
        assert "errors" not in body, body
        return body["data"]

    def renew(self, tokens):
        self.refresh_token = tokens["refresh_token"]
        self.http.headers["authorization"] = f"Bearer {tokens['token']}"

    def go_round(self, number):
        path = f"/profiles/{self.pk}/"
        assert self.send("GET", path)["bio"] == self.bio
        self.bio = f"REST {number}"
        node_id = self.send("PATCH", path, {"bio": self.bio})["node_id"]
        assert self.execute(READ, pk=self.pk)["profile"]["bio"] == self.bio
        self.bio = f"GraphQL {number}"
        written = self.execute(WRITE, input={"id": node_id, "bio": self.bio})["updateProfile"]
        assert written == {"profile": {"bio": self.bio}, "errors": []}
        self.send("GET", "/profiles/?search=graphql&page_size=5")
        self.send("GET", f"{path}history/")
        token = self.http.headers.pop("authorization")  # a refresh is sent without it
        try:
            self.renew(self.send("POST", "/auth/token/refresh/", {"refresh_token": self.refresh_token}))
        except BaseException:
            self.http.headers["authorization"] = token
            raise

    def run(self):
        for number in count(1):
            if not self.is_wanted:
                break
            try:
                self.go_round(number)
            except (AssertionError, httpx.HTTPError) as error:
                self.failures.append(error)
            with self.counted:
                self.rounds += 1
                self.counted.notify_all()
        self.http.close()

    def wait_for_rounds(self, more):
        """Wait for this many more rounds."""
        with self.counted:
            wanted = self.rounds + more
            assert self.counted.wait_for(lambda: self.rounds >= wanted, MOST_SECONDS)


@pytest.fixture
def callers():
    """Start callers of a server. They end with the test."""
    with ExitStack() as stack:

        def call(address):
            started = [Caller(f"caller{number}", address) for number in range(CALLERS)]
            for each in started:
                stack.callback(each.join, MOST_SECONDS)
                stack.callback(setattr, each, "is_wanted", False)
                each.start()
            return started

        yield call


def wait_for_all(callers, rounds):
    for each in callers:
        each.wait_for_rounds(rounds)


def failures_of(callers):
    return [failure for each in callers for failure in each.failures]


def test_the_previous_release_serves_while_and_after_today_s_migrations_run(
    previous, own_database, callers, tmp_path, report
):
    release, folder, python = previous
    before = last_migration_of(release)
    call_command("migrate", "profiles", before, verbosity=0)
    environment = {"DATABASE_URL": database_url(), "WEB_CONCURRENCY": "1"}
    with (
        serving(tmp_path / "new.log", **environment) as new,
        serving(tmp_path / "old.log", folder=folder, python=python, **environment) as old,
    ):
        called = callers(old)
        wait_for_all(called, 2)
        call_command("migrate", verbosity=0)
        wait_for_all(called, 2)
        assert httpx.get(f"{old}/readyz").status_code != 503  # 503 would take the process out of service
        for each in called[::2]:
            each.address = new  # both releases serve: some callers move to the new one
        wait_for_all(called, 3)
        assert failures_of(called) == []
        rounds = sum(each.rounds for each in called)
        name = git("describe", "--tags", "--always", release, text=True).strip()
        report(f"{name}, from {before} to {newest_migration()}: {rounds} rounds of 7 requests, none failed")

        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE profiles_profile RENAME COLUMN bio TO about")
        wait_for_all(called, 2)
        assert all(each.failures for each in called)  # a schema that breaks a release is detected
