"""From a name to the addresses that may be connected to: all its answers are judged, and one bad one refuses them all.

The system's look-up cannot be told when to stop, so it runs in a daemon thread that is left behind at the deadline.
A thread that was left behind keeps its place until the look-up ends by itself, which with resolv.conf's defaults is
half a minute at most; when all places are taken, the next look-up waits for one within its own deadline.
"""

import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from itertools import zip_longest
from typing import Protocol

from safe_http.addresses import Address, parse_address, why_forbidden
from safe_http.deadlines import Deadline
from safe_http.errors import SourceForbidden, SourceTooSlow, SourceUnreachable
from safe_http.hosts import is_address
from safe_http.urls import Url

MAX_LOOK_UPS = 64

_places = threading.BoundedSemaphore(MAX_LOOK_UPS)


class Resolver(Protocol):
    """Answers the addresses of a host, best first, as text; raises OSError where there are none."""

    def __call__(self, host: str, port: int, /) -> Sequence[str]:
        """`host` is a name; blocks for as long as it takes."""


def system_resolver(host: str, port: int, /) -> Sequence[str]:
    """The system's own: hosts file and DNS, in the order of RFC 6724."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for *_, address in answers))


def addresses_of(url: Url, *, resolver: Resolver, deadline: Deadline) -> list[Address]:
    """The addresses that this URL may be asked for at, at least one; each has been judged but for an exempt origin."""
    answers = [url.host] if is_address(url.host) else look_up(url.host, url.port, resolver=resolver, deadline=deadline)
    return alternating([_judged(answer, is_exempt=url.is_exempt) for answer in answers])


def alternating(addresses: Sequence[Address]) -> list[Address]:
    """The same, each once, the two families by turns (RFC 8305, section 4): a dead one does not use up all attempts."""
    addresses = list(dict.fromkeys(addresses))
    first = [address for address in addresses if address.version == addresses[0].version]
    second = [address for address in addresses if address.version != addresses[0].version]
    return [address for pair in zip_longest(first, second) for address in pair if address is not None]


def _judged(answer: str, *, is_exempt: bool) -> Address:
    address = parse_address(answer)
    block = "no address" if address is None else why_forbidden(address)
    if address is None or (block and not is_exempt):
        raise SourceForbidden(
            "The URL leads to an address that is not a public one.", detail_for_log=f"{answer}: {block}"
        )
    return address


def look_up(host: str, port: int, *, resolver: Resolver, deadline: Deadline) -> Sequence[str]:
    """What the resolver answers, at least one address; SourceTooSlow at the deadline, whatever the resolver does."""
    if not _places.acquire(timeout=deadline.remaining()):
        raise SourceTooSlow(detail_for_log="every place for a look-up is taken")
    answer: Future[Sequence[str]] = Future()
    _start(resolver, host, port, answer)
    try:
        found = answer.result(timeout=deadline.remaining())
    except TimeoutError:
        raise SourceTooSlow(detail_for_log="the look-up of the name") from None
    except (OSError, UnicodeError) as error:
        raise SourceUnreachable("The host's name could not be found.", detail_for_log=str(error)) from error
    if not found:
        raise SourceUnreachable("The host's name could not be found.", detail_for_log="no addresses")
    return found


def _start(resolver: Resolver, host: str, port: int, answer: Future[Sequence[str]]) -> None:
    thread = threading.Thread(target=_ask, args=(resolver, host, port, answer), name="safe_http look-up", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        _places.release()
        raise SourceUnreachable("The host's name could not be looked up.", detail_for_log=str(error)) from error


def _ask(resolver: Resolver, host: str, port: int, answer: Future[Sequence[str]]) -> None:
    try:
        answer.set_result(resolver(host, port))
    except Exception as error:  # noqa: BLE001 - raised again by whoever waits for the answer
        answer.set_exception(error)
    finally:
        _places.release()
