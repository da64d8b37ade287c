"""One request and its answer, over a connection of its own."""

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpcore2

from safe_http.connecting import CheckedBackend, Means
from safe_http.deadlines import Deadline
from safe_http.errors import BrokenAnswer, SourceUnreachable
from safe_http.framing import Headers
from safe_http.urls import Url
from safe_http.wire import Wire

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
# These say whom the request is for, where it ends, and how the answer is to be written.
_OWN_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade"}
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is sent; the headers that frame it are added. Raises ValueError for headers that cannot be the caller's."""

    method: str
    headers: Sequence[tuple[str, str]]
    body: bytes | None = None

    def __post_init__(self) -> None:
        for name, value in self.headers:
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value) or name.lower() in _OWN_HEADERS:
                raise ValueError(f"The header {name!r} cannot be sent.")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer whose head has been read and whose body has not."""

    status: int
    version: bytes
    headers: Headers
    wire: Wire
    _response: httpcore2.Response

    def chunks(self) -> Iterator[bytes]:
        """The body as it arrives, without its framing."""
        with _refusals():
            yield from self._response.iter_stream()


@contextmanager
def exchange(request: Request, url: Url, *, means: Means, deadline: Deadline) -> Generator[Reply]:
    """Ask, and have the reply for as long as the context lasts; then the connection is closed, read or not."""
    backend = CheckedBackend(url, means=means, deadline=deadline)
    with httpcore2.ConnectionPool(
        ssl_context=means.tls, network_backend=backend, max_connections=1, http1=True, http2=False, retries=0
    ) as pool:
        with _refusals():
            response = pool.handle_request(_for_httpcore2(request, url))
        assert backend.wire is not None  # noqa: S101 - the answer came over it
        backend.wire.begin_body()
        yield Reply(
            status=response.status,
            version=response.extensions["http_version"],
            headers=response.headers,
            wire=backend.wire,
            _response=response,
        )


def _for_httpcore2(request: Request, url: Url) -> httpcore2.Request:
    own = [("Host", url.origin.authority), ("Connection", "close"), ("Accept-Encoding", "identity")]
    headers = [*own, *request.headers]
    if request.body is not None:
        headers.append(("Content-Length", str(len(request.body))))
    return httpcore2.Request(
        method=request.method,
        url=httpcore2.URL(scheme=url.origin.scheme, host=url.host, port=url.port, target=url.target),
        headers=headers,
        content=request.body,
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """What httpcore2 raises, as what a client is told."""
    try:
        yield
    except httpcore2.ProtocolError as error:
        raise BrokenAnswer("The source's answer breaks off, or is no HTTP.", detail_for_log=str(error)) from error
    except httpcore2.NetworkError as error:
        raise SourceUnreachable("The connection to the source broke.", detail_for_log=str(error)) from error
