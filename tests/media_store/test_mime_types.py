"""Types: their usual names, which are served and shown, what their files are called."""

import re

import pytest
from hypothesis import given, strategies as st

from media_store.kinds import DEFAULTS
from media_store.mime_types import (
    SERVED_TYPES,
    UNKNOWN,
    extension,
    is_inline,
    natural_kind,
    normalise,
    served_type,
)


class TestNormalise:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("image/jpeg", "image/jpeg"),
            ("image/jpg", "image/jpeg"),
            ("image/pjpeg", "image/jpeg"),
            ("audio/mp3", "audio/mpeg"),
            ("audio/x-mp3", "audio/mpeg"),
            ("audio/x-m4a", "audio/mp4"),
            ("audio/m4a", "audio/mp4"),
            ("audio/ogg; codecs=opus", "audio/ogg"),
            ("audio/ogg;codecs=opus", "audio/ogg"),
            ("audio/opus", "audio/ogg"),
            ("video/x-m4v", "video/mp4"),
            ("  Image/PNG ; charset=utf-8", "image/png"),
            ("text/html", "text/html"),
            ("application/vnd.ms-word.document.macroEnabled.12", "application/vnd.ms-word.document.macroenabled.12"),
        ],
    )
    def test_gives_the_usual_name(self, written: str, meant: str) -> None:
        assert normalise(written) == meant

    @pytest.mark.parametrize(
        "written",
        [
            *(None, "", " ", ";", "jpeg", "image/", "/png", "image/png/x", "image png", "*/*", "imäge/png"),
            *("image/" + "x" * 200, "a/b\nc: d", "image/png\x00", "image/png, image/gif"),
        ],
    )
    def test_gives_nothing_for_what_is_no_type(self, written: str | None) -> None:
        assert normalise(written) == ""

    @given(st.text(max_size=40))
    def test_is_done_once(self, written: str) -> None:
        assert normalise(normalise(written)) == normalise(written)


class TestServing:
    def test_serves_the_table_and_what_a_setting_adds(self) -> None:
        assert {served_type(mime) for mime in SERVED_TYPES} == SERVED_TYPES
        assert served_type("image/gif") == UNKNOWN
        assert served_type("image/gif", extra=["image/gif"]) == "image/gif"

    @pytest.mark.parametrize("mime", ["text/html", "image/svg+xml", "application/xml", "text/plain", "video/ogg", ""])
    def test_serves_nothing_else_under_its_type(self, mime: str) -> None:
        assert served_type(mime) == UNKNOWN

    def test_shows_pictures_and_sound_in_place(self) -> None:
        assert {mime for mime in SERVED_TYPES if not is_inline(mime)} == {"application/pdf"}
        assert not any(is_inline(mime) for mime in (UNKNOWN, "image/svg+xml", "text/html", "image/gif"))


class TestNaturalKind:
    @pytest.mark.parametrize(
        ("mime", "kind"),
        [
            ("image/gif", "image"),
            ("image/svg+xml", "document"),
            ("video/quicktime", "video"),
            ("audio/amr", "audio"),
            ("application/pdf", "document"),
            ("text/plain", "document"),
            (UNKNOWN, "document"),
        ],
    )
    def test_follows_the_type(self, mime: str, kind: str) -> None:
        assert natural_kind(mime) == kind


class TestExtension:
    @pytest.mark.parametrize(
        ("mime", "ending"),
        [
            ("image/jpeg", "jpg"),
            ("image/png", "png"),
            ("image/webp", "webp"),
            ("video/mp4", "mp4"),
            ("video/3gpp", "3gp"),
            ("audio/mpeg", "mp3"),
            ("audio/ogg", "ogg"),
            ("audio/mp4", "m4a"),
            ("audio/aac", "aac"),
            ("audio/amr", "amr"),
            ("application/pdf", "pdf"),
            ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
            (UNKNOWN, "bin"),
            ("application/x-made-up", "bin"),
            ("text/html", "bin"),
            ("image/svg+xml", "bin"),
            ("", "bin"),
        ],
    )
    def test_follows_the_type(self, mime: str, ending: str) -> None:
        assert extension(mime) == ending
        assert extension(mime, file_name="archive.exe") == ending

    def test_no_type_that_is_carried_by_name_is_without_one(self) -> None:
        carried = {mime for kind in DEFAULTS.values() for mime in kind.mime_types or ()}
        assert "bin" not in {extension(mime) for mime in SERVED_TYPES | carried}

    def test_takes_the_names_own_where_the_type_says_little(self) -> None:
        assert extension("application/zip", file_name="plan.XLSX") == "xlsx"
        assert extension("application/x-ole-storage", file_name="plan.xls") == "xls"
        assert extension("text/plain", file_name="list.csv") == "csv"
        assert extension("text/plain", file_name="page.html") == "txt"
        assert extension("image/jpeg", file_name="list.csv") == "jpg"
        assert extension(UNKNOWN, file_name="list.csv") == "bin"

    @given(st.text(max_size=30), st.text(max_size=30))
    def test_is_short_and_plain(self, mime: str, file_name: str) -> None:
        for known in (mime, "text/plain", "application/zip"):
            assert re.fullmatch("[a-z0-9]{1,8}", extension(known, file_name=file_name))
