"""MPEG audio and AAC: told by frames in a row, behind whatever tags and rubbish stand in front."""

import random
import time

import pytest

from media_store.sniffing import HEAD_BYTES, UNKNOWN
from tests import media_files
from tests.media_store.sniffed import sniffed


def id3(size: int, *, version: int = 3, flags: int = 0) -> bytes:
    """An ID3v2 tag with `size` bytes of padding."""
    sizes = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    footer = b"3DI" + bytes([version, 0, flags]) + sizes if flags & 0x10 else b""
    return b"ID3" + bytes([version, 0, flags]) + sizes + bytes(size) + footer


def ape(size: int) -> bytes:
    """An APEv2 tag: its header, `size` bytes, its footer."""
    mark = b"APETAGEX" + (2_000).to_bytes(4, "little") + (size + 32).to_bytes(4, "little") + bytes(16)
    return mark + bytes(size) + mark


def frames(header: str, *, length: int, count: int = 4) -> bytes:
    """Frames of one header, written in hex, and nothing in them."""
    return bytes.fromhex(header).ljust(length, b"\x00") * count


MP3 = media_files.mp3(tag=False)

# Headers and lengths from the tables of the standards.
FRAMES = [
    ("mpeg-1 layer III", frames("fffb9000", length=417)),
    ("mpeg-1 layer III, padded", frames("fffb9200", length=418)),
    ("mpeg-1 layer III with checksums", frames("fffa9000", length=417)),
    ("mpeg-2 layer III", frames("fff38800", length=288)),
    ("mpeg-2.5 layer III", frames("ffe34800", length=288)),
    ("mpeg-1 layer II", frames("fffd9000", length=522)),
    ("mpeg-2 layer II", frames("fff58400", length=384)),
    ("mpeg-1 layer I", frames("ffff9000", length=312)),
    ("free format", frames("fffb0000", length=700)),
]


class TestFrames:
    @pytest.mark.parametrize("content", [made for _, made in FRAMES], ids=[name for name, _ in FRAMES])
    def test_of_every_version_and_layer_are_mpeg(self, content: bytes) -> None:
        assert sniffed(content) == "audio/mpeg"

    @pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 32_000, 48_000])
    def test_of_every_rate_are_mpeg(self, rate: int) -> None:
        assert sniffed(media_files.mp3(rate=rate, tag=False)) == "audio/mpeg"

    def test_of_aac_with_and_without_checksums_are_aac(self) -> None:
        assert sniffed(frames("fff15080041ffc", length=32)) == "audio/aac"
        assert sniffed(frames("fff05080041ffc", length=32)) == "audio/aac"
        assert sniffed(b"ADIF" + bytes(60)) == "audio/aac"

    @pytest.mark.parametrize("header", ["fffbf000", "fffb9c00", "ffeb9000", "ffe59000", "fff1bc80041ffc"])
    def test_with_values_that_do_not_exist_are_none(self, header: str) -> None:
        assert sniffed(frames(header, length=32) + frames(header, length=417)) == UNKNOWN

    def test_of_a_layer_that_its_version_does_not_have_are_none(self) -> None:
        assert sniffed(frames("ffe59000", length=1_044)) == UNKNOWN

    def test_one_alone_proves_nothing(self) -> None:
        assert sniffed(frames("fffb9000", length=417, count=1) + bytes(900)) == UNKNOWN
        assert sniffed(frames("fff15080041ffc", length=32, count=1) + bytes(900)) == UNKNOWN

    def test_two_of_different_streams_prove_nothing(self) -> None:
        other = frames("fff38800", length=288, count=1)
        assert sniffed(frames("fffb9000", length=417, count=1) + other + bytes(900)) == UNKNOWN

    def test_one_is_enough_where_it_is_all_there_is(self) -> None:
        single = frames("fffb9000", length=417, count=1)
        assert sniffed(single) == "audio/mpeg"
        assert sniffed(single + b"TAG" + bytes(125)) == "audio/mpeg"
        assert sniffed(b"\xff\xfb\x90\x00" + bytes(17) + b"Xing" + bytes(80)) == "audio/mpeg"

    def test_a_text_that_opens_as_layer_one_does_is_none(self) -> None:
        # Its length is just that of the frame which its byte order mark seems to begin.
        text = b"\xff\xfe" + ("A" * 67).encode("utf-16-le")
        assert sniffed(text) != "audio/mpeg"


