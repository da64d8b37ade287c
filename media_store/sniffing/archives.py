"""What a ZIP archive is beside an archive: an office document, a book, a program (APPNOTE.TXT, sections 4.3 and 4.4).

Only the names in its directory are read, nothing is unpacked. libmagic looks at the first entries alone, so that
what it calls a document depends on the order in which a program wrote it.
"""

import re
import struct
from collections.abc import Iterator

from media_store.sniffing.window import Window

LOCAL_HEADER, DIRECTORY_ENTRY, DIRECTORY_END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
# The end record, and the longest comment that may follow it.
MAX_END_BYTES = 22 + 65_535
MAX_DIRECTORY_BYTES = 65_536
ENTRY_BYTES = 46

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OFFICE_FOLDERS = {
    "word/": (_OFFICE + "wordprocessingml.document", "application/vnd.ms-word.document.macroenabled.12"),
    "xl/": (_OFFICE + "spreadsheetml.sheet", "application/vnd.ms-excel.sheet.macroenabled.12"),
    "ppt/": (_OFFICE + "presentationml.presentation", "application/vnd.ms-powerpoint.presentation.macroenabled.12"),
}
# OpenDocument and EPUB put their type, not compressed, at the very front.
_NAMED = re.compile(rb"mimetype(application/(?:epub\+zip|vnd\.oasis\.opendocument\.[a-z.-]{1,60}?))(?=PK|\s)")
_NAMED_AT = 30


def type_of(window: Window) -> str | None:
    """The type of the document in a ZIP archive; None for a plain archive, or for no archive."""
    if not window.head.startswith(LOCAL_HEADER):
        return None
    if named := _NAMED.match(window.head, _NAMED_AT):
        return named[1].decode()
    return _type_by_names(set(_names(_directory(window))))


def _type_by_names(names: set[str]) -> str | None:
    if "[Content_Types].xml" in names:
        for folder, (plain, with_macros) in _OFFICE_FOLDERS.items():
            if any(name.startswith(folder) for name in names):
                return with_macros if folder + "vbaProject.bin" in names else plain
    if "AndroidManifest.xml" in names:
        return "application/vnd.android.package-archive"
    return "application/java-archive" if "META-INF/MANIFEST.MF" in names else None


def _directory(window: Window) -> bytes:
    start = max(window.size - MAX_END_BYTES, 0)
    tail = window.read_at(start, MAX_END_BYTES)
    end = tail[tail.rfind(DIRECTORY_END) :]
    if not end.startswith(DIRECTORY_END) or len(end) < 22:  # noqa: PLR2004 - the record's length
        return b""
    length, offset = struct.unpack_from("<II", end, 12)
    return window.read_at(offset, min(length, MAX_DIRECTORY_BYTES))


def _names(directory: bytes) -> Iterator[str]:
    at = 0
    while directory.startswith(DIRECTORY_ENTRY, at) and at + ENTRY_BYTES <= len(directory):
        name, extra, comment = struct.unpack_from("<HHH", directory, at + 28)
        yield directory[at + ENTRY_BYTES : at + ENTRY_BYTES + name].decode("utf-8", "replace")
        at += ENTRY_BYTES + name + extra + comment
