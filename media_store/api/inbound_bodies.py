"""Inbound bodies: what a gateway hands in, read on where the media is too large to be kept.

Nobody can ask the network again: what is too large is to be recorded with all that is said of it. So the limit of
media is no limit of the body here; past it bytes are counted and thrown away, within the bounds of a refused body.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.utils.http import parse_header_parameters

from devices.api.encoding import refuse_encoded
from media_store import mime_types
from media_store.api.body_stream import BodyStream
from media_store.api.gateway_fields import MOST_BYTES
from media_store.api.multipart import MULTIPART, EnoughError, as_text, read_multipart
from media_store.api.submissions import FILE_FIELD, FORM, JSON, ROOM_BYTES
from media_store.decoding.json_stream import read_object
from media_store.errors import TooLarge, UnsupportedBody
from media_store.models import Media
from media_store.spool import READ_BYTES, Spool
from problems.draining import DRAIN_BYTES, DRAIN_SECONDS

HEADER = "X-Message-"
# What a header is called as its field is not.
SHORT_NAMES = {"id": "message_id"}


@dataclass(kw_only=True)
class Inbound:
    """What a body said. `size` is the media's in bytes, None where it is not known: it was not read to its end."""

    fields: dict[str, Any]
    spool: Spool
    source: str = Media.Source.NONE
    declared_mime_type: str = ""
    file_name: str = ""
    size: int | None = 0
    is_too_large: bool = False
    is_json: bool = False


@contextmanager
def read(request: WSGIRequest) -> Iterator[Inbound]:
    """Read the body; the Spool is removed at the end of the block.

    Errors: `UnsupportedBody`, `EncodedBody`; those of `BodyStream`; `MalformedJson`, `MalformedMultipart`; `TooLarge`
    for what is beside the media.
    """
    content_type, _ = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))
    stream = _stream(request, content_type)
    refuse_encoded(request)
    with Spool(folder=settings.SPOOL_DIR, max_bytes=settings.MEDIA_MAX_BYTES) as spool:
        if content_type == JSON:
            stream.check_announced()
            yield Inbound(fields=read_object(stream.read, sinks={}), spool=spool, is_json=True)
        elif content_type == MULTIPART:
            yield _from_multipart(request, stream, spool)
        elif content_type and content_type != FORM:
            yield _from_raw(request, stream, spool, content_type=content_type)
        else:
            raise UnsupportedBody(f"Send {MULTIPART}, the raw bytes under their own type, or {JSON} without bytes.")


def _stream(request: WSGIRequest, content_type: str) -> BodyStream:
    if content_type == JSON:
        return BodyStream(request, limit_bytes=ROOM_BYTES, named_limit_bytes=ROOM_BYTES)
    # The parser reads ahead of what it has handed on.
    most = settings.MEDIA_MAX_BYTES + DRAIN_BYTES + ROOM_BYTES + 2 * READ_BYTES
    return BodyStream(request, limit_bytes=most, named_limit_bytes=settings.MEDIA_MAX_BYTES)


class _Intake:
    """Writes into the Spool for as long as there is room; from then on it counts, until that is enough."""

    def __init__(self, spool: Spool, *, is_hopeless: bool) -> None:
        self._spool = spool
        self._ends_at = 0.0
        self.size = 0
        self.is_discarding = False
        if is_hopeless:
            self._discard()

    @property
    def is_too_large(self) -> bool:
        return self.size > self._spool.max_bytes

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if not self.is_discarding:
            try:
                self._spool.write(chunk)
            except TooLarge:
                self._discard()
        elif self.size > self._spool.max_bytes + DRAIN_BYTES or time.monotonic() > self._ends_at:
            raise EnoughError

    def _discard(self) -> None:
        # Nobody will want them: the disk need not hold them while the rest comes.
        self._spool.close()
        self.is_discarding = True
        self._ends_at = time.monotonic() + DRAIN_SECONDS


def _from_multipart(request: WSGIRequest, stream: BodyStream, spool: Spool) -> Inbound:
    hopeless = stream.content_length is not None and stream.content_length > spool.max_bytes + ROOM_BYTES
    intake = _Intake(spool, is_hopeless=hopeless)
    parts = read_multipart(request, stream, write=intake.write, file_field=FILE_FIELD)
    if parts.file is None:
        return Inbound(fields=parts.fields, spool=spool)
    if parts.is_whole and intake.is_discarding and not intake.is_too_large:
        # It was not the media that made the body as large as it is.
        raise TooLarge(limit_bytes=ROOM_BYTES, what="What is beside the file")
    if not parts.is_whole and "message_id" not in parts.fields:
        # Nothing says yet what could be recorded.
        raise TooLarge(limit_bytes=spool.max_bytes + DRAIN_BYTES, what="Media whose fields stand behind it")
    return Inbound(
        fields=parts.fields,
        spool=spool,
        source=Media.Source.FILE,
        declared_mime_type=mime_types.normalise(parts.file.content_type),
        file_name=parts.file.file_name,
        size=intake.size if parts.is_whole else None,
        is_too_large=intake.is_discarding,
    )


def _from_raw(request: WSGIRequest, stream: BodyStream, spool: Spool, *, content_type: str) -> Inbound:
    size = _taken(stream, spool)
    return Inbound(
        fields=_fields_of_headers(request),
        spool=spool,
        source=Media.Source.RAW,
        declared_mime_type=mime_types.normalise(content_type),
        size=size,
        is_too_large=size is None or size > spool.max_bytes,
    )


def _taken(stream: BodyStream, spool: Spool) -> int | None:
    """How many bytes the body has, which are in the spool then if they are not too many."""
    if stream.content_length is not None and stream.content_length > spool.max_bytes:
        stream.drain()
        # What nobody has: the length is a word of the client, and nothing was measured.
        return stream.content_length if stream.content_length <= MOST_BYTES else None
    intake = _Intake(spool, is_hopeless=False)
    try:
        while chunk := stream.read(READ_BYTES):
            intake.write(chunk)
    except EnoughError:
        return None
    return intake.size


def _fields_of_headers(request: WSGIRequest) -> dict[str, Any]:
    """The fields that stand in headers, percent-encoded; whatever is no field is refused with the others."""
    named = ((name[len(HEADER) :], value) for name, value in request.headers.items() if name.startswith(HEADER))
    sent = {name.lower().replace("-", "_"): value for name, value in named}
    fields = {SHORT_NAMES.get(name, name): value for name, value in sent.items()}
    return {name: decoded(value, field=name) for name, value in fields.items()}


def decoded(header: str, *, field: str) -> str:
    """Percent-encoded UTF-8. WSGI hands bytes on as Latin-1; whoever forgets to encode means UTF-8 all the same."""
    return as_text(unquote_to_bytes(header.encode("latin-1")), field=field)
