"""Read what is at a URL, wherever it redirects to, within a deadline and a size."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ssl import SSLContext

from safe_http.connecting import Means
from safe_http.deadlines import Deadline
from safe_http.errors import BadStatus, BrokenAnswer, Empty, TooLarge, TooManyRedirects
from safe_http.exchange import Reply, Request, exchange
from safe_http.framing import Framing, declared_type, framing_of, values_of
from safe_http.origins import Policy
from safe_http.proxies import Proxy
from safe_http.resolving import Resolver, system_resolver
from safe_http.trust import mozillas_authorities
from safe_http.urls import Url, join, parse_url

MAX_REDIRECTS = 3
OK = 200
REDIRECTS = (301, 302, 303, 307, 308)
# What framing may cost beside the bytes that it frames: chunks of one byte are silly, padding is an attack.
MAX_OVERHEAD_FACTOR = 8
MIN_OVERHEAD_BYTES = 65_536

Sink = Callable[[bytes], object]


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What was read: `size` in bytes, the type that the source says, and the host that had it, for display."""

    size: int
    content_type: str | None
    host: str
    redirects: int


def fetch(  # noqa: PLR0913 - keyword-only; the last three are for tests and settings
    url: str,
    *,
    sink: Sink,
    max_bytes: int,
    deadline_seconds: float,
    policy: Policy,
    headers: Sequence[tuple[str, str]] = (),
    resolver: Resolver = system_resolver,
    tls: SSLContext | None = None,
    proxy: Proxy | None = None,
) -> Fetched:
    """Hand the bytes of this URL to `sink`, chunk by chunk; memory does not grow with them.

    Raises a `Refused`, at most a moment after the deadline; `sink` may have had some of the bytes by then, and they
    are to be thrown away. What `sink` raises passes through. `headers` are sent to every hop: nothing secret.
    """
    deadline = Deadline.after(deadline_seconds)
    means = Means(policy=policy, resolver=resolver, tls=tls or mozillas_authorities(), proxy=proxy)
    request = Request(method="GET", headers=[("Accept", "*/*"), *headers])
    hop = parse_url(url, policy=policy)
    for redirects in range(MAX_REDIRECTS + 1):
        with exchange(request, hop, means=means, deadline=deadline) as reply:
            if reply.status not in REDIRECTS:
                size = _read(reply, sink=sink, max_bytes=max_bytes, deadline=deadline)
                content_type = declared_type(reply.headers)
                return Fetched(size=size, content_type=content_type, host=hop.display_host, redirects=redirects)
            hop = _next_hop(reply, hop, policy=policy)
    raise TooManyRedirects(reply.status, followed=MAX_REDIRECTS)


def _next_hop(reply: Reply, hop: Url, *, policy: Policy) -> Url:
    locations = values_of(reply.headers, b"location")
    if not locations:
        raise BadStatus(reply.status)
    try:
        (location,) = (value.decode("utf-8") for value in locations)
    except ValueError:
        raise BrokenAnswer("The source redirects to two places at once, or to something that is no URL.") from None
    return join(hop, location, policy=policy)


def _read(reply: Reply, *, sink: Sink, max_bytes: int, deadline: Deadline) -> int:
    if reply.status != OK:
        raise BadStatus(reply.status)
    framing = framing_of(bytes(reply.wire.head), reply.headers, version=reply.version)
    if framing.length is not None and framing.length > max_bytes:
        raise TooLarge(limit_bytes=max_bytes)
    size = 0
    for chunk in reply.chunks():
        size += len(chunk)
        if size > max_bytes:
            raise TooLarge(limit_bytes=max_bytes)
        _refuse_padding(reply, framing, size)
        sink(chunk)
        deadline.remaining()
    _refuse_excess(reply, framing)
    if not size:
        raise Empty
    return size


def _refuse_padding(reply: Reply, framing: Framing, size: int) -> None:
    overhead = reply.wire.received - framing.head_bytes - size
    if framing.length is None and overhead > MAX_OVERHEAD_FACTOR * size + MIN_OVERHEAD_BYTES:
        raise BrokenAnswer("The source's answer is mostly padding.")


def _refuse_excess(reply: Reply, framing: Framing) -> None:
    if framing.length is None:
        return
    if reply.wire.received > framing.head_bytes + framing.length or reply.wire.sends_more():
        raise BrokenAnswer("The source sends more bytes than it announces.")
