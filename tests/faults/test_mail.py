"""A mail server that is away or hangs, and workers that die: no request is slower, and each message is sent once."""

from itertools import count
from statistics import median

import httpx
import psycopg
import pytest

from tests.cast import PASSWORD
from tests.cluster.processes import wait_until

ACCOUNTS = 8  # which have three messages each
MOST_SLOWER = 1.5  # times as long as a request takes while there is a mail server
numbers = count(1)


class Queue:
    """The queue of mail in the stack's database."""

    def __init__(self, connection):
        self.connection = connection

    def waiting(self):
        """The keys of the messages, each with its status."""
        return {
            str(key): status
            for key, status in self.connection.execute("SELECT id, status FROM django_tasks_database_dbtaskresult")
        }

    def let_time_pass(self):
        """Have the messages that are being sent begun three minutes ago: a worker that lives needs less."""
        self.connection.execute(
            "UPDATE django_tasks_database_dbtaskresult SET started_at = started_at - interval '3 minutes'"
        )


@pytest.fixture
def queue(two_services):
    with psycopg.connect(two_services.database_url, autocommit=True) as connection:
        yield Queue(connection)


def use(proxy):
    """Sign up, change the address, ask for a new password: what causes mail. How long each took, in seconds."""
    took = []
    with httpx.Client(base_url=proxy.address, verify=proxy.trust) as http:

        def send(method, path, body):
            response = http.request(method, path, json=body).raise_for_status()
            took.append(response.elapsed.total_seconds())
            return response.json() if response.content else {}

        for number in (next(numbers) for _account in range(ACCOUNTS)):
            username, email = f"mailed-{number}", f"mailed-{number}@example.com"
            send("POST", "/profiles/", {"username": username, "email": email, "password": PASSWORD})
            tokens = http.post("/auth/token/", json={"username": username, "password": PASSWORD}).raise_for_status()
            http.headers["Authorization"] = f"Bearer {tokens.json()['token']}"
            send("PATCH", "/profiles/me/", {"email": f"new-{email}"})
            del http.headers["Authorization"]
            send("POST", "/auth/recovery/", {"email": email})
    return took


def test_no_mail_server(two_services, under_load, queue, note, request):
    stack, expected, measured = two_services, set(), {"with": [], "without": []}

    def cause(load):
        wait_until(lambda: not queue.waiting(), "what was enqueued is sent")
        measured["with"] += use(stack.proxy)
        wait_until(lambda: not queue.waiting(), "what was enqueued is sent")
        stack.smtp.kill()
        measured["without"] += use(stack.proxy)
        stack.mail.kill()
        waiting = queue.waiting()
        assert len(waiting) == 3 * ACCOUNTS
        expected.update(waiting)

        stack.smtp.hold()
        stack.smtp.start()
        stack.mail.start()
        held = wait_until(stack.smtp.held, "the mail server has a message, and does not answer")
        stack.mail.kill()
        assert queue.waiting()[held] == "RUNNING"
        load.wait_for_success()
        queue.let_time_pass()
        stack.smtp.release()
        stack.mail.start()
        wait_until(lambda: not queue.waiting(), "what was enqueued is sent")

    under_load(stack, "no mail server", 5, cause)
    taken = stack.smtp.taken()
    assert {key: taken[key] for key in expected} == dict.fromkeys(expected, 1)
    before, after = (median(measured[name]) for name in ("with", "without"))
    note(f"A request that enqueues mail took {before * 1000:.0f} ms, and {after * 1000:.0f} ms without a mail server.")
    if request.config.getoption("--at-length"):
        assert after <= MOST_SLOWER * before
