"""The mail worker with a real SMTP server that accepts mail, refuses it, hangs, or is down."""

import logging
from datetime import timedelta

import pytest
import time_machine
from django.core.mail import EmailMultiAlternatives
from django.db import OperationalError
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from profiles.core.metrics import MAIL
from profiles.mail import queue, state, worker
from profiles.mail.checks import check_mail
from profiles.mail.worker import Worker
from tests.cluster.processes import free_port
from tests.parity.test_statements import statements
from tests.smtp import listening
from tests.state import undone

ADDRESS = "somebody@example.com"
SECRET = "WDJB-MJHT"


@pytest.fixture(autouse=True)
def letters(monkeypatch):
    """Kinds of messages for these tests."""

    def written(address):
        message = EmailMultiAlternatives("Your code", f"{SECRET}\n", to=[address])
        message.attach_alternative(f"<p>{SECRET}</p>", "text/html")
        return message

    def badly_written(address):
        raise ValueError(f"nothing can be written to {address}")

    kinds = {"written": written, "badly": badly_written, "nothing": lambda address: None}
    monkeypatch.setattr(queue, "_writers", kinds)


@pytest.fixture
def smtp(settings, db):
    with listening() as server:
        settings.MAIL_IS_ON, settings.EMAIL_BACKEND = True, "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 10
        settings.DEFAULT_FROM_EMAIL = "service@example.com"
        yield server


def only_row():
    return DBTaskResult.objects.get()


def test_a_message_is_sent_once_as_text_and_as_html(smtp):
    queue.enqueue("written", address=ADDRESS)
    key = only_row().pk
    assert smtp.connections == 0  # enqueueing does not contact the mail server
    assert Worker().send_next()
    assert not Worker().send_next()
    (message,) = smtp.taken
    assert (message["From"], message["To"], message["Subject"]) == ("service@example.com", ADDRESS, "Your code")
    assert str(key) in message["Message-ID"]
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert all(SECRET in part.get_content() for part in message.iter_parts())
    assert not DBTaskResult.objects.exists()


def test_what_is_rolled_back_is_not_sent(smtp):
    with undone():
        queue.enqueue("written", address=ADDRESS)
    assert not Worker().send_next()
    assert smtp.taken == []


def test_where_there_is_nothing_to_send_nothing_is_kept(smtp):
    queue.enqueue("nothing", address=ADDRESS)
    assert Worker().send_next()
    assert not DBTaskResult.objects.exists()
    assert smtp.taken == []


@pytest.mark.parametrize(
    ("attribute", "reply"),
    [
        ("recipient_reply", "451 try later"),
        ("data_reply", "452 full"),
        ("recipient_reply", "421 closing"),
        ("ill", "hangs"),
        ("ill", "hangs up"),
    ],
)
def test_what_may_go_well_another_time_is_tried_again_later(attribute, reply, smtp, settings):
    well = getattr(smtp, attribute)
    settings.EMAIL_TIMEOUT = 0.5 if reply == "hangs" else 10
    queue.enqueue("written", address=ADDRESS)
    sender = Worker()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for attempts in range(1, 4):
            setattr(smtp, attribute, reply)
            assert sender.send_next()
            row = only_row()
            wait = (row.run_after - timezone.now()).total_seconds()
            assert (row.status, len(row.worker_ids)) == (TaskResultStatus.READY, attempts)
            assert 3.75 <= wait / 2 ** (attempts - 1) <= 5
            assert not sender.send_next()  # too early
            clock.shift(wait)
        setattr(smtp, attribute, well)
        settings.EMAIL_TIMEOUT = 10
        assert sender.send_next()
    assert len(smtp.taken) == 1
    assert not DBTaskResult.objects.exists()


@pytest.mark.parametrize("attribute", ["recipient_reply", "data_reply"])
def test_what_is_refused_for_good_is_kept_as_failed(attribute, smtp):
    setattr(smtp, attribute, f"550 no {ADDRESS} here")
    queue.enqueue("written", address=ADDRESS)
    assert Worker().send_next()
    row = only_row()
    assert (row.status, row.traceback.split()[0]) == (TaskResultStatus.FAILED, "550")
    assert row.exception_class_path.startswith("smtplib.SMTP")
    assert ADDRESS not in row.traceback
    assert not Worker().send_next()


def test_what_cant_be_written_is_kept_as_failed(smtp):
    queue.enqueue("badly", address=ADDRESS)
    assert Worker().send_next()
    row = only_row()
    assert (row.status, row.exception_class_path) == (TaskResultStatus.FAILED, "builtins.ValueError")
    assert "in badly_written" in row.traceback
    assert ADDRESS not in row.traceback


def test_a_message_is_tried_for_a_day(smtp):
    smtp.data_reply = "452 full"
    queue.enqueue("written", address=ADDRESS)
    for hours, status in ((23, TaskResultStatus.READY), (25, TaskResultStatus.FAILED)):
        with undone(), time_machine.travel(timezone.now() + timedelta(hours=hours)):
            assert Worker().send_next()
            assert only_row().status == status


def test_what_failed_is_kept_for_a_month(smtp):
    smtp.data_reply = "550 never"
    queue.enqueue("written", address=ADDRESS)
    Worker().send_next()
    for days, kept in ((29, True), (31, False)):
        with undone(), time_machine.travel(timezone.now() + timedelta(days=days)):
            assert not Worker().send_next()
            assert DBTaskResult.objects.exists() is kept


