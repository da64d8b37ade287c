"""MP4 and its relatives: which of them, and whether there are pictures, by walking the boxes (ISO/IEC 14496-12).

No box is believed: sizes are held within the box around them, and the walk is bounded in boxes and depth.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from media_store.sniffing.window import Window

MAX_BOXES = 4_096
MAX_BRAND_BYTES = 256
HEADER_BYTES = 8
LARGE_HEADER_BYTES = 16
SIZE_TO_END, SIZE_IS_LARGE = 0, 1

# What a file may open with; before 2001 there was no ftyp.
_OPENINGS = (b"ftyp", b"free", b"mdat", b"moof", b"moov", b"pnot", b"sidx", b"skip", b"styp", b"wide")
_VIDEO, _SOUND = b"vide", b"soun"
_QUICKTIME_BRANDS = (b"qt  ", b"mqt ")
_AUDIO_BRANDS = (b"F4A ", b"F4B ", b"M4A ", b"M4B ", b"M4P ")
# Still pictures, and others that only share the boxes.
_OTHER_BRANDS = {
    b"avci": "image/avci",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"crx ": "image/x-canon-cr3",
    b"heic": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic-sequence",
    b"hevx": "image/heic-sequence",
    b"jp2 ": "image/jp2",
    b"jpm ": "image/jpm",
    b"jpx ": "image/jpx",
    b"jxl ": "image/jxl",
    b"mif1": "image/heif",
    b"mif2": "image/heif",
    b"mj2s": "video/mj2",
    b"mjp2": "video/mj2",
    b"msf1": "image/heif-sequence",
    b"odcf": "application/vnd.oma.drm.content",
}
# Chapter pictures and covers stand in a video track of their own in audio books.
_PICTURE_CODECS = (b"jpeg", b"mjpa", b"mjpg", b"png ")
_MP4_CODECS = (b"ac-3", b"alac", b"av01", b"avc1", b"avc3", b"ec-3", b"hev1", b"hvc1", b"mp4a", b"mp4v")


@dataclass(frozen=True)
class _Box:
    kind: bytes
    start: int
    end: int


@dataclass
class _Track:
    handler: bytes = b""
    codec: bytes = b""
    quicktime: bool = False


@dataclass
class _Movie:
    brands: list[bytes] = field(default_factory=list)
    kinds: set[bytes] = field(default_factory=set)
    tracks: list[_Track] = field(default_factory=list)

    @property
    def major(self) -> bytes:
        return self.brands[0] if self.brands else b""

    def has(self, handler: bytes) -> bool:
        return any(track.handler == handler for track in self.tracks)


class _Walk:
    """One walk over a file, with the number of boxes it may still read."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._left = MAX_BOXES

    def movie(self) -> _Movie:
        movie = _Movie()
        for box in self._boxes(0, self._window.size):
            movie.kinds.add(box.kind)
            if box.kind == b"ftyp" and not movie.brands:
                movie.brands = self._brands(box)
            if box.kind == b"moov":
                tracks = (self._track(trak) for trak in self._children(box, b"trak"))
                movie.tracks = [track for track in tracks if track.handler]
            if movie.tracks and movie.major not in _QUICKTIME_BRANDS:
                break
        return movie

    def _brands(self, box: _Box) -> list[bytes]:
        names = self._window.read_at(box.start, min(box.end - box.start, MAX_BRAND_BYTES))
        # The second four bytes are the minor version.
        return [names[at : at + 4] for at in range(0, len(names) - 3, 4) if at != 4]  # noqa: PLR2004 - as said above

    def _track(self, trak: _Box) -> _Track:
        track = _Track()
        for box in self._descendants(trak, b"mdia"):
            if box.kind == b"hdlr" and not track.handler:
                # Version and flags, then QuickTime's component type, which MP4 leaves zero, then the handler.
                fields = self._window.read_at(box.start + 4, 8)
                track.quicktime, track.handler = fields[:4].strip(b"\x00") != b"", fields[4:]
            if box.kind == b"minf":
                track.codec = self._codec(box)
        return track

    def _codec(self, minf: _Box) -> bytes:
        for stbl in self._children(minf, b"stbl"):
            for stsd in self._children(stbl, b"stsd"):
                # Version and flags, the number of entries, the first entry's size, its name.
                return self._window.read_at(stsd.start + 12, 4)
        return b""

    def _descendants(self, box: _Box, kind: bytes) -> Iterator[_Box]:
        for child in self._children(box, kind):
            yield from self._boxes(child.start, child.end)

    def _children(self, box: _Box, kind: bytes) -> Iterator[_Box]:
        return (child for child in self._boxes(box.start, box.end) if child.kind == kind)

    def _boxes(self, start: int, end: int) -> Iterator[_Box]:
        while self._left > 0 and end - start >= HEADER_BYTES:
            self._left -= 1
            box = self._box(start, end)
            if box is None:
                return
            yield box
            start = box.end

    def _box(self, start: int, end: int) -> _Box | None:
        header = self._window.read_at(start, LARGE_HEADER_BYTES)
        size, used = int.from_bytes(header[:4]), HEADER_BYTES
        if size == SIZE_IS_LARGE:
            size, used = int.from_bytes(header[8:16]), LARGE_HEADER_BYTES
        elif size == SIZE_TO_END:
            size = end - start
        if len(header) < used or size < used:
            return None
        return _Box(kind=header[4:8], start=start + used, end=min(start + size, end))


