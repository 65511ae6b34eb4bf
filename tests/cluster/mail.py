"""A mail server that keeps what it takes, and the worker that sends mail to it."""

import mailbox
import sys
from collections import Counter

from tests.bench.service import ROOT
from tests.cluster.processes import Process, answers, free_port

HANDLER = "tests.smtp.Holding"


class MailServer(Process):
    """aiosmtpd, which keeps each message as a file."""

    @property
    def messages(self):
        return [message for _key, message in mailbox.Maildir(self.folder / "messages").iteritems()]

    def ids(self):
        """How often each message was taken, by its Message-ID."""
        return Counter(message["Message-ID"] for message in self.messages)

    def hold(self):
        """From now on leave a message that comes unanswered, until `release`."""
        (self.folder / "held").touch()

    def release(self):
        (self.folder / "held").unlink()


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
    """The service's environment, for mail by this server with links to this site."""
    return {"EMAIL_URL": f"smtp://{smtp.address}", "MAIL_FROM": "profiles@example.com", "SITE_URL": site}


def worker(folder, environment, name="mail"):
    """`manage.py mail`, which listens nowhere."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, str(ROOT / "manage.py"), "mail"]
    return Process(name, command, folder, "-", lambda: True, environment=environment)
