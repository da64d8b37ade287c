"""Formats that a few bytes at a fixed place tell beyond doubt."""

import re

from media_store.sniffing.window import Window

PNG = b"\x89PNG\r\n\x1a\n"
# What may come first in a PNG; CgBI is Apple's, as in the pictures inside its apps.
_PNG_FIRST_CHUNKS = (b"IHDR", b"CgBI")
_WEBP_FIRST_CHUNKS = (b"VP8 ", b"VP8L", b"VP8X")
_WEBP_FLAGS_AT = 20
_WEBP_ANIMATED = 0x02
# Markers from SOF0 on, but for SOF55, which is JPEG-LS (ITU-T T.81, table B.1; T.87).
_JPEG = re.compile(rb"\xff\xd8\xff+[\xc0-\xf6\xf8-\xfe]")
_AMR = {
    b"#!AMR\n": "audio/amr",
    b"#!AMR_MC1.0\n": "audio/amr",
    b"#!AMR-WB\n": "audio/amr-wb",
    b"#!AMR-WB_MC1.0\n": "audio/amr-wb",
}


def type_of(window: Window) -> str | None:
    """image/jpeg, image/png (animated ones too), image/webp, audio/amr, audio/amr-wb, or None."""
    head = window.head
    if _JPEG.match(head):
        return "image/jpeg"
    if head.startswith(PNG) and head[12:16] in _PNG_FIRST_CHUNKS:
        return "image/png"
    if _is_webp(head):
        return "image/webp"
    return next((name for signature, name in _AMR.items() if head.startswith(signature)), None)


def is_animated_webp(head: bytes) -> bool:
    """Whether a WebP file says that it moves (RFC 9649, section 2.7.1); 21 bytes of its head suffice."""
    is_extended = _is_webp(head) and head[12:16] == b"VP8X" and len(head) > _WEBP_FLAGS_AT
    return is_extended and bool(head[_WEBP_FLAGS_AT] & _WEBP_ANIMATED)


def _is_webp(head: bytes) -> bool:
    return head.startswith(b"RIFF") and head[8:12] == b"WEBP" and head[12:16] in _WEBP_FIRST_CHUNKS
