"""What the head of an answer says about the bytes that follow; where it says two things, it is refused.

httpcore2 already refuses what is no HTTP, and quietly takes one of two equal lengths: so this reads the head itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from safe_http.errors import BrokenAnswer, Encoded

Headers = Sequence[tuple[bytes, bytes]]

VERSIONS = (b"HTTP/1.0", b"HTTP/1.1")

_BLANK_LINE = re.compile(rb"\n\r?\n")
_INFORMATIONAL = re.compile(rb"HTTP/[0-9.]+ 1")
_LENGTH_LINE = re.compile(rb"^content-length:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_PRINTABLE = re.compile(rb"[\x20-\x7e]{1,255}")


@dataclass(frozen=True, kw_only=True)
class Framing:
    """`length` is the body's in bytes where it was announced; `head_bytes` is where the body begins."""

    length: int | None
    head_bytes: int


def framing_of(head: bytes, headers: Headers, *, version: bytes) -> Framing:
    """How the body of this answer ends; `head` is what was read so far. Raises BrokenAnswer."""
    if version not in VERSIONS:
        raise BrokenAnswer("The source's answer is in no version of HTTP that was asked for.")
    begins, ends = _last_block(head)
    lengths = values_of(headers, b"content-length")
    transfer_encodings = values_of(headers, b"transfer-encoding")
    said = _LENGTH_LINE.findall(head, begins, ends)
    if len(said) > 1 or any(b"," in value for value in said):
        raise BrokenAnswer("The source announces its length twice.")
    if transfer_encodings and (lengths or version != b"HTTP/1.1"):
        raise BrokenAnswer("The source announces its end in two ways.")
    _refuse_encoded(headers)
    return Framing(length=int(lengths[0]) if lengths else None, head_bytes=ends)


def values_of(headers: Headers, name: bytes) -> list[bytes]:
    """The values of every header of this name, in their order."""
    return [value for given, value in headers if given.lower() == name]


def declared_type(headers: Headers) -> str | None:
    """What the source says that its bytes are: advice, in printable ASCII."""
    values = values_of(headers, b"content-type")
    return values[0].decode("ascii") if len(values) == 1 and _PRINTABLE.fullmatch(values[0]) else None


def _last_block(head: bytes) -> tuple[int, int]:
    """Where the head of the final answer begins and ends, after the informational ones (RFC 9110, section 15.2)."""
    begins = ends = 0
    for blank in _BLANK_LINE.finditer(head):
        begins, ends = ends, blank.end()
        if not _INFORMATIONAL.match(head, begins):
            break
    return begins, ends


def _refuse_encoded(headers: Headers) -> None:
    codings = b",".join(values_of(headers, b"content-encoding")).lower().split(b",")
    if any(coding.strip() not in (b"", b"identity") for coding in codings):
        raise Encoded("The source compressed its answer, although it was asked not to.")
