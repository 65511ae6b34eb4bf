"""`python -m tests.bench.worst`: the CPU time of the most expensive documents, and a client's latency beside attackers.

Prints each document's CPU time on the server (the mean of several) and the size of its response. Then prints the
latency of a client that reads a page, alone and beside four clients that send these documents as fast as they can.
Exits with 1 if a document takes more than `MOST_CPU`, or if the client's 99th percentile more than doubles.
"""

import json
import os
import re
import secrets
import statistics
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from http.client import HTTPConnection
from itertools import cycle, takewhile

import httpx
from graphql import get_introspection_query

from tests.bench.service import PROXIED, UNLIMITED, add_demo_accounts, database, serving

MOST_CPU = 50  # ms
PROFILES = 2_000
TIMES = 20
ATTACKERS = 4
NICE = 10
READS = 500
EVERY = 0.12  # seconds between the client's reads, so that it stays within its rate limit
FIELDS = (
    "id pk username email bio displayName location website timeZone visibility emailPublic isActive createdAt "
    "updatedAt version editableFields"
)
A_PAGE = "{ profiles(first: 20) { edges { node { id username displayName bio } } pageInfo { endCursor } } }"


def documents():
    """The most expensive documents of each kind, each at a limit."""
    names = FIELDS.split()
    yield "a page of everything", f"{{ profiles(first: 100) {{ edges {{ cursor node {{ {FIELDS} etag }} }} }} }}"
    yield "a page of tags", "{ profiles(first: 100) { edges { node { pk etag } } } }"
    leaves = " ".join(f"a{n}: editableFields" for n in range(28))
    yield "a page of what may be edited", f"{{ profiles(first: 75) {{ edges {{ node {{ {leaves} }} }} }} }}"
    everything = f"edges {{ cursor node {{ {FIELDS} etag }} }}"
    yield "a page whose size is a float", f"query ($n: Int) {{ profiles(first: $n) {{ {everything} }} }}"
    bios = " ".join(f"a{n}: bio" for n in range(20))
    yield "a page of texts", f"{{ profiles(first: 100) {{ edges {{ node {{ {bios} }} }} }} }}"
    yield "as many texts as pass", f"{{ profiles(first: 15) {{ edges {{ node {{ {bios} }} }} }} }}"
    yield "two pages", "{" + " ".join(f"a{n}: profiles(first: 100) {{ edges {{ cursor }} }}" for n in range(2)) + "}"
    hops = "updatedBy { updatedBy { pk } }"
    yield "who wrote, and who wrote those", f"{{ profiles(first: 100) {{ edges {{ node {{ {hops} }} }} }} }}"
    histories = "history(first: 2) { edges { cursor } }"
    yield "histories of others", f"{{ profiles(first: 5) {{ edges {{ node {{ {histories} }} }} }} }}"
    yield "many lists", "{" + " ".join(f"a{n}: profiles(first: 20) {{ edges {{ cursor }} }}" for n in range(5)) + "}"
    searches = " ".join(f'a{n}: profiles(first: 5, search: "ada {n}") {{ edges {{ cursor }} }}' for n in range(3))
    yield "three searches", f"{{ {searches} }}"
    searches = " ".join(f"a{n}: profiles(first: 5, search: $s) {{ edges {{ cursor }} }}" for n in range(6))
    yield "six searches by a default", f'query ($s: String = "ada") {{ {searches} }}'
    yield "three counts", "{" + " ".join(f"a{n}: profiles(first: 1) {{ totalCount }}" for n in range(3)) + "}"
    yield "ten profiles", "{" + " ".join(f"a{n}: profile(pk: {n + 1}) {{ {FIELDS} }}" for n in range(10)) + "}"
    yield "the same field", "{ profile(pk: 1) {" + " pk" * 31 + "} }"
    yield "the same page", "{" + " profiles(first: 20) { edges { cursor } }" * 5 + "}"
    yield "what there is not", "{" + " ".join(f"profil{n}(usernam: 1)" for n in range(10)) + "}"
    yield "as many tokens as pass", "{ me(x: [" + "1 " * 485 + "]) { pk } }"
    yield "more tokens", "{ me(x: [" + "1 " * 5_000 + "]) { pk } }"
    yield (
        "twice as many spreads, forty times",
        "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40)),
    )
    yield "a number of 4,301 digits", f"{{ profile(pk: {'1' * 4_301}) {{ pk }} }}"
    yield "brackets", "{a" * 6_000
    spreads = " ".join(f"fragment F{n} on Profile {{ {' '.join(names)} }}" for n in range(15))
    yield "fifteen fragments", "{ profile(pk: 1) {" + " ".join(f"...F{n}" for n in range(15)) + "} } " + spreads
    yield "the schema", "{ __schema { types { name fields { name args { name type { name } } } } } }"
    yield (
        "a bulk write",
        "mutation ($p: [ProfilePatch!]!) { updateProfiles(input: {profiles: $p}) { errors { code } } }",
    )


