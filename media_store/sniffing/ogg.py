"""Ogg: audio or video, by the codecs its streams name on their first pages (RFC 3533; RFC 5334 for the types)."""

from collections.abc import Iterator
from itertools import islice

from media_store.sniffing.window import Window

CAPTURE_PATTERN = b"OggS"
MAX_STREAMS = 64
HEADER_BYTES = 27
BEGINNING_OF_STREAM = 0x02
CODEC_BYTES = 8

_AUDIO = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC", b"fLaC", b"PCM     ", b"CELT    ", b"\x01audio")
_VIDEO = (b"\x80theora", b"\x80daala", b"BBCD\x00", b"KW-DIRAC", b"OVP80", b"\x01video")


def type_of(window: Window) -> str | None:
    """audio/ogg, video/ogg, application/ogg (neither, or a stream unknown), or None where it is no Ogg."""
    if not window.head.startswith(CAPTURE_PATTERN):
        return None
    codecs = list(islice(_codecs(window), MAX_STREAMS))
    if any(codec.startswith(_VIDEO) for codec in codecs):
        return "video/ogg"
    return "audio/ogg" if any(codec.startswith(_AUDIO) for codec in codecs) else "application/ogg"


def _codecs(window: Window) -> Iterator[bytes]:
    # All first pages stand at the front, before any other (section 4).
    offset = 0
    while (header := window.read_at(offset, HEADER_BYTES)).startswith(CAPTURE_PATTERN):
        if len(header) < HEADER_BYTES or not header[5] & BEGINNING_OF_STREAM:
            return
        segments = window.read_at(offset + HEADER_BYTES, header[26])
        offset += HEADER_BYTES + header[26]
        yield window.read_at(offset, CODEC_BYTES)
        offset += sum(segments)
