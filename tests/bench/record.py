"""Record the HTTP traffic of tests and compare two recordings, to prove that a refactoring changes no response.

    PYTHONHASHSEED=0 pytest -n 0 -p no:randomly -p tests.bench.record --record before.jsonl tests/parity
    python -m tests.bench.record before.jsonl after.jsonl

The first command writes one line of JSON for each request that Django's test client sends: the test, the request, and
the response's status, headers and body. Two runs of one commit write the same bytes. The plugin leaves nothing out of a
response; it fixes everything else that would differ:

- the clocks: a test begins at `START`, a request takes half of `STEP`, and a random value one microsecond;
- random values (`os.urandom`, and with it `secrets` and `uuid4`): they derive from the test's name and the request's
  number, so one more random value changes none in a later request;
- the salts of password hashes: all the same, because the tests' access tokens derive from them;
- the service's keys;
- Hypothesis's examples: they derive from a test's source alone, not from constants in the service's modules.

It skips tests that count in Redis, which has its own clock; tests that start a server, because their requests do not
pass through Django's client; and tests whose keys OpenSSL generates.

The second command exits with 1 if the recordings differ. It matches a test by its file name and its own name, or by its
own name alone if each recording has only one test of that name; so a test may move to another folder or file.
"""

import difflib
import hashlib
import json
import os
import random
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import zip_longest
from unittest.mock import patch

import pytest

START = datetime(2030, 1, 1, 12, tzinfo=UTC)
STEP = timedelta(milliseconds=1)  # from a request to the next
ENVIRONMENT = {"SECRET_KEY": "r" * 48, "ALLOWED_HOSTS": "testserver", "JWT_KEYS": f"now={'n' * 64},before={'b' * 64}"}
UNREPEATABLE = {"redis_url", "server", "algorithm"}  # fixtures of tests that cannot be repeated
CONTEXT = 1  # lines around each difference


def pytest_addoption(parser):
    parser.addoption("--record", metavar="FILE", help="write the requests and responses of the tests to this file")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_load_initial_conftests(early_config):
    """Set the keys after tests.databases did, and before Django reads its settings."""
    if early_config.known_args_namespace.record:
        os.environ |= ENVIRONMENT
    return (yield)


def pytest_configure(config):
    if path := config.getoption("--record"):
        if sys.flags.hash_randomization:
            raise pytest.UsageError("Set PYTHONHASHSEED=0: django-csp writes its directives in the order of a set.")
        config.pluginmanager.register(Recorder(path))


class Recorder:
    """Make each test repeatable, and record the traffic of Django's test client."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="ascii")  # noqa: SIM115

    def pytest_configure(self):
        import hypothesis
        import time_machine
        from django.contrib.auth.hashers import BasePasswordHasher
        from django.test.client import ClientHandler
        from hypothesis.internal.conjecture import providers

        hypothesis.settings.register_profile("record", derandomize=True, database=None)
        hypothesis.settings.load_profile("record")
        send, travel = ClientHandler.__call__, time_machine.travel.__init__
        self.patches = ExitStack()
        self.clock = self.patches.enter_context(time_machine.travel(START, tick=False))
        self.begin("")
        for target, name, value in (
            (ClientHandler, "__call__", lambda handler, environ: self.sent(environ, send, handler)),
            (BasePasswordHasher, "salt", lambda hasher: "s" * 22),
            (os, "urandom", self.urandom),
            (random, "_urandom", self.urandom),  # `secrets` calls this
            (time_machine.travel, "__init__", lambda self, to, **_: travel(self, to, tick=False)),
            (time, "monotonic", lambda: (self.requests * STEP).total_seconds()),
            (providers, "_get_local_constants", providers.Constants),
        ):
            self.patches.enter_context(patch.object(target, name, value))

    def pytest_unconfigure(self):
        self.patches.close()
        self.file.close()

    def pytest_collection_modifyitems(self, config, items):
        left_out = [item for item in items if UNREPEATABLE & set(getattr(item, "fixturenames", ()))]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.begin(item.nodeid)
        random.seed(item.name)
        result = yield
        for entry in self.entries:
            body = b"".join(entry["response"]["body"])
            entry["response"]["body"] = text(body)
            self.file.write(json.dumps(entry) + "\n")
        return result

    def begin(self, test):
        self.test, self.entries, self.requests = test, [], 0
        self.enter("the test")

    def enter(self, phase):
        """Restart the random values for a phase: during a request (`in`) or after it."""
        self.phase, self.drawn = phase, 0
        self.move_clock()

    def move_clock(self):
        passed = self.requests * STEP + (STEP / 2 if self.phase == "after" else timedelta())
        self.clock.move_to(START + passed + timedelta(microseconds=self.drawn))

    def urandom(self, size):
        self.drawn += 1
        self.move_clock()
        seed = f"{name_of(self.test)} {self.requests} {self.phase} {self.drawn}"
        return hashlib.shake_256(seed.encode()).digest(size)

    def sent(self, environ, send, handler):
        self.requests += 1
        request = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""),
            "body": text(content(environ["wsgi.input"])),
        }
        self.enter("in")
        response = send(handler, environ)
        self.enter("after")
        chunks = []
        if response.streaming:
            response.streaming_content = map(partial(kept, chunks), response.streaming_content)
        else:
            chunks.append(response.content)
        headers = sorted([*response.items(), *(("Set-Cookie", c.OutputString()) for c in response.cookies.values())])
        answer = {"status": response.status_code, "headers": headers, "body": chunks}
        self.entries.append({"test": self.test, "request": request, "response": answer})
        return response


def kept(chunks, chunk):
    """Keep a chunk of a streamed body while the test reads it."""
    chunks.append(chunk)
    return chunk


def content(payload):
    """The request's body, read without consuming it."""
    whole = getattr(payload, "_FakePayload__content", None)
    return whole.getvalue() if whole else b""


