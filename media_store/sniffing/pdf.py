"""PDF, also behind a prefix: readers accept the header anywhere within the first 1,024 bytes."""

import re

from media_store.sniffing.window import Window

PDF = "application/pdf"
HEADER = b"%PDF-"
HEADER_WITHIN_BYTES = 1_024
TAIL_BYTES = 2_048
_BLANK = b"\xef\xbb\xbf\x00\t\n\x0c\r "
# Not inside a line of text: a program that writes PDF has the header within quotation marks.
_EMBEDDED = re.compile(rb"(?<![!-~])%PDF-\d")
_OBJECT = re.compile(rb"\d obj\b")
_TRAILER = re.compile(rb"startxref\s+\d+\s+%%EOF")


def type_of(window: Window) -> str | None:
    """application/pdf where nothing but blanks or a byte order mark precedes the header, or None."""
    return PDF if window.head[:HEADER_WITHIN_BYTES].lstrip(_BLANK).startswith(HEADER) else None


def type_behind_prefix(window: Window) -> str | None:
    """application/pdf where a header follows other bytes (of MacBinary, or of HTTP), or None.

    The header alone may be a word in a text, so an object near it or the trailer at the end must bear it out.
    """
    if not _EMBEDDED.search(window.head, 0, HEADER_WITHIN_BYTES):
        return None
    tail = window.read_at(max(window.size - TAIL_BYTES, 0), TAIL_BYTES)
    return PDF if _OBJECT.search(window.head) or _TRAILER.search(tail) else None
