"""HTTP as it is on the wire: bodies that lie about their length, come in chunks, or end early.

Like most clients, and unlike a browser, this one sends its whole body before it reads the answer.
"""

import http.client
import json
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, Self

SECONDS = 30
PIECE_BYTES = 65_536


@dataclass(frozen=True, kw_only=True)
class Heard:
    """An answer as it arrived."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def problem(self) -> tuple[int, str]:
        """The status and the code, after proof that it is a problem."""
        assert self.headers["Content-Type"] == "application/problem+json", self
        return self.status, json.loads(self.body)["code"]

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One connection; nothing is sent that was not said."""

    def __init__(self, port: int, *, key: str | None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._key = key

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def head(self, method: str, path: str, **headers: str | int) -> None:
        """The request line and headers; an underscore in a name stands for a hyphen."""
        named = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self._key:
            named["Authorization"] = f"Bearer {self._key}"
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._socket.sendall(piece)

    def hang_up(self) -> None:
        """Both ways, whoever is waiting."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Nothing more will come from here; the answer may."""
        self._socket.shutdown(socket.SHUT_WR)

    def hear(self, *, method: str = "POST") -> Heard:
        """The answer, read to its end."""
        response = http.client.HTTPResponse(self._socket, method=method)
        response.begin()
        return Heard(status=response.status, headers=response.headers, body=response.read())

    def hear_each(self, number: int) -> list[int]:
        """The statuses of so many answers that come at once."""
        with self._socket.makefile("rb") as stream:
            shared = _Shared(stream)
            return [self._next(shared) for _ in range(number)]

    @staticmethod
    def _next(shared: "_Shared") -> int:
        response = http.client.HTTPResponse(shared, method="GET")  # type: ignore[arg-type]  # makefile is all it asks for
        response.begin()
        response.read()
        return response.status

    def is_closed(self, *, within: float) -> bool:
        """Whether the server ends the connection, in so many seconds and without a word."""
        self._socket.settimeout(within)
        return self._socket.recv(1) == b""

    def hears_nothing(self, *, within: float) -> bool:
        """Whether not a byte comes, and no end, in so many seconds."""
        self._socket.settimeout(within)
        try:
            self._socket.recv(1)
        except TimeoutError:
            return True
        return False

    def drips_until_closed(self) -> float:
        """How many seconds a client lasts that sends a byte now and then."""
        began = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - began < SECONDS:
                self.send(b"x")
                time.sleep(0.2)
        return time.monotonic() - began

    def everything(self) -> bytes:
        """Whatever still comes, until the server ends the connection."""
        heard = bytearray()
        with suppress(ConnectionError):
            while piece := self._socket.recv(PIECE_BYTES):
                heard += piece
        return bytes(heard)

    def reset(self) -> None:
        """Be gone, as after a crash."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def told_to_continue(self) -> bool:
        """Whether the server asks for the body (RFC 9110, section 10.1.1)."""
        return self._socket.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"


class _Shared:
    """One stream for several answers, each of which would else read on into the next."""

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream

    def makefile(self, _mode: str) -> "_Shared":
        return self

    def close(self) -> None:
        """An answer ends; the stream does not."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def ask(port: int, raw: bytes, *, seconds: float = SECONDS) -> Heard | None:
    """What is answered to these bytes; None where the connection ends without an answer, in time."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as client:
        # A server may have heard enough before all is said.
        with suppress(ConnectionError):
            client.sendall(raw)
        response = http.client.HTTPResponse(client, method=raw.partition(b" ")[0].decode("latin-1"))
        try:
            response.begin()
            return Heard(status=response.status, headers=response.headers, body=response.read())
        except (ConnectionError, http.client.BadStatusLine):
            return None


def pieces(body: bytes, size: int = PIECE_BYTES) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def chunked(parts: Iterable[bytes], *, extension: str = "", trailer: str = "") -> Iterator[bytes]:
    """A chunked body (RFC 9112, section 7.1), one chunk for each part."""
    for part in parts:
        yield f"{len(part):x}{extension}\r\n".encode() + part + b"\r\n"
    yield f"0\r\n{trailer}\r\n".encode()
