"""An egress proxy, where one is named: what it is asked for, and what is judged before."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from safe_http import Policy, Proxy, SourceForbidden, SourceTooSlow, SourceUnreachable, fetch, parse_origin, parse_proxy
from tests.safe_http.conftest import Serve
from tests.safe_http.fault_servers import FaultServer, Peer, Script, file, head, says, serving
from tests.safe_http.internet import ADDRESS, HOST, HTTPS, URL, Authority, Internet

Get = Callable[..., bytes]
Named = Callable[..., Proxy]


class Tunnels:
    """What a proxy does: connects through to whatever it is told, here always the same port of the loopback."""

    def __init__(self, internet: Internet) -> None:
        self.internet = internet
        self.heard: list[bytes] = []
        self.unwilling: set[bytes] = set()

    def script(self, peer: Peer) -> None:
        self.heard.append(request := peer.request())
        target = request.split(b" ")[1]
        if target in self.unwilling:
            peer.send(head("502 Bad Gateway", "Content-Length: 0"))
            return
        port = self.internet.routes[ADDRESS, HTTPS]
        with socket.create_connection(("127.0.0.1", port), timeout=5) as onward:
            peer.send(head("200 Connection established"))
            there = threading.Thread(target=pump, args=(peer.connection, onward))
            there.start()
            pump(onward, peer.connection)
            there.join(5)


def pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def tunnels(internet: Internet) -> Tunnels:
    return Tunnels(internet)


@pytest.fixture
def proxy(tunnels: Tunnels) -> Iterator[FaultServer]:
    with serving(tunnels.script, tls=None) as server:
        yield server


@pytest.fixture
def named(proxy: FaultServer) -> Named:
    def named(*, user: str = "", resolves_names: bool = False) -> Proxy:
        return parse_proxy(f"http://{user}127.0.0.1:{proxy.port}", resolves_names=resolves_names)

    return named


@pytest.fixture
def get(internet: Internet, authority: Authority) -> Get:
    def get(url: str = URL, **options: Any) -> bytes:
        body = bytearray()
        settings: dict[str, Any] = {"max_bytes": 1_000, "deadline_seconds": 3, "policy": Policy()}
        settings |= {"resolver": internet.resolver, "tls": authority.believer(), "sink": body.extend, **options}
        fetch(url, **settings)
        return bytes(body)

    return get


class TestAProxy:
    def test_is_asked_for_the_checked_address_and_tls_still_proves_the_name(
        self, serve: Serve, get: Get, named: Named, tunnels: Tunnels, internet: Internet, proxy: FaultServer
    ) -> None:
        serve(says(file()))
        assert get(proxy=named(user="user:password@")) == b"a picture"
        assert tunnels.heard[0].splitlines() == [
            b"CONNECT 93.184.216.34:443 HTTP/1.1",
            b"Host: 93.184.216.34:443",
            b"Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==",
            b"",
        ]
        assert ("127.0.0.1", proxy.port) in internet.connected
        internet.names["other.example"] = [ADDRESS]
        with pytest.raises(SourceUnreachable, match="certificate"):
            get("https://other.example/x", proxy=named())

    def test_is_asked_for_the_next_address_where_one_cannot_be_had(
        self, serve: Serve, get: Get, named: Named, tunnels: Tunnels, internet: Internet
    ) -> None:
        serve(says(file()))
        internet.names[HOST] = ["2606:2800:220:1::1", ADDRESS]
        tunnels.unwilling = {b"[2606:2800:220:1::1]:443"}
        assert get(proxy=named()) == b"a picture"
        assert len(tunnels.heard) == 2

    def test_is_not_asked_for_anything_inside(
        self, get: Get, named: Named, tunnels: Tunnels, internet: Internet
    ) -> None:
        internet.names[HOST] = [ADDRESS, "10.0.0.7"]
        with pytest.raises(SourceForbidden):
            get(proxy=named())
        assert tunnels.heard == []

    def test_that_resolves_names_is_asked_for_the_name(
        self, serve: Serve, get: Get, named: Named, tunnels: Tunnels, internet: Internet
    ) -> None:
        serve(says(file()))
        assert get(proxy=named(resolves_names=True)) == b"a picture"
        assert tunnels.heard[0].startswith(b"CONNECT files.example:443 ")
        assert internet.asked == []

    @pytest.mark.parametrize("url", ["https://10.0.0.7/", "https://[::1]/", "https://n8n/", "https://a.internal/"])
    def test_that_resolves_names_is_not_asked_for_what_its_spelling_forbids(
        self, get: Get, named: Named, tunnels: Tunnels, url: str
    ) -> None:
        with pytest.raises(SourceForbidden):
            get(url, proxy=named(resolves_names=True))
        assert tunnels.heard == []

    def test_is_left_aside_for_an_origin_that_is_allowed(
        self, get: Get, named: Named, tunnels: Tunnels, internet: Internet
    ) -> None:
        with serving(says(file(b"from inside")), tls=None) as inside:
            internet.names["n8n"] = ["127.0.0.1"]
            policy = Policy(allow=frozenset({parse_origin(f"http://n8n:{inside.port}")}))
            assert get(f"http://n8n:{inside.port}/", policy=policy, proxy=named()) == b"from inside"
        assert tunnels.heard == []


class TestAFaultyProxy:
    @pytest.mark.parametrize(
        "script",
        [
            says(head("403 Forbidden", "Content-Length: 0")),
            says(head("407 Proxy Authentication Required")),
            says(b"HTTP/1.1 200 Conn"),
            says(b""),
            says(b"what?\r\n\r\n"),
            lambda peer: peer.pour(b"HTTP/1.1 200 OK\r\nX: y"),
            Peer.reset,
        ],
    )
    def test_makes_the_source_unreachable(self, get: Get, internet: Internet, script: Script) -> None:
        internet.names[HOST] = [ADDRESS]
        with serving(script, tls=None) as server, pytest.raises(SourceUnreachable) as refusal:
            get(proxy=parse_proxy(f"http://127.0.0.1:{server.port}"))
        assert ADDRESS not in str(refusal.value)
        assert "127.0.0.1" not in str(refusal.value)

    @pytest.mark.parametrize("script", [Peer.pause, lambda peer: peer.drip(b"HTTP/1.1 200 OK\r\n" * 9)])
    def test_does_not_stretch_the_deadline(self, get: Get, internet: Internet, script: Script) -> None:
        internet.names[HOST] = [ADDRESS]
        began = time.monotonic()
        with serving(script, tls=None) as server, pytest.raises(SourceTooSlow):
            get(proxy=parse_proxy(f"http://127.0.0.1:{server.port}"), deadline_seconds=0.5)
        assert time.monotonic() - began < 1
