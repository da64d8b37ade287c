"""An Internet in which the test says who has which name and address; every connection ends at the loopback.

Names are answered by an injected resolver. Addresses are translated in `socket.connect`, as a router would: what the
library connects to is what it believes to be a public address, and is written down.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import Any

import pytest
import trustme

HOST = "files.example"
ADDRESS = "93.184.216.34"
OTHER_ADDRESS = "93.184.216.35"
URL = f"https://{HOST}/x.jpg"
HTTPS = 443

Answers = Sequence[str] | Callable[[], Sequence[str]]


class Authority:
    """Somebody who issues certificates, and those who believe them."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self._leaves: dict[tuple[str, ...], trustme.LeafCert] = {}

    def server(self, *names: str, **options: Any) -> ssl.SSLContext:
        """What a server of these names shakes hands with."""
        leaf = self._leaves.get(names)
        if leaf is None or options:
            leaf = self._ca.issue_cert(*names, **options)
            if not options:
                self._leaves[names] = leaf
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)
        return context

    def itself(self) -> ssl.SSLContext:
        """A server whose certificate nobody has issued but its owner."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with self._ca.cert_pem.tempfile() as certificate, self._ca.private_key_pem.tempfile() as key:
            context.load_cert_chain(certificate, key)
        return context

    def believer(self) -> ssl.SSLContext:
        """What a client that believes this authority shakes hands with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._ca.configure_trust(context)
        return context


@cache
def believed() -> Authority:
    """The authority that the client believes."""
    return Authority()


@cache
def stranger() -> Authority:
    """One of which it has never heard."""
    return Authority()


@dataclass
class Internet:
    """`names` are answered, `routes` lead from an address and port to a port of the loopback; all else is refused.

    `asked` and `connected` are what really happened; `answers_to_all` is for names that are not among `names`.
    """

    names: dict[str, Answers] = field(default_factory=dict)
    routes: dict[tuple[str, int], int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    connected: list[tuple[str, int]] = field(default_factory=list)
    answers_to_all: Answers | None = None

    def resolver(self, host: str, port: int, /) -> Sequence[str]:
        self.asked.append(host)
        answers = self.names.get(host, self.answers_to_all)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answers() if callable(answers) else answers

    def serve(self, host: str, address: str, port: int) -> None:
        """From here on this host has this address, and its HTTPS is served at this port of the loopback."""
        self.names[host] = [address]
        self.routes[address, HTTPS] = port

    @contextmanager
    def plugged_in(self) -> Iterator[None]:
        connect = socket.socket.connect

        def translated(own: socket.socket, address: Any) -> None:
            if own.family not in (socket.AF_INET, socket.AF_INET6):
                return connect(own, address)
            self.connected.append((address[0], address[1]))
            port = self.routes.get((address[0], address[1]))
            if port is not None:
                return connect(own, ("127.0.0.1", port))
            if ip_address(address[0]).is_loopback:
                return connect(own, address)
            raise ConnectionRefusedError(f"nobody at {address}")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket.socket, "connect", translated)
            yield
