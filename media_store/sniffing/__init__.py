"""Sniffing: the true type of bytes, whatever their sender calls them.

What MediaHub serves under its own type is told here, from the formats' own rules: magic numbers, boxes, pages
and frames. libmagic names the rest; where it names one of the types told here, and the rules said no, its
answer is dropped. So the answers that matter are the same with any version of it. No media is decoded, and
every walk is bounded, so that hostile bytes cost milliseconds.
"""

from collections.abc import Callable
from typing import BinaryIO

from media_store.sniffing import archives, iso_media, libmagic, mpeg_audio, ogg, pdf, signatures
from media_store.sniffing.libmagic import UNKNOWN
from media_store.sniffing.signatures import is_animated_webp
from media_store.sniffing.window import Window

__all__ = ["HEAD_BYTES", "UNKNOWN", "is_animated_webp", "sniff"]

HEAD_BYTES = 65_536

# In this order: a format that owns the first bytes comes before one that may follow a tag.
_READERS = (signatures.type_of, iso_media.type_of, ogg.type_of, pdf.type_of, archives.type_of, mpeg_audio.type_of)
# For bytes that nothing has recognised.
_SEARCHERS = (pdf.type_behind_prefix, mpeg_audio.type_behind_junk)
# libmagic's word is not enough for these.
_TOLD_HERE = frozenset(
    (
        "application/ogg", "application/pdf", "audio/3gpp", "audio/3gpp2", "audio/aac", "audio/amr", "audio/mp4",
        "audio/mpeg", "audio/ogg", "audio/opus", "audio/x-hx-aac-adif", "audio/x-hx-aac-adts", "audio/x-m4a",
        "image/apng", "image/jpeg", "image/png", "image/webp", "video/3gpp", "video/3gpp2", "video/mp4",
        "video/ogg", "video/quicktime", "video/x-m4v",
    )
)  # fmt: skip
# libmagic's names for bytes whose own meaning does not rule out a file behind a prefix.
_VAGUE = (UNKNOWN, "application/x-macbinary", "text/")


def sniff(*, head: bytes, size: int, open_file: Callable[[], BinaryIO]) -> str:
    """The MIME type of a file of `size` bytes, of which `head` is the first 64 KiB (or all).

    `open_file` is called at most once, and only where the head does not tell: for an MP4 whose index comes
    last, sound behind a large tag, a PDF behind a prefix, the directory of an archive. What nothing recognises
    is application/octet-stream.
    Errors: none for any bytes; `OSError` where `open_file` or its reading fails.
    """
    head = head[:HEAD_BYTES]
    with Window(head=head, size=size, open_file=open_file) as window:
        told = (reader(window) for reader in _READERS)
        return next(filter(None, told), None) or _named_by_libmagic(window)


def _named_by_libmagic(window: Window) -> str:
    name = libmagic.ask(window.head)
    if name in _TOLD_HERE:
        name = UNKNOWN
    if not name.startswith(_VAGUE):
        return name
    # Text holds no frames of sound, only words about a PDF.
    searchers = _SEARCHERS if name == UNKNOWN else _SEARCHERS[:1]
    return next(filter(None, (search(window) for search in searchers)), name)
