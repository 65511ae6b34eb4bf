"""A real SMTP server on the loopback interface, which takes mail, refuses it, hangs or hangs up, as a test says."""

import asyncio
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

from tests.cluster.processes import free_port

TAKEN = "250 OK"


class Handler:
    """Answers what comes after DATA, and after each RCPT."""

    def __init__(self):
        self.taken = []  # messages
        self.connections = 0
        self.recipient_reply = self.data_reply = TAKEN
        self.ill = None  # "hangs", until it is well again, or "hangs up", in the middle of a message
        self.held = 0  # messages in the middle of which it hung

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  # aiosmtpd names it
        if self.recipient_reply == TAKEN:
            envelope.rcpt_tos.append(address)
        return self.recipient_reply

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.ill == "hangs up":
            server.transport.abort()
            await asyncio.sleep(3600)
        self.held += self.ill == "hangs"
        while self.ill == "hangs":
            await asyncio.sleep(0.02)
        if self.data_reply == TAKEN:
            self.taken.append(message_from_bytes(envelope.content, policy=default))
        return self.data_reply


class Holding(Mailbox):
    """Keeps what it takes in a directory. While there is a file `held` beside that, it leaves each message unanswered,
    and writes its Message-ID into the file."""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        held = Path(self.mail_dir).parent / "held"
        if held.exists():
            held.write_text(message_from_bytes(envelope.content)["Message-ID"])
        while held.exists():
            await asyncio.sleep(0.02)
        return await super().handle_DATA(server, session, envelope)


class Server(Controller):
    def factory(self):
        self.handler.connections += 1
        return SMTP(self.handler, hostname="localhost")


@contextmanager
def listening(port=None):
    """A server's handler, which has its `port`. It takes everything at first."""
    handler = Handler()
    server = Server(handler, hostname="127.0.0.1", port=port or free_port())
    server.start()
    handler.port, handler.connections = server.port, 0  # the first was its own, to see that it listens
    try:
        yield handler
    finally:
        server.stop(no_assert=True)
