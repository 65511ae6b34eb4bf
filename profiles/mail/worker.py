"""The worker, which sends what is in the queue. Several can run at once, on any machine.

A message is deleted from the queue when the mail server has taken it. If the worker is killed between the two, the
message is sent again, with the same Message-ID. If the database is away between the two, the worker deletes it later.
"""

from __future__ import annotations

import logging
import math
import random
import secrets
import time
import traceback
from datetime import timedelta
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from threading import Event
from typing import Any, TypeAlias, cast

from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.utils import timezone
from django_tasks import TaskContext, TaskResultStatus
from django_tasks_db.models import DBTaskResult

from profiles.mail.queue import ServerAway

Row: TypeAlias = "DBTaskResult[Any, Any]"

logger = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds between two looks at an empty queue
LONGEST_PAUSE = 30.0  # seconds, while the mail server or the database is away
FIRST_BACK_OFF = timedelta(seconds=5)  # of a message that was not taken; doubled each time
LONGEST_BACK_OFF = timedelta(minutes=15)
LIFE = timedelta(hours=24)  # in which it is tried
ABANDONED = timedelta(minutes=2)  # longer than a worker that lives needs for a message: its timeouts are of 10 seconds
CLEAR_EVERY = 3_600  # seconds
KEPT = timedelta(days=30)  # what failed, for an operator to see
PERMANENT = 500  # reply codes from here on (RFC 5321, section 4.2.1)


DATABASE_AWAY = (OperationalError, InterfaceError)


class Worker:
    """Sends the messages of the queue, one after the other, until `stopping` is set.

    What the mail server refuses for good is kept as failed; anything else is tried again.
    """

    def __init__(self) -> None:
        self.name = secrets.token_hex(4)
        self.stopping = Event()
        self.failures = 0  # to reach the mail server or the database, one after the other
        self.sent: Row | None = None  # and not deleted yet
        self.cleared_at = -math.inf  # by the monotonic clock

    def run(self) -> None:
        """Send until it is told to stop."""
        while not self.stopping.is_set():
            close_old_connections()  # a request's end does it elsewhere
            if not self.send_next():
                self.stopping.wait(self.pause)

    @property
    def pause(self) -> float:
        """Seconds until it looks again: longer, the longer a server is away."""
        return min(LONGEST_PAUSE, INTERVAL * 2.0 ** min(self.failures, 10))

    def send_next(self) -> bool:
        """Try to send one message. Returns whether to go on at once: there may be more, and the servers answer."""
        try:
            self._delete_sent()
            row = self._claimed()
            if row:
                self._send(row)
        except ServerAway as error:
            self._away("mail server", error.__cause__)
            return False
        except DATABASE_AWAY as error:
            self._away("database", error)
            return False
        self.failures = 0
        return row is not None

    def _away(self, what: str, error: BaseException | None) -> None:
        self.failures += 1
        logger.warning("The %s is away (%s)", what, type(error).__name__)

    def _claimed(self) -> Row | None:
        """The message that waits longest of those whose time has come, or whose worker was killed; now this one's."""
        now = timezone.now()
        abandoned = DBTaskResult.objects.running().filter(started_at__lt=now - ABANDONED)
        rows = (DBTaskResult.objects.ready() | abandoned).order_by("enqueued_at")
        if not rows.exists():  # without a lock, which SQLite has one of
            self._clear()
            return None
        with transaction.atomic():
            row = rows.select_for_update(skip_locked=True).first()
            if row:
                row.claim(self.name)
            return row

    def _clear(self) -> None:
        """Delete what failed long ago, once an hour: a delete takes SQLite's lock even where there is nothing."""
        if time.monotonic() >= self.cleared_at + CLEAR_EVERY:
            DBTaskResult.objects.failed().filter(finished_at__lt=timezone.now() - KEPT).delete()
            self.cleared_at = time.monotonic()

    def _send(self, row: Row) -> None:
        """Send a message that was claimed, and say in the queue what became of it. Raises `ServerAway`."""
        try:
            row.task.call(TaskContext(task_result=cast(Any, row.task_result)), *row.args_kwargs["args"])
        except ServerAway:
            _update(row, status=TaskResultStatus.READY, worker_ids=row.worker_ids[:-1])  # this was no attempt
            raise
        except Exception as error:
            if _is_temporary(error) and row.enqueued_at > timezone.now() - LIFE:
                again = timezone.now() + _back_off(len(row.worker_ids))
                _update(row, status=TaskResultStatus.READY, run_after=again)
                logger.warning("A message was not sent, and is tried again: %s", _described(row, error))
            else:
                _fail(row, error)
                logger.error("A message can't be sent: %s", _described(row, error))
        else:
            self.sent = row
            self._delete_sent()

    def _delete_sent(self) -> None:
        if self.sent:
            self.sent.delete()
            self.sent = None


def _update(row: Row, **values: Any) -> None:
    """Say in the queue what became of a message, unless another worker took it up meanwhile: that one will."""
    DBTaskResult.objects.filter(pk=row.pk, started_at=row.started_at).update(**values)


def _fail(row: Row, error: Exception) -> None:
    """Keep a message as failed. What is kept of the error is where it was raised, and not its text, which may have an
    address."""
    _update(
        row,
        status=TaskResultStatus.FAILED,
        finished_at=timezone.now(),
        exception_class_path=f"{type(error).__module__}.{type(error).__qualname__}",
        traceback=f"{_reply_code(error) or ''}\n{''.join(traceback.format_tb(error.__traceback__))}".strip(),
    )


def _is_temporary(error: Exception) -> bool:
    """Whether what went wrong may go well another time: by the server's reply, where it gave one."""
    code = _reply_code(error)
    return isinstance(error, (SMTPException, OSError, *DATABASE_AWAY)) and (code is None or code < PERMANENT)


def _reply_code(error: Exception) -> int | None:
    """The mail server's reply; where it refused each recipient, the one that may be another next time."""
    if isinstance(error, SMTPRecipientsRefused):
        return min(code for code, _text in error.recipients.values())
    return error.smtp_code if isinstance(error, SMTPResponseException) else None


def _back_off(attempts: int) -> timedelta:
    """The time until another attempt, with a random part, so that those that failed together come apart."""
    doubled: timedelta = FIRST_BACK_OFF * 2 ** min(attempts - 1, 10)
    return min(LONGEST_BACK_OFF, doubled) * random.uniform(0.75, 1)  # noqa: S311  # no secret


def _described(row: Row, error: Exception) -> str:
    kind, what = row.args_kwargs["args"][0], type(error).__name__
    return f"kind={kind} id={row.pk} attempts={len(row.worker_ids)} error={what} code={_reply_code(error)}"
