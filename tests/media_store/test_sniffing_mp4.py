"""MP4 and its relatives: told by brand and tracks, whatever the order and the sizes of the boxes."""

import io
import struct
import time

import pytest

from media_store.sniffing import HEAD_BYTES, UNKNOWN, sniff
from tests import media_files
from tests.media_store.sniffed import sniffed


def box(kind: bytes, *children: bytes, size: int | None = None) -> bytes:
    content = b"".join(children)
    return struct.pack(">I4s", len(content) + 8 if size is None else size, kind) + content


def large_box(kind: bytes, content: bytes, *, size: int | None = None) -> bytes:
    return struct.pack(">I4sQ", 1, kind, len(content) + 16 if size is None else size) + content


class Counted(io.BytesIO):
    """A file that counts how often it is read."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read(size)


def ftyp(*brands: bytes) -> bytes:
    return box(b"ftyp", brands[0], bytes(4), *brands)


def track(handler: bytes, *, codec: bytes = b"avc1", component: bytes = bytes(4)) -> bytes:
    hdlr = box(b"hdlr", bytes(4), component, handler, bytes(13))
    stsd = box(b"stsd", bytes(4), struct.pack(">I", 1), box(codec, bytes(20)))
    return box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", hdlr, box(b"minf", box(b"stbl", stsd))))


def moov(*tracks: bytes) -> bytes:
    return box(b"moov", box(b"mvhd", bytes(100)), *tracks)


SOUND, PICTURES = track(b"soun", codec=b"mp4a"), track(b"vide")
SUBTITLES, META = track(b"sbtl", codec=b"tx3g"), track(b"meta", codec=b"mebx")
DATA = box(b"mdat", bytes(200))


class TestBrands:
    @pytest.mark.parametrize(
        "brand", [b"isom", b"iso5", b"mp41", b"mp42", b"M4V ", b"avc1", b"dash", b"MSNV", b"f4v ", b"XAVC", b"new!"]
    )
    def test_with_pictures_is_video(self, brand: bytes) -> None:
        assert sniffed(ftyp(brand, b"isom") + moov(PICTURES, SOUND) + DATA) == "video/mp4"

    @pytest.mark.parametrize("brand", [b"isom", b"mp42", b"M4A ", b"M4B ", b"F4A ", b"M4V ", b"dash"])
    def test_with_sound_alone_is_audio(self, brand: bytes) -> None:
        assert sniffed(ftyp(brand, b"isom") + moov(SOUND) + DATA) == "audio/mp4"

    @pytest.mark.parametrize("brand", [b"3gp4", b"3gp5", b"3gr6", b"3gs7", b"3ge6"])
    def test_of_3gpp_stays_3gpp(self, brand: bytes) -> None:
        assert sniffed(ftyp(brand, b"isom") + moov(PICTURES) + DATA) == "video/3gpp"
        assert sniffed(ftyp(brand, b"isom") + moov(SOUND) + DATA) == "audio/3gpp"

    def test_only_the_major_brand_makes_it_3gpp_or_quicktime(self) -> None:
        assert sniffed(ftyp(b"mp42", b"3gp5", b"qt  ") + moov(PICTURES) + DATA) == "video/mp4"

    @pytest.mark.parametrize(
        ("brand", "mime_type"),
        [(b"heic", "image/heic"), (b"mif1", "image/heif"), (b"avif", "image/avif"), (b"crx ", "image/x-canon-cr3")],
    )
    def test_of_still_pictures_is_no_video(self, brand: bytes, mime_type: str) -> None:
        assert sniffed(ftyp(brand, b"mif1") + box(b"meta", bytes(40)) + moov(PICTURES)) == mime_type

    def test_decides_where_the_file_was_cut_off(self) -> None:
        assert sniffed(ftyp(b"isom") + box(b"mdat", bytes(50), size=90_000)) == "video/mp4"
        assert sniffed(ftyp(b"M4A ", b"isom") + box(b"moov", bytes(50), size=90_000)) == "audio/mp4"
        assert sniffed(ftyp(b"isom", b"avif")) == "image/avif"


class TestTracks:
    def test_a_cover_is_no_track(self) -> None:
        cover = box(b"covr", box(b"data", bytes(8), media_files.jpeg()))
        meta = box(b"meta", bytes(4), box(b"hdlr", bytes(8), b"mdir", bytes(13)), box(b"ilst", cover))
        assert sniffed(ftyp(b"M4A ") + moov(SOUND, box(b"udta", meta)) + DATA) == "audio/mp4"

    def test_chapter_pictures_of_an_audio_book_are_no_video(self) -> None:
        chapters = track(b"vide", codec=b"jpeg")
        assert sniffed(ftyp(b"M4B ", b"isom") + moov(SOUND, chapters) + DATA) == "audio/mp4"
        assert sniffed(ftyp(b"isom") + moov(SOUND, chapters) + DATA) == "video/mp4"

    def test_pictures_of_the_audio_brand_are_video(self) -> None:
        assert sniffed(ftyp(b"M4A ", b"isom") + moov(SOUND, PICTURES) + DATA) == "video/mp4"

    def test_other_tracks_do_not_count(self) -> None:
        assert sniffed(ftyp(b"isom") + moov(SUBTITLES, SOUND, META) + DATA) == "audio/mp4"
        assert sniffed(ftyp(b"isom") + moov(SUBTITLES) + DATA) == "application/mp4"

    def test_are_found_behind_the_data_beyond_the_head(self) -> None:
        data = box(b"mdat", bytes(3 * HEAD_BYTES))
        assert sniffed(ftyp(b"isom") + data + moov(SOUND)) == "audio/mp4"
        assert sniffed(ftyp(b"isom") + large_box(b"mdat", bytes(HEAD_BYTES)) + moov(SOUND)) == "audio/mp4"

    def test_are_found_in_a_box_that_reaches_to_the_end(self) -> None:
        last = box(b"moov", box(b"mvhd", bytes(100)), SOUND, size=0)
        assert sniffed(ftyp(b"isom") + DATA + last) == "audio/mp4"

    @pytest.mark.parametrize("flags", ["faststart", "frag_keyframe+empty_moov", "dash+frag_keyframe+empty_moov"])
    def test_are_found_however_a_muxer_lays_them_out(self, flags: str) -> None:
        assert sniffed(media_files.mp4(movflags=flags)) == "video/mp4"


class TestOpenings:
    @pytest.mark.parametrize("kind", [b"free", b"skip", b"wide"])
    def test_may_be_padding_before_the_brand(self, kind: bytes) -> None:
        assert sniffed(box(kind, bytes(16)) + ftyp(b"mp42") + moov(PICTURES) + DATA) == "video/mp4"
        assert sniffed(box(kind, bytes(16)) + ftyp(b"M4A ") + moov(SOUND) + DATA) == "audio/mp4"

    def test_may_be_the_tracks_or_the_data(self) -> None:
        assert sniffed(moov(PICTURES) + DATA) == "video/mp4"
        assert sniffed(DATA + moov(SOUND)) == "audio/mp4"

    def test_of_quicktime_are_told_by_the_components_it_names(self) -> None:
        assert sniffed(moov(track(b"vide", component=b"mhlr")) + DATA) == "video/quicktime"
        assert sniffed(DATA + moov(track(b"soun", component=b"mhlr"))) == "video/quicktime"

    def test_of_a_segment_make_no_film(self) -> None:
        assert sniffed(box(b"styp", b"msdh", bytes(4)) + box(b"moof", bytes(90)) + DATA) == "video/iso.segment"

    def test_that_lead_nowhere_are_unknown(self) -> None:
        assert sniffed(box(b"free", bytes(16)) + bytes(500)) == UNKNOWN
        assert sniffed(DATA) == UNKNOWN


class TestQuickTime:
    QT = ftyp(b"qt  ")

    def test_is_told_by_what_its_writers_leave(self) -> None:
        pictures = track(b"vide", component=b"mhlr")
        assert sniffed(self.QT + box(b"wide") + DATA + moov(pictures)) == "video/quicktime"
        assert sniffed(self.QT + moov(pictures, META) + DATA) == "video/quicktime"
        assert sniffed(self.QT + moov(pictures, track(b"clcp", codec=b"mp4v")) + DATA) == "video/quicktime"
        assert sniffed(self.QT + moov(track(b"vide", codec=b"apcn")) + DATA) == "video/quicktime"
        assert sniffed(self.QT + moov(pictures, track(b"soun", codec=b"sowt")) + DATA) == "video/quicktime"
        assert sniffed(self.QT + moov(pictures, SOUND) + box(b"wide") + DATA) == "video/quicktime"

    def test_is_mp4_where_nothing_but_the_brand_is_its_own(self) -> None:
        assert sniffed(self.QT + box(b"free", bytes(34)) + moov(PICTURES, SOUND) + DATA) == "video/mp4"

    def test_without_tracks_is_what_its_brand_says(self) -> None:
        assert sniffed(self.QT + DATA) == "video/quicktime"


class TestHostileBoxes:
    @pytest.mark.parametrize("size", [0, 1, 2, 7, 9, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
    def test_no_size_of_a_box_does_harm(self, size: int) -> None:
        for place in (b"moov", b"trak", b"mdia", b"hdlr", b"minf", b"stsd", b"ftyp"):
            content = ftyp(b"isom") + moov(SOUND) + DATA
            at = content.index(place) - 4
            assert sniffed(content[:at] + struct.pack(">I", size) + content[at + 4 :])

    @pytest.mark.parametrize("size", [0, 1, 15, 16, 2**63 - 1, 2**63, 2**64 - 1])
    def test_no_large_size_does_harm(self, size: int) -> None:
        assert sniffed(ftyp(b"isom") + large_box(b"mdat", bytes(40), size=size) + moov(SOUND))
        assert sniffed(ftyp(b"isom") + large_box(b"moov", moov(SOUND)[8:], size=size))

    def test_no_box_reaches_out_of_the_one_around_it(self) -> None:
        greedy = box(b"trak", box(b"tkhd", bytes(84)), size=5_000)
        beside = box(b"mdia", box(b"hdlr", bytes(8), b"vide", bytes(13)))
        assert sniffed(ftyp(b"isom") + moov(SOUND, greedy) + beside) == "audio/mp4"

    def test_every_truncation_has_a_type(self) -> None:
        content = media_files.mp4(movflags="faststart")
        assert {sniffed(content[:length]) for length in range(12, len(content), 37)} == {"video/mp4"}

    def test_depth_is_no_way_to_tire_the_walk(self) -> None:
        nested = b""
        for depth in range(8_000):
            nested = box(b"trak" if depth % 2 else b"moov", nested)
        self._is_told_soon(ftyp(b"isom") + nested)

    @pytest.mark.parametrize(
        "content",
        [
            ftyp(b"isom") + box(b"free") * 500_000,
            ftyp(b"qt  ") + moov(PICTURES) + box(b"wide") * 500_000,
            ftyp(b"isom") + moov(*[box(b"trak", box(b"mdia"))] * 100_000),
            ftyp(b"isom") + moov() * 30_000,
            ftyp(*[b"isom"] * 500_000) + moov(SOUND),
        ],
        ids=["padding", "quicktime", "tracks", "movies", "brands"],
    )
    def test_numbers_are_no_way_to_tire_the_walk(self, content: bytes) -> None:
        self._is_told_soon(content)

    def test_reads_little_of_a_large_file(self) -> None:
        file = Counted(ftyp(b"isom") + box(b"mdat", bytes(20_000_000)) + moov(SOUND))
        assert (
            sniff(head=file.getvalue()[:HEAD_BYTES], size=len(file.getvalue()), open_file=lambda: file) == "audio/mp4"
        )
        assert file.reads < 50

    def test_reads_only_so_many_boxes(self) -> None:
        file = Counted(ftyp(b"isom") + box(b"free") * 100_000 + moov(SOUND))
        assert (
            sniff(head=file.getvalue()[:HEAD_BYTES], size=len(file.getvalue()), open_file=lambda: file) == "video/mp4"
        )
        assert file.reads < 5_000

    def _is_told_soon(self, content: bytes) -> None:
        began = time.perf_counter()
        assert sniffed(content).endswith(("/mp4", "/quicktime"))
        assert time.perf_counter() - began < 1
