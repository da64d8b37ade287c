"""Ranges: which bytes of a representation a GET asks for (RFC 9110, section 14)."""

import re
from dataclasses import dataclass

from media_store.errors import RangeNotSatisfiable

# The unit in any case; white space only where a list may have it.
_SINGLE = re.compile(r"bytes=[ \t]*(?:(\d{1,19})-(\d{1,19})?|-(\d{1,19}))[ \t]*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Span:
    """`length` bytes from `start`; both counted in bytes."""

    start: int
    length: int

    def content_range(self, *, size: int) -> str:
        """The value of Content-Range."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def parse(header: str, *, size: int) -> Span | None:
    """The span asked for; None where the header is to be ignored (another unit, several ranges, nonsense).

    Error: `RangeNotSatisfiable` where not one byte of it exists.
    """
    match = _SINGLE.fullmatch(header)
    if match is None:
        return None
    first, last, suffix = (None if group is None else int(group) for group in match.groups())
    if suffix is not None:
        return _suffix(suffix, size=size)
    if first is None or (last is not None and last < first):
        return None
    if first >= size:
        raise RangeNotSatisfiable(size=size)
    end = size - 1 if last is None else min(last, size - 1)
    return Span(start=first, length=end - first + 1)


def _suffix(length: int, *, size: int) -> Span:
    if length == 0 or size == 0:
        raise RangeNotSatisfiable(size=size)
    length = min(length, size)
    return Span(start=size - length, length=length)
