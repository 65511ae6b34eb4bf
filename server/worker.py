"""gunicorn's threaded worker, which buffers requests until they are complete and answers malformed HTTP with our codes.

gunicorn gives each connection a thread, which waits for the client's data. A few clients that send slowly, or nothing,
then hold all threads. Here the main thread waits, and buffers the data until the request is complete. gunicorn's parser
then reads the buffer. Completeness only decides when a request gets a thread: if the check is wrong, the thread waits
for the rest, at most `STALL_SECONDS` at a time.

Unless a long request runs (`server.edge.traffic`), all threads of a worker run on one CPU. Python executes one of them
at a time, and each hand-over to a thread on another CPU has to wake that CPU, which takes a third of the time. Every
`CHOOSE_EVERY`, the main thread may run on any CPU until the next request, and the others follow it to where the kernel
lets it run. Beside a long request, threads run on any CPU: on one, a thread that wakes would wait until the kernel
interrupts another.
"""

import errno
import re
import select
import selectors
import socket
import struct
import time
from functools import cached_property, partial
from threading import local
from typing import Any

from gunicorn import util
from gunicorn.http.errors import LimitRequestHeaders
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from profiles.core import cpus
from server.threads import Threads

ARRIVAL_SECONDS = 20  # for a request to arrive, from the start of a new connection or its first byte on a kept one
STALL_SECONDS = 20  # that a thread waits for a client that neither sends nor reads
MOST_HEAD = 64 * 1024  # bytes of a request's head
SEND_BUFFER = 1024 * 1024  # bytes of a response that the kernel buffers for a slow client, if its limits allow
AT_ONCE = 64 * 1024  # bytes per read
CHOOSE_EVERY = 0.1  # seconds

LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
CODED = re.compile(rb"\r\ntransfer-encoding:[ \t]*([^\r\n]*)", re.IGNORECASE)
CHUNK_SIZE = re.compile(rb"([0-9a-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n", re.IGNORECASE)
EXPECTED = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.cpus = cpus.ALLOWED  # of its threads
        self.chosen_at = 0.0  # when they were chosen, by the monotonic clock
        self.thread = local()

    @cached_property
    def most_body(self) -> int:
        """The bytes of a body that are buffered. Django refuses a longer body without reading it."""
        from django.conf import settings  # not at the top: gunicorn imports this module before Django is set up

        return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0

    @cached_property
    def traffic(self) -> Any:
        from server.edge.traffic import traffic  # not at the top, as above

        return traffic

    def get_thread_pool(self) -> Threads:
        return Threads(self.cfg.threads)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """gunicorn's method. In addition, it chooses the CPUs of the worker's threads from time to time."""
        is_due = time.monotonic() >= self.chosen_at + CHOOSE_EVERY
        if is_due:
            cpus.run_on_any()
        super().wait_for_and_dispatch_events(timeout)
        if is_due:
            self.chosen_at = time.monotonic()
            self.cpus = cpus.ALLOWED if self.traffic.had_long_one() else cpus.stay()

    def handle(self, conn: Any) -> Any:
        """gunicorn's method, which a thread calls for each request. Moves the thread to the worker's CPU first."""
        if getattr(self.thread, "cpus", None) != self.cpus:
            self.thread.cpus = self.cpus
            cpus.run_on(self.cpus)
        return super().handle(conn)

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection, and wait for its first request."""
        if self.cfg.is_ssl:
            super().accept(listener)
            return
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._close_one()
            return  # otherwise another worker accepted it, or the client is gone
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            client.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", STALL_SECONDS, 0))
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._close_one()
        conn = TConn(self.cfg, client, address, listener.getsockname())
        self._wait(conn, bytearray())
        self.on_pending_socket_readable(conn, client)

    def set_accept_enabled(self, enabled: bool) -> None:
        """gunicorn's method. In addition, a stopping worker accepts pending connections, then closes its listeners.

        gunicorn closes the listeners seconds later. Connections that arrive meanwhile would be reset, unless another
        process listens too. A proxy cannot retry a write after a reset; it can after a refused connection.
        """
        super().set_accept_enabled(enabled)
        if enabled or self.alive or self.cfg.is_ssl:
            return
        for listener in (each for each in self.sockets if each.sock):
            poll = select.poll()
            poll.register(listener, select.POLLIN)
            while poll.poll(0):
                self.accept(listener)
            listener.close()

    def _close_one(self) -> None:
        """Close the connection that has waited longest for a request, to make room for another."""
        for waiting in (self.pending_conns, self.keepalived_conns):
            if waiting:
                waiting[0].timeout = 0
                break
        self.murder_keepalived()
        self.murder_pending()

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """Wait for the next request on a kept-alive connection."""
        if self.cfg.is_ssl:
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._wait(conn, bytearray())
        self.on_pending_socket_readable(conn, client)

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        if self.cfg.is_ssl:
            super().on_pending_socket_readable(conn, client)
            return
        try:
            received = client.recv(AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        conn.arrived += received
        if not received or self._is_whole(conn):
            self._serve(conn)

    def finish_request(self, conn: Any, future: Any) -> None:
        """gunicorn's method. In addition, data of a pipelined request is buffered until that request is complete."""
        ahead = b""
        served = not future.cancelled() and future.exception() is None and future.result() is True
        if served and not self.cfg.is_ssl:
            ahead = conn.parser.unreader.take_buffered()
        if not ahead:
            super().finish_request(conn, future)
            return
        conn.sock.setblocking(False)
        self._wait(conn, bytearray(ahead))
        if self._is_whole(conn):
            self._serve(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _wait(self, conn: Any, arrived: bytearray) -> None:
        """Wait for a request on this connection. `arrived`: its data so far."""
        conn.arrived, conn.is_continued, conn.chunk = arrived, False, 0
        conn.timeout = time.monotonic() + (ARRIVAL_SECONDS if self.alive else STOP_KEEPALIVE_LINGER)
        self.pending_conns.append(conn)
        readable = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def _is_whole(self, conn: Any) -> bool:
        """Whether a thread can read the request to its end, or refuse it, without waiting for the client."""
        arrived: bytearray = conn.arrived
        head = arrived.find(b"\r\n\r\n")
        if head < 0:
            return len(arrived) > MOST_HEAD
        head += 4
        if coding := CODED.search(arrived, 0, head):
            is_whole = coding[1].strip().lower() != b"chunked" or self._has_last_chunk(conn, head)
        else:
            length = LENGTH.search(arrived, 0, head)
            is_whole = length is None or int(length[1]) > self.most_body or len(arrived) - head >= int(length[1])
        if not (is_whole or conn.is_continued) and EXPECTED.search(arrived, 0, head):
            conn.is_continued = True
            try:
                conn.sock.send(CONTINUE)
            except OSError:  # the client is gone; a thread handles this
                return True
        return is_whole

    def _has_last_chunk(self, conn: Any, start: int) -> bool:
        """Whether a body's last chunk has arrived (RFC 9112, section 7.1), or its chunks are invalid or too long."""
        arrived: bytearray = conn.arrived
        conn.chunk = conn.chunk or start  # position of the next chunk
        while len(arrived) - start <= self.most_body:
            size = CHUNK_SIZE.match(arrived, conn.chunk)
            if not size:
                return arrived.find(b"\n", conn.chunk) >= 0
            end = size.end() + int(size[1], 16)
            if end == size.end():
                return arrived.find(b"\r\n\r\n", end - 2) >= 0  # the end of the trailers
            if len(arrived) < end + 2:
                return False
            if arrived[end : end + 2] != b"\r\n":
                return True
            conn.chunk = end + 2
        return True

    def _serve(self, conn: Any) -> None:
        """Give a waiting connection a thread, or close it if nothing arrived."""
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        arrived = bytes(conn.arrived)
        if len(arrived) > MOST_HEAD and b"\r\n\r\n" not in arrived:
            self.handle_error(None, conn.sock, conn.client, LimitRequestHeaders("head"))
            arrived = b""
        if not arrived:
            self.nr_conns -= 1
            conn.close()
            return
        conn.data_ready = True
        conn.init()
        conn.parser.unreader.unread(arrived)
        self.enqueue_req(conn)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        from server.edge.unread import answer_to  # not at the top, as above

        try:
            util.write_nonblock(client, answer_to(exc))
        except OSError as error:
            self.log.debug("The client was gone before the answer: %s", error)
