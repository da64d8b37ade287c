"""The body of a request as it arrives, whatever its length is said to be.

Read here and not through Django: a chunked body carries no Content-Length, and Django and DRF would take it
for an empty one without an error.
"""

import math
import time
from contextlib import suppress
from typing import BinaryIO

from django.core.handlers.wsgi import WSGIRequest
from gunicorn.http.errors import ParseException

from media_store.errors import IncompleteBody, TooLarge
from problems.draining import DRAIN_BYTES, DRAIN_CHUNK_BYTES, DRAIN_SECONDS
from problems.errors import LengthRequired, Malformed, Problem, RequestTimeout

# Where the stream stands in the environment of its request: who refuses later has to know how far it was read.
STREAM = "mediahub.body_stream"


class BodyStream:
    """Counts what it hands on.

    `limit_bytes` bounds the body; `named_limit_bytes` is the limit of the media, which the refusal names. Errors of
    `read`: `TooLarge` past the limit, `IncompleteBody` at an early end, `RequestTimeout`.
    """

    def __init__(self, request: WSGIRequest, *, limit_bytes: int, named_limit_bytes: int) -> None:
        self._input: BinaryIO = request.environ["wsgi.input"]
        self.content_length = _announced(request)
        self._limit = limit_bytes
        self._named_limit = named_limit_bytes
        self.taken = 0
        self.ended = False
        request.environ[STREAM] = self

    def check_announced(self) -> None:
        """Refuse by the announced length alone, before a byte is read."""
        if self.content_length is not None and self.content_length > self._limit:
            raise TooLarge(limit_bytes=self._named_limit)

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; b"" at the end."""
        size = DRAIN_CHUNK_BYTES if size < 0 else size
        chunk = self._receive(size)
        if self.taken > self._limit:
            raise TooLarge(limit_bytes=self._named_limit)
        if not chunk and self.content_length is not None and self.taken < self.content_length:
            detail = f"{self.taken} of {self.content_length} announced bytes arrived."
            raise IncompleteBody(detail)
        return chunk

    def drain(self) -> None:
        """Read on, within a bound of bytes and of seconds, and throw it away."""
        deadline = time.monotonic() + DRAIN_SECONDS
        target = self.taken + DRAIN_BYTES
        while self.taken < target and time.monotonic() < deadline:
            try:
                if not self._receive(DRAIN_CHUNK_BYTES):
                    return
            except (IncompleteBody, RequestTimeout):
                return

    def _receive(self, size: int) -> bytes:
        if self.ended:
            return b""
        remaining = math.inf if self.content_length is None else self.content_length - self.taken
        wanted = int(min(size, remaining))
        try:
            chunk = self._input.read(wanted) if wanted else b""
        except TimeoutError as error:
            self.ended = True
            detail = f"After {self.taken} bytes the body came too slowly, or not at all."
            raise RequestTimeout(detail) from error
        except (OSError, ParseException) as error:
            # The connection broke, or a chunk was cut off or is none.
            self.ended = True
            detail = f"After {self.taken} bytes the connection ended, or came something that is no chunk."
            raise IncompleteBody(detail) from error
        self.taken += len(chunk)
        self.ended = not chunk and size > 0
        return chunk


def drain(request: WSGIRequest) -> None:
    """Read the rest of a refused body before the refusal is sent: an answer in mid-send may never be read."""
    with suppress(Problem):
        stream = request.environ.get(STREAM) or BodyStream(request, limit_bytes=0, named_limit_bytes=0)
        stream.drain()


def _announced(request: WSGIRequest) -> int | None:
    """Content-Length, or None for a chunked body that the server reads to its end. Error: `LengthRequired`."""
    environ = request.environ
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        if not environ.get("wsgi.input_terminated"):
            detail = "This server cannot tell where a chunked body ends; send Content-Length."
            raise LengthRequired(detail)
        return None
    text = environ.get("CONTENT_LENGTH") or "0"
    if not (text.isascii() and text.isdigit()):
        detail = "Content-Length is not a number of bytes."
        raise Malformed(detail)
    return int(text)
