"""Mail on a developer's machine without a mail server: printed, and stored for the page `/mail/`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from email import message_from_bytes
from email.message import EmailMessage as Message
from email.policy import default
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

SHOWN = 50  # newest messages


class Backend(BaseEmailBackend):
    """Prints each message, and stores it as a file in the directory `EMAIL_FILE_PATH`."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        directory = _directory()
        directory.mkdir(mode=0o700, exist_ok=True)
        for message in messages:
            (directory / f"{time.time_ns()}.eml").write_bytes(message.message().as_bytes())
            sys.stdout.write(f"\nTo: {', '.join(message.to)}\nSubject: {message.subject}\n\n{message.body}\n")
            sys.stdout.flush()
        return len(messages)


def kept() -> Iterable[Message]:
    """The stored messages, newest first."""
    files = sorted(_directory().glob("*.eml"), reverse=True)[:SHOWN]
    return (message_from_bytes(file.read_bytes(), policy=default) for file in files)


def page(request: HttpRequest) -> HttpResponse:
    """The page with the stored messages."""
    messages = [
        {"to": message["To"], "subject": message["Subject"], "date": message["Date"], "text": _text(message)}
        for message in kept()
    ]
    return render(request, "mail.html", {"messages": messages})


def _text(message: Message) -> str:
    part = message.get_body(("plain",))
    return str(part.get_content()) if part else ""


def _directory() -> Path:
    return Path(settings.EMAIL_FILE_PATH)
