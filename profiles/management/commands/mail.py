"""`manage.py mail`: runs the worker that sends queued messages."""

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from profiles.mail import queue
from profiles.mail.worker import Worker


class Command(BaseCommand):
    help = "Sends the mail that is enqueued, until SIGTERM or SIGINT; then it ends after the message in hand."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="end when nothing waits, or a server is away")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        if not queue.is_on():
            raise CommandError("No mail is sent here: set EMAIL_URL.")
        worker = Worker()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stopping.set())
        if not once:
            worker.run()
        while once and not worker.stopping.is_set() and worker.send_next():
            pass
