"""The compared projects, each with its own database and server."""

import json
import os
import secrets
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import redis
from psutil import Process

from tests.bench.corpus import database
from tests.bench.service import LIMITS, PROXIED, ROOT, UNLIMITED, production, serving
from tests.bench.speed import cases

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379")
GUNICORN = ("--config", "tests/bench/speed/gunicorn_conf.py")


@dataclass
class Running:
    """A running project: `worker` is its only worker process.

    `environment` and `arguments` (gunicorn's) are those it was started with.
    """

    name: str
    environment: dict
    arguments: tuple
    address: str
    worker: Process
    headers: dict
    cases: dict

    def send(self, case, number=0):
        """Send a case's request once."""
        headers = self.headers | ({"content-type": "application/json"} if case.body else {})
        return httpx.request(
            case.method,
            self.address + case.path,
            content=cases.body_of(case, number),
            headers=headers,
            timeout=60,
        )

    def cpu(self):
        """The worker's CPU time so far, in seconds."""
        return sum(self.worker.cpu_times()[:2])


def ours(url):
    """Our service's environment, with the shipped settings, and its extra gunicorn arguments: none."""
    limits = dict.fromkeys(LIMITS, UNLIMITED)
    others = {"REDIS_URL": REDIS if redis_answers() else "", "WEB_CONCURRENCY": "1"}
    return production(url) | limits | others, ()


def redis_answers():
    try:
        return redis.Redis.from_url(REDIS).ping()
    except redis.ConnectionError:
        print(f"No Redis answers at {REDIS} (TEST_REDIS_URL): ours counts in its memory")  # noqa: T201
        return False


def other(name, app="django.core.wsgi:get_wsgi_application()", tables_of=None):
    """As `ours`, for another project; `tables_of` are the settings that describe its tables."""

    def of(url):
        environment = {
            "DJANGO_SETTINGS_MODULE": f"tests.bench.{tables_of or name}.settings",
            "DATABASE_URL": url,
            "SECRET_KEY": secrets.token_hex(32),
        }
        return environment, (*GUNICORN, app)

    return of


PROJECTS = {
    "ours": ours,
    "stock": other("stock"),
    "ninja_strawberry": other("ninja_strawberry"),
    "floor": other("floor", "tests.bench.floor:application", tables_of="stock"),
}


@contextmanager
def running(name, profiles):
    """Run a project with `profiles` profiles on its own database."""
    with database() as url:
        environment, arguments = PROJECTS[name](url)
        prepared = subprocess.run(
            [sys.executable, "-m", "tests.bench.speed.prepare", name, str(profiles)],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        owner = json.loads(prepared.stdout)
        headers = PROXIED | {"authorization": f"Bearer {owner['token']}"}
        with serving(*arguments, **environment) as (address, (worker,)):
            requests = getattr(cases, name)(owner["pk"])
            yield Running(name, environment, arguments, address, worker, headers, requests)
