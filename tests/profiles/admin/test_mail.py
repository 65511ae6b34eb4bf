"""The mail queue in the admin."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from profiles.mail import queue

LIST = reverse("admin:django_tasks_database_dbtaskresult_changelist")
ADDRESS = "somebody@example.com"


@pytest.fixture
def rows(db, settings):
    """A waiting message, and one that failed, both old."""
    settings.MAIL_IS_ON = True
    for _message in range(2):
        queue.enqueue("recovery", address=ADDRESS)
    waiting, failed = DBTaskResult.objects.all()
    failed.status, failed.traceback = TaskResultStatus.FAILED, "550"
    failed.exception_class_path = "smtplib.SMTPDataError"
    failed.enqueued_at = failed.finished_at = timezone.now() - timedelta(days=2)
    failed.save()
    return waiting, failed


def page_of(row):
    return reverse("admin:django_tasks_database_dbtaskresult_change", args=[row.pk])


def send_again(client, *rows):
    return client.post(LIST, {"action": "again", "_selected_action": [str(row.pk) for row in rows]}, follow=True)


def test_the_pages_have_no_address(rows, cast, client):
    client.force_login(cast["staff"])
    for page, told in ((LIST, "recovery"), *((page_of(row), "recovery") for row in rows), (page_of(rows[1]), "550")):
        text = client.get(page).content.decode()
        assert told in text
        assert ADDRESS not in text


def test_staff_have_what_failed_sent_again(rows, cast, client, mail):
    waiting, failed = rows
    client.force_login(cast["staff"])
    since = timezone.now()
    assert "Messages to send again: 1." in send_again(client, waiting, failed).content.decode()
    failed.refresh_from_db()
    assert failed.status == TaskResultStatus.READY
    assert since <= failed.enqueued_at == failed.run_after  # another day of attempts
    assert "Messages to send again: 0." in send_again(client, waiting, failed).content.decode()
    assert mail() == []  # no account has this address
    assert not DBTaskResult.objects.exists()


@pytest.mark.parametrize("name", ["owner", "member"])
def test_nobody_else_sees_or_sends_any(rows, cast, client, name):
    client.force_login(cast[name])
    for response in (client.get(LIST), client.get(page_of(rows[1])), send_again(client, rows[1])):
        assert "recovery" not in response.content.decode()
    rows[1].refresh_from_db()
    assert rows[1].status == TaskResultStatus.FAILED


def test_staff_change_add_and_delete_none(rows, cast, client):
    client.force_login(cast["staff"])
    for path in ("add", "delete"):
        arguments = [] if path == "add" else [rows[1].pk]
        url = reverse(f"admin:django_tasks_database_dbtaskresult_{path}", args=arguments)
        assert client.post(url, {"post": "yes"}).status_code == 403
    assert client.post(page_of(rows[1]), {"status": "READY"}).status_code == 403
    assert DBTaskResult.objects.filter(status=TaskResultStatus.FAILED).count() == 1
