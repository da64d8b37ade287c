"""How a connection comes about: only ever to an address that has been judged.

httpcore2 asks for a connection to a name; what it gets is one to a checked address of that name. TLS then verifies
the name itself.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from ssl import CERT_REQUIRED, SSLContext
from typing import TypeVar

import httpcore2

from safe_http.addresses import Address, parse_address
from safe_http.deadlines import Deadline
from safe_http.errors import Refused, SourceTooSlow, SourceUnreachable
from safe_http.hosts import is_address
from safe_http.origins import Policy
from safe_http.proxies import Proxy, tunnel
from safe_http.resolving import Resolver, addresses_of, alternating, look_up
from safe_http.urls import Url
from safe_http.wire import Wire

T = TypeVar("T")

# A name may answer with thousands of addresses; that many connections would be an attack on them.
MAX_ATTEMPTS = 4


@dataclass(frozen=True, kw_only=True)
class Means:
    """By what a request is made, whatever its URL."""

    policy: Policy
    resolver: Resolver
    tls: SSLContext
    proxy: Proxy | None

    def __post_init__(self) -> None:
        if not self.tls.check_hostname or self.tls.verify_mode != CERT_REQUIRED:
            raise ValueError("A TLS context that does not verify names is of no use here.")


class CheckedBackend(httpcore2.NetworkBackend):
    """Connects to this URL's addresses and to nothing else; `wire` is the connection once it has come about."""

    def __init__(self, url: Url, *, means: Means, deadline: Deadline) -> None:
        self._url = url
        self._means = means
        self._deadline = deadline
        self.wire: Wire | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - httpcore2's signature
        local_address: str | None = None,  # noqa: ARG002 - as timeout
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - as timeout
    ) -> httpcore2.NetworkStream:
        """The one connection that there is."""
        if (host, port) != (self._url.host, self._url.port):
            raise RuntimeError("This connection was judged for another host.")
        self.wire = Wire(open_connection(self._url, means=self._means, deadline=self._deadline), self._deadline)
        return self.wire


def open_connection(url: Url, *, means: Means, deadline: Deadline) -> socket.socket:
    """A connection to an address of the URL; an exempt origin is asked directly also where there is a proxy."""
    if means.proxy is None or url.is_exempt:
        addresses = addresses_of(url, resolver=means.resolver, deadline=deadline)
        return first_of(addresses, lambda address, until: _connect(address, url.port, until), deadline=deadline)
    return _through(means.proxy, url, means=means, deadline=deadline)


def _through(proxy: Proxy, url: Url, *, means: Means, deadline: Deadline) -> socket.socket:
    if proxy.resolves_names and not is_address(url.host):
        hosts = [url.host]
    else:
        hosts = [str(address) for address in addresses_of(url, resolver=means.resolver, deadline=deadline)]

    def attempt(host: str, until: Deadline) -> socket.socket:
        connection = _connect_to_proxy(proxy, means=means, deadline=until)
        try:
            tunnel(connection, host, url.port, proxy=proxy, deadline=until)
        except BaseException:
            connection.close()
            raise
        return connection

    return first_of(hosts, attempt, deadline=deadline)


def _connect_to_proxy(proxy: Proxy, *, means: Means, deadline: Deadline) -> socket.socket:
    host, port = proxy.origin.host, proxy.origin.port
    answers = [host] if is_address(host) else look_up(host, port, resolver=means.resolver, deadline=deadline)
    addresses = [address for answer in answers if (address := parse_address(answer))]
    return first_of(alternating(addresses), lambda address, until: _connect(address, port, until), deadline=deadline)


def first_of(
    candidates: Sequence[T], attempt: Callable[[T, Deadline], socket.socket], *, deadline: Deadline
) -> socket.socket:
    """The first connection that comes about; each attempt has its share of the time that is left."""
    candidates = candidates[:MAX_ATTEMPTS]
    refusal: Refused = SourceUnreachable("The source could not be connected to.", detail_for_log="no addresses")
    for done, candidate in enumerate(candidates):
        try:
            return attempt(candidate, deadline.share(len(candidates) - done))
        except TimeoutError:
            refusal = SourceTooSlow(detail_for_log=f"{candidate}: no connection in its share of the time")
        except SourceTooSlow as error:
            refusal = error
        except SourceUnreachable as error:
            refusal = error
        except OSError as error:
            refusal = SourceUnreachable("The source could not be connected to.", detail_for_log=f"{candidate}: {error}")
    raise refusal


def _connect(address: Address, port: int, deadline: Deadline) -> socket.socket:
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(deadline.remaining())
        connection.connect((str(address), port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection
