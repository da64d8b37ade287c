"""multipart/form-data (RFC 7578), its one file handed on as it arrives."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.core.handlers.wsgi import WSGIRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.http import parse_header_parameters

from media_store.api.body_stream import BodyStream
from media_store.errors import MalformedMultipart, SourceAmbiguous, TooLarge
from media_store.spool import READ_BYTES
from problems.errors import Malformed, UnknownField

MULTIPART = "multipart/form-data"
FILE_NAME_FIELD = "file_name"
# In which Django is to read: it loses no byte. In UTF-8 it would put a sign of its own for what is none, and make one
# message id of two.
BYTES = "latin-1"
# Where the closing boundary is looked for; what stands behind it (an epilogue) may be ignored.
TAIL_BYTES = 2_048


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """What a part said of the file it carried."""

    file_name: str
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The text fields, and the file part whose bytes were handed on; where not whole, what came before its end."""

    fields: dict[str, Any]
    file: FilePart | None
    is_whole: bool


class EnoughError(Exception):
    """Raised by a sink that takes no more: what has not come yet is not read."""


def read_multipart(
    request: WSGIRequest, stream: BodyStream, *, write: Callable[[bytes], None], file_field: str
) -> Parts:
    """Read it, and hand the bytes of its file to `write`, which may raise `EnoughError`.

    Errors: `MalformedMultipart` (a missing closing boundary included: the body was cut off), `UnknownField` for
    a file under another name, `SourceAmbiguous` for two files, `Malformed` for a field given twice or in another
    charset, `TooLarge` for fields that are too long together.
    """
    body = _Tail(stream)
    handler = _FileHandler(write, file_field=file_field)
    with _refused_by_django():
        posted, _ = _Parser(_meta(request, stream), cast("Any", body), [handler], BYTES).parse()
    if handler.is_whole:
        _check_closed(request, body)
    sent = {_sent(name): values for name, values in posted.lists()}
    twice = [name for name, values in sent.items() if len(values) > 1]
    if twice:
        detail = f"The field {twice[0]!r} is given more than once."
        raise Malformed(detail)
    if file_field in sent:
        detail = f"The part {file_field!r} carries no filename; send it as a file."
        raise MalformedMultipart(detail)
    # A form sends every input that it has: one that was left empty says nothing.
    said = {name: as_text(value.encode(BYTES), field=name) for name, (value,) in sent.items() if value}
    return Parts(fields=said, file=handler.part, is_whole=handler.is_whole)


def _sent(name: str) -> str:
    """A name out of a part's header, of which Django has made sure that it is UTF-8."""
    return name.encode(BYTES).decode()


def as_text(value: bytes, *, field: str) -> str:
    """UTF-8. A file name is for people, who make out what is left of it. Error: `Malformed` for any other field."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        if field == FILE_NAME_FIELD:
            return value.decode(errors="replace")
        detail = f"{field} is not UTF-8 from byte {error.start} on."
        raise Malformed(detail) from error


@contextmanager
def _refused_by_django() -> Iterator[None]:
    """Django's refusals as ours."""
    try:
        yield
    except RequestDataTooBig as error:
        raise TooLarge(limit_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE, what="The fields beside the file") from error
    except (MultiPartParserError, TooManyFieldsSent, TooManyFilesSent) as error:
        raise MalformedMultipart(str(error)) from error
    except TypeError as error:
        if not _is_of_mail(error):
            raise
        raise MalformedMultipart("A parameter of a part's header is there whole and in pieces (RFC 2231).") from error


def _is_of_mail(error: TypeError) -> bool:
    """Whether the library for mail failed, by which Django reads a header, and not one of ours."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).startswith("email.")


class _Parser(MultiPartParser):
    """Django's parser, which keeps file names as they were sent: they are cleaned in one place, later."""

    def sanitize_file_name(self, file_name: str) -> str | None:
        return _sent(file_name) or None


class _FileHandler(FileUploadHandler):
    """One pass: what arrives is handed on at once, and no file object is made of it."""

    chunk_size = READ_BYTES

    def __init__(self, write: Callable[[bytes], None], *, file_field: str) -> None:
        super().__init__()
        self._write = write
        self._file_field = file_field
        self.part: FilePart | None = None
        self.is_whole = True

    def new_file(self, field_name: str, file_name: str, content_type: str, *args: Any, **kwargs: Any) -> None:
        field_name = _sent(field_name)
        super().new_file(field_name, file_name, content_type, *args, **kwargs)
        if field_name != self._file_field:
            detail = f"The file is expected in the field {self._file_field!r}, not in {field_name!r}."
            raise UnknownField(detail, fields=[field_name])
        if self.part is not None:
            detail = "More than one file was sent."
            raise SourceAmbiguous(detail, fields=[self._file_field])
        self.part = FilePart(file_name=file_name, content_type=content_type)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002 - the handler's signature
        try:
            self._write(raw_data)
        except EnoughError as error:
            self.is_whole = False
            # Django's word for it: without it the parser would read on to the end.
            raise StopUpload(connection_reset=True) from error

    def file_complete(self, file_size: int) -> None:  # noqa: ARG002 - the handler's signature
        return None


class _Tail:
    """Hands on what it reads, and remembers the end of it."""

    def __init__(self, stream: BodyStream) -> None:
        self._stream = stream
        self.tail = b""

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self.tail = chunk[-TAIL_BYTES:] if len(chunk) >= TAIL_BYTES else (self.tail + chunk)[-TAIL_BYTES:]
        return chunk


def _meta(request: WSGIRequest, stream: BodyStream) -> dict[str, Any]:
    # Django takes an unknown length for an empty body; any other number is never looked at again. It knows its own
    # type by small letters only.
    length = 1 if stream.content_length is None else stream.content_length
    content_type = MULTIPART + request.META["CONTENT_TYPE"].strip()[len(MULTIPART) :]
    return {**request.META, "CONTENT_LENGTH": length, "CONTENT_TYPE": content_type}


def _check_closed(request: WSGIRequest, body: _Tail) -> None:
    _, parameters = parse_header_parameters(request.META["CONTENT_TYPE"])
    if f"--{parameters['boundary']}--".encode("ascii") not in body.tail:
        detail = "The closing boundary is missing; the body was cut off."
        raise MalformedMultipart(detail)
