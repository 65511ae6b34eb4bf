"""The worker, which sends the queued messages. Several can run concurrently, on any machine.

A message is deleted from the queue after the mail server accepts it. If the worker is killed in between, the message
is sent again with the same Message-ID. If the database is unavailable in between, the worker deletes it later.
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

INTERVAL = 1.0  # seconds between two polls of an empty queue
LONGEST_PAUSE = 30.0  # seconds, while the mail server or the database is unavailable
FIRST_BACK_OFF = timedelta(seconds=5)  # before a message's first retry; doubled for each further one
LONGEST_BACK_OFF = timedelta(minutes=15)
LIFE = timedelta(hours=24)  # a message is retried for this long
ABANDONED = timedelta(minutes=2)  # more than a running worker needs for a message: its timeouts are 10 seconds
CLEAR_EVERY = 3_600  # seconds
KEPT = timedelta(days=30)  # failed messages are kept this long, for operators
PERMANENT = 500  # reply codes from here on are permanent failures (RFC 5321, section 4.2.1)


DATABASE_AWAY = (OperationalError, InterfaceError)


class Worker:
    """Sends the queued messages one after another until `stopping` is set.

    A message that the mail server rejects permanently is marked as failed; after other errors it is retried.
    """

    def __init__(self) -> None:
        self.name = secrets.token_hex(4)
        self.stopping = Event()
        self.failures = 0  # consecutive failures to reach the mail server or the database
        self.sent: Row | None = None  # sent but not yet deleted
        self.cleared_at = -math.inf  # monotonic time

    def run(self) -> None:
        """Send messages until `stopping` is set."""
        while not self.stopping.is_set():
            close_old_connections()  # in the service, Django does this after each request
            if not self.send_next():
                self.stopping.wait(self.pause)

    @property
    def pause(self) -> float:
        """Seconds until the next poll; they grow with each consecutive failure."""
        return min(LONGEST_PAUSE, INTERVAL * 2.0 ** min(self.failures, 10))

    def send_next(self) -> bool:
        """Try to send one message. Returns whether to continue without a pause: a message was found and the servers
        responded."""
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
        """Claim the message that has waited longest, of those that are due or whose worker was killed; None if there
        is none."""
        now = timezone.now()
        abandoned = DBTaskResult.objects.running().filter(started_at__lt=now - ABANDONED)
        rows = (DBTaskResult.objects.ready() | abandoned).order_by("enqueued_at")
        if not rows.exists():  # needs no lock; SQLite has only one, for the whole database
            self._clear()
            return None
        with transaction.atomic():
            row = rows.select_for_update(skip_locked=True).first()
            if row:
                row.claim(self.name)
            return row

    def _clear(self) -> None:
        """Delete old failed messages. Runs once an hour, because DELETE takes SQLite's lock even if no row matches."""
        if time.monotonic() >= self.cleared_at + CLEAR_EVERY:
            DBTaskResult.objects.failed().filter(finished_at__lt=timezone.now() - KEPT).delete()
            self.cleared_at = time.monotonic()

    def _send(self, row: Row) -> None:
        """Send a claimed message, and record the result in the queue. Raises `ServerAway`."""
        try:
            row.task.call(TaskContext(task_result=cast(Any, row.task_result)), *row.args_kwargs["args"])
        except ServerAway:
            _update(row, status=TaskResultStatus.READY, worker_ids=row.worker_ids[:-1])  # does not count as an attempt
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
    """Record a message's result in the queue, unless another worker has claimed the message since."""
    DBTaskResult.objects.filter(pk=row.pk, started_at=row.started_at).update(**values)


def _fail(row: Row, error: Exception) -> None:
    """Mark a message as failed. Stores the error's traceback but not its text, which may contain an address."""
    _update(
        row,
        status=TaskResultStatus.FAILED,
        finished_at=timezone.now(),
        exception_class_path=f"{type(error).__module__}.{type(error).__qualname__}",
        traceback=f"{_reply_code(error) or ''}\n{''.join(traceback.format_tb(error.__traceback__))}".strip(),
    )


def _is_temporary(error: Exception) -> bool:
    """Whether a retry may succeed: depends on the server's reply code, if there is one."""
    code = _reply_code(error)
    return isinstance(error, (SMTPException, OSError, *DATABASE_AWAY)) and (code is None or code < PERMANENT)


def _reply_code(error: Exception) -> int | None:
    """The mail server's reply code, or None; of several for refused recipients, the lowest, which may be temporary."""
    if isinstance(error, SMTPRecipientsRefused):
        return min(code for code, _text in error.recipients.values())
    return error.smtp_code if isinstance(error, SMTPResponseException) else None


def _back_off(attempts: int) -> timedelta:
    """The time until the next attempt, with jitter, so that messages that failed together are not retried together."""
    doubled: timedelta = FIRST_BACK_OFF * 2 ** min(attempts - 1, 10)
    return min(LONGEST_BACK_OFF, doubled) * random.uniform(0.75, 1)  # noqa: S311  # no secret


def _described(row: Row, error: Exception) -> str:
    kind, what = row.args_kwargs["args"][0], type(error).__name__
    return f"kind={kind} id={row.pk} attempts={len(row.worker_ids)} error={what} code={_reply_code(error)}"
