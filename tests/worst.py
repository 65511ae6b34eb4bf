"""`python -m tests.worst`: what the dearest documents cost, and what another client feels of those who send them.

Prints, for each document that anybody can send, the CPU that it takes (the median of several), and then the
latency of a client that reads a page, alone and beside four others that send the dearest as fast as they can.
Ends with 1 where a document takes more than `MOST_CPU`, or the client's 99th percentile more than doubles.
It makes an SQLite file of its own.
"""

import json
import logging
import os
import secrets
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import httpx

ROOT = Path(__file__).parent.parent
MOST_CPU = 50  # ms
PROFILES = 2_000
TIMES = 7
ATTACKERS = 4
READS = 400
EVERY = 0.05  # seconds between the client's reads
PORT = 8765
FIELDS = (
    "id pk username email bio displayName location website timeZone visibility emailPublic isActive createdAt "
    "updatedAt version editableFields"
)
A_PAGE = "{ profiles(first: 20) { edges { node { id username displayName bio } } pageInfo { endCursor } } }"


def documents():
    """The dearest of each kind: each at a limit."""
    names = FIELDS.split()
    yield "a page of everything", f"{{ profiles(first: 100) {{ edges {{ cursor node {{ {FIELDS} etag }} }} }} }}"
    yield "a page of tags", "{ profiles(first: 100) { edges { node { pk etag } } } }"
    leaves = " ".join(f"a{n}: editableFields" for n in range(28))
    yield "a page of what may be edited", f"{{ profiles(first: 68) {{ edges {{ node {{ {leaves} }} }} }} }}"
    yield "two pages", "{" + " ".join(f"a{n}: profiles(first: 100) {{ edges {{ cursor }} }}" for n in range(2)) + "}"
    hops = "updatedBy { updatedBy { pk } }"
    yield "who wrote, and who wrote those", f"{{ profiles(first: 90) {{ edges {{ node {{ {hops} }} }} }} }}"
    histories = "history(first: 2) { edges { cursor } }"
    yield "histories of others", f"{{ profiles(first: 7) {{ edges {{ node {{ {histories} }} }} }} }}"
    yield "many lists", "{" + " ".join(f"a{n}: profiles(first: 10) {{ edges {{ cursor }} }}" for n in range(7)) + "}"
    searches = " ".join(f'a{n}: profiles(first: 5, search: "ada {n}") {{ edges {{ cursor }} }}' for n in range(3))
    yield "three searches", f"{{ {searches} }}"
    yield "three counts", "{" + " ".join(f"a{n}: profiles(first: 1) {{ totalCount }}" for n in range(3)) + "}"
    yield "fifteen profiles", "{" + " ".join(f"a{n}: profile(pk: {n + 1}) {{ {FIELDS} }}" for n in range(15)) + "}"
    yield "the same field", "{ profile(pk: 1) {" + " pk" * 31 + "} }"
    yield "the same page", "{" + " profiles(first: 9) { edges { cursor } }" * 7 + "}"
    yield "what there is not", "{" + " ".join(f"profil{n}(usernam: 1)" for n in range(15)) + "}"
    yield "as many tokens as pass", "{ me(x: [" + "1 " * 785 + "]) { pk } }"
    yield "more tokens", "{ me(x: [" + "1 " * 5_000 + "]) { pk } }"
    yield (
        "twice as many spreads, forty times",
        "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40)),
    )
    yield "brackets", "{a" * 6_000
    spreads = " ".join(f"fragment F{n} on Profile {{ {' '.join(names)} }}" for n in range(30))
    yield "thirty fragments", "{ profile(pk: 1) {" + " ".join(f"...F{n}" for n in range(30)) + "} } " + spreads
    yield "the schema", "{ __schema { types { name fields { name args { name type { name } } } } } }"
    yield (
        "a bulk write",
        "mutation ($p: [ProfilePatch!]!) { updateProfiles(input: {profiles: $p}) { errors { code } } }",
    )


def variables_of(label):
    return {"p": [{"id": "x", "bio": "y" * 30}] * 600} if label == "a bulk write" else {}


