"""An SMTP server on the loopback interface that accepts mail, refuses it, hangs or hangs up, as a test decides."""

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
    """Answer RCPT and DATA."""

    def __init__(self):
        self.taken = []  # messages
        self.connections = 0
        self.recipient_reply = self.data_reply = TAKEN
        self.ill = None  # "hangs": waits in a message until it is reset; "hangs up": closes the connection in a message
        self.held = 0  # messages in which it hung

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
    """Store messages in a directory.

    While a file `held` exists beside it, leave each message unanswered and write its Message-ID into the file.
    """

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
    """Run a server; yield its handler, which has its `port`. At first it accepts everything."""
    handler = Handler()
    server = Server(handler, hostname="127.0.0.1", port=port or free_port())
    server.start()
    handler.port, handler.connections = server.port, 0  # do not count the server's own start-up connection
    try:
        yield handler
    finally:
        server.stop(no_assert=True)