def own_documents():
    """The most expensive documents that need a token."""
    entries = "edges { cursor node { version at source requestId actor { pk } changes { field from to } } }"
    yield "a history with its changes", f"{{ me {{ history(first: 100) {{ {entries} }} }} }}"
    yield "a history by a float", f"query ($n: Int) {{ me {{ history(first: $n) {{ {entries} }} }} }}"
    histories = " ".join(f"a{n}: history(first: 100) {{ {entries} }}" for n in range(2))
    yield "two histories", f"{{ me {{ {histories} }} }}"
    histories = " ".join(f"a{n}: history(first: 33) {{ {entries} }}" for n in range(3))
    yield "three short histories", f"{{ me {{ {histories} }} }}"
    yield "a history without changes", "{ me { history(first: 100) { edges { cursor node { version at source } } } } }"
    yield "the whole schema", get_introspection_query()
    types = " ".join(f"a{n}: types {{ name fields {{ name args {{ name type {{ name }} }} }} }}" for n in range(18))
    yield "the schema many times", f"{{ __schema {{ {types} }} }}"


def body_of(label, query):
    """A document's request body. Each is distinct, so that no cached result is used."""
    variables = {"p": [{"id": "x", "bio": "y" * 30}] * 600} if label == "a bulk write" else {"n": 100.0}
    return json.dumps({"query": f"{query}#{secrets.token_hex(4)}", "variables": variables})


def cpu_of(address, worker, label, query, token=None):
    """A document's CPU time on the server in ms, its response's size in KB, and its outcome."""
    bodies = [body_of(label, query) for _ in range(TIMES)]
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    with sender(address, 0) as client:
        before = sum(worker.cpu_times()[:2])
        for body in bodies:
            answer = client.post("/graphql/", content=body, headers=headers)
        taken = (sum(worker.cpu_times()[:2]) - before) / TIMES * 1_000
    error = next(iter(answer.json().get("errors", [])), {"extensions": {"code": "done"}})
    return taken, len(answer.content) / 1_000, error["extensions"].get("limit", error["extensions"]["code"])


def costs(token):
    """The highest CPU time of a document, in ms."""
    with serving(WEB_CONCURRENCY="1", READ_LIMIT=UNLIMITED, WRITE_LIMIT=UNLIMITED) as (address, (worker,)):
        with sender(address, 0) as client:
            client.post("/graphql/", json={"query": A_PAGE})  # one-time work
        measured = {label: cpu_of(address, worker, label, query) for label, query in documents()}
        measured |= {label: cpu_of(address, worker, label, query, token) for label, query in own_documents()}
    for label, (cpu, size, came_of_it) in sorted(measured.items(), key=lambda item: -item[1][0]):
        verdict = "BAD" if cpu > MOST_CPU else "ok"
        print(f"{verdict:4}{cpu:8.1f} ms of CPU{size:9.1f} KB  {label}: {came_of_it}")  # noqa: T201
    return max(cpu for cpu, *_ in measured.values())


