"""Types are told from bytes: every maker's file, odd openings, disguises, and bytes that mean nothing."""

import io
from collections.abc import Callable
from typing import BinaryIO

import pytest

from media_store.sniffing import HEAD_BYTES, UNKNOWN, is_animated_webp, sniff
from tests import media_files
from tests.media_store.sniffed import sniffed

SERVED = {
    "application/pdf",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
}

MADE: list[tuple[Callable[[], bytes], str]] = [
    (media_files.jpeg, "image/jpeg"),
    (lambda: media_files.jpeg(mode="CMYK"), "image/jpeg"),
    (lambda: media_files.jpeg(mode="L"), "image/jpeg"),
    (media_files.png, "image/png"),
    (media_files.apng, "image/png"),
    (media_files.webp, "image/webp"),
    (lambda: media_files.webp(lossless=True), "image/webp"),
    (lambda: media_files.webp(animated=True), "image/webp"),
    (media_files.gif, "image/gif"),
    (media_files.tiff, "image/tiff"),
    (media_files.mp4, "video/mp4"),
    (media_files.three_gp, "video/3gpp"),
    (media_files.quicktime, "video/quicktime"),
    (media_files.webm, "video/webm"),
    (media_files.m4a, "audio/mp4"),
    (media_files.audio_mp4, "audio/mp4"),
    (media_files.mp3, "audio/mpeg"),
    (media_files.mp2, "audio/mpeg"),
    (media_files.aac, "audio/aac"),
    (media_files.amr, "audio/amr"),
    (media_files.ogg_opus, "audio/ogg"),
    (media_files.flac, "audio/flac"),
    (media_files.wav, "audio/wav"),
    (media_files.pdf, "application/pdf"),
    (media_files.zipped, "application/zip"),
    (media_files.docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (media_files.html, "text/html"),
    (media_files.svg, "image/svg+xml"),
    (media_files.plain_text, "text/plain"),
    (lambda: media_files.incompressible(5_000), UNKNOWN),
]


def not_to_be_opened() -> BinaryIO:
    raise AssertionError("the head tells")


class TestSniff:
    @pytest.mark.parametrize(("make", "mime_type"), MADE)
    def test_tells_what_was_made(self, make: Callable[[], bytes], mime_type: str) -> None:
        assert sniffed(make()) == mime_type

    def test_does_not_open_the_file_where_the_head_tells(self) -> None:
        content = media_files.jpeg()
        assert sniff(head=content, size=10_000_000, open_file=not_to_be_opened) == "image/jpeg"

    def test_closes_the_file_it_opened(self) -> None:
        files: list[io.BytesIO] = []

        def open_file() -> BinaryIO:
            files.append(io.BytesIO(media_files.mp3()))
            return files[-1]

        sniff(head=media_files.mp3()[:20], size=len(media_files.mp3()), open_file=open_file)
        assert [file.closed for file in files] == [True]

    @pytest.mark.parametrize("content", [b"", b"\x00", b"\xff", b"\xff\xd8", b"\x89PNG", b"OggS", b"ID3", b"RIFF"])
    def test_knows_no_type_of_almost_nothing(self, content: bytes) -> None:
        assert sniffed(content) not in SERVED

    def test_a_fault_of_the_disk_is_not_swallowed(self) -> None:
        def open_file() -> BinaryIO:
            raise FileNotFoundError

        with pytest.raises(FileNotFoundError):
            sniff(head=media_files.mp3()[:20], size=len(media_files.mp3()), open_file=open_file)


class TestPictures:
    @pytest.mark.parametrize("marker", [b"\xdb", b"\xe1", b"\xee", b"\xc4", b"\xfe", b"\xff\xff\xe0"])
    def test_a_jpeg_may_open_with_any_marker(self, marker: bytes) -> None:
        assert sniffed(b"\xff\xd8\xff" + marker + media_files.jpeg()[4:]) == "image/jpeg"

    def test_a_lossless_jpeg_of_the_other_standard_is_none(self) -> None:
        assert sniffed(b"\xff\xd8\xff\xf7\x00\x0b" + b"\x08" * 40) != "image/jpeg"

    def test_the_signature_of_png_alone_makes_none(self) -> None:
        assert sniffed(media_files.png()[:8] + b"\x07" * 60) == UNKNOWN

    def test_riff_of_webp_without_its_chunk_is_none(self) -> None:
        assert sniffed(b"RIFF\x24\x00\x00\x00WEBPXXXX" + bytes(20)) == UNKNOWN

    def test_sees_whether_a_sticker_moves(self) -> None:
        assert is_animated_webp(media_files.webp(animated=True)[:30])
        assert not is_animated_webp(media_files.webp())
        assert not is_animated_webp(media_files.webp(animated=True)[:20])
        assert not is_animated_webp(media_files.png())


class TestDisguises:
    @pytest.mark.parametrize(
        "content",
        [
            media_files.html(),
            media_files.svg(),
            b"\xef\xbb\xbf" + media_files.svg(),
            b'\xff\xfe<\x00?\x00x\x00m\x00l\x00 \x00v\x00e\x00r\x00s\x00i\x00o\x00n\x00=\x00"\x001\x00.\x000\x00"\x00',
            b"<?php echo 1; ?>",
            b"GIF89a;<script>alert(1)</script>",
            b"push graphic-context\nviewbox 0 0 640 480\n",
            b"%!PS\nuserdict /setpagedevice undef\n",
            b'{"WEBP": {}, "ftyp": "mp42", "ID3": 1}',
            b"caremoov and carefree mdat, a text whose fourth letter begins a box",
            b"From: a@example.com\r\nContent-Type: application/pdf\r\n\r\nSee %PDF-1.4, startxref and all.",
            b'const header = "%PDF-1.4\\n1 0 obj";\n',
        ],
    )
    def test_are_never_a_type_that_is_served(self, content: bytes) -> None:
        assert sniffed(content) not in SERVED

    def test_what_owns_the_first_bytes_wins_over_what_follows(self) -> None:
        page = media_files.html() + media_files.pdf()
        assert sniffed(media_files.jpeg() + page) == "image/jpeg"
        assert sniffed(media_files.png() + page) == "image/png"
        assert sniffed(b"GIF89a" + bytes(7) + media_files.pdf()) == "image/gif"
        assert sniffed(media_files.pdf() + media_files.zipped()) == "application/pdf"


class TestPdf:
    @pytest.mark.parametrize(
        "prefix",
        [
            b"\n",
            b"\xef\xbb\xbf",
            b" \r\n\t",
            bytes(128),
            b"Some words before the header\n",
            b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n",
            b"\x00\x08invoice1" + bytes(55) + b"PDF CARO" + bytes(55),
            media_files.incompressible(1_000) + b"\n",
        ],
    )
    def test_may_stand_behind_other_bytes(self, prefix: bytes) -> None:
        assert sniffed(prefix + media_files.pdf()) == "application/pdf"

    def test_is_none_where_its_header_comes_too_late(self) -> None:
        assert sniffed(media_files.incompressible(1_100) + b"\n" + media_files.pdf()) == UNKNOWN

    def test_finds_the_trailer_at_the_end_of_a_large_file(self) -> None:
        late = b"\x01\x02\n%PDF-1.7\n" + bytes(HEAD_BYTES) + b"startxref\n9\n%%EOF\n"
        assert sniffed(late) == "application/pdf"
        assert sniffed(late[:-20]) == UNKNOWN


class TestOgg:
    VORBIS, OPUS, SPEEX = b"\x01vorbis" + bytes(23), b"OpusHead" + bytes(11), b"Speex   1.2" + bytes(69)
    THEORA, SKELETON = b"\x80theora" + bytes(35), b"fishead\x00" + bytes(56)

    @pytest.mark.parametrize("codec", [VORBIS, OPUS, SPEEX, b"\x7fFLAC\x01\x00" + bytes(44), b"PCM     " + bytes(20)])
    def test_sound_alone_is_audio(self, codec: bytes) -> None:
        assert sniffed(media_files.ogg(codec)) == "audio/ogg"

    def test_a_skeleton_tells_nothing(self) -> None:
        assert sniffed(media_files.ogg(self.SKELETON, self.VORBIS)) == "audio/ogg"
        assert sniffed(media_files.ogg(self.SKELETON, self.VORBIS, self.THEORA)) == "video/ogg"
        assert sniffed(media_files.ogg(self.SKELETON)) == "application/ogg"

    def test_pictures_make_it_video_in_any_order(self) -> None:
        assert sniffed(media_files.ogg(self.THEORA, self.VORBIS)) == "video/ogg"
        assert sniffed(media_files.ogg(self.VORBIS, self.THEORA)) == "video/ogg"

    def test_a_thousand_streams_are_not_all_read(self) -> None:
        assert sniffed(media_files.ogg(*[b"unknown\x00"] * 1_000, self.VORBIS)) == "application/ogg"


class TestArchives:
    @pytest.mark.parametrize(
        ("names", "ending"),
        [
            (("word/document.xml", "[Content_Types].xml"), "wordprocessingml.document"),
            (("docProps/app.xml", "xl/workbook.xml", "[Content_Types].xml"), "spreadsheetml.sheet"),
            (("ppt/presentation.xml", "[Content_Types].xml"), "presentationml.presentation"),
            (("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "ms-word.document.macroenabled.12"),
            (("META-INF/MANIFEST.MF", "classes.dex", "AndroidManifest.xml"), "android.package-archive"),
            (("a.class", "META-INF/MANIFEST.MF"), "java-archive"),
            (("letters/document.xml", "notes.txt"), "/zip"),
        ],
    )
    def test_are_told_by_their_names_in_any_order(self, names: tuple[str, ...], ending: str) -> None:
        assert sniffed(media_files.zipped(*names)).endswith(ending)

    def test_one_that_names_its_type_is_believed_for_documents_only(self) -> None:
        text = media_files.zipped("mimetype").replace(
            b"mimetype", b"mimetypeapplication/vnd.oasis.opendocument.text", 1
        )
        assert sniffed(text) == "application/vnd.oasis.opendocument.text"
        picture = media_files.zipped("mimetype").replace(b"mimetype", b"mimetypeimage/jpeg", 1)
        assert sniffed(picture) not in SERVED
