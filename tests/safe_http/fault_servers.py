"""Servers that do what they should not, on threads of their own at the loopback."""

import itertools
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

# No script outlives its test by more than this.
SECONDS = 10
PIECE = b"x" * 16_384

Script = Callable[["Peer"], None]


class Peer:
    """The client, as a server sees it; `connection` is TLS where the server speaks it."""

    def __init__(self, connection: socket.socket, ended: threading.Event) -> None:
        self.connection = connection
        self._ended = ended

    def request(self) -> bytes:
        """The head of what the client asks."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.connection.recv(65_536)
            if not piece:
                break
            head += piece
        return head

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, data: bytes, *, every: float = 0.05) -> None:
        """One byte at a time; each in time for a client that only looks at the pause."""
        for byte in data:
            self.send(bytes([byte]))
            self.pause(every)

    def pour(self, data: bytes, *, every: float = 0) -> None:
        """The same, again and again."""
        for _ in itertools.count():
            self.send(data)
            if every:
                self.pause(every)
            elif self._ended.is_set():
                return

    def pause(self, seconds: float = SECONDS) -> None:
        """Say nothing until so many seconds have passed; at the end of the test the connection ends too."""
        if self._ended.wait(seconds):
            raise ConnectionAbortedError

    def reset(self) -> None:
        """RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def hang_up(self) -> None:
        """FIN without TLS's goodbye."""
        self.connection.shutdown(socket.SHUT_RDWR)

    def half_close(self) -> None:
        """Nothing more will come from here, and the connection stays."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
        self.pause()

    def goodbye(self) -> None:
        """The end, as TLS and TCP want it."""
        with suppress(OSError, ValueError):
            if isinstance(self.connection, ssl.SSLSocket):
                self.connection = self.connection.unwrap()
            self.connection.shutdown(socket.SHUT_RDWR)


class FaultServer:
    """Runs its script for everyone who connects; `peers` counts them."""

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None) -> None:
        self._script = script
        self._tls = tls
        self._ended = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=16)
        self._threads: list[threading.Thread] = []
        self.peers = 0

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @contextmanager
    def running(self) -> Iterator["FaultServer"]:
        accepting = threading.Thread(target=self._accept, daemon=True)
        accepting.start()
        try:
            yield self
        finally:
            self._ended.set()
            # A close alone does not wake a thread that accepts.
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            for thread in (accepting, *self._threads):
                thread.join(SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.peers += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(SECONDS)
        with suppress(OSError, ValueError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            peer = Peer(connection, self._ended)
            self._script(peer)
            peer.goodbye()
        connection.close()


@contextmanager
def serving(script: Script, *, tls: ssl.SSLContext | None) -> Iterator[FaultServer]:
    with FaultServer(script, tls=tls).running() as server:
        yield server


@contextmanager
def deaf() -> Iterator[int]:
    """A port whose queue is full: who connects hears nothing, not even a refusal."""
    waiting: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        port = listening.getsockname()[1]
        for _ in range(4):
            waiting.append(one := socket.socket())
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect(("127.0.0.1", port))
        time.sleep(0.05)
        try:
            yield port
        finally:
            for one in waiting:
                one.close()


# Scripts, and what they are made of.


def says(answer: bytes) -> Script:
    """Hears the request and says this."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(answer)

    return script


def does(act: Callable[[Peer], None], *, after: bytes = b"") -> Script:
    """Hears the request, says this, and does something."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(after)
        act(peer)

    return script


def head(status: str = "200 OK", *headers: str, version: str = "HTTP/1.1") -> bytes:
    return "\r\n".join([f"{version} {status}", *headers, "", ""]).encode("latin-1")


def file(body: bytes = b"a picture") -> bytes:
    """A whole answer, as it should be."""
    return head("200 OK", "Content-Type: image/jpeg", f"Content-Length: {len(body)}") + body


def redirect(location: str, *more: str, status: str = "302 Found") -> bytes:
    return head(status, f"Location: {location}", "Content-Length: 0", *more)


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(data), extension, data)


CHUNKED = head("200 OK", "Transfer-Encoding: chunked")
