"""MPEG audio and AAC, told by frames that follow each other as their headers say.

A frame begins with eleven set bits, which any bytes may hold by chance; so one header proves nothing, and a
second one where the first says the next frame begins proves much (ISO/IEC 11172-3, section 2.4.2.3;
ISO/IEC 13818-7, section 6.2, for AAC in ADTS). Tags are skipped first: ID3v2 may be larger than the head.
"""

import re
from dataclasses import dataclass
from itertools import islice

from media_store.sniffing.window import Window

MPEG, AAC = "audio/mpeg", "audio/aac"
SCAN_BYTES = 65_536
MAX_TAGS = 16
MAX_CANDIDATES = 4_096
# Frames in a row that prove the format where nothing else speaks for it (rows of pixels look alike, too), after
# a tag, and at the very start.
FRAMES_IN_JUNK, FRAMES_AFTER_TAG, FRAMES_AT_START = 16, 3, 2
HEADER_BYTES = 7
MAX_FREE_FORMAT_BYTES = 4_608

# A text's byte order mark, which is a sync word of layer I as well.
_UTF_16_MARK = b"\xff\xfe"
# Where a frame may begin, and one of layer II or III; overlapping, as in padding of set bits before a frame.
_SYNC = re.compile(rb"\xff(?=[\xe2-\xff])")
_SYNC_OF_SCAN = re.compile(rb"\xff(?=[\xe2\xe3\xf2-\xf5\xfa-\xfd])")
_LAYER_1, _LAYER_2, _LAYER_3 = 3, 2, 1
_MPEG_1, _MPEG_2_5, _RESERVED = 3, 0, 1
# kbit/s by the header's index, for MPEG-1 and for MPEG-2 and 2.5, whose layers II and III share one row.
_BIT_RATES = {
    (True, _LAYER_1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, _LAYER_2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, _LAYER_3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, _LAYER_1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, _LAYER_2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
# Hz by the header's index, for MPEG-1; half of it for MPEG-2, a quarter for 2.5.
_SAMPLE_RATES = (44_100, 48_000, 32_000)
_DIVISORS = {_MPEG_1: 1, 2: 2, _MPEG_2_5: 4}
_FORBIDDEN_RATE = 15
_FIRST_FRAME_MARKS = (b"Xing", b"Info", b"VBRI")
_TRAILERS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3", b"3DI")
_OTHERS = {b"fLaC": "audio/flac", b"ADIF": AAC}


@dataclass(frozen=True)
class _Frame:
    """One header: the type it speaks for, what all frames of a stream share, the bytes to the next (0: unsaid)."""

    mime_type: str
    family: int
    length: int


def type_of(window: Window) -> str | None:
    """audio/mpeg, audio/aac or audio/flac where frames begin at the start or after tags; None otherwise."""
    start = _end_of_tags(window)
    if window.read_at(start, 4) in _OTHERS:
        return _OTHERS[window.read_at(start, 4)]
    found = _type_at(window, start, needed=FRAMES_AT_START) or _type_of_odd_frames(window, start)
    return found or (_scan(window, start, needed=FRAMES_AFTER_TAG) if start else None)


def type_behind_junk(window: Window) -> str | None:
    """The same where frames begin anywhere in the head; for bytes that nothing else has recognised."""
    return _scan(window, 0, needed=FRAMES_IN_JUNK)


def _end_of_tags(window: Window) -> int:
    offset = 0
    for _ in range(MAX_TAGS):
        size = _tag_bytes(window.read_at(offset, 32))
        if not size:
            break
        offset += size
    return offset


def _tag_bytes(header: bytes) -> int:
    """How long the tag is that begins here, 0 where none does (id3.org, ID3v2.4 section 3.1; APEv2)."""
    if header.startswith(b"ID3") and len(header) >= 10:  # noqa: PLR2004 - the header's length
        has_footer = header[3] == 4 and header[5] & 0x10  # noqa: PLR2004 - version 2.4
        return 10 + _id3_size(header[6:10]) + (10 if has_footer else 0)
    if header.startswith(b"APETAGEX"):
        return 32 + int.from_bytes(header[12:16], "little")
    return 0


def _id3_size(field: bytes) -> int:
    # Seven bits a byte; some writers use all eight.
    bits = 8 if any(byte & 0x80 for byte in field) else 7
    return sum(byte << bits * place for place, byte in enumerate(reversed(field)))


def _scan(window: Window, start: int, *, needed: int) -> str | None:
    """The type where layer II or III begins within 64 KiB; layer I and AAC look too much like other bytes."""
    piece = window.read_at(start, SCAN_BYTES)
    syncs = islice(_SYNC_OF_SCAN.finditer(piece), MAX_CANDIDATES)
    found = (_type_at(window, start + sync.start(), needed=needed) for sync in syncs)
    return next(filter(None, found), None)


def _type_at(window: Window, offset: int, *, needed: int) -> str | None:
    """The type that `needed` frames in a row from here speak for; fewer will do where the sound ends."""
    first = _frame(window.read_at(offset, HEADER_BYTES))
    if first is None or not first.length:
        return None
    offset += first.length
    enough = max(FRAMES_AT_START, min(needed - 1, FRAMES_AFTER_TAG))
    for seen in range(1, needed):
        frame = _frame(window.read_at(offset, HEADER_BYTES))
        if frame is None or frame.family != first.family or not frame.length:
            return first.mime_type if seen >= enough and _sound_ends(window, offset) else None
        offset += frame.length
    return first.mime_type


def _type_of_odd_frames(window: Window, offset: int) -> str | None:
    """The type of a file of one frame (marked as an encoder's first, or all there is), or without bit rates."""
    frame = _frame(window.read_at(offset, HEADER_BYTES))
    if frame is None or window.read_at(offset, 2) == _UTF_16_MARK:
        return None
    if not frame.length:
        return _free_format_at(window, offset, frame)
    content = window.read_at(offset, 64)
    is_marked = frame.mime_type == MPEG and any(mark in content for mark in _FIRST_FRAME_MARKS)
    return frame.mime_type if is_marked or _sound_ends(window, offset + frame.length) else None


def _sound_ends(window: Window, offset: int) -> bool:
    return offset == window.size or window.read_at(offset, 16).startswith(_TRAILERS)


def _free_format_at(window: Window, offset: int, first: _Frame) -> str | None:
    """The type where headers without a bit rate come at one distance, give or take a padding byte."""
    piece = window.read_at(offset, MAX_FREE_FORMAT_BYTES * FRAMES_AFTER_TAG + HEADER_BYTES)
    for sync in _SYNC.finditer(piece, HEADER_BYTES, MAX_FREE_FORMAT_BYTES):
        distance = sync.start()
        if _is_free(piece, distance, first) and any(
            _is_free(piece, 2 * distance + padding, first) for padding in (0, 1, -1)
        ):
            return first.mime_type
    return None


def _is_free(piece: bytes, offset: int, first: _Frame) -> bool:
    frame = _frame(piece[offset : offset + HEADER_BYTES])
    return frame is not None and not frame.length and frame.family == first.family


def _frame(header: bytes) -> _Frame | None:
    if len(header) < HEADER_BYTES or header[0] != 0xFF or header[1] < 0xE0:  # noqa: PLR2004 - eleven set bits
        return None
    layer = header[1] >> 1 & 3
    return _mpeg_frame(header, layer) if layer else _adts_frame(header)


def _mpeg_frame(header: bytes, layer: int) -> _Frame | None:
    version, rate, sampling = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == _RESERVED or (version == _MPEG_2_5 and layer != _LAYER_3):
        return None
    if sampling == len(_SAMPLE_RATES) or rate == _FORBIDDEN_RATE:
        return None
    family = (header[1] & 0xFE) << 8 | header[2] & 0x0C
    hertz = _SAMPLE_RATES[sampling] // _DIVISORS[version]
    bits = _BIT_RATES[version == _MPEG_1, layer][rate] * 1_000
    return _Frame(MPEG, family, _mpeg_length(version, layer, bits, hertz, padding=header[2] >> 1 & 1))


def _mpeg_length(version: int, layer: int, bits: int, hertz: int, *, padding: int) -> int:
    if not bits:
        return 0
    if layer == _LAYER_1:
        return (12 * bits // hertz + padding) * 4
    slots = 72 if layer == _LAYER_3 and version != _MPEG_1 else 144
    return slots * bits // hertz + padding


def _adts_frame(header: bytes) -> _Frame | None:
    # Twelve set bits, layer 0; the length counts the header.
    sampling, length = header[2] >> 2 & 15, (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    if header[1] < 0xF0 or sampling > 12 or length <= HEADER_BYTES:  # noqa: PLR2004 - 13 rates are defined
        return None
    return _Frame(AAC, (header[1] & 0xF8) << 8 | header[2] & 0xFC, length)
