"""gunicorn's worker: a thread a request, and a refusal of what is no HTTP that is the catalogue's."""

import socket
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import ThreadWorker


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        from server.edge.unread import answer_to  # Django is set up by now, and was not when gunicorn began

        try:
            util.write_nonblock(client, answer_to(exc))
        except OSError as error:
            self.log.debug("The client was gone before the answer: %s", error)
