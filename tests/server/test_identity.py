"""Identity under concurrency on a real server.

A refresh token has one successor, and as many guesses pass as the limit.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

from profiles.identity import families
from tests.profiles.identity.test_families import digest
from tests.profiles.identity.test_throttling import LIMIT
from tests.server.conftest import ServerClient, serving

CLIENTS = 8
ATTEMPTS = 1_000


def test_one_token_refreshed_by_eight_at_once_has_one_living_child(cast, at_once, rounds):
    for _ in range(max(rounds // 6, 1)):
        pair = families.start(cast["owner"])
        apis = ("rest", "graphql") * (CLIENTS // 2)
        calls = [lambda mine, api=api, text=pair.refresh_token: mine[api].refresh(text) for api in apis]
        answers = at_once(*calls)
        assert {answer.outcome for answer in answers} == {"done"}
        assert len({answer.body["refresh_token"] for answer in answers}) == 1
        family = cast["owner"].token_families.latest("created_at")
        child = answers[0].body["refresh_token"]
        assert [family.digest, family.previous_digest] == [digest(child), digest(pair.refresh_token)]


def test_a_burst_of_guesses_gets_exactly_as_many_looks_as_the_limit(cast, redis_alone, test_database, tmp_path, report):
    guess = json.dumps({"username": "owner", "password": "wrong"})
    one = 'a: tokenAuth(username: "Owner", password: "wrong") { token }'
    documents = {
        "rest": ("/auth/token/", guess),
        "graphql": ("/graphql/", json.dumps({"query": f"mutation {{ {one} }}"})),
        "aliases": ("/graphql/", json.dumps({"query": f"mutation {{ {one} {one.replace('a:', 'b:')} }}"})),
    }

    def attempt(number_and_kind):
        number, kind = number_and_kind
        headers = {"x-forwarded-for": f"198.51.100.{number % 256}"}
        answer = clients[number % len(clients)].generic("POST", *documents[kind], "application/json", headers)
        assert answer.status_code < 500
        return next(code for code in ("UNAUTHENTICATED", "THROTTLED", "BAD_REQUEST") if code in answer.text)

    log = tmp_path / "log"
    with serving(log, **test_database, WEB_CONCURRENCY="4", **redis_alone) as address:
        clients = [ServerClient(address) for _ in range(32)]
        with ThreadPoolExecutor(len(clients)) as pool:
            codes = list(pool.map(attempt, enumerate(islice(cycle(documents), ATTEMPTS))))
        for client in clients:
            client.http.close()
    looked_at = log.read_text().count("event=sign_in_failed")
    report(f"{ATTEMPTS} attempts, 4 workers: {looked_at} passwords looked at, the limit is {LIMIT}")
    assert looked_at == codes.count("UNAUTHENTICATED") == LIMIT
    with_aliases = codes[2 :: len(documents)]  # refused as a whole; after many of them, before they are parsed
    assert set(with_aliases) == {"BAD_REQUEST", "THROTTLED"}
    assert codes.count("BAD_REQUEST") == with_aliases.count("BAD_REQUEST")