def member_with_history():
    """The token of a member with a full page of history, each change of the maximum length."""
    from django.utils import timezone

    from profiles.core.models import Source
    from profiles.identity import families
    from profiles.models import Profile

    profile = Profile.objects.get(username="john_doe")
    texts = {"bio": 2_000, "display_name": 100, "location": 100, "website": 200, "email": 250, "username": 50}
    fields = {name: ["x" * length, "y" * length] for name, length in texts.items()}
    fields |= {"time_zone": ["UTC", "Europe/Madrid"], "visibility": ["public", "members"]}
    fields |= {"email_public": [False, True], "is_active": [True, True]}
    profile.history.bulk_create(
        profile.history.model(
            profile=profile, actor=profile, version=1_000 + n, at=timezone.now(), source=Source.REST, fields=fields
        )
        for n in range(100)
    )
    return families.start(profile).token


def sender(address, number):
    """A client behind a proxy, with its own address."""
    return httpx.Client(base_url=address, headers=headers_of(number), timeout=60)


def headers_of(number):
    return PROXIED | {"x-forwarded-for": f"198.51.100.{number}"}


def latencies(address):
    """The duration of each of a client's reads, in ms."""
    with sender(address, 0) as client:
        taken = []
        for _ in range(READS):
            start = time.perf_counter()
            assert b'"data"' in client.post("/graphql/", json={"query": A_PAGE}).content
            taken.append((time.perf_counter() - start) * 1_000)
            time.sleep(max(0, EVERY - taken[-1] / 1_000))
        return taken


def attack(address, number, until):
    """Send the documents in turn, as fast as they are answered; return the number of each outcome.

    A real attacker computes on another machine: here it gets a low priority, so that it takes no CPU from the service.
    """
    os.nice(NICE)
    sent = Counter()
    headers = headers_of(number) | {"content-type": "application/json"}
    connection = HTTPConnection(address.removeprefix("http://"))
    for label, query in takewhile(lambda _: time.monotonic() < until, cycle(documents())):
        connection.request("POST", "/graphql/", body_of(label, query), headers)
        said = re.search(rb'"code":"([A-Z_]+)"', connection.getresponse().read())
        sent[said[1].decode() if said else "done"] += 1
    return sent


def p99(taken):
    return statistics.quantiles(taken, n=100)[98]


def under_attack():
    """The client's 99th percentile beside the attackers, divided by that alone. Each attacker is a process."""
    with serving() as (address, _), ProcessPoolExecutor(ATTACKERS) as pool:
        latencies(address)  # warms up
        quiet = latencies(address)
        until = time.monotonic() + READS * EVERY
        attackers = [pool.submit(attack, address, 1 + number, until) for number in range(ATTACKERS)]
        beside = latencies(address)
        sent = sum((attacker.result() for attacker in attackers), Counter())
    assert not sent["INTERNAL"], sent
    print(f"     the attackers were answered {dict(sent)}")  # noqa: T201
    ratio = p99(beside) / p99(quiet)
    medians = f"median {statistics.median(quiet):.1f} and {statistics.median(beside):.1f} ms"
    figures = f"p99 {p99(quiet):.1f} ms alone, {p99(beside):.1f} ms beside {ATTACKERS} attackers: {ratio:.2f} times"
    print(f"{'BAD' if ratio > 2 else 'ok':4} {figures} ({medians})")  # noqa: T201
    return ratio


def main():
    with database(TRUSTED_PROXIES="127.0.0.1"):
        add_demo_accounts(PROFILES)
        most = costs(member_with_history())
        ratio = under_attack()
    return most > MOST_CPU or ratio > 2


if __name__ == "__main__":
    sys.exit(main())