class TestTags:
    @pytest.mark.parametrize("version", [2, 3, 4])
    def test_of_every_version_are_skipped(self, version: int) -> None:
        assert sniffed(id3(300, version=version) + MP3) == "audio/mpeg"
        assert sniffed(id3(300, version=version, flags=0x80) + MP3) == "audio/mpeg"

    def test_with_a_footer_are_skipped(self) -> None:
        assert sniffed(id3(300, version=4, flags=0x10) + media_files.aac()) == "audio/aac"

    def test_larger_than_the_head_are_skipped(self) -> None:
        assert sniffed(id3(3 * HEAD_BYTES) + MP3) == "audio/mpeg"

    def test_several_in_a_row_are_skipped(self) -> None:
        assert sniffed(id3(100) + ape(40) + id3(HEAD_BYTES) + MP3) == "audio/mpeg"

    def test_with_padding_that_was_not_counted_are_skipped(self) -> None:
        assert sniffed(id3(100) + bytes(5_000) + MP3) == "audio/mpeg"
        assert sniffed(id3(100) + bytes(50) + frames("fffb9000", length=417, count=2)) == "audio/mpeg"

    def test_whose_size_uses_all_bits_are_skipped(self) -> None:
        tag = b"ID3\x03\x00\x00" + (456).to_bytes(4, "big") + bytes(456)
        assert sniffed(tag + media_files.aac()) == "audio/aac"

    def test_say_nothing_of_what_follows(self) -> None:
        assert sniffed(id3(300) + media_files.aac()) == "audio/aac"
        assert sniffed(id3(300) + media_files.flac()) == "audio/flac"
        assert sniffed(id3(300)) == UNKNOWN
        assert sniffed(id3(300) + media_files.html() * 20) == UNKNOWN

    def test_that_reach_beyond_the_end_do_no_harm(self) -> None:
        assert sniffed(id3(300_000)[:2_000] + MP3) == "audio/mpeg"
        assert sniffed(id3(300_000)[:500]) == UNKNOWN

    def test_at_the_end_alone_are_no_hindrance(self) -> None:
        assert sniffed(MP3 + b"TAG" + bytes(125)) == "audio/mpeg"
        assert sniffed(MP3 + ape(50)) == "audio/mpeg"


class TestJunk:
    @pytest.mark.parametrize("junk", [bytes(1), bytes(417), b"\x00\xff" * 900, media_files.incompressible(30_000)])
    def test_in_front_is_skipped(self, junk: bytes) -> None:
        assert sniffed(junk + media_files.mp3(tag=False, frames=40)) == "audio/mpeg"
        assert sniffed(junk + frames("fffb9000", length=417, count=3)) == "audio/mpeg"

    def test_around_a_few_frames_makes_them_none(self) -> None:
        few = frames("fffb9000", length=417, count=6)
        assert sniffed(media_files.incompressible(900) + few + media_files.incompressible(9_000)) == UNKNOWN

    def test_alone_is_never_sound(self) -> None:
        chance = random.Random(2_026)
        assert all("audio" not in sniffed(chance.randbytes(HEAD_BYTES)) for _ in range(50))

    @pytest.mark.parametrize("pixel", ["fffb9000", "ffff4848", "ffe4e4e4", "fffdfdfd", "fff3f3f3", "ffffffff"])
    def test_rows_of_pixels_are_no_frames(self, pixel: str) -> None:
        assert sniffed(b"\x01\x02" + bytes.fromhex(pixel) * 20_000) == UNKNOWN

    @pytest.mark.parametrize("pattern", ["fffb9000", "ff", "fffb0000", "fff15080010ffc", "fffb90fffb"])
    def test_a_search_ends_soon(self, pattern: str) -> None:
        content = bytes.fromhex(pattern) * 60_000
        began = time.perf_counter()
        for start in (b"\x01", id3(10), id3(HEAD_BYTES - 10), b""):
            sniffed(start + content)
        assert time.perf_counter() - began < 4
