"""MediaHub's HTTP API as a gateway needs it: hand in, claim, download, report. Standard library only.

A connection for each call; no redirects, which would carry the key elsewhere; no proxies from the environment.
No error of this file names the key or a content URL, so that whatever is logged of it is safe.
"""

import http.client
import json
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit
from uuid import uuid4

CHUNK_BYTES = 256 * 1024
ANSWER_MAX_BYTES = 8 * 1024 * 1024
# MediaHub is silent while it hands a large upload to a slow store.
SILENCE_SECONDS = 150.0
# What may pass, besides every 5xx.
PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
LOCKED_OUT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
PROBLEM = "application/problem+json"
TOO_LARGE = "too_large"

Fields = Mapping[str, object]


class Away(Exception):  # noqa: N818 - a state, which passes
    """MediaHub did not answer, or not now: try again, not before `retry_after` seconds where it said so."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Refused(Exception):  # noqa: N818 - what happened
    """MediaHub will not do this, however often it is asked. `code` is stable; /api/problems explains it."""

    def __init__(self, *, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail = status, code, detail


class LockedOut(Refused):
    """Nothing at all can be done: the key does not fit, the device is gone, or this is not MediaHub's address."""


class MediaHub:
    """The calls of one gateway for one device. Errors of each: `Away`, `Refused`, `LockedOut`."""

    def __init__(self, *, url: str, key: str, device_id: str) -> None:
        self._origin = urlsplit(url)
        self._key = key
        self._device_id = device_id

    def hand_in(self, fields: Fields, file: Path, *, size: int) -> dict[str, Any]:
        """Hand in a received message with its file, `size` bytes long. The media object; the same for a repetition."""
        boundary = uuid4().hex
        opening, closing = _around_the_file(fields, boundary)
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(opening) + size + len(closing)),
        }
        answer, _ = self._call("POST", self._of_device("inbound"), _streamed(opening, file, closing), headers)
        return _with(answer, "message_id", str)

    def omit(self, fields: Fields) -> dict[str, Any]:
        """Record a received message whose media is not carried; `omitted` in the fields says why."""
        answer, _ = self._post(self._of_device("inbound"), fields)
        return _with(answer, "message_id", str)

    def claim(self, *, most: int, wait: int) -> tuple[list[dict[str, Any]], float | None]:
        """Messages to send, which are ours until their `claimed_until`; and how long to wait where there are none."""
        wanted = {"device_ids": [self._device_id], "max": most, "wait": wait}
        answer, retry_after = self._post("/v1/outbox/claim", wanted)
        return list(_with(answer, "messages", list)["messages"]), retry_after

    def report(self, receipts: Sequence[Fields]) -> list[dict[str, Any]]:
        """Report how far messages got; at most 500 at a time."""
        answer, _ = self._post(self._of_device("receipts"), receipts)
        return list(_with(answer, "results", list)["results"])

    def _of_device(self, what: str) -> str:
        return f"/v1/devices/{quote(self._device_id, safe='')}/{what}"

    def _post(self, path: str, document: object) -> tuple[Any, float | None]:
        return self._call("POST", path, [json.dumps(document).encode()], {"Content-Type": "application/json"})

    def _call(self, method: str, path: str, body: Iterable[bytes], headers: dict[str, str]) -> tuple[Any, float | None]:
        sent = {"Authorization": f"Bearer {self._key}", "Accept": "application/json", **headers}
        target = self._origin.path.rstrip("/") + path
        with _answer(self._origin, method, target, body, sent) as response:
            _insist(response)
            return _document(response), _retry_after(response)


