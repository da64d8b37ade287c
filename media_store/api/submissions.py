"""Submissions: a body that may carry media, read in one pass into its fields and a Spool.

The view calls `read`; nothing reads the body before, and nothing ever holds the whole of it in memory.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.utils.http import parse_header_parameters

from devices.api.encoding import refuse_encoded
from media_store import mime_types
from media_store.api import spellings
from media_store.api.body_stream import BodyStream
from media_store.api.multipart import MULTIPART, read_multipart
from media_store.decoding.base64_stream import Base64Sink, UrlOrBase64Sink
from media_store.decoding.json_stream import STREAMED, StringSink, read_object
from media_store.errors import SourceAmbiguous, UnsupportedBody
from media_store.models import Media
from media_store.spool import READ_BYTES, Spool

# Beside the media itself: the other fields, part headers and boundaries.
ROOM_BYTES = 262_144
JSON = "application/json"
BASE64_FIELD = "data_base64"
FILE_FIELD = "file"
FORM = "application/x-www-form-urlencoded"


@dataclass(kw_only=True)
class Submission:
    """What a body said. `spool` holds the bytes where the body itself carried them, and `source` says how."""

    fields: dict[str, Any]
    spool: Spool
    source: str | None = None
    declared_mime_type: str = ""
    file_name: str = ""
    # What a foreign form said that is no business of media; None where the form is our own.
    ignored: list[str] | None = None


@contextmanager
def read(request: WSGIRequest, *, raw: bool, foreign: bool = False) -> Iterator[Submission]:
    """Read the body; the Spool is removed at the end of the block. `foreign` takes other gateways' spellings too.

    Errors: `UnsupportedBody`, `EncodedBody`; those of `BodyStream`; `MalformedJson`, `BadBase64`, `MalformedMultipart`;
    `TooLarge` as soon as the media is.
    """
    content_type, _ = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))
    with ExitStack() as stack:
        stream = _stream(request, content_type)
        refuse_encoded(request)
        stream.check_announced()
        spool = stack.enter_context(Spool(folder=settings.SPOOL_DIR, max_bytes=settings.MEDIA_MAX_BYTES))
        if content_type == JSON:
            yield _from_json(stream, spool, foreign=foreign)
        elif content_type == MULTIPART:
            yield _from_multipart(request, stream, spool)
        elif raw and content_type and content_type != FORM:
            yield _from_raw(request, stream, spool, content_type=content_type)
        else:
            raise UnsupportedBody(_supported(raw=raw))


def _stream(request: WSGIRequest, content_type: str) -> BodyStream:
    limit = settings.MEDIA_MAX_BYTES
    # Base64 makes four characters of three bytes, and each may be a slash that its sender escapes (PHP does): the
    # limit of the body follows from that of the media, which the Spool holds to the byte.
    body_limit = math.ceil(limit / 3) * 4 * 2 + ROOM_BYTES if content_type == JSON else limit + ROOM_BYTES
    return BodyStream(request, limit_bytes=body_limit, named_limit_bytes=limit)


def _supported(*, raw: bool) -> str:
    kinds_of_body = f"{JSON} or {MULTIPART}"
    return f"Send {kinds_of_body}, or the raw bytes under their own type." if raw else f"Send {kinds_of_body}."


def _from_json(stream: BodyStream, spool: Spool, *, foreign: bool) -> Submission:
    paths = spellings.BASE64_PATHS if foreign else (spellings.OWN_BASE64,)
    base64 = {path: Base64Sink(write=spool.write) for path in paths}
    sinks: dict[tuple[str, ...], StringSink] = {**base64}
    if foreign:
        sinks[spellings.EVOLUTION_MEDIA] = either = UrlOrBase64Sink(base64[spellings.EVOLUTION_MEDIA])
    document = read_object(stream.read, sinks=sinks)
    if foreign and either.url is not None:
        document[spellings.EVOLUTION_MEDIA[0]] = either.url
    _refuse_two(base64)
    translated = spellings.translate(document) if foreign else spellings.Translated(fields=document)
    submission = Submission(fields=translated.fields, spool=spool, ignored=translated.ignored)
    if any(translated.fields.get(name) is STREAMED for name in spellings.STREAMED_FIELDS):
        declared = next(filter(None, (sink.declared_mime_type for sink in base64.values())), "")
        submission.source = Media.Source.BASE64
        submission.declared_mime_type = mime_types.normalise(declared)
        submission.fields = {name: value for name, value in translated.fields.items() if value is not STREAMED}
    return submission


def _refuse_two(sinks: Mapping[tuple[str, ...], Base64Sink]) -> None:
    """Whatever the form: two strings of base64 would have gone into one Spool."""
    names = sorted(".".join(path) for path, sink in sinks.items() if sink.size)
    if len(names) > 1:
        detail = f"Give one source only; here are {', '.join(names)}."
        raise SourceAmbiguous(detail, fields=names)


def _from_multipart(request: WSGIRequest, stream: BodyStream, spool: Spool) -> Submission:
    parts = read_multipart(request, stream, write=spool.write, file_field=FILE_FIELD)
    part = parts.file
    if part is None:
        return Submission(fields=parts.fields, spool=spool)
    return Submission(
        fields=parts.fields,
        spool=spool,
        source=Media.Source.FILE,
        declared_mime_type=mime_types.normalise(part.content_type),
        file_name=part.file_name,
    )


def _from_raw(request: WSGIRequest, stream: BodyStream, spool: Spool, *, content_type: str) -> Submission:
    while chunk := stream.read(READ_BYTES):
        spool.write(chunk)
    return Submission(
        fields={},
        spool=spool,
        source=Media.Source.RAW,
        declared_mime_type=mime_types.normalise(content_type),
        file_name=_file_name(request),
    )


def _file_name(request: WSGIRequest) -> str:
    # WSGI hands bytes on as Latin-1; whoever forgets to encode a name means UTF-8 all the same.
    header: str = request.META.get("HTTP_X_FILE_NAME", "")
    return unquote_to_bytes(header.encode("latin-1")).decode(errors="replace")


def given(fields: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """Those of `names` that the fields hold, null left out."""
    return [name for name in names if fields.get(name) is not None]