def type_of(window: Window) -> str | None:
    """The type of an MP4, QuickTime, 3GPP or HEIF file; None where the bytes are none of them.

    Errors: none for any bytes. A file cut off before its tracks is what its brand says.
    """
    if window.head[4:8] not in _OPENINGS:
        return None
    movie = _Walk(window).movie()
    if not movie.brands:
        return _type_without_brand(movie)
    return _type_by_brand(movie) or _type_by_tracks(movie)


def _type_without_brand(movie: _Movie) -> str | None:
    # QuickTime's files had no ftyp for ten years; segments of a stream (RFC 4337's heirs) have a styp.
    if any(track.quicktime for track in movie.tracks):
        return "video/quicktime"
    if movie.tracks:
        return _type_by_tracks(movie)
    return "video/iso.segment" if movie.kinds & {b"moof", b"sidx", b"styp"} else None


def _type_by_brand(movie: _Movie) -> str | None:
    if movie.major in _OTHER_BRANDS:
        return _OTHER_BRANDS[movie.major]
    if movie.major.startswith((b"3g2", b"kddi", b"KDDI")):
        return "video/3gpp2" if movie.has(_VIDEO) or not movie.tracks else "audio/3gpp2"
    if movie.major.startswith(b"3g"):
        return "video/3gpp" if movie.has(_VIDEO) or not movie.tracks else "audio/3gpp"
    if movie.major in _QUICKTIME_BRANDS and not _is_mp4_by_another_name(movie):
        return "video/quicktime"
    return None


def _is_mp4_by_another_name(movie: _Movie) -> bool:
    """Whether nothing but the brand is QuickTime's, as in MP4 files whose writers mistook it.

    QuickTime's own writers leave a `wide` box beside the data, tracks that are neither sound nor pictures, or
    codecs that MP4 does not have.
    """
    handlers = {track.handler for track in movie.tracks}
    codecs = {track.codec for track in movie.tracks}
    return bool(codecs) and b"wide" not in movie.kinds and codecs <= set(_MP4_CODECS) and handlers <= {_VIDEO, _SOUND}


def _type_by_tracks(movie: _Movie) -> str:
    if not movie.tracks:
        others = (_OTHER_BRANDS[brand] for brand in movie.brands if brand in _OTHER_BRANDS)
        return next(others, "audio/mp4" if movie.major in _AUDIO_BRANDS else "video/mp4")
    if any(_shows_pictures(track, movie) for track in movie.tracks):
        return "video/mp4"
    return "audio/mp4" if movie.has(_SOUND) else "application/mp4"


def _shows_pictures(track: _Track, movie: _Movie) -> bool:
    is_cover = movie.major in _AUDIO_BRANDS and track.codec in _PICTURE_CODECS
    return track.handler == _VIDEO and not is_cover