def test_a_look_at_an_empty_queue_takes_no_lock(smtp):
    sender = Worker()
    sender.send_next()
    assert [sql.split()[0] for sql in statements(sender.send_next)] == ["SELECT"]


@pytest.mark.parametrize("away", ["nothing listens", "it lets nobody in"])
def test_while_the_server_is_away_messages_wait_and_none_uses_up_its_attempts(away, smtp, settings):
    if away == "nothing listens":
        settings.EMAIL_PORT = free_port()
    else:
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "somebody", "whose password is wrong"
    for _message in range(3):
        queue.enqueue("written", address=ADDRESS)
    sender = Worker()
    assert sender.pause == 1
    for failures, pause in ((1, 2), (2, 4), (3, 8)):
        assert not sender.send_next()
        assert (sender.failures, sender.pause) == (failures, pause)
    sender.failures = 5_000  # more than a day of failures
    assert sender.pause == worker.LONGEST_PAUSE
    assert {len(row.worker_ids) for row in DBTaskResult.objects.all()} == {0}
    settings.EMAIL_PORT, settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = smtp.port, "", ""
    while sender.send_next():
        assert sender.failures == 0
    assert len(smtp.taken) == 3


def test_a_message_whose_worker_was_killed_is_taken_up(smtp):
    queue.enqueue("written", address=ADDRESS)
    only_row().claim("killed")
    for since, sent in ((worker.ABANDONED - timedelta(seconds=1), False), (worker.ABANDONED, True)):
        with time_machine.travel(timezone.now() + since):
            assert Worker().send_next() is sent
    assert len(smtp.taken) == 1


def test_no_log_has_an_address_or_a_code(smtp, caplog):
    caplog.set_level(logging.DEBUG)
    for attribute, reply in (
        ("recipient_reply", f"550 no {ADDRESS}"),
        ("recipient_reply", f"450 {ADDRESS}"),
        ("ill", "hangs up"),
    ):
        queue.enqueue("written", address=ADDRESS)
        setattr(smtp, attribute, reply)
        Worker().send_next()
        smtp.recipient_reply = "250 OK"
    queue.enqueue("badly", address=ADDRESS)
    Worker().send_next()
    ours = [record for record in caplog.records if record.name.startswith(("profiles", "django_tasks"))]
    texts = [caplog.handler.format(record) for record in ours]
    assert len([text for text in texts if "was not sent" in text or "can't be sent" in text]) == 4
    assert not [text for text in texts if ADDRESS in text or SECRET in text]


def test_operators_see_what_waits_and_what_failed(smtp):
    smtp.data_reply = "550 never"
    queue.enqueue("written", address=ADDRESS)
    Worker().send_next()
    queue.enqueue("written", address=ADDRESS)
    assert state.look() == "ok"
    assert [MAIL.labels(name)._value.get() for name in ("waiting", "failed")] == [1, 1]
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert state.look() == "late"


def test_a_message_that_was_sent_is_deleted_when_the_database_is_back(smtp, monkeypatch):
    def away(_row):
        raise OperationalError

    queue.enqueue("written", address=ADDRESS)
    sender = Worker()
    with monkeypatch.context() as patch:
        patch.setattr(DBTaskResult, "delete", away)
        for failures in (1, 2):
            assert not sender.send_next()
            assert sender.failures == failures
    with time_machine.travel(timezone.now() + worker.ABANDONED):
        assert not sender.send_next()
    assert len(smtp.taken) == 1
    assert not DBTaskResult.objects.exists()


@pytest.mark.parametrize("reply", ["452 full", "550 never"])
def test_a_worker_that_was_thought_dead_changes_nothing_of_what_another_does(reply, smtp):
    smtp.data_reply = reply
    queue.enqueue("written", address=ADDRESS)
    slow, other = Worker(), Worker()
    row = slow._claimed()
    with time_machine.travel(timezone.now() + worker.ABANDONED):
        assert other._claimed().pk == row.pk
    slow._send(row)
    assert (only_row().status, only_row().worker_ids) == (TaskResultStatus.RUNNING, [slow.name, other.name])


def test_a_worker_that_was_thought_dead_goes_on_where_another_sent_its_message(smtp):
    queue.enqueue("written", address=ADDRESS)
    slow = Worker()
    row = slow._claimed()
    with time_machine.travel(timezone.now() + worker.ABANDONED):
        assert Worker().send_next()
    smtp.data_reply = "452 full"
    slow._send(row)
    assert not DBTaskResult.objects.exists()


def test_a_message_that_is_to_be_tried_later_is_not_late(smtp):
    smtp.data_reply = "452 full"
    queue.enqueue("written", address=ADDRESS)
    sender = Worker()
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False) as clock:
        assert state.look() == "late"
        assert sender.send_next()
        assert state.look() == "ok"
        clock.shift(timedelta(minutes=6))
        assert state.look() == "late"


def test_a_message_is_late_while_the_mail_server_is_away(smtp, settings):
    settings.EMAIL_PORT = free_port()
    queue.enqueue("written", address=ADDRESS)
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert not Worker().send_next()
        assert state.look() == "late"


def test_a_production_without_mail_is_warned(settings):
    for is_on, ids in ((True, []), (False, ["profiles.W001"])):
        settings.MAIL_IS_ON = is_on
        assert [each.id for each in check_mail(None)] == ids
