"""A mail server that is down or hangs, and workers that die: requests stay fast, and each message is sent once."""

from itertools import count
from statistics import median

import httpx
import psycopg
import pytest

from tests.cast import PASSWORD
from tests.cluster.processes import wait_until
from tests.cluster.service import is_ready

ACCOUNTS = 8  # each causes three messages
MOST_SLOWER = 1.5  # times the duration of a request while the mail server runs
numbers = count(1)


class Queue:
    """The mail queue in the stack's database."""

    def __init__(self, url):
        self.url = url

    def execute(self, statement):
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def waiting(self):
        """The status of each queued message, by key."""
        rows = self.execute("SELECT id, status FROM django_tasks_database_dbtaskresult")
        return {str(key): status for key, status in rows}

    def wait(self):
        wait_until(lambda: not self.waiting(), "what was enqueued is sent")

    def let_time_pass(self):
        """Move the start of messages in progress back three minutes, so that their worker counts as dead."""
        self.execute("UPDATE django_tasks_database_dbtaskresult SET started_at = started_at - interval '3 minutes'")


@pytest.fixture
def queue(two_services):
    """The queue, empty. A message that was being sent when another test stopped PostgreSQL is sent now."""
    queue = Queue(two_services.database_url)
    queue.let_time_pass()
    queue.wait()
    return queue


def use(proxy):
    """Sign up, change the address and request a recovery, which all cause mail; return each request's seconds."""
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
        measured["with"] += use(stack.proxy)
        queue.wait()
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
        queue.wait()

    under_load(stack, "no mail server", 5, cause)
    taken = stack.smtp.taken()
    assert {key: taken[key] for key in expected} == dict.fromkeys(expected, 1)
    before, after = (median(measured[name]) for name in ("with", "without"))
    note(f"A request that enqueues mail took {before * 1000:.0f} ms, and {after * 1000:.0f} ms without a mail server.")
    if request.config.getoption("--at-length"):
        assert after <= MOST_SLOWER * before


def test_no_database(two_services, queue):
    """The worker waits for PostgreSQL, and sends the queued mail afterwards."""
    stack = two_services
    worker, before = stack.mail.process.pid, len(stack.smtp.messages)
    stack.postgresql.kill()
    wait_until(lambda: "The database is away" in stack.mail.log.read_text(), "the worker notices")
    stack.postgresql.start()
    wait_until(lambda: is_ready(stack.instances[0].address), "the service is ready")
    use(stack.proxy)
    queue.wait()
    assert (stack.mail.process.pid, stack.mail.is_running) == (worker, True)
    assert len(stack.smtp.messages) == before + 3 * ACCOUNTS
    log = stack.mail.log.read_text()
    assert "@example.com" not in log
    assert "Traceback" not in log
