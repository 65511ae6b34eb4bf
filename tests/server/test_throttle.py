"""Rate limits over several processes that count in one Redis."""

from concurrent.futures import ThreadPoolExecutor

from tests.apis import RESTAPI, GraphQLAPI
from tests.server.conftest import ServerClient, serving

BUDGET = 300
CALLS = 1_000


def test_exactly_as_many_pass_as_the_budget_has(cast, redis_alone, test_database, tmp_path, report):
    token, pk = cast.token("member"), cast.pk("shown")
    limits = {"WEB_CONCURRENCY": "4", **redis_alone, "READ_LIMIT": f"{BUDGET} per hour"}
    with serving(tmp_path / "log", **test_database, **limits) as address:
        clients = [ServerClient(address) for _ in range(32)]
        apis = [(RESTAPI if n % 2 else GraphQLAPI)(client) for n, client in enumerate(clients)]
        with ThreadPoolExecutor(len(apis)) as pool:
            outcomes = list(pool.map(lambda n: apis[n % len(apis)].view(pk, token=token).outcome, range(CALLS)))
        for client in clients:
            client.http.close()
    passed = outcomes.count("done")
    report(f"{passed} of {CALLS} passed a budget of {BUDGET}, over 4 workers and both APIs")
    assert (passed, outcomes.count("THROTTLED")) == (BUDGET, CALLS - BUDGET)