def median_cpu(client, label, query):
    """What a document takes of this process's CPU, in ms, and what came of it."""
    body = json.dumps({"query": query, "variables": variables_of(label)})
    taken = []
    for _ in range(TIMES):
        start = time.process_time()
        response = client.post("/graphql/", body, content_type="application/json")
        taken.append((time.process_time() - start) * 1_000)
    error = next(iter(response.json().get("errors", [])), {"extensions": {"code": "done"}})
    return statistics.median(taken), error["extensions"].get("limit", error["extensions"]["code"])


def costs():
    from django.test import Client

    class HTTPSClient(Client):
        def generic(self, *args, **kwargs):
            return super().generic(*args, **kwargs | {"secure": True})

    client = HTTPSClient(headers={"host": "127.0.0.1"})
    client.post("/graphql/", {"query": A_PAGE}, content_type="application/json")  # what is done once
    measured = {label: median_cpu(client, label, query) for label, query in documents()}
    for label, (cpu, came_of_it) in sorted(measured.items(), key=lambda item: -item[1][0]):
        print(f"{'BAD' if cpu > MOST_CPU else 'ok':4}{cpu:8.1f} ms of CPU  {label}: {came_of_it}")  # noqa: T201
    return max(cpu for cpu, _ in measured.values())


@contextmanager
def serving():
    address = f"http://127.0.0.1:{PORT}"
    with open(os.devnull, "w") as log:
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{PORT}"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            transport = httpx.HTTPTransport(retries=20)  # until it listens
            with httpx.Client(transport=transport, timeout=30) as client:
                client.get(address, headers={"x-forwarded-proto": "https"})
            yield address
        finally:
            process.terminate()
            process.wait()


def sender(address, number):
    """A client behind a proxy, with an address of its own."""
    headers = {"x-forwarded-proto": "https", "x-forwarded-for": f"198.51.100.{number}"}
    return httpx.Client(base_url=address, headers=headers, timeout=60)


def latencies(address):
    """How long each of a client's reads took, in ms."""
    with sender(address, 0) as client:
        taken = []
        for _ in range(READS):
            start = time.perf_counter()
            assert "data" in client.post("/graphql/", json={"query": A_PAGE}).json()
            taken.append((time.perf_counter() - start) * 1_000)
            time.sleep(max(0, EVERY - taken[-1] / 1_000))
        return taken[READS // 10 :]  # the first ones warm up


def attack(address, number, over):
    """Send all of them in turn, as fast as they are answered: how often there was which outcome."""
    sent = {}
    with sender(address, number) as client:
        for label, query in cycle(documents()):
            if over.is_set():
                break
            answer = client.post("/graphql/", json={"query": query, "variables": variables_of(label)})
            said = next(iter(answer.json().get("errors", [])), {"extensions": {"code": "done"}})["extensions"]["code"]
            sent[said] = sent.get(said, 0) + 1
    return sent


def p99(taken):
    return statistics.quantiles(taken, n=100)[98]


def under_attack():
    over = Event()
    with serving() as address, ThreadPoolExecutor() as pool:
        quiet = latencies(address)
        attackers = [pool.submit(attack, address, 1 + n, over) for n in range(ATTACKERS)]
        beside = latencies(address)
        over.set()
        for attacker in attackers:
            print(f"     an attacker was answered {attacker.result()}")  # noqa: T201
    ratio = p99(beside) / p99(quiet)
    figures = f"p99 {p99(quiet):.1f} ms alone, {p99(beside):.1f} ms beside {ATTACKERS} attackers: {ratio:.2f} times"
    print(f"{'BAD' if ratio > 2 else 'ok':4} {figures}")  # noqa: T201
    return ratio


def main():
    with TemporaryDirectory() as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "server.settings",
            "DATABASE_URL": f"sqlite:///{folder}/worst.sqlite3",
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_hex(32),
            "JWT_KEYS": f"k={secrets.token_hex(32)}",
            "ALLOWED_HOSTS": "127.0.0.1",
            "TRUSTED_PROXIES": "127.0.0.1",
        }
        import django

        django.setup()
        logging.getLogger("httpx").setLevel(logging.WARNING)
        from django.conf import settings
        from django.core.management import call_command

        settings.DEBUG = True
        call_command("migrate", verbosity=0)
        call_command("demo", profiles=PROFILES)
        settings.DEBUG = False
        settings.READ_LIMIT = settings.WRITE_LIMIT = "1000000 per minute"
        most = costs()
        ratio = under_attack()
    return most > MOST_CPU or ratio > 2


if __name__ == "__main__":
    sys.exit(main())
