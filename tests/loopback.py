"""No socket of a test leaves the loopback: what would try fails at once, with a sentence that says where it went."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest

LOCAL_NAMES = ("localhost", "")
_Method = Callable[..., Any]


class LeftTheLoopback(RuntimeError):  # noqa: N818 - what the test did
    """A test wanted to talk to another machine."""

    def __init__(self, host: object) -> None:
        super().__init__(f"A test may only talk to the loopback, and this one asked for {host!r}.")


def guard(patch: pytest.MonkeyPatch) -> None:
    """From here on connections, datagrams and look-ups of names end at the loopback."""
    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    patch.setattr(socket.socket, "sendto", _guarded(socket.socket.sendto))
    patch.setattr(socket, "getaddrinfo", _guarded_look_up(socket.getaddrinfo))


def _guarded(method: _Method) -> _Method:
    def checked(self: socket.socket, *arguments: Any) -> Any:
        # The address comes last: sendto may have flags before it.
        address = arguments[-1]
        if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
            _refuse_unless_local(address[0])
        return method(self, *arguments)

    return checked


def _guarded_look_up(method: _Method) -> _Method:
    def checked(host: Any, *arguments: Any, **named: Any) -> Any:
        _refuse_unless_local(host)
        return method(host, *arguments, **named)

    return checked


def _refuse_unless_local(host: str | bytes | None) -> None:
    name = host.decode() if isinstance(host, bytes) else host or ""
    if name in LOCAL_NAMES:
        return
    try:
        local = ipaddress.ip_address(name).is_loopback
    except ValueError:
        local = False
    if not local:
        raise LeftTheLoopback(name)
