"""The web worker: gunicorn's threads, but that only whole requests get one.

gunicorn itself gives a thread to a connection as soon as it is open, reads from it for as long as the client likes,
and says goodbye in the one loop that takes new connections, for two seconds each. Here a connection waits in that
loop, without a thread, until its headers are there; with a thread, its patience ends (see mediahub/patience.py).
"""

import errno
import selectors
import socket
import time
from collections import deque
from contextlib import suppress
from functools import partial
from typing import Any

from django.conf import settings
from gunicorn import util
from gunicorn.errors import ConfigError
from gunicorn.workers.gthread import TConn, ThreadWorker

from mediahub import refusals
from mediahub.patience import FAREWELL_SECONDS, PatientSocket, Terms
from problems.errors import RequestTimeout

END_OF_HEAD = b"\r\n\r\n"
# More than a client of ours needs; past it a thread reads on, and refuses by gunicorn's own limits.
HEAD_BYTES = 65_536
READ_BYTES = 16_384
LINGER_SECONDS = 2.0
LINGER_BYTES = 1024 * 1024
# Errors of `accept` that are the client's: it left before it was let in.
GONE = (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK)


class Connection(TConn):
    """A connection, and what has arrived of the next request's headers."""

    sock: PatientSocket
    timeout: float

    def __init__(self, worker: "WebWorker", client: PatientSocket, address: Any, server: Any) -> None:
        super().__init__(worker.cfg, client, address, server)
        self._worker = worker
        self.head = bytearray()
        self.drained = 0

    def take_head(self) -> bool:
        """Take what is there; whether a thread is needed, for whole headers or for a refusal."""
        try:
            piece = self.sock.recv(READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            piece = b""
        seen = max(0, len(self.head) - len(END_OF_HEAD))
        self.head += piece
        return not piece or len(self.head) > HEAD_BYTES or self.head.find(END_OF_HEAD, seen) >= 0

    def hand_over(self) -> None:
        """Give the parser what was taken."""
        self.init()
        parser: Any = self.parser
        parser.unreader.unread(bytes(self.head))
        self.head.clear()

    def close(self, graceful: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's signature
        """Close; gracefully without keeping the worker's loop waiting, as gunicorn's own does."""
        if graceful and self.sock.fileno() >= 0:
            self._worker.linger(self)
        else:
            util.close(self.sock)


class WebWorker(ThreadWorker):
    """One process, `WEB_THREADS` threads."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._lingering: deque[Connection] = deque()
        # Requests that have a thread, or wait for one.
        self._busy = 0
        self._terms = Terms(
            seconds=settings.CLIENT_PATIENCE_SECONDS,
            bytes_per_second=settings.CLIENT_BYTES_PER_SECOND,
            is_crowded=lambda: self._busy > self.cfg.threads * 3 / 4,
        )

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """TLS belongs to the proxy in front: its handshake is none of what is waited for here."""
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ConfigError("MediaHub speaks no TLS itself; put a proxy in front (deploy/nginx.conf).")

    # Connections that wait without a thread

    def accept(self, listener: Any) -> None:
        """Let a client in, and wait for its headers."""
        try:
            plain, address = listener.accept()
        except OSError as error:
            if error.errno not in GONE:
                raise
            return
        self.nr_conns += 1
        connection = Connection(self, PatientSocket.over(plain, self._terms), address, listener.getsockname())
        readable = partial(self.on_pending_socket_readable, connection)
        self._await_head(connection)
        self.poller.register(connection.sock, selectors.EVENT_READ, readable)

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        """More of the headers."""
        if conn.take_head():
            super().on_pending_socket_readable(conn, client)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """The next request on a connection that was kept."""
        if conn.take_head():
            super().on_client_socket_readable(conn, client)
            return
        self.keepalived_conns.remove(conn)
        self._await_head(conn)
        self.poller.modify(client, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _await_head(self, conn: Connection) -> None:
        conn.timeout = time.monotonic() + self._terms.seconds
        self.pending_conns.append(conn)

    def murder_pending(self) -> None:
        """Give up on headers that do not come to an end, and on clients that do not hear the end of a connection."""
        now = time.monotonic()
        pending: deque[Any] = self.pending_conns
        while pending and pending[0].timeout <= now:
            conn = pending.popleft()
            self.poller.unregister(conn.sock)
            self.nr_conns -= 1
            self._refuse_slow_head(conn)
        while self._lingering and self._lingering[0].timeout <= now:
            self._let_go(self._lingering.popleft())

    def _refuse_slow_head(self, conn: Connection) -> None:
        if not conn.head:
            conn.close()
            return
        with suppress(OSError):
            conn.sock.send(refusals.answer(RequestTimeout("The headers did not come to an end in time.")))
        conn.close(graceful=True)

    def _cap_keepalive(self, deadline: float) -> None:
        """A stopping worker waits for nobody who has not asked for anything yet."""
        super()._cap_keepalive(deadline)  # type: ignore[misc]  # younger than its stubs
        pending: deque[Any] = self.pending_conns
        for conn in pending:
            conn.timeout = min(conn.timeout, deadline)

    def linger(self, conn: Connection) -> None:
        """Say the end, and read on for a moment, so that no unread byte makes a reset of the answer just sent."""
        try:
            conn.sock.settimeout(0)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError):
            conn.close()
            return
        conn.timeout = time.monotonic() + LINGER_SECONDS
        self._lingering.append(conn)

    def _drain(self, conn: Connection, client: PatientSocket) -> None:
        try:
            piece = client.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        conn.drained += len(piece)
        if not piece or conn.drained > LINGER_BYTES:
            self._lingering.remove(conn)
            self._let_go(conn)

    def _let_go(self, conn: Connection) -> None:
        self.poller.unregister(conn.sock)
        conn.close()

    # Requests that have a thread

    def enqueue_req(self, conn: Any) -> None:
        """A worker whose threads are all taken leaves new connections to the others."""
        self._busy += 1
        super().enqueue_req(conn)
        self.set_accept_enabled(True)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """A thread is free again."""
        self._busy -= 1
        super().finish_request(conn, fs)

    def set_accept_enabled(self, enabled: bool | None) -> None:  # noqa: FBT001 - gunicorn's signature
        """Called in each turn of the loop. A worker that is stopping takes nobody new, whoever asks."""
        super().set_accept_enabled(bool(enabled) and self.alive and self._busy < self.cfg.threads)

    def handle(self, conn: Any) -> Any:
        """In a thread: the request whose headers are there."""
        conn.sock.begin(earns=False)
        conn.hand_over()
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """The body and the answer; who was too slow is told that this is the end of the connection."""
        conn.sock.begin(earns=True, gave_up=req.force_close)
        refusals.refuse_unclear_host(req)
        refusals.refuse_unclear_type(req)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ARG002 - gunicorn's signature
        """Refuse what is no HTTP as everything else is refused (RFC 9457), where gunicorn writes a page."""
        problem = refusals.problem_of(exc)
        request_id = refusals.new_id()
        if problem is None:
            self.log.error("Fault outside of any request, told the client: %s", request_id, exc_info=exc)
        else:
            said = refusals.shortened(str(exc))
            self.log.warning("Invalid request from ip=%s request_id=%s: %s", addr[0] if addr else "", request_id, said)
        with suppress(OSError):
            client.settimeout(FAREWELL_SECONDS)
            client.sendall(refusals.answer(problem or refusals.fault(), request_id=request_id))
