"""A mail server that stores the messages it accepts, and the worker that sends mail to it."""

import mailbox
import sys
from collections import Counter

from tests.bench.service import ROOT
from tests.cluster.processes import Process, answers, free_port

HANDLER = "tests.smtp.Holding"


class MailServer(Process):
    """aiosmtpd, storing each message as a file."""

    @property
    def messages(self):
        return [message for _key, message in mailbox.Maildir(self.folder / "messages").iteritems()]

    def taken(self):
        """How often each message was accepted, by its key in the queue."""
        return Counter(key_of(message["Message-ID"]) for message in self.messages)

    @property
    def _held(self):
        return self.folder / "held"

    def hold(self):
        """Leave the next message unanswered until `release`."""
        self._held.touch()

    def held(self):
        """The key of the unanswered message, or ""."""
        return key_of(self._held.read_text())

    def release(self):
        self._held.unlink()


def key_of(message_id):
    return message_id.strip("<>").partition("@")[0]


def server(folder):
    folder.mkdir(exist_ok=True)
    port = free_port()
    address = f"127.0.0.1:{port}"
    command = [sys.executable, "-m", "aiosmtpd", "--nosetuid", "--class", HANDLER, "--listen", address]
    return MailServer(
        "smtp",
        [*command, str(folder / "messages")],
        folder,
        address,
        lambda: answers(port),
        environment={"PYTHONPATH": str(ROOT)},
    )


def variables(smtp, site):
    """The service's variables for mail through this server, with links to this site."""
    return {"EMAIL_URL": f"smtp://{smtp.address}", "MAIL_FROM": "profiles@example.com", "SITE_URL": site}


def worker(folder, environment, name="mail"):
    """`manage.py mail`, which listens on no port."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, str(ROOT / "manage.py"), "mail"]
    return Process(name, command, folder, "-", lambda: True, environment=environment)