def text(body):
    return body.decode("utf-8", "surrogateescape")


def name_of(test):
    """The test's name within its file, from its node id."""
    return test.partition("::")[2]


def read(path):
    """The requests of each test in a recording, in order, by file name and test name."""
    tests = defaultdict(list)
    with open(path, encoding="ascii") as file:
        for entry in map(json.loads, file):
            folders_and_file, _, name = entry["test"].partition("::")
            tests[f"{folders_and_file.rpartition('/')[2]}::{name}"].append(entry)
    return tests


def pair(before, after):
    """Pairs of a test's key in both recordings; None where one recording lacks the test."""
    moved = defaultdict(lambda: ([], []))
    for side, ours, others in ((0, before, after), (1, after, before)):
        for test in ours.keys() - others.keys():
            moved[name_of(test)][side].append(test)
    renamed = {old[0]: new[0] for old, new in moved.values() if len(old) == len(new) == 1}
    found = [(test, test if test in after else renamed.get(test)) for test in before]
    return found + [(None, test) for test in after if test not in before and test not in renamed.values()]


def lines(entry):
    """A request and its response as lines for a reader."""
    if entry is None:
        return []
    request, response = entry["request"], entry["response"]
    headers = [f"{name}: {value}" for name, value in response["headers"]]
    asked = f"{request['method']} {request['path']}"
    return [asked, request["body"], f"status {response['status']}", *headers, *pretty(response)]


def pretty(response):
    """The body as it is, then as indented JSON."""
    try:
        return [response["body"], *json.dumps(json.loads(response["body"]), indent=1).splitlines()]
    except ValueError:
        return response["body"].splitlines()


def differences(before, after):
    """Unified diffs between two recordings."""
    for old, new in pair(before, after):
        pairs = zip_longest(before.get(old, []), after.get(new, []))
        for number, (was, now) in enumerate(pairs, start=1):
            if was is None or now is None or comparable(was) != comparable(now):
                names = (f"{test} request {number}" for test in (old or "(absent)", new or "(absent)"))
                yield "\n".join(difflib.unified_diff(lines(was), lines(now), *names, n=CONTEXT, lineterm=""))


def comparable(entry):
    return entry["request"], entry["response"]


def main(arguments):
    if len(arguments) != 2:
        return "usage: python -m tests.bench.record BEFORE AFTER"
    before, after = map(read, arguments)
    count = 0
    for count, difference in enumerate(differences(before, after), start=1):  # noqa: B007
        print(difference, end="\n\n")  # noqa: T201
    sizes = [sum(map(len, recording.values())) for recording in (before, after)]
    print(f"{sizes[0]} requests before, {sizes[1]} after, of {len(before)} and {len(after)} tests: {count} differences")  # noqa: T201
    return min(count, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
