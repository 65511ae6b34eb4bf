"""The queue of mail. A message is enqueued in the transaction of what it is about, and written when it is sent, by
the worker: until then the queue holds neither its text nor a code."""

from __future__ import annotations

from collections.abc import Callable
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django_tasks import TaskContext, task

Writer = Callable[..., EmailMessage | None]
_writers: dict[str, Writer] = {}


class ServerAway(Exception):
    """The mail server can't be reached, or lets nobody in."""


def letter(write: Writer) -> Writer:
    """Register what writes the messages of one kind, whose name is the function's.

    It takes the facts that were enqueued, and is called again for each attempt to send. It gives None where there is
    nothing to send any more.
    """
    _writers[write.__name__] = write
    return write


def is_on() -> bool:
    """Whether mail is sent at all."""
    return bool(settings.MAIL_IS_ON)


def enqueue(kind: str, **facts: int | str) -> None:
    """Have a message of this kind written and sent, once the transaction is committed. Its facts are kept until then.

    Where mail is not sent, it does nothing.
    """
    if is_on():
        deliver.enqueue(kind, facts)


@task(takes_context=True)
def deliver(context: TaskContext, kind: str, facts: dict[str, Any]) -> None:
    """Write a message, and send it. One that is sent twice has one Message-ID.

    Raises:
        ServerAway: the mail server can't be reached.
        SMTPException, OSError: it did not take the message.
    """
    connection = mail.get_connection()
    try:
        _open(connection)
        if message := _writers[kind](**facts):
            message.extra_headers["Message-ID"] = f"<{context.task_result.id}@{mail.utils.DNS_NAME}>"
            connection.send_messages([message])
    finally:
        connection.close()


def _open(connection: BaseEmailBackend) -> None:
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        raise ServerAway from error