@contextmanager
def downloading(url: str) -> Iterator[Iterator[bytes]]:
    """The bytes behind a content URL, in chunks; asked for without the key, which is for MediaHub alone."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    with _answer(parts, "GET", target, (), {"Accept-Encoding": "identity"}) as response:
        if response.status != HTTPStatus.OK:
            _insist(response)
            raise Refused(status=response.status, code="unexpected", detail="The content URL answered no content.")
        yield _chunks(response)


@contextmanager
def _answer(
    origin: SplitResult, method: str, target: str, body: Iterable[bytes], headers: dict[str, str]
) -> Iterator[http.client.HTTPResponse]:
    connection = _connection(origin)
    try:
        yield _exchange(connection, method, target, body, headers)
    finally:
        connection.close()


def _connection(origin: SplitResult) -> http.client.HTTPConnection:
    host = origin.hostname or ""
    if origin.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, origin.port, timeout=SILENCE_SECONDS, context=context)
    return http.client.HTTPConnection(host, origin.port, timeout=SILENCE_SECONDS)


def _exchange(
    connection: http.client.HTTPConnection, method: str, target: str, body: Iterable[bytes], headers: dict[str, str]
) -> http.client.HTTPResponse:
    pieces = list(body) if isinstance(body, list | tuple) else body
    if isinstance(pieces, list) and pieces:
        headers = {"Content-Length": str(sum(len(piece) for piece in pieces)), **headers}
    try:
        # Whoever refuses in the middle of an upload may close before its end has been sent: the answer is there.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, target, body=pieces or None, headers=headers)
        return connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise Away(_described(error)) from None


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := response.read(CHUNK_BYTES):
            yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise Away(_described(error)) from None


def _described(error: Exception) -> str:
    """Without what exceptions quote: some name the URL that they were about."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return f"no answer ({words})"


def _insist(response: http.client.HTTPResponse) -> None:
    """Return where the answer is a success. Errors: `Away`, `Refused`, `LockedOut`."""
    status = response.status
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return
    problem = _problem(response)
    if status < HTTPStatus.BAD_REQUEST:
        raise LockedOut(status=status, code="redirected", detail="Give the address that this one leads to.")
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise Refused(status=status, code=TOO_LARGE, detail=problem.get("detail", "A proxy takes no body this large."))
    if status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR or not problem:
        # A refusal that is no problem document comes from something in between.
        raise Away(f"{status} {problem.get('code', 'by a proxy')}", retry_after=_retry_after(response))
    kind = LockedOut if status in LOCKED_OUT else Refused
    raise kind(status=status, code=problem.get("code", ""), detail=problem.get("detail", ""))


def _problem(response: http.client.HTTPResponse) -> dict[str, str]:
    """The problem document (RFC 9457) of a refusal; empty where it is none."""
    if response.headers.get_content_type() != PROBLEM:
        return {}
    with suppress(Away):
        document = _document(response)
        return {name: str(value) for name, value in document.items()} if isinstance(document, dict) else {}
    return {}


def _document(response: http.client.HTTPResponse) -> Any:
    try:
        return json.loads(response.read(ANSWER_MAX_BYTES))
    except (ValueError, RecursionError):
        raise Away(f"{response.status}, and no JSON: is this MediaHub's address?") from None
    except (OSError, http.client.HTTPException) as error:
        raise Away(_described(error)) from None


def _with(answer: Any, name: str, kind: type) -> dict[str, Any]:
    """The answer, which has what each of MediaHub's has. Error: `Away` where something else has answered."""
    if not isinstance(answer, dict) or not isinstance(answer.get(name), kind):
        raise Away(f"an answer without {name}: is this MediaHub's address?")
    return answer


def _retry_after(response: http.client.HTTPResponse) -> float | None:
    """Retry-After in seconds, which may be a date (RFC 9110, section 10.2.3)."""
    said = response.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said)
    with suppress(ValueError, OverflowError):
        moment = parsedate_to_datetime(said)
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return None


def _around_the_file(fields: Fields, boundary: str) -> tuple[bytes, bytes]:
    """What stands before the file in a multipart body (RFC 7578), and after it. The fields come first."""
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{_word(value)}\r\n'
             for name, value in fields.items()]  # fmt: skip
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="media"\r\n'
    return ("".join(parts) + file + "Content-Type: application/octet-stream\r\n\r\n").encode(), (
        f"\r\n--{boundary}--\r\n".encode()
    )


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _streamed(opening: bytes, file: Path, closing: bytes) -> Iterator[bytes]:
    yield opening
    with file.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            yield chunk
    yield closing
