"""Mail workers as processes: several at once, and one that is stopped, killed, or loses its database."""

import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from profiles.mail import queue
from profiles.mail.worker import ABANDONED
from tests.cluster.mail import key_of
from tests.cluster.processes import wait_until
from tests.server.conftest import MOST_SECONDS, ROOT
from tests.smtp import listening

MANY = 40


@pytest.fixture
def smtp():
    with listening() as server:
        yield server


@pytest.fixture
def working(test_database, smtp, tmp_path):
    """Run a worker and yield its process. It writes to `log` in `tmp_path`."""
    environment = {"EMAIL_URL": f"smtp://127.0.0.1:{smtp.port}", "MAIL_FROM": "profiles@example.com"}

    @contextmanager
    def working():
        with (tmp_path / "log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "mail"],
                cwd=ROOT,
                env=os.environ | {"SITE_URL": "https://example.com"} | environment | test_database,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
            if process.poll() is None:
                process.terminate()
                assert process.wait(MOST_SECONDS) == 0, (tmp_path / "log").read_text()
        finally:
            process.kill()
            process.wait(MOST_SECONDS)

    return working


@pytest.fixture
def enqueue(cast, settings):
    """Enqueue `count` notices, each to another address; return the keys of the queue."""
    settings.MAIL_IS_ON = True

    def enqueue(count=1):
        for number in range(count):
            queue.enqueue("email_changed", profile=cast.pk("owner"), address=f"somebody-{number}@example.com")
        return {str(key) for key in DBTaskResult.objects.values_list("pk", flat=True)}

    return enqueue


def taken(smtp):
    """How often each message was accepted, by its key in the queue."""
    return Counter(key_of(message["Message-ID"]) for message in smtp.taken)


def wait_until_all_is_sent():
    wait_until(lambda: not DBTaskResult.objects.exists(), "all is sent")


def test_two_workers_send_each_message_once(enqueue, working, smtp):
    keys = enqueue(MANY)
    with ExitStack() as started:
        for _worker in range(2):
            started.enter_context(working())
        wait_until_all_is_sent()
    assert taken(smtp) == dict.fromkeys(keys, 1)


def test_at_sigterm_the_message_in_hand_is_sent_and_no_other(enqueue, working, smtp):
    enqueue(2)
    smtp.ill = "hangs"
    with working() as process:
        wait_until(lambda: smtp.held, "a message is being sent")
        process.send_signal(signal.SIGTERM)
        smtp.ill = None
        assert process.wait(MOST_SECONDS) == 0
    assert len(smtp.taken) == DBTaskResult.objects.count() == 1


def test_a_message_whose_worker_is_killed_in_the_middle_of_it_is_sent_once(enqueue, working, smtp):
    keys = enqueue()
    smtp.ill = "hangs"
    with working() as process:
        wait_until(lambda: smtp.held, "a message is being sent")
        process.kill()
        process.wait(MOST_SECONDS)
    smtp.ill = None
    row = DBTaskResult.objects.get()
    assert row.status == TaskResultStatus.RUNNING
    DBTaskResult.objects.update(started_at=timezone.now() - ABANDONED - timedelta(seconds=1))
    with working():
        wait_until_all_is_sent()
    assert taken(smtp) == dict.fromkeys(keys, 1)


def test_no_line_of_the_log_has_an_address(enqueue, working, smtp, tmp_path):
    smtp.recipient_reply = "550 no somebody-0@example.com here"
    enqueue()
    with working():
        wait_until(lambda: DBTaskResult.objects.filter(status=TaskResultStatus.FAILED).exists(), "it failed")
    log = (tmp_path / "log").read_text()
    assert "error=SMTPRecipientsRefused code=550" in log
    assert "@example.com" not in log


def test_a_worker_survives_the_loss_of_its_database(enqueue, working, smtp):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no connections to lose")
    enqueue()
    with working():
        wait_until_all_is_sent()
        for number in range(2, 5):
            with connection.cursor() as cursor:
                others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                wait_until(
                    lambda: cursor.execute(f"SELECT pg_terminate_backend(pid) {others}") or cursor.fetchall(),  # noqa: B023
                    "a connection of the worker's ends",
                )
            enqueue()
            wait_until_all_is_sent()
            assert len(smtp.taken) == number
