"""Patience: how long a client may keep a thread waiting for bytes, its own or those it does not fetch.

A thread serves one request at a time, so who sends or reads without getting on takes it from everybody else. Only
waiting counts: a slow disk or store of ours costs a client nothing.
"""

import errno
import os
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Self, TypeVar

# How often a wait looks up to see whether threads have become short.
LOOK_UP_SECONDS = 1.0
# Where they are, nobody has more than this.
CROWDED_SECONDS = 5.0
# For the answer to who was too slow: it fits into the kernel's buffer, so it is there or it is not.
FAREWELL_SECONDS = 2.0
SENDFILE_BYTES = 1024 * 1024

T = TypeVar("T")


class ClientTooSlow(TimeoutError):  # noqa: N818 - what the client was
    """The client's patience is used up."""

    def __init__(self) -> None:
        # gunicorn takes this number for a client that left, and any other for a fault with a traceback.
        super().__init__(errno.ECONNRESET, "The client kept a thread waiting for too long")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A client may be waited for `seconds`; each `bytes_per_second` bytes that move earn one of them back."""

    seconds: float
    bytes_per_second: int
    is_crowded: Callable[[], bool]


class PatientSocket(socket.socket):
    """A connection whose blocking calls end by `ClientTooSlow`. What has a timeout of its own keeps to that."""

    _terms: Terms
    _left: float
    _earns: bool
    _is_over: bool
    _gave_up: Callable[[], None]

    @classmethod
    def over(cls, plain: socket.socket, terms: Terms) -> Self:
        """The same connection; `plain` lets go of it."""
        patient = cls(plain.family, plain.type, plain.proto, fileno=plain.detach())
        patient._terms = terms
        patient.begin(earns=False)
        return patient

    def begin(self, *, earns: bool, gave_up: Callable[[], None] = lambda: None) -> None:
        """All of the patience again. Headers earn none: they are small. `gave_up` is called when it is used up."""
        self._left = self._terms.seconds
        self._earns = earns
        self._is_over = False
        self._gave_up = gave_up

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """As ever. Error: `ClientTooSlow`."""
        return self._patiently(partial(super().recv, bufsize), flags, len)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """As ever. Error: `ClientTooSlow`."""
        left = memoryview(data)
        while left:
            left = left[self._patiently(partial(super().send, left), flags, int) :]

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int | None = None) -> int:  # type: ignore[override]  # any file will do
        """As ever. Error: `ClientTooSlow`."""
        count = os.fstat(file.fileno()).st_size - offset if count is None else count
        sent = 0
        while sent < count:
            pushed = self._wait_for(
                partial(self._push, file.fileno(), offset + sent, min(count - sent, SENDFILE_BYTES)), int
            )
            if not pushed:
                break
            sent += pushed
        return sent

    def _push(self, file: int, offset: int, count: int) -> int:
        while True:
            try:
                return os.sendfile(self.fileno(), file, offset, count)
            except BlockingIOError:
                self._wait_until_writable()

    def _wait_until_writable(self) -> None:
        writable = select.poll()
        writable.register(self, select.POLLOUT)
        timeout = self.gettimeout()
        if not writable.poll(None if timeout is None else timeout * 1000):
            raise TimeoutError

    def _patiently(self, move: Callable[[int], T], flags: int, count: Callable[[T], int]) -> T:
        if self.gettimeout() is not None:
            return move(flags)
        try:
            # Most of the time there is nothing to wait for.
            moved = move(flags | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return self._wait_for(partial(move, flags), count)
        self._earn(count(moved))
        return moved

    def _wait_for(self, move: Callable[[], T], count: Callable[[T], int]) -> T:
        try:
            while True:
                began = time.monotonic()
                moved = self._attempt(move)
                self._left -= time.monotonic() - began
                self._earn(0 if moved is None else count(moved))
                if self._left <= self._least():
                    self._give_up()
                if moved is not None:
                    return moved
        finally:
            self.settimeout(None)

    def _earn(self, moved_bytes: int) -> None:
        if self._earns:
            self._left = min(self._terms.seconds, self._left + moved_bytes / self._terms.bytes_per_second)

    def _attempt(self, move: Callable[[], T]) -> T | None:
        self.settimeout(min(LOOK_UP_SECONDS, self._left))
        try:
            return move()
        except TimeoutError:
            return None

    def _least(self) -> float:
        is_hurried = self._terms.is_crowded() and not self._is_over
        return max(0.0, self._terms.seconds - CROWDED_SECONDS) if is_hurried else 0.0

    def _give_up(self) -> None:
        self._is_over = True
        self._left = FAREWELL_SECONDS
        self._gave_up()
        raise ClientTooSlow
