"""A door in front of an S3 store that goes wrong on request: late, refusing, breaking off, or silent about success."""

import http.client
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import urlsplit

PARTLY = (
    '<?xml version="1.0"?><DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Error><Key>{key}</Key><Code>AccessDenied</Code><Message>as asked</Message></Error></DeleteResult>"
)
REFUSAL = '<?xml version="1.0"?><Error><Code>{code}</Code><Message>as asked</Message></Error>'

Fault = Callable[["Handler", bytes], None]


class Proxy(ThreadingHTTPServer):
    """Answers at `url`; hands on to `upstream` where no fault is meant.

    A fault meets the requests of `methods` whose path or query has the words `where`.
    """

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = urlsplit(upstream).netloc
        self.seen: list[str] = []
        self.released = threading.Event()
        self._fault: Fault | None = None
        self._left = 0
        self._methods: tuple[str, ...] = ()
        self._where = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @contextmanager
    def failing(
        self, fault: Fault, *, times: int = 1_000, methods: tuple[str, ...] = ("PUT",), where: str = ""
    ) -> Iterator[None]:
        """While inside, the next `times` requests of these methods meet the fault."""
        self._fault, self._left, self._methods, self._where = fault, times, methods, where
        self.seen.clear()
        self.released.clear()
        try:
            yield
        finally:
            self._fault = None
            self.released.set()

    def fault_for(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets."""
        if self._fault is None or method not in self._methods or self._where not in path:
            return None
        self.seen.append(method)
        self._left -= 1
        return self._fault if self._left >= 0 else None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, as it was made to, is nothing to print."""


class Handler(BaseHTTPRequestHandler):
    """One connection. Bodies are small enough to be held."""

    protocol_version = "HTTP/1.1"

    @property
    def proxy(self) -> Proxy:
        return cast("Proxy", self.server)

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.proxy.fault_for(self.command, self.path)
        (fault or hand_on)(self, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_any  # noqa: N815 - names that http.server looks for

    def ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        """What the store itself answers."""
        connection = http.client.HTTPConnection(self.proxy.upstream)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("expect", "connection"):
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def break_off(self) -> None:
        """End the connection with a reset, without another byte."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_arguments: object) -> None:
        """Nobody reads it."""


def hand_on(handler: Handler, body: bytes) -> None:
    """No fault."""
    answer, content = handler.ask(body)
    handler.send_response(answer.status)
    for name, value in answer.getheaders():
        if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
            handler.send_header(name, value)
    if not answer.headers.get("Content-Length"):
        handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def refusing(status: int, code: str) -> Fault:
    """The store answers, and says no."""

    def refuse(handler: Handler, _body: bytes) -> None:
        content = REFUSAL.format(code=code).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return refuse


def refusing_first_key(delete: Callable[[str], None]) -> Fault:
    """The store takes a DeleteObjects, deletes all but the first key, and says so in a 200."""

    def refuse(handler: Handler, body: bytes) -> None:
        first, *others = re.findall(r"<Key>([^<]+)</Key>", body.decode())
        for key in others:
            delete(key)
        content = PARTLY.format(key=first).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/xml")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return refuse


def silent(handler: Handler, _body: bytes) -> None:
    """The request is taken, and nothing ever comes back."""
    handler.proxy.released.wait(60)
    handler.close_connection = True


def reset(handler: Handler, _body: bytes) -> None:
    """The connection breaks, and the store has seen nothing."""
    handler.break_off()


def answer_lost(handler: Handler, body: bytes) -> None:
    """The store has done it, and nobody hears so."""
    handler.ask(body)
    handler.break_off()


def cut_short(handler: Handler, body: bytes) -> None:
    """The store's answer ends in the middle of its body."""
    content = _announce(handler, body)
    handler.wfile.write(content[: len(content) // 2])
    # An end, not a reset: that could take back what has been sent.
    handler.close_connection = True


def headers_only(handler: Handler, body: bytes) -> None:
    """The store announces a body, and breaks off before its first byte."""
    _announce(handler, body)
    handler.break_off()


def _announce(handler: Handler, body: bytes) -> bytes:
    answer, content = handler.ask(body)
    handler.send_response(answer.status)
    handler.send_header("Content-Length", str(len(content)))
    for name in ("Content-Range", "ETag"):
        if name in answer.headers:
            handler.send_header(name, answer.headers[name])
    handler.end_headers()
    handler.wfile.flush()
    return content
