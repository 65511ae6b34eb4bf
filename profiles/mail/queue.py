"""The mail queue. A message is enqueued in the transaction that causes it. The worker writes its text when it sends
it, so the queue contains no texts or codes."""

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
    """The mail server can't be reached or rejects the connection or login."""


def letter(write: Writer) -> Writer:
    """Register the function that writes one kind of message; its name is the kind.

    The function gets the enqueued facts as keyword arguments, and is called for each attempt to send. It returns None
    if there is nothing to send any more.
    """
    _writers[write.__name__] = write
    return write


def is_on() -> bool:
    """Whether mail is configured."""
    return bool(settings.MAIL_IS_ON)


def enqueue(kind: str, **facts: int | str) -> None:
    """Enqueue a message of a kind, to be written from the facts and sent after the transaction is committed.

    Does nothing if mail is off.
    """
    if is_on():
        deliver.enqueue(kind, facts)


@task(takes_context=True)
def deliver(context: TaskContext, kind: str, facts: dict[str, Any]) -> None:
    """Write a message and send it. A message that is sent twice has the same Message-ID.

    Raises:
        ServerAway: the mail server can't be reached.
        SMTPException, OSError: the server did not accept the message.
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
